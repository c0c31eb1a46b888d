use crate::auth::answer::{Device, NO_STORE, SignedInAnswer};
use crate::state::RestState;
use actix_web::{HttpRequest, HttpResponse, web};
use plenum_http::{Answer, Body, client_address};
use plenum_schema::{Refusal, RefusalCode};
use plenum_services::accounts::{GoogleSignIn, Secret};
use serde::Deserialize;

/// A token of identity from Google, or the ticket of the redirect flow.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = GoogleTokenBody)]
pub(crate) struct TokenBody {
    /// As Google has given it to the web page or app; also read as `credential`.
    #[serde(alias = "credential", alias = "id_token")]
    #[schema(value_type = Option<String>, format = Password)]
    id_token: Option<Secret>,
    /// What the client has sent to Google as `nonce`, where it has: the token must repeat it.
    nonce: Option<String>,
    /// In place of the token: from the fragment of the page that the redirect flow ended at.
    #[schema(value_type = Option<String>, format = Password)]
    ticket: Option<Secret>,
    device: Option<Device>,
}

/// Sign in with a token of Google's; the account is made where there is none
///
/// An existing account with the same e-mail address is linked where it has proved the address by a code and Google keeps that
/// address itself. Otherwise the answer is 409: sign in to it with its password or a code.
#[utoipa::path(post, path = "/auth/verify-google-token", tag = "accounts", request_body = TokenBody, responses(
    (status = 200, description = "Signed in", body = SignedInAnswer),
    (status = 403, description = "The account is switched off", body = crate::openapi::ProblemDocument),
    (status = 409, description = "Another account has the e-mail address, and is not linked", body = crate::openapi::ProblemDocument),
    (status = 422, description = "The token is not valid here, or no longer", body = crate::openapi::ProblemDocument),
    (status = 503, description = "Google does not answer, or it is not set up here", body = crate::openapi::ProblemDocument)))]
pub async fn handle(state: web::Data<RestState>, body: Body<TokenBody>, request: HttpRequest) -> Answer {
    let TokenBody { id_token, nonce, ticket, device } = body.value;
    let (device, address) = (device.and_then(|device| device.name), client_address(&request));
    let signed_in = match (id_token, ticket) {
        (Some(token), _) => state.google.sign_in(GoogleSignIn { token, nonce, device, address }).await?,
        (None, Some(ticket)) => state.google.redeem(&ticket, device.as_deref(), address).await?,
        (None, None) => return Err(Refusal::field(RefusalCode::Invalid, "idToken", "idToken is required").into()),
    };
    Ok(HttpResponse::Ok().insert_header(NO_STORE).json(SignedInAnswer::from(signed_in)))
}
