use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Id, OptionalGuest, QuestionInPath};
use plenum_schema::{ConferenceId, QuestionId};

/// The signed result sheet of a closed question, for `plenum verify`
///
/// With every ballot under a pseudonym of this question; for whoever may see the results.
#[utoipa::path(get, path = "/conference/{id}/questions/{questionId}/sheet", tag = "conferences",
    params(("id" = uuid::Uuid, Path, description = "The conference"),
        ("questionId" = uuid::Uuid, Path, description = "The question")),
    responses((status = 200, description = "The signed sheet, the public key and the ballots", body = Object),
        (status = 409, description = "The question is not closed", body = crate::openapi::ProblemDocument)))]
pub async fn handle(
    guest: OptionalGuest,
    state: web::Data<RestState>,
    id: Id<ConferenceId>,
    question: QuestionInPath<QuestionId>,
) -> Answer {
    Ok(HttpResponse::Ok().json(state.conferences.sheet(guest.0.as_ref(), id.0, question.0).await?))
}
