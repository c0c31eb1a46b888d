use super::answer::Done;
use crate::state::RestState;
use actix_web::{HttpRequest, HttpResponse, web};
use plenum_http::{Answer, Body, Caller, client_address};
use plenum_services::accounts::{PasswordChange, Secret};
use serde::Deserialize;

/// The password until now and the one from now on.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ChangePasswordBody)]
pub(crate) struct ChangePasswordBody {
    #[schema(value_type = String, format = Password)]
    current_password: Secret,
    #[schema(value_type = String, format = Password)]
    new_password: Secret,
}

/// Change the password; all other devices are signed out
#[utoipa::path(put, path = "/auth/change-password", tag = "accounts", request_body = ChangePasswordBody, responses(
    (status = 200, description = "Changed", body = Done),
))]
pub async fn handle(
    caller: Caller,
    state: web::Data<RestState>,
    body: Body<ChangePasswordBody>,
    request: HttpRequest,
) -> Answer {
    let ChangePasswordBody { current_password: current, new_password: new } = body.value;
    let change = PasswordChange { current, new, address: client_address(&request) };
    state.accounts.change_password(caller.0, change).await?;
    Ok(HttpResponse::Ok().json(Done { success: true }))
}
