use super::body::SpeakerBody;
use super::view::ConferenceAnswer;
use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Body, Guest, Id};
use plenum_schema::ConferenceId;

/// Name one more speaker
#[utoipa::path(post, path = "/conference/{id}/speakers", tag = "conferences", request_body = SpeakerBody, params(("id" = uuid::Uuid, Path, description = "The conference")),
    responses((status = 201, description = "The conference", body = ConferenceAnswer)))]
pub async fn handle(
    guest: Guest,
    state: web::Data<RestState>,
    id: Id<ConferenceId>,
    body: Body<SpeakerBody>,
) -> Answer {
    let SpeakerBody { name, bio } = body.value;
    let view = state.conferences.add_speaker(&guest.0, id.0, name, bio).await?;
    Ok(HttpResponse::Created().json(ConferenceAnswer::of(&state, view, Some(&guest.0)).await?))
}
