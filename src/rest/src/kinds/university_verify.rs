use crate::auth::answer::{Device, NO_STORE, SignedInAnswer};
use crate::codes::body::digits;
use crate::state::RestState;
use actix_web::{HttpRequest, HttpResponse, web};
use plenum_http::{Answer, Body, client_address};
use plenum_services::accounts::Confirmation;
use serde::Deserialize;

/// The code that an institution was sent.
#[derive(Deserialize, utoipa::ToSchema)]
#[schema(as = UniversityVerifyBody)]
pub(crate) struct VerifyBody {
    /// The institution's e-mail address.
    email: String,
    /// The six digits, as text or number; also read as `otp`.
    #[serde(alias = "otp", deserialize_with = "digits")]
    #[schema(value_type = String)]
    code: String,
    device: Option<Device>,
}

/// Prove the e-mail address of an institution, and sign in
///
/// The account has the role `university` from here on. Another code: `user/email/send-otp` with the institution's own address.
#[utoipa::path(post, path = "/university/auth/verify", tag = "accounts", request_body = VerifyBody, responses(
    (status = 200, description = "Signed in", body = SignedInAnswer),
    (status = 422, description = "The code is wrong or no longer valid", body = crate::openapi::ProblemDocument)))]
pub async fn handle(state: web::Data<RestState>, body: Body<VerifyBody>, request: HttpRequest) -> Answer {
    let VerifyBody { email, code, device } = body.value;
    let (device, address) = (device.and_then(|device| device.name), client_address(&request));
    let confirmation = Confirmation { email, code: code.into(), device, address };
    let signed_in = state.codes.confirm_institution(confirmation).await?;
    Ok(HttpResponse::Ok().insert_header(NO_STORE).json(SignedInAnswer::from(signed_in)))
}
