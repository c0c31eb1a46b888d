use super::view::{ConversationView, one};
use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Caller, Id};
use plenum_schema::ConversationId;

/// One of the own conversations
#[utoipa::path(get, path = "/conversations/{id}", tag = "conversations",
    params(("id" = uuid::Uuid, Path, description = "The conversation")),
    responses((status = 200, description = "The conversation", body = ConversationView)))]
pub async fn handle(caller: Caller, state: web::Data<RestState>, id: Id<ConversationId>) -> Answer {
    Ok(HttpResponse::Ok().json(one(&state, caller.user(), id.0).await?))
}
