use super::body::SentAnswer;
use crate::state::RestState;
use actix_web::{HttpRequest, HttpResponse, web};
use plenum_http::{Answer, Body, Caller, client_address};
use plenum_services::accounts::Secret;
use serde::Deserialize;

/// The number that the person wants to have.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = NewPhoneBody)]
pub(crate) struct NewPhoneBody {
    /// With country code; also read as `phoneNumber`.
    #[serde(alias = "phoneNumber")]
    phone: String,
    /// Needed when the sign-in was a while ago.
    #[schema(value_type = Option<String>, format = Password)]
    current_password: Option<Secret>,
}

/// Send a code to the telephone number that the account shall have
#[utoipa::path(post, path = "/user/phone/send-otp", tag = "accounts", request_body = NewPhoneBody, responses(
    (status = 200, description = "A code is on its way", body = SentAnswer),
    (status = 422, description = "The password is wrong or needed", body = crate::openapi::ProblemDocument),
    (status = 429, description = "One was sent a moment ago", body = crate::openapi::ProblemDocument)))]
pub async fn handle(
    caller: Caller,
    state: web::Data<RestState>,
    body: Body<NewPhoneBody>,
    request: HttpRequest,
) -> Answer {
    let NewPhoneBody { phone, current_password } = body.value;
    let sent = state.codes.send_phone(caller.0, &phone, current_password, client_address(&request)).await?;
    Ok(HttpResponse::Ok().json(SentAnswer::from(sent)))
}
