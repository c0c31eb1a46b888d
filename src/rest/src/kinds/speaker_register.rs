use crate::auth::answer::SignedInAnswer;
use crate::auth::register::{Credentials, RegisterBody, register};
use crate::state::RestState;
use actix_web::{HttpRequest, web};
use plenum_http::{Answer, BodyPair, IdempotencyKey};
use plenum_services::accounts::{AccountKind, ProfileUpdate};

/// Make an account of a speaker and sign its first device in
///
/// As `auth/register`. The account has the role `speaker`, and its tokens are for running conferences: not for buying, selling or looking after
/// the house.
#[utoipa::path(post, path = "/speaker/auth/register", tag = "accounts", request_body = RegisterBody,
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition safe for 24 h")),
    responses((status = 201, description = "Made and signed in", body = SignedInAnswer),
        (status = 403, description = "Not open to everybody here", body = crate::openapi::ProblemDocument),
        (status = 409, description = "The e-mail address, telephone number or user name is taken", body = crate::openapi::ProblemDocument)))]
pub async fn handle(
    state: web::Data<RestState>,
    body: BodyPair<Credentials, ProfileUpdate>,
    key: IdempotencyKey,
    request: HttpRequest,
) -> Answer {
    register(&state, AccountKind::Speaker, body, key, &request).await
}
