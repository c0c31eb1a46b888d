use super::view::RoomAnswer;
use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Caller, Id};
use plenum_schema::ConversationId;

/// Join a public room; joining again changes nothing
#[utoipa::path(post, path = "/rooms/{id}/join", tag = "rooms",
    params(("id" = uuid::Uuid, Path, description = "The room")),
    responses((status = 200, description = "A member now", body = RoomAnswer),
        (status = 409, description = "It is full or not active", body = crate::openapi::ProblemDocument)))]
pub async fn handle(caller: Caller, state: web::Data<RestState>, id: Id<ConversationId>) -> Answer {
    let room = state.conversations.join_room(caller.user(), id.0).await?;
    Ok(HttpResponse::Ok().json(RoomAnswer::from(room)))
}
