use super::view::QuestionAnswer;
use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Guest, Id, QuestionInPath};
use plenum_schema::{ConferenceId, QuestionId};

/// Let the audience answer a question
#[utoipa::path(post, path = "/conference/{id}/questions/{questionId}/live", tag = "conferences",
    params(("id" = uuid::Uuid, Path, description = "The conference"),
        ("questionId" = uuid::Uuid, Path, description = "The question")),
    responses((status = 200, description = "The question", body = QuestionAnswer)))]
pub async fn handle(
    guest: Guest,
    state: web::Data<RestState>,
    id: Id<ConferenceId>,
    question: QuestionInPath<QuestionId>,
) -> Answer {
    state.conferences.push(&guest.0, id.0, question.0).await?;
    let view = state.conferences.question(Some(&guest.0), id.0, question.0).await?;
    Ok(HttpResponse::Ok().json(QuestionAnswer::from(view)))
}
