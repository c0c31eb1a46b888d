use super::survey::SurveyBody;
use super::view::{QuestionAnswer, QuestionsAnswer};
use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Body, Guest, Id};
use plenum_schema::ConferenceId;

/// Close all questions of a survey that are live; again it changes nothing
#[utoipa::path(post, path = "/conference/{id}/surveys/close", tag = "conferences", request_body = SurveyBody,
    params(("id" = uuid::Uuid, Path, description = "The conference")),
    responses((status = 200, description = "Its questions", body = QuestionsAnswer)))]
pub async fn handle(guest: Guest, state: web::Data<RestState>, id: Id<ConferenceId>, body: Body<SurveyBody>) -> Answer {
    let questions = state.conferences.close_survey(&guest.0, id.0, &body.value.survey).await?;
    let items = questions.into_iter().map(QuestionAnswer::from).collect();
    Ok(HttpResponse::Ok().json(QuestionsAnswer { items }))
}
