use super::changes::{ChangedAnswer, change};
use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Caller, Id, OffsetInPath};
use plenum_schema::ConversationId;
use plenum_services::conversations::Change;

/// Delete a message; for its author, and in groups and rooms for admins and the owner
#[utoipa::path(delete, path = "/conversations/{id}/messages/{offset}", tag = "conversations",
    params(("id" = uuid::Uuid, Path, description = "The conversation"),
        ("offset" = u64, Path, description = "The message's offset")),
    responses((status = 200, description = "Its content is handed out no more", body = ChangedAnswer)))]
pub async fn handle(
    caller: Caller,
    state: web::Data<RestState>,
    id: Id<ConversationId>,
    target: OffsetInPath,
) -> Answer {
    Ok(HttpResponse::Ok().json(change(&state, &caller, (id.0, target.0), None, Change::Delete).await?))
}
