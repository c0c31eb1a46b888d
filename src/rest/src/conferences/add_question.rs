use super::body::{FromTopBody, QuestionBody};
use super::view::QuestionAnswer;
use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Body, Guest, Id};
use plenum_schema::ConferenceId;

/// Prepare a question
#[utoipa::path(post, path = "/conference/{id}/questions", tag = "conferences", request_body = QuestionBody, params(("id" = uuid::Uuid, Path, description = "The conference")),
    responses((status = 201, description = "The draft", body = QuestionAnswer)))]
pub async fn handle(
    guest: Guest,
    state: web::Data<RestState>,
    id: Id<ConferenceId>,
    mut body: Body<QuestionBody>,
) -> Answer {
    let top = body.value.from_top.take().map(FromTopBody::top).transpose()?;
    let view = state.conferences.add_question(&guest.0, id.0, body.value.into(), top).await?;
    Ok(HttpResponse::Created().json(QuestionAnswer::from(view)))
}
