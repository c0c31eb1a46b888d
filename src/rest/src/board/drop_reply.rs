use super::view::ItemAnswer;
use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Guest, Id, ItemInPath, ReplyInPath};
use plenum_schema::ConferenceId;

/// Take a reply to a question of the audience away; again it changes nothing
#[utoipa::path(delete, path = "/conference/{id}/qa/{itemId}/replies/{replyId}", tag = "conferences",
    params(("id" = uuid::Uuid, Path, description = "The conference"),
        ("itemId" = u32, Path, description = "The question"),
        ("replyId" = u32, Path, description = "The reply")),
    responses((status = 200, description = "The question with its replies", body = ItemAnswer)))]
pub async fn handle(
    guest: Guest,
    state: web::Data<RestState>,
    id: Id<ConferenceId>,
    item: ItemInPath,
    reply: ReplyInPath,
) -> Answer {
    let item = state.conferences.drop_reply(&guest.0, id.0, item.0, reply.0).await?;
    Ok(HttpResponse::Ok().json(ItemAnswer::from(item)))
}
