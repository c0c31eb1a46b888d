use crate::auth::answer::Done;
use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Caller, Id};
use plenum_schema::EventId;

/// Give the own seat or place in line back
#[utoipa::path(post, path = "/events/{id}/leave", tag = "events",
    params(("id" = uuid::Uuid, Path, description = "The event")),
    responses((status = 200, description = "Given back", body = Done)))]
pub async fn handle(caller: Caller, state: web::Data<RestState>, id: Id<EventId>) -> Answer {
    state.events.leave(id.0, caller.user()).await?;
    Ok(HttpResponse::Ok().json(Done { success: true }))
}
