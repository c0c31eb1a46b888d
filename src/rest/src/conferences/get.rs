use super::view::ConferenceAnswer;
use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Id, OptionalGuest, etag};
use plenum_schema::ConferenceId;

/// A conference
#[utoipa::path(get, path = "/conference/{id}", tag = "conferences", params(("id" = uuid::Uuid, Path, description = "The conference")),
    responses((status = 200, description = "The conference", body = ConferenceAnswer)))]
pub async fn handle(guest: OptionalGuest, state: web::Data<RestState>, id: Id<ConferenceId>) -> Answer {
    let view = state.conferences.view(id.0, guest.0.as_ref()).await?;
    let tag = i64::try_from(view.version).unwrap_or(0);
    let answer = ConferenceAnswer::of(&state, view, guest.0.as_ref()).await?;
    Ok(HttpResponse::Ok().insert_header(etag(tag)).json(answer))
}
