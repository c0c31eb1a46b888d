use crate::admin::Seller;
use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Id};
use plenum_schema::ProductId;

/// Withdraw an own product; orders that were made stay
#[utoipa::path(delete, path = "/marketplace/products/{id}", tag = "marketplace",
    params(("id" = uuid::Uuid, Path, description = "The product")),
    responses((status = 204, description = "Withdrawn")))]
pub async fn handle(seller: Seller, state: web::Data<RestState>, id: Id<ProductId>) -> Answer {
    state.market.withdraw(id.0, seller.user, seller.is_admin).await?;
    Ok(HttpResponse::NoContent().finish())
}
