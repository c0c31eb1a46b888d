use super::view::InventoryAnswer;
use crate::admin::Seller;
use crate::brands::lost_update;
use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Body, IfMatch, ProductInPath, etag};
use plenum_schema::ProductId;
use serde::Deserialize;

/// How much is there.
#[derive(Deserialize, utoipa::ToSchema)]
#[schema(as = InventoryBody)]
pub(crate) struct InventoryBody {
    /// Pieces, those held for orders among them; also read as `stock`.
    #[serde(alias = "stock")]
    quantity: i64,
}

/// Say how much of an own product is there
#[utoipa::path(put, path = "/marketplace/inventory/{productId}", tag = "marketplace", request_body = InventoryBody,
    params(("productId" = uuid::Uuid, Path, description = "The product"),
        ("If-Match" = Option<String>, Header, description = "The `ETag` that was read: refuse to overwrite a newer one")),
    responses((status = 200, description = "Its stock", body = InventoryAnswer),
        (status = 409, description = "More are held for orders", body = crate::openapi::ProblemDocument),
        (status = 412, description = "It was changed since", body = crate::openapi::ProblemDocument)))]
pub async fn handle(
    seller: Seller,
    state: web::Data<RestState>,
    id: ProductInPath<ProductId>,
    seen: IfMatch,
    body: Body<InventoryBody>,
) -> Answer {
    let (quantity, expected) = (body.value.quantity, seen.expected()?);
    let set = state.market.set_inventory(id.0, quantity, expected, seller.user, seller.is_admin).await;
    let stock = InventoryAnswer::from(set.map_err(lost_update)?);
    Ok(HttpResponse::Ok().insert_header(etag(stock.version)).json(stock))
}
