use super::view::QuestionAnswer;
use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Body, Guest, Id, QuestionInPath};
use plenum_schema::{ConferenceId, QuestionId};
use serde::Deserialize;

/// Whether a question takes no answers.
#[derive(Deserialize, utoipa::ToSchema)]
#[schema(as = FreezeBody)]
pub(crate) struct FreezeBody {
    frozen: bool,
}

/// Let no answers into a question for a while, or again; what stands is not touched
#[utoipa::path(post, path = "/conference/{id}/questions/{questionId}/freeze", tag = "conferences", request_body = FreezeBody,
    params(("id" = uuid::Uuid, Path, description = "The conference"),
        ("questionId" = uuid::Uuid, Path, description = "The question")),
    responses((status = 200, description = "The question", body = QuestionAnswer)))]
pub async fn handle(
    guest: Guest,
    state: web::Data<RestState>,
    id: Id<ConferenceId>,
    question: QuestionInPath<QuestionId>,
    body: Body<FreezeBody>,
) -> Answer {
    state.conferences.freeze(&guest.0, id.0, question.0, body.value.frozen).await?;
    let view = state.conferences.question(Some(&guest.0), id.0, question.0).await?;
    Ok(HttpResponse::Ok().json(QuestionAnswer::from(view)))
}
