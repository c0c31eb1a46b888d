use super::participants::ParticipantAnswer;
use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Body, Guest, Id, ParticipantInPath};
use plenum_schema::{ConferenceId, ParticipantId};
use serde::Deserialize;

/// What a vote weighs.
#[derive(Deserialize, utoipa::ToSchema)]
#[schema(as = WeightBody)]
pub(crate) struct WeightBody {
    /// 0 to 1,000,000.
    weight: u32,
}

/// Let a participant's vote weigh otherwise, from now on and in questions that are live too
#[utoipa::path(put, path = "/conference/{id}/participants/{participantId}", tag = "conferences", request_body = WeightBody,
    params(("id" = uuid::Uuid, Path, description = "The conference"),
        ("participantId" = uuid::Uuid, Path, description = "The participant")),
    responses((status = 200, description = "The participant", body = ParticipantAnswer)))]
pub async fn handle(
    guest: Guest,
    state: web::Data<RestState>,
    id: Id<ConferenceId>,
    participant: ParticipantInPath<ParticipantId>,
    body: Body<WeightBody>,
) -> Answer {
    let changed = state.conferences.set_weight(&guest.0, id.0, participant.0, body.value.weight).await?;
    Ok(HttpResponse::Ok().json(ParticipantAnswer::from(changed)))
}
