use super::view::ConferenceAnswer;
use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Guest, Id};
use plenum_schema::ConferenceId;

/// End a conference: closes what is live, lets nobody join any more
#[utoipa::path(post, path = "/conference/{id}/end", tag = "conferences", params(("id" = uuid::Uuid, Path, description = "The conference")),
    responses((status = 200, description = "The conference", body = ConferenceAnswer)))]
pub async fn handle(guest: Guest, state: web::Data<RestState>, id: Id<ConferenceId>) -> Answer {
    let view = state.conferences.end(&guest.0, id.0).await?;
    Ok(HttpResponse::Ok().json(ConferenceAnswer::of(&state, view, Some(&guest.0)).await?))
}
