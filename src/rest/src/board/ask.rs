use super::view::ItemAnswer;
use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Body, Guest, Id, IdempotencyKey};
use plenum_schema::ConferenceId;
use plenum_schema::wire::AskQuestion;
use serde::Deserialize;

/// A question for the speakers.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AskBody)]
pub(crate) struct AskBody {
    text: String,
    /// Makes a repetition safe; the `Idempotency-Key` stands for an absent one.
    #[serde(default)]
    client_ref: Option<String>,
}

/// Ask the speakers something
#[utoipa::path(post, path = "/conference/{id}/qa", tag = "conferences", request_body = AskBody, params(("id" = uuid::Uuid, Path, description = "The conference")),
    responses((status = 201, description = "Asked", body = ItemAnswer)))]
pub async fn handle(
    guest: Guest,
    state: web::Data<RestState>,
    id: Id<ConferenceId>,
    key: IdempotencyKey,
    body: Body<AskBody>,
) -> Answer {
    let client_ref = body.value.client_ref.or_else(|| key.0.map(|key| key.chars().take(64).collect()));
    let asked = AskQuestion { conference: id.0, text: body.value.text, client_ref };
    let item = state.conferences.ask_question(&guest.0, asked).await?;
    Ok(HttpResponse::Created().json(ItemAnswer::from(item)))
}
