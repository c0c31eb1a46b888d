use super::view::QuestionAnswer;
use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Body, Guest, Id, QuestionInPath};
use plenum_schema::{ConferenceId, QuestionId};
use serde::Deserialize;

/// Whether a word is hidden.
#[derive(Deserialize, utoipa::ToSchema)]
#[schema(as = HideWordBody)]
pub(crate) struct HideWordBody {
    word: String,
    hidden: bool,
}

/// Keep a word of a cloud from everybody but hosts, or no longer; its ballots count all the same
#[utoipa::path(put, path = "/conference/{id}/questions/{questionId}/words", tag = "conferences", request_body = HideWordBody,
    params(("id" = uuid::Uuid, Path, description = "The conference"),
        ("questionId" = uuid::Uuid, Path, description = "The question")),
    responses((status = 200, description = "The question", body = QuestionAnswer)))]
pub async fn handle(
    guest: Guest,
    state: web::Data<RestState>,
    id: Id<ConferenceId>,
    question: QuestionInPath<QuestionId>,
    body: Body<HideWordBody>,
) -> Answer {
    let HideWordBody { word, hidden } = body.value;
    state.conferences.hide_word(&guest.0, (id.0, question.0), word, hidden).await?;
    let view = state.conferences.question(Some(&guest.0), id.0, question.0).await?;
    Ok(HttpResponse::Ok().json(QuestionAnswer::from(view)))
}
