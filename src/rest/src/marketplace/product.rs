use super::view::{ProductAnswer, shown};
use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Id, OptionalCaller, etag};
use plenum_schema::ProductId;

/// A product, and how many pieces can be ordered
#[utoipa::path(get, path = "/marketplace/products/{id}", tag = "marketplace",
    params(("id" = uuid::Uuid, Path, description = "The product")),
    responses((status = 200, description = "The product", body = ProductAnswer)))]
pub async fn handle(caller: OptionalCaller, state: web::Data<RestState>, id: Id<ProductId>) -> Answer {
    let asked_by = caller.0.map(|identity| identity.user);
    let product = state.market.product(id.0, asked_by).await?;
    let mut product = ProductAnswer::from(shown(&state, product, asked_by).await?);
    product.available = Some(state.market.available(id.0).await?);
    Ok(HttpResponse::Ok().insert_header(etag(product.version)).json(product))
}
