use super::cookie;
use crate::auth::answer::NO_STORE;
use crate::state::RestState;
use actix_web::http::header::{LOCATION, SET_COOKIE};
use actix_web::{HttpResponse, web};
use plenum_http::Answer;

/// Sign in with Google: go there
///
/// With state, nonce and PKCE (S256). The browser keeps a cookie until it comes back: the way goes on in no other one.
#[utoipa::path(get, path = "/auth/google", tag = "accounts", responses(
    (status = 302, description = "To Google"),
    (status = 503, description = "It is not set up here", body = crate::openapi::ProblemDocument)))]
pub async fn handle(state: web::Data<RestState>) -> Answer {
    let begun = state.google.begin()?;
    let cookie = cookie::set(&state.google, &begun.cookie);
    let mut answer = HttpResponse::Found();
    Ok(answer
        .insert_header(NO_STORE)
        .insert_header((LOCATION, begun.location))
        .insert_header((SET_COOKIE, cookie))
        .finish())
}
