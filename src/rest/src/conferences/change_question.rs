use super::body::QuestionBody;
use super::update::lost_update;
use super::view::QuestionAnswer;
use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Body, Guest, Id, IfMatch, QuestionInPath, etag};
use plenum_schema::{ConferenceId, QuestionId};

/// Give a draft other words
#[utoipa::path(put, path = "/conference/{id}/questions/{questionId}", tag = "conferences", request_body = QuestionBody,
    params(("id" = uuid::Uuid, Path, description = "The conference"),
        ("questionId" = uuid::Uuid, Path, description = "The question")),
    responses((status = 200, description = "The draft", body = QuestionAnswer),
        (status = 409, description = "It is or was live", body = crate::openapi::ProblemDocument)))]
pub async fn handle(
    guest: Guest,
    state: web::Data<RestState>,
    id: Id<ConferenceId>,
    question: QuestionInPath<QuestionId>,
    seen: IfMatch,
    body: Body<QuestionBody>,
) -> Answer {
    let expected = seen.expected()?;
    let new = body.value.into();
    let changed = state.conferences.change_question(&guest.0, (id.0, question.0), expected, new).await;
    let view = changed.map_err(|refusal| lost_update(refusal, expected.is_some()))?;
    Ok(HttpResponse::Ok().insert_header(etag(view.version)).json(QuestionAnswer::from(view)))
}
