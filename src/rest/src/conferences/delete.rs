use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Guest, Id};
use plenum_schema::ConferenceId;

/// Forget everything about a conference, now; for its host. Its conversation stays
#[utoipa::path(delete, path = "/conference/{id}", tag = "conferences",
    params(("id" = uuid::Uuid, Path, description = "The conference")),
    responses((status = 204, description = "Nothing is left of it")))]
pub async fn handle(guest: Guest, state: web::Data<RestState>, id: Id<ConferenceId>) -> Answer {
    state.conferences.delete(&guest.0, id.0).await?;
    Ok(HttpResponse::NoContent().finish())
}
