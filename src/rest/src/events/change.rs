use super::body::EventBody;
use super::view::EventAnswer;
use crate::brands::lost_update;
use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Body, Caller, Id, IfMatch, etag};
use plenum_schema::EventId;

/// Change an own event, or call it off
///
/// With fewer seats nobody loses one; with more, those who wait move up.
#[utoipa::path(put, path = "/events/{id}", tag = "events", request_body = EventBody,
    params(("id" = uuid::Uuid, Path, description = "The event"),
        ("If-Match" = Option<String>, Header, description = "The `ETag` that was read: refuse to overwrite a newer one")),
    responses((status = 200, description = "The event after the change", body = EventAnswer),
        (status = 403, description = "Another organizer's", body = crate::openapi::ProblemDocument),
        (status = 412, description = "It was changed since", body = crate::openapi::ProblemDocument)))]
pub async fn handle(
    caller: Caller,
    state: web::Data<RestState>,
    id: Id<EventId>,
    seen: IfMatch,
    body: Body<EventBody>,
) -> Answer {
    let is_admin = state.accounts.is_admin(caller.0).await?;
    let (change, expected) = (body.value.try_into()?, seen.expected()?);
    let changed = state.events.change(id.0, &change, expected, caller.user(), is_admin).await;
    let (changed, seats) = (changed.map_err(lost_update)?, state.events.seats(id.0).await?);
    let event = EventAnswer::new(changed, &seats, Some(caller.user()));
    Ok(HttpResponse::Ok().insert_header(etag(event.version)).json(event))
}
