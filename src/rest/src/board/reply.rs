use super::view::ItemAnswer;
use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Body, Guest, Id, IdempotencyKey, ItemInPath};
use plenum_schema::ConferenceId;
use plenum_schema::wire::ReplyTo;
use serde::Deserialize;

/// A reply.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ReplyBody)]
pub(crate) struct ReplyBody {
    text: String,
    /// Makes a repetition safe; the `Idempotency-Key` stands for an absent one.
    #[serde(default)]
    client_ref: Option<String>,
}

/// Reply to a question of the audience; participants where the conference has `audienceReplies`
#[utoipa::path(post, path = "/conference/{id}/qa/{itemId}/replies", tag = "conferences", request_body = ReplyBody,
    params(("id" = uuid::Uuid, Path, description = "The conference"),
        ("itemId" = u32, Path, description = "The question")),
    responses((status = 201, description = "The question with its replies", body = ItemAnswer)))]
pub async fn handle(
    guest: Guest,
    state: web::Data<RestState>,
    id: Id<ConferenceId>,
    item: ItemInPath,
    key: IdempotencyKey,
    body: Body<ReplyBody>,
) -> Answer {
    let client_ref = body.value.client_ref.or_else(|| key.0.map(|key| key.chars().take(64).collect()));
    let said = ReplyTo { conference: id.0, item: item.0, text: body.value.text, client_ref };
    let item = state.conferences.reply(&guest.0, said).await?;
    Ok(HttpResponse::Created().json(ItemAnswer::from(item)))
}
