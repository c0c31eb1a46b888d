use super::view::ItemAnswer;
use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Body, Guest, Id, ItemInPath};
use plenum_schema::ConferenceId;
use plenum_schema::board::ItemStatus;
use plenum_services::conferences::Moderation;
use serde::Deserialize;

/// What a moderator makes of a question; absent members stay.
#[derive(Deserialize, utoipa::ToSchema)]
#[schema(as = ModerationBody)]
pub(crate) struct ModerationBody {
    /// `pending`, `approved`, `answered` or `dismissed`.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    status: Option<ItemStatus>,
    #[serde(default)]
    pinned: Option<bool>,
    /// Empty: nothing any more.
    #[serde(default)]
    answer: Option<String>,
    /// What it is about: all of its labels, at most 5.
    #[serde(default)]
    labels: Option<Vec<String>>,
}

/// Approve, answer, label, pin or dismiss a question of the audience
#[utoipa::path(put, path = "/conference/{id}/qa/{itemId}", tag = "conferences", request_body = ModerationBody,
    params(("id" = uuid::Uuid, Path, description = "The conference"),
        ("itemId" = u32, Path, description = "The question")),
    responses((status = 200, description = "The question", body = ItemAnswer)))]
pub async fn handle(
    guest: Guest,
    state: web::Data<RestState>,
    id: Id<ConferenceId>,
    item: ItemInPath,
    body: Body<ModerationBody>,
) -> Answer {
    let ModerationBody { status, pinned, answer, labels } = body.value;
    let moderation = Moderation { status, pinned, answer, labels };
    let item = state.conferences.moderate(&guest.0, id.0, item.0, moderation).await?;
    Ok(HttpResponse::Ok().json(ItemAnswer::from(item)))
}
