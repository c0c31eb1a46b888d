use super::view::CartAnswer;
use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Person};

/// The own cart, at the prices of now; nothing is held for it
#[utoipa::path(get, path = "/marketplace/cart", tag = "marketplace",
    responses((status = 200, description = "The cart", body = CartAnswer)))]
pub async fn handle(caller: Person, state: web::Data<RestState>) -> Answer {
    Ok(HttpResponse::Ok().json(CartAnswer::from(state.market.cart(caller.user()).await?)))
}
