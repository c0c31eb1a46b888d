use crate::admin::Admin;
use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Id};
use plenum_schema::DomainId;

/// Take a domain off the board, with its history
#[utoipa::path(delete, path = "/domains/{id}", tag = "status board",
    params(("id" = uuid::Uuid, Path, description = "The domain")),
    responses((status = 204, description = "Removed")))]
pub async fn handle(admin: Admin, state: web::Data<RestState>, id: Id<DomainId>) -> Answer {
    state.status_board.remove_domain(id.0, admin.0).await?;
    Ok(HttpResponse::NoContent().finish())
}
