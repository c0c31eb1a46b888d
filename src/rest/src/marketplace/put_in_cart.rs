use super::view::CartAnswer;
use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Body, Person};
use plenum_schema::ProductId;
use serde::Deserialize;

/// What, and how many.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CartItemBody)]
pub(crate) struct ItemBody {
    #[schema(value_type = String, format = Uuid)]
    product_id: ProductId,
    /// Pieces, in place of those that were in the cart; absent: one.
    quantity: Option<i64>,
}

/// Put something into the own cart, in place of what was there of it
#[utoipa::path(post, path = "/marketplace/cart", tag = "marketplace", request_body = ItemBody,
    responses((status = 200, description = "The cart", body = CartAnswer)))]
pub async fn handle(caller: Person, state: web::Data<RestState>, body: Body<ItemBody>) -> Answer {
    let ItemBody { product_id, quantity } = body.value;
    let cart = state.market.put_in_cart(caller.user(), product_id, quantity.unwrap_or(1)).await?;
    Ok(HttpResponse::Ok().json(CartAnswer::from(cart)))
}
