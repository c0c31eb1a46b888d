use super::settings::SettingsAnswer;
use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Caller, Id};
use plenum_schema::ConversationId;

/// Do not be notified of a conversation
#[utoipa::path(post, path = "/conversations/{id}/mute", tag = "conversations",
    params(("id" = uuid::Uuid, Path, description = "The conversation")),
    responses((status = 200, description = "The caller's settings now", body = SettingsAnswer)))]
pub async fn handle(caller: Caller, state: web::Data<RestState>, id: Id<ConversationId>) -> Answer {
    let settings = state.conversations.mute(caller.user(), id.0, true).await?;
    Ok(HttpResponse::Ok().json(SettingsAnswer::from(settings)))
}
