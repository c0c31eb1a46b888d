use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Caller, Id};
use plenum_schema::ConversationId;

/// Leave a room; its owner cannot
#[utoipa::path(post, path = "/rooms/{id}/leave", tag = "rooms",
    params(("id" = uuid::Uuid, Path, description = "The room")),
    responses((status = 204, description = "No member any more")))]
pub async fn handle(caller: Caller, state: web::Data<RestState>, id: Id<ConversationId>) -> Answer {
    state.conversations.remove_member(caller.user(), id.0, caller.user()).await?;
    Ok(HttpResponse::NoContent().finish())
}
