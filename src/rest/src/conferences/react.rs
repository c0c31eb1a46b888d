use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Body, Guest, Id};
use plenum_schema::ConferenceId;
use plenum_schema::wire::ReactLive;
use serde::Deserialize;

/// How somebody reacts.
#[derive(Deserialize, utoipa::ToSchema)]
#[schema(as = ReactBody)]
pub(crate) struct ReactBody {
    /// One of the conference's `reactions`.
    emoji: String,
}

/// React to what happens, for everybody to see and for nobody to keep; for participants
#[utoipa::path(post, path = "/conference/{id}/react", tag = "conferences", request_body = ReactBody,
    params(("id" = uuid::Uuid, Path, description = "The conference")),
    responses((status = 204, description = "It is shown with the next ones")))]
pub async fn handle(guest: Guest, state: web::Data<RestState>, id: Id<ConferenceId>, body: Body<ReactBody>) -> Answer {
    state.conferences.react(&guest.0, &ReactLive { conference: id.0, emoji: body.value.emoji })?;
    Ok(HttpResponse::NoContent().finish())
}
