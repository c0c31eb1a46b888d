use super::view::CartAnswer;
use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Person};

/// Empty the own cart
#[utoipa::path(delete, path = "/marketplace/cart", tag = "marketplace",
    responses((status = 200, description = "The cart", body = CartAnswer)))]
pub async fn handle(caller: Person, state: web::Data<RestState>) -> Answer {
    Ok(HttpResponse::Ok().json(CartAnswer::from(state.market.take_from_cart(caller.user(), None).await?)))
}
