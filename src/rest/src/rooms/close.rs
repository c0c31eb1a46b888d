use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Caller, Id};
use plenum_schema::ConversationId;

/// Close a room for ever; for its owner. Its members can still read.
#[utoipa::path(delete, path = "/rooms/{id}", tag = "rooms",
    params(("id" = uuid::Uuid, Path, description = "The room")),
    responses((status = 204, description = "Closed")))]
pub async fn handle(caller: Caller, state: web::Data<RestState>, id: Id<ConversationId>) -> Answer {
    state.conversations.close_room(caller.user(), id.0).await?;
    Ok(HttpResponse::NoContent().finish())
}
