use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Caller, Id};
use plenum_schema::EventId;

/// Take an own event off the list, with its seats
#[utoipa::path(delete, path = "/events/{id}", tag = "events",
    params(("id" = uuid::Uuid, Path, description = "The event")),
    responses((status = 204, description = "Removed"),
        (status = 403, description = "Another organizer's", body = crate::openapi::ProblemDocument)))]
pub async fn handle(caller: Caller, state: web::Data<RestState>, id: Id<EventId>) -> Answer {
    let is_admin = state.accounts.is_admin(caller.0).await?;
    state.events.remove(id.0, caller.user(), is_admin).await?;
    Ok(HttpResponse::NoContent().finish())
}
