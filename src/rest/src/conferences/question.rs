use super::view::QuestionAnswer;
use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Id, OptionalGuest, QuestionInPath, etag};
use plenum_schema::{ConferenceId, QuestionId};

/// A question, with its results and the own ballot
#[utoipa::path(get, path = "/conference/{id}/questions/{questionId}", tag = "conferences",
    params(("id" = uuid::Uuid, Path, description = "The conference"),
        ("questionId" = uuid::Uuid, Path, description = "The question")),
    responses((status = 200, description = "The question", body = QuestionAnswer)))]
pub async fn handle(
    guest: OptionalGuest,
    state: web::Data<RestState>,
    id: Id<ConferenceId>,
    question: QuestionInPath<QuestionId>,
) -> Answer {
    let view = state.conferences.question(guest.0.as_ref(), id.0, question.0).await?;
    Ok(HttpResponse::Ok().insert_header(etag(view.version)).json(QuestionAnswer::from(view)))
}
