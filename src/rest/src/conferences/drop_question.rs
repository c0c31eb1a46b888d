use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Guest, Id, QuestionInPath};
use plenum_schema::{ConferenceId, QuestionId};

/// Drop a draft
#[utoipa::path(delete, path = "/conference/{id}/questions/{questionId}", tag = "conferences",
    params(("id" = uuid::Uuid, Path, description = "The conference"),
        ("questionId" = uuid::Uuid, Path, description = "The question")),
    responses((status = 204, description = "Dropped")))]
pub async fn handle(
    guest: Guest,
    state: web::Data<RestState>,
    id: Id<ConferenceId>,
    question: QuestionInPath<QuestionId>,
) -> Answer {
    state.conferences.drop_question(&guest.0, id.0, question.0).await?;
    Ok(HttpResponse::NoContent().finish())
}
