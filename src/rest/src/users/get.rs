use super::view::{answer, is_admin};
use crate::state::RestState;
use actix_web::web;
use plenum_http::{Answer, Caller, Id};
use plenum_schema::UserId;
use plenum_services::accounts::Member;

/// Somebody
///
/// Admins, and whoever asks for themselves, get the whole profile.
#[utoipa::path(get, path = "/users/{id}", tag = "people",
    params(("id" = uuid::Uuid, Path, description = "Who")),
    responses((status = 200, description = "The person", body = Member),
        (status = 404, description = "Nobody, or a deleted account", body = crate::openapi::ProblemDocument)))]
pub async fn handle(caller: Caller, state: web::Data<RestState>, id: Id<UserId>) -> Answer {
    let profile = state.accounts.profile(id.0).await?;
    let is_whole = caller.user() == id.0 || is_admin(&state, &caller).await?;
    Ok(answer(profile, is_whole))
}
