use super::guessing;
use super::view::ConferenceAnswer;
use crate::state::RestState;
use actix_web::{HttpRequest, HttpResponse, web};
use plenum_http::{Answer, CodeInPath, OptionalGuest};

/// The conference with this code
///
/// Capitals or not, with or without spaces and hyphens.
#[utoipa::path(get, path = "/conference/code/{code}", tag = "conferences",
    params(("code" = String, Path, description = "What people type to join")),
    responses((status = 200, description = "The conference", body = ConferenceAnswer)))]
pub async fn handle(
    guest: OptionalGuest,
    state: web::Data<RestState>,
    code: CodeInPath,
    request: HttpRequest,
) -> Answer {
    let id = guessing(&state, &request, state.conferences.by_code(&code.0)).await?;
    let view = state.conferences.view(id, guest.0.as_ref()).await?;
    Ok(HttpResponse::Ok().json(ConferenceAnswer::of(&state, view, guest.0.as_ref()).await?))
}
