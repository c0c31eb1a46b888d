use super::changes::{ChangedAnswer, Reaction, change};
use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Caller, Id, MaybeBody, OffsetInPath, Query};
use plenum_schema::ConversationId;
use plenum_services::conversations::Change;

/// Take a reaction back; without one it changes nothing
#[utoipa::path(delete, path = "/conversations/{id}/messages/{offset}/reactions", tag = "conversations",
    request_body = Option<Reaction>,
    params(("id" = uuid::Uuid, Path, description = "The conversation"),
        ("offset" = u64, Path, description = "The message's offset"), Reaction),
    responses((status = 200, description = "On disk", body = ChangedAnswer)))]
pub async fn handle(
    caller: Caller,
    state: web::Data<RestState>,
    id: Id<ConversationId>,
    target: OffsetInPath,
    query: Query<Reaction>,
    body: MaybeBody<Reaction>,
) -> Answer {
    let emoji = Reaction { emoji: query.0.emoji.or(body.0.emoji) }.required()?;
    Ok(HttpResponse::Ok().json(change(&state, &caller, (id.0, target.0), None, Change::Unreact { emoji }).await?))
}
