use super::body::digits;
use crate::state::RestState;
use actix_web::{HttpRequest, HttpResponse, web};
use plenum_http::{Answer, Body, Caller, client_address};
use plenum_services::accounts::Profile;
use serde::Deserialize;

/// The new address and the code that was sent there.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = EmailCodeBody)]
pub(crate) struct EmailCodeBody {
    /// E-mail address.
    email: String,
    /// The six digits, as text or number; also read as `otp`.
    #[serde(alias = "otp", deserialize_with = "digits")]
    #[schema(value_type = String)]
    code: String,
}

/// Give the account the e-mail address that the code was sent to
///
/// The old address is told.
#[utoipa::path(post, path = "/user/email/verify-otp", tag = "accounts", request_body = EmailCodeBody, responses(
    (status = 200, description = "The own profile", body = Profile),
    (status = 409, description = "Another account has the address", body = crate::openapi::ProblemDocument),
    (status = 422, description = "The code is wrong or no longer valid", body = crate::openapi::ProblemDocument)))]
pub async fn handle(
    caller: Caller,
    state: web::Data<RestState>,
    body: Body<EmailCodeBody>,
    request: HttpRequest,
) -> Answer {
    let EmailCodeBody { email, code } = body.value;
    let profile = state.codes.change_email(caller.0, &email, &code, client_address(&request)).await?;
    Ok(HttpResponse::Ok().json(profile))
}
