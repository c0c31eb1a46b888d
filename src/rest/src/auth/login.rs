use super::answer::{Device, NO_STORE, SignedInAnswer};
use crate::state::RestState;
use actix_web::{HttpRequest, HttpResponse, web};
use plenum_http::{Answer, Body, client_address};
use plenum_services::accounts::{AccountKind, Login, Secret};
use serde::Deserialize;

/// Who signs in: by e-mail address, telephone number or user name.
#[derive(Deserialize, utoipa::ToSchema)]
#[schema(as = LoginBody)]
pub(crate) struct LoginBody {
    email: Option<String>,
    phone: Option<String>,
    username: Option<String>,
    #[schema(value_type = String, format = Password)]
    password: Secret,
    device: Option<Device>,
}

/// Sign a device in
///
/// Unknown names and wrong passwords are answered alike and in the same time. The sixth device ends the oldest. Accounts of all kinds sign
/// in here; their tokens are for their own kind.
#[utoipa::path(post, path = "/auth/login", tag = "accounts", request_body = LoginBody, responses(
    (status = 200, description = "Signed in", body = SignedInAnswer),
))]
pub async fn handle(state: web::Data<RestState>, body: Body<LoginBody>, request: HttpRequest) -> Answer {
    login(&state, None, body.value, &request).await
}

/// Signs a device in at the door of a kind of accounts, or at that for everybody.
pub(crate) async fn login(
    state: &RestState,
    door: Option<AccountKind>,
    body: LoginBody,
    request: &HttpRequest,
) -> Answer {
    let LoginBody { email, phone, username, password, device } = body;
    let address = client_address(request);
    let device = device.and_then(|device| device.name);
    let login = Login { email, phone, username, password, door, device, address };
    let signed_in = state.accounts.login(login).await?;
    Ok(HttpResponse::Ok().insert_header(NO_STORE).json(SignedInAnswer::from(signed_in)))
}
