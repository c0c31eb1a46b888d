use super::view::QuestionAnswer;
use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Body, Guest, Id, QuestionInPath};
use plenum_schema::{ConferenceId, QuestionId};
use serde::Deserialize;

/// Whether results are shown.
#[derive(Deserialize, utoipa::ToSchema)]
#[schema(as = ShowBody)]
pub(crate) struct ShowBody {
    shown: bool,
}

/// Show a question's results to everybody, or hide them
#[utoipa::path(post, path = "/conference/{id}/questions/{questionId}/show", tag = "conferences", request_body = ShowBody,
    params(("id" = uuid::Uuid, Path, description = "The conference"),
        ("questionId" = uuid::Uuid, Path, description = "The question")),
    responses((status = 200, description = "The question", body = QuestionAnswer)))]
pub async fn handle(
    guest: Guest,
    state: web::Data<RestState>,
    id: Id<ConferenceId>,
    question: QuestionInPath<QuestionId>,
    body: Body<ShowBody>,
) -> Answer {
    state.conferences.show(&guest.0, id.0, question.0, body.value.shown).await?;
    let view = state.conferences.question(Some(&guest.0), id.0, question.0).await?;
    Ok(HttpResponse::Ok().json(QuestionAnswer::from(view)))
}
