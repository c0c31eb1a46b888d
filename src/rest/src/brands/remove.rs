use crate::admin::Admin;
use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Id};
use plenum_schema::BrandId;

/// Remove a brand that no domain has
#[utoipa::path(delete, path = "/brands/{id}", tag = "status board",
    params(("id" = uuid::Uuid, Path, description = "The brand")),
    responses((status = 204, description = "Removed"),
        (status = 409, description = "There are domains of this brand", body = crate::openapi::ProblemDocument)))]
pub async fn handle(admin: Admin, state: web::Data<RestState>, id: Id<BrandId>) -> Answer {
    state.status_board.remove_brand(id.0, admin.0).await?;
    Ok(HttpResponse::NoContent().finish())
}
