use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Caller, Id};
use plenum_schema::UserId;

/// Block somebody; no direct messages between the two of you
#[utoipa::path(post, path = "/users/{id}/block", tag = "people",
    params(("id" = uuid::Uuid, Path, description = "Whom")),
    responses((status = 204, description = "Done")))]
pub async fn handle(caller: Caller, state: web::Data<RestState>, id: Id<UserId>) -> Answer {
    state.conversations.block(caller.user(), id.0).await?;
    Ok(HttpResponse::NoContent().finish())
}
