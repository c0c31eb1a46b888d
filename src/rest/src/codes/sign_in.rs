use super::body::digits;
use crate::auth::answer::{Device, NO_STORE, SignedInAnswer};
use crate::state::RestState;
use actix_web::{HttpRequest, HttpResponse, web};
use plenum_http::{Answer, BodyPair, client_address};
use plenum_services::accounts::{CodeSignIn, ProfileUpdate, Secret};
use serde::Deserialize;

/// A code, where it was sent, and the device.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CodeCredentials)]
pub(crate) struct Credentials {
    /// Where the code was sent: this or `phone`.
    email: Option<String>,
    /// Where the code was sent; also read as `phoneNumber`.
    #[serde(alias = "phoneNumber")]
    phone: Option<String>,
    /// The six digits, as text or number; also read as `otp`.
    #[serde(alias = "otp", deserialize_with = "digits")]
    #[schema(value_type = String)]
    code: String,
    /// Of a new account, or of one whose address nobody has proved until now.
    #[schema(value_type = Option<String>, format = Password)]
    password: Option<Secret>,
    device: Option<Device>,
}

/// A code, and any members of a new account's profile.
#[derive(utoipa::ToSchema)]
#[schema(as = CodeSignInBody)]
#[expect(dead_code, reason = "only the document needs both halves as one")]
pub(crate) struct SignInBody {
    #[serde(flatten)]
    credentials: Credentials,
    #[serde(flatten)]
    profile: ProfileUpdate,
}

/// Sign in with a code; the account is made where there is none
///
/// Wrong, old and used codes are answered alike. Where nobody had proved the address of an existing account before, its other devices
/// are signed out and its password is taken away unless the request carries it: somebody else may have made that account.
#[utoipa::path(post, path = "/auth/verify-code", tag = "accounts", request_body = SignInBody, responses(
    (status = 200, description = "Signed in", body = SignedInAnswer),
    (status = 422, description = "The code is wrong or no longer valid", body = crate::openapi::ProblemDocument)))]
pub async fn handle(
    state: web::Data<RestState>,
    body: BodyPair<Credentials, ProfileUpdate>,
    request: HttpRequest,
) -> Answer {
    let Credentials { email, phone, code, password, device } = body.first;
    let (device, address) = (device.and_then(|device| device.name), client_address(&request));
    let sign_in = CodeSignIn { email, phone, code: code.into(), password, profile: body.second, device, address };
    let signed_in = state.codes.sign_in(sign_in).await?;
    Ok(HttpResponse::Ok().insert_header(NO_STORE).json(SignedInAnswer::from(signed_in)))
}
