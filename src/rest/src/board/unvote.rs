use super::view::ItemAnswer;
use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Guest, Id, ItemInPath};
use plenum_schema::ConferenceId;
use plenum_schema::wire::Upvote;

/// No longer want a question answered; again it changes nothing
#[utoipa::path(delete, path = "/conference/{id}/qa/{itemId}/upvote", tag = "conferences",
    params(("id" = uuid::Uuid, Path, description = "The conference"),
        ("itemId" = u32, Path, description = "The question")),
    responses((status = 200, description = "The question", body = ItemAnswer)))]
pub async fn handle(guest: Guest, state: web::Data<RestState>, id: Id<ConferenceId>, item: ItemInPath) -> Answer {
    let vote = Upvote { conference: id.0, item: item.0, up: false };
    let item = state.conferences.upvote(&guest.0, vote).await?;
    Ok(HttpResponse::Ok().json(ItemAnswer::from(item)))
}
