use super::body::VoteBody;
use super::view::VotedAnswer;
use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Body, Guest, Id, QuestionInPath};
use plenum_schema::{ConferenceId, QuestionId, Refusal, RefusalCode};
use plenum_services::conferences::voter;

/// Answer a question; answered when the ballot is on disk
///
/// With a participant's token. The same ballot again is answered alike; another one replaces it where the question allows that.
#[utoipa::path(post, path = "/conference/{id}/questions/{questionId}/vote", tag = "conferences", request_body = VoteBody,
    params(("id" = uuid::Uuid, Path, description = "The conference"),
        ("questionId" = uuid::Uuid, Path, description = "The question")),
    responses((status = 200, description = "It counts", body = VotedAnswer),
        (status = 409, description = "The question is not live, or the ballot may not be changed", body = crate::openapi::ProblemDocument),
        (status = 410, description = "The question is closed", body = crate::openapi::ProblemDocument)))]
pub async fn handle(
    guest: Guest,
    state: web::Data<RestState>,
    id: Id<ConferenceId>,
    question: QuestionInPath<QuestionId>,
    body: Body<VoteBody>,
) -> Answer {
    if voter(&guest.0)?.conference != id.0 {
        return Err(Refusal::new(RefusalCode::Forbidden, "the token is of another conference").into());
    }
    let voted = state.conferences.vote(&guest.0, body.value.vote(question.0)?).await?;
    Ok(HttpResponse::Ok().json(VotedAnswer::from(voted)))
}
