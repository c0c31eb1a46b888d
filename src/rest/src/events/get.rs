use super::view::EventAnswer;
use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Id, OptionalCaller, etag};
use plenum_schema::EventId;

/// An event and how its seats stand
#[utoipa::path(get, path = "/events/{id}", tag = "events",
    params(("id" = uuid::Uuid, Path, description = "The event")),
    responses((status = 200, description = "The event", body = EventAnswer)))]
pub async fn handle(caller: OptionalCaller, state: web::Data<RestState>, id: Id<EventId>) -> Answer {
    let (event, seats) = state.events.event(id.0).await?;
    let asked_by = caller.0.map(|identity| identity.user);
    let event = EventAnswer::new(event, &seats, asked_by);
    Ok(HttpResponse::Ok().insert_header(etag(event.version)).json(event))
}
