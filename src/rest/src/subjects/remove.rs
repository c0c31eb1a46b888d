use crate::state::RestState;
use crate::users::view::is_admin;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Caller, Id};
use plenum_schema::SubjectId;

/// Remove a subject: who made it, or an admin
#[utoipa::path(delete, path = "/users/subjects/{id}", tag = "subjects",
    params(("id" = uuid::Uuid, Path, description = "Which")),
    responses((status = 204, description = "Removed"),
        (status = 403, description = "Somebody else made it", body = crate::openapi::ProblemDocument)))]
pub async fn handle(caller: Caller, state: web::Data<RestState>, id: Id<SubjectId>) -> Answer {
    let is_admin = is_admin(&state, &caller).await?;
    state.subjects.remove(id.0, caller.user(), is_admin).await?;
    Ok(HttpResponse::NoContent().finish())
}
