use super::view::{QuestionAnswer, QuestionsAnswer};
use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Id, OptionalGuest};
use plenum_schema::ConferenceId;

/// Questions: those that are or were live, for hosts drafts too
#[utoipa::path(get, path = "/conference/{id}/questions", tag = "conferences", params(("id" = uuid::Uuid, Path, description = "The conference")),
    responses((status = 200, description = "In their order", body = QuestionsAnswer)))]
pub async fn handle(guest: OptionalGuest, state: web::Data<RestState>, id: Id<ConferenceId>) -> Answer {
    let questions = state.conferences.questions(guest.0.as_ref(), id.0).await?;
    let items = questions.into_iter().map(QuestionAnswer::from).collect();
    Ok(HttpResponse::Ok().json(QuestionsAnswer { items }))
}
