use super::changes::{ChangedAnswer, Reaction, change};
use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Body, Caller, Id, OffsetInPath};
use plenum_schema::ConversationId;
use plenum_services::conversations::Change;

/// React to a message; repeating a reaction changes nothing
#[utoipa::path(post, path = "/conversations/{id}/messages/{offset}/reactions", tag = "conversations",
    request_body = Reaction,
    params(("id" = uuid::Uuid, Path, description = "The conversation"),
        ("offset" = u64, Path, description = "The message's offset")),
    responses((status = 200, description = "On disk", body = ChangedAnswer)))]
pub async fn handle(
    caller: Caller,
    state: web::Data<RestState>,
    id: Id<ConversationId>,
    target: OffsetInPath,
    body: Body<Reaction>,
) -> Answer {
    let react = Change::React { emoji: body.value.required()? };
    Ok(HttpResponse::Ok().json(change(&state, &caller, (id.0, target.0), None, react).await?))
}
