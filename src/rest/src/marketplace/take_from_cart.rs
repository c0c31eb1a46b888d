use super::view::CartAnswer;
use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Person, ProductInPath};
use plenum_schema::ProductId;

/// Take something out of the own cart
#[utoipa::path(delete, path = "/marketplace/cart/{productId}", tag = "marketplace",
    params(("productId" = uuid::Uuid, Path, description = "The product")),
    responses((status = 200, description = "The cart", body = CartAnswer)))]
pub async fn handle(caller: Person, state: web::Data<RestState>, id: ProductInPath<ProductId>) -> Answer {
    let cart = state.market.take_from_cart(caller.user(), Some(id.0)).await?;
    Ok(HttpResponse::Ok().json(CartAnswer::from(cart)))
}
