use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Id, OptionalGuest};
use plenum_schema::ConferenceId;
use plenum_schema::poll::Results;
use serde::Serialize;

/// Results of several questions.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = AllResults)]
pub(crate) struct AllResults {
    #[schema(value_type = Vec<Object>)]
    items: Vec<Results>,
}

/// The results of all questions that are or were live, as the caller may see them
#[utoipa::path(get, path = "/conference/{id}/questions/results", tag = "conferences", params(("id" = uuid::Uuid, Path, description = "The conference")),
    responses((status = 200, description = "In the order of the questions", body = AllResults)))]
pub async fn handle(guest: OptionalGuest, state: web::Data<RestState>, id: Id<ConferenceId>) -> Answer {
    let items = state.conferences.all_results(guest.0.as_ref(), id.0).await?;
    Ok(HttpResponse::Ok().json(AllResults { items }))
}
