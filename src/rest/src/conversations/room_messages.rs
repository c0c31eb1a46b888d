use super::messages::{Messages, Part, page};
use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Caller, Query, RoomInPath};
use plenum_schema::ConversationId;

/// Events of a room; for its members
#[utoipa::path(get, path = "/messages/room/{roomId}", tag = "conversations",
    params(("roomId" = uuid::Uuid, Path, description = "The room"), Part),
    responses((status = 200, description = "A page, oldest first", body = Messages)))]
pub async fn handle(
    caller: Caller,
    state: web::Data<RestState>,
    room: RoomInPath<ConversationId>,
    part: Query<Part>,
) -> Answer {
    Ok(HttpResponse::Ok().json(page(&state, caller.user(), room.0, part.0).await?))
}
