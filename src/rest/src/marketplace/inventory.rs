use super::view::InventoryAnswer;
use crate::admin::Seller;
use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, ProductInPath, etag};
use plenum_schema::ProductId;

/// How much of an own product is there
#[utoipa::path(get, path = "/marketplace/inventory/{productId}", tag = "marketplace",
    params(("productId" = uuid::Uuid, Path, description = "The product")),
    responses((status = 200, description = "Its stock", body = InventoryAnswer)))]
pub async fn handle(seller: Seller, state: web::Data<RestState>, id: ProductInPath<ProductId>) -> Answer {
    let stock = InventoryAnswer::from(state.market.inventory(id.0, seller.user, seller.is_admin).await?);
    Ok(HttpResponse::Ok().insert_header(etag(stock.version)).json(stock))
}
