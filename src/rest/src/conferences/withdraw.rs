use super::view::VotedAnswer;
use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Guest, Id, Query, QuestionInPath};
use plenum_schema::wire::Withdraw;
use plenum_schema::{ConferenceId, QuestionId};
use serde::Deserialize;

/// The caller's count of what they cast.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Sequence {
    /// As in the body of a vote.
    sequence: Option<u32>,
}

/// Take the own ballot back
#[utoipa::path(delete, path = "/conference/{id}/questions/{questionId}/vote", tag = "conferences",
    params(("id" = uuid::Uuid, Path, description = "The conference"),
        ("questionId" = uuid::Uuid, Path, description = "The question"), Sequence),
    responses((status = 200, description = "It does not count", body = VotedAnswer)))]
pub async fn handle(
    guest: Guest,
    state: web::Data<RestState>,
    _id: Id<ConferenceId>,
    question: QuestionInPath<QuestionId>,
    which: Query<Sequence>,
) -> Answer {
    let voted =
        state.conferences.withdraw(&guest.0, Withdraw { question: question.0, sequence: which.0.sequence }).await?;
    Ok(HttpResponse::Ok().json(VotedAnswer::from(voted)))
}
