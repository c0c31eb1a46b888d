use super::view::ConferenceAnswer;
use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Guest, Id};
use plenum_schema::ConferenceId;

/// Start a conference: its questions may go live
#[utoipa::path(post, path = "/conference/{id}/start", tag = "conferences", params(("id" = uuid::Uuid, Path, description = "The conference")),
    responses((status = 200, description = "The conference", body = ConferenceAnswer)))]
pub async fn handle(guest: Guest, state: web::Data<RestState>, id: Id<ConferenceId>) -> Answer {
    let view = state.conferences.start(&guest.0, id.0).await?;
    Ok(HttpResponse::Ok().json(ConferenceAnswer::of(&state, view, Some(&guest.0)).await?))
}
