use super::cookie;
use crate::auth::answer::{NO_STORE, SignedInAnswer};
use crate::state::RestState;
use actix_web::http::header::{LOCATION, SET_COOKIE};
use actix_web::{HttpRequest, HttpResponse, web};
use plenum_http::{Answer, Query, client_address};
use plenum_services::accounts::{GoogleEnd, GoogleReturn, Secret};
use serde::Deserialize;

/// What Google sends the browser back with.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct CallbackParams {
    /// As it was sent.
    state: Option<String>,
    /// To be changed into a token.
    #[param(value_type = Option<String>)]
    code: Option<Secret>,
    /// Why there is no code.
    error: Option<String>,
    /// Who answers.
    iss: Option<String>,
}

/// Back from Google: signed in
///
/// A state is good once, for some minutes, in the browser that began. Where the operator has named a page that goes on
/// (`google.return_url`), the browser is sent there with `#ticket=…`, which `POST auth/verify-google-token` changes into tokens within a
/// minute, or `#error=…`.
#[utoipa::path(get, path = "/auth/google/callback", tag = "accounts", params(CallbackParams), responses(
    (status = 200, description = "Signed in", body = SignedInAnswer),
    (status = 302, description = "To the page that goes on"),
    (status = 409, description = "Another account has the e-mail address, and is not linked", body = crate::openapi::ProblemDocument),
    (status = 422, description = "Not begun here, over, used, or called off", body = crate::openapi::ProblemDocument),
    (status = 503, description = "Google does not answer, or it is not set up here", body = crate::openapi::ProblemDocument)))]
pub async fn handle(state: web::Data<RestState>, params: Query<CallbackParams>, request: HttpRequest) -> Answer {
    let CallbackParams { state: sent, code, error, iss } = params.0;
    let (cookie, address) = (cookie::kept(&state.google, &request), client_address(&request));
    let back = GoogleReturn { state: sent, code, error, issuer: iss, cookie, address };
    let end = state.google.finish(back).await?;
    let mut answer = HttpResponse::Ok();
    answer.insert_header(NO_STORE).insert_header((SET_COOKIE, cookie::forget(&state.google)));
    Ok(match end {
        GoogleEnd::SignedIn(signed_in) => answer.json(SignedInAnswer::from(*signed_in)),
        GoogleEnd::Page(page) => {
            answer.status(actix_web::http::StatusCode::FOUND).insert_header((LOCATION, page)).finish()
        }
    })
}
