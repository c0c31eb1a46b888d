use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Guest, Id};
use plenum_schema::ConferenceId;
use serde::Serialize;

/// How many are on a roster. Who they are is stored as hashes alone.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Roster)]
pub(crate) struct RosterAnswer {
    pub people: usize,
}

/// How many are on the roster; for whoever runs the conference
#[utoipa::path(get, path = "/conference/{id}/roster", tag = "conferences",
    params(("id" = uuid::Uuid, Path, description = "The conference")),
    responses((status = 200, description = "A number", body = RosterAnswer)))]
pub async fn handle(guest: Guest, state: web::Data<RestState>, id: Id<ConferenceId>) -> Answer {
    Ok(HttpResponse::Ok().json(RosterAnswer { people: state.conferences.roster(&guest.0, id.0).await? }))
}
