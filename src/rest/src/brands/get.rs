use super::view::BrandAnswer;
use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Caller, Id, etag};
use plenum_schema::BrandId;

/// A brand
#[utoipa::path(get, path = "/brands/{id}", tag = "status board",
    params(("id" = uuid::Uuid, Path, description = "The brand")),
    responses((status = 200, description = "The brand", body = BrandAnswer)))]
pub async fn handle(_: Caller, state: web::Data<RestState>, id: Id<BrandId>) -> Answer {
    let brand = BrandAnswer::from(state.status_board.brand(id.0).await?);
    Ok(HttpResponse::Ok().insert_header(etag(brand.version)).json(brand))
}
