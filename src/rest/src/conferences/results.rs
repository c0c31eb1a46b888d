use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Id, OptionalGuest, QuestionInPath};
use plenum_schema::{ConferenceId, QuestionId};

/// The results of a question, as the caller may see them
#[utoipa::path(get, path = "/conference/{id}/questions/{questionId}/results", tag = "conferences",
    params(("id" = uuid::Uuid, Path, description = "The conference"),
        ("questionId" = uuid::Uuid, Path, description = "The question")),
    responses((status = 200, description = "`hidden` with nothing but the number of ballots, when they may not be seen", body = Object)))]
pub async fn handle(
    guest: OptionalGuest,
    state: web::Data<RestState>,
    id: Id<ConferenceId>,
    question: QuestionInPath<QuestionId>,
) -> Answer {
    Ok(HttpResponse::Ok().json(state.conferences.results(guest.0.as_ref(), id.0, question.0).await?))
}
