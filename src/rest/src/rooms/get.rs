use super::view::{RoomAnswer, tag};
use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Id, OptionalCaller, etag};
use plenum_schema::ConversationId;

/// A room: public ones for everybody, private ones for their members
#[utoipa::path(get, path = "/rooms/{id}", tag = "rooms",
    params(("id" = uuid::Uuid, Path, description = "The room")),
    responses((status = 200, description = "The room, with its version as `ETag`", body = RoomAnswer),
        (status = 410, description = "It was closed", body = crate::openapi::ProblemDocument)))]
pub async fn handle(caller: OptionalCaller, state: web::Data<RestState>, id: Id<ConversationId>) -> Answer {
    let room = state.conversations.room(caller.0.map(|identity| identity.user), id.0).await?;
    Ok(HttpResponse::Ok().insert_header(etag(tag(&room))).json(RoomAnswer::from(room)))
}
