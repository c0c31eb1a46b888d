use super::view::ConferenceAnswer;
use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Guest, Id};
use plenum_schema::ConferenceId;

/// Forget who took part, now; totals, questions and the report stay. For its host
///
/// The conference is ended if it was not. Ballots, names and invitations are removed from the disk, and with them what receipts and result sheets are
/// checked by: save the sheets before.
#[utoipa::path(post, path = "/conference/{id}/anonymise", tag = "conferences",
    params(("id" = uuid::Uuid, Path, description = "The conference")),
    responses((status = 200, description = "The conference", body = ConferenceAnswer)))]
pub async fn handle(guest: Guest, state: web::Data<RestState>, id: Id<ConferenceId>) -> Answer {
    let view = state.conferences.anonymise(&guest.0, id.0).await?;
    Ok(HttpResponse::Ok().json(ConferenceAnswer::of(&state, view, Some(&guest.0)).await?))
}
