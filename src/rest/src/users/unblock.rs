use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Caller, Id};
use plenum_schema::UserId;

/// Take a block back
#[utoipa::path(delete, path = "/users/{id}/block", tag = "people",
    params(("id" = uuid::Uuid, Path, description = "Whom")),
    responses((status = 204, description = "Done")))]
pub async fn handle(caller: Caller, state: web::Data<RestState>, id: Id<UserId>) -> Answer {
    state.conversations.unblock(caller.user(), id.0).await?;
    Ok(HttpResponse::NoContent().finish())
}
