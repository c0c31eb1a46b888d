use super::body::digits;
use crate::state::RestState;
use actix_web::{HttpRequest, HttpResponse, web};
use plenum_http::{Answer, Body, Caller, client_address};
use plenum_services::accounts::Profile;
use serde::Deserialize;

/// The new number and the code that was sent there.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PhoneCodeBody)]
pub(crate) struct PhoneCodeBody {
    /// With country code; also read as `phoneNumber`.
    #[serde(alias = "phoneNumber")]
    phone: String,
    /// The six digits, as text or number; also read as `otp`.
    #[serde(alias = "otp", deserialize_with = "digits")]
    #[schema(value_type = String)]
    code: String,
}

/// Give the account the telephone number that the code was sent to
///
/// The old address is told.
#[utoipa::path(post, path = "/user/phone/verify-otp", tag = "accounts", request_body = PhoneCodeBody, responses(
    (status = 200, description = "The own profile", body = Profile),
    (status = 409, description = "Another account has the number", body = crate::openapi::ProblemDocument),
    (status = 422, description = "The code is wrong or no longer valid", body = crate::openapi::ProblemDocument)))]
pub async fn handle(
    caller: Caller,
    state: web::Data<RestState>,
    body: Body<PhoneCodeBody>,
    request: HttpRequest,
) -> Answer {
    let PhoneCodeBody { phone, code } = body.value;
    let profile = state.codes.change_phone(caller.0, &phone, &code, client_address(&request)).await?;
    Ok(HttpResponse::Ok().json(profile))
}
