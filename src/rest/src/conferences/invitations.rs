use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Guest, Id};
use plenum_schema::ConferenceId;
use serde::Serialize;

/// How many invitations there are.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Invitations)]
pub(crate) struct InvitationsAnswer {
    /// In all.
    made: usize,
    /// With which somebody has joined.
    used: usize,
}

/// How many invitations were made and used; for whoever runs the conference
#[utoipa::path(get, path = "/conference/{id}/invitations", tag = "conferences",
    params(("id" = uuid::Uuid, Path, description = "The conference")),
    responses((status = 200, description = "Numbers", body = InvitationsAnswer)))]
pub async fn handle(guest: Guest, state: web::Data<RestState>, id: Id<ConferenceId>) -> Answer {
    let found = state.conferences.invitations(&guest.0, id.0).await?;
    Ok(HttpResponse::Ok().json(InvitationsAnswer { made: found.made, used: found.used }))
}
