use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Body, Guest, Id};
use plenum_schema::ConferenceId;
use serde::Deserialize;

/// Who.
#[derive(Deserialize, utoipa::ToSchema)]
#[schema(as = RosterDropBody)]
pub(crate) struct DropBody {
    email: String,
}

/// Take somebody off the roster; who has joined stays
#[utoipa::path(delete, path = "/conference/{id}/roster", tag = "conferences", request_body = DropBody,
    params(("id" = uuid::Uuid, Path, description = "The conference")),
    responses((status = 204, description = "They are not on it")))]
pub async fn handle(guest: Guest, state: web::Data<RestState>, id: Id<ConferenceId>, body: Body<DropBody>) -> Answer {
    state.conferences.drop_from_roster(&guest.0, id.0, &body.value.email).await?;
    Ok(HttpResponse::NoContent().finish())
}
