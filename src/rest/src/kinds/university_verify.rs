use crate::auth::answer::{Device, NO_STORE, SignedInAnswer};
use crate::codes::body::digits;
use crate::state::RestState;
use actix_web::{HttpRequest, HttpResponse, web};
use plenum_http::{Answer, Body, client_address, identity_of};
use plenum_schema::RefusalCode;
use plenum_services::accounts::{Confirmation, Secret};
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
    /// The account's password, or the one that it is to have when nobody has proved its address until now.
    #[schema(value_type = Option<String>, format = Password)]
    password: Option<Secret>,
    device: Option<Device>,
}

/// Prove the e-mail address of an institution, and sign in
///
/// The account has the role `university` from here on. The first proof signs its other devices out and takes its password away, unless the
/// request carries the password or an access token of the account: somebody else may have signed up with that address. Another code: `user/email/send-otp` with the institution's own address.
#[utoipa::path(post, path = "/university/auth/verify", tag = "accounts", request_body = VerifyBody, responses(
    (status = 200, description = "Signed in", body = SignedInAnswer),
    (status = 422, description = "The code is wrong or no longer valid", body = crate::openapi::ProblemDocument)))]
pub async fn handle(state: web::Data<RestState>, body: Body<VerifyBody>, request: HttpRequest) -> Answer {
    let VerifyBody { email, code, password, device } = body.value;
    let (device, address) = (device.and_then(|device| device.name), client_address(&request));
    // Nobody has to be signed in here: a token that is over is as good as none. One that cannot be looked at now may be the owner's.
    let by = match identity_of(&request, None).await {
        Err(refusal) if refusal.code != RefusalCode::Unauthenticated => return Err(refusal.into()),
        by => by.ok(),
    };
    let confirmation = Confirmation { email, code: code.into(), password, by, device, address };
    let signed_in = state.codes.confirm_institution(confirmation).await?;
    Ok(HttpResponse::Ok().insert_header(NO_STORE).json(SignedInAnswer::from(signed_in)))
}
