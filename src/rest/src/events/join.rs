use super::view::PlaceAnswer;
use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Caller, Id};
use plenum_schema::EventId;

/// Take a seat, or a place in the waiting list
///
/// Who waits moves up in order, and is told by the notification `event.seat`.
#[utoipa::path(post, path = "/events/{id}/join", tag = "events",
    params(("id" = uuid::Uuid, Path, description = "The event")),
    responses((status = 200, description = "Where the caller stands", body = PlaceAnswer),
        (status = 409, description = "It is over, called off, or the waiting list is full", body = crate::openapi::ProblemDocument)))]
pub async fn handle(caller: Caller, state: web::Data<RestState>, id: Id<EventId>) -> Answer {
    let place = state.events.join(id.0, caller.user()).await?;
    Ok(HttpResponse::Ok().json(PlaceAnswer::from(place)))
}
