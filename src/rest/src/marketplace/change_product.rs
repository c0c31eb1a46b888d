use super::body::ProductBody;
use super::view::{ProductAnswer, shown};
use crate::admin::Seller;
use crate::brands::lost_update;
use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Body, Id, IfMatch, etag};
use plenum_schema::ProductId;

/// Change an own product; orders keep the price they were made at
#[utoipa::path(put, path = "/marketplace/products/{id}", tag = "marketplace", request_body = ProductBody,
    params(("id" = uuid::Uuid, Path, description = "The product"),
        ("If-Match" = Option<String>, Header, description = "The `ETag` that was read: refuse to overwrite a newer one")),
    responses((status = 200, description = "The product after the change", body = ProductAnswer),
        (status = 412, description = "It was changed since", body = crate::openapi::ProblemDocument)))]
pub async fn handle(
    seller: Seller,
    state: web::Data<RestState>,
    id: Id<ProductId>,
    seen: IfMatch,
    body: Body<ProductBody>,
) -> Answer {
    let (change, expected) = (body.value.into(), seen.expected()?);
    let changed = state.market.change_product(id.0, &change, expected, seller.user, seller.is_admin).await;
    let changed = shown(&state, changed.map_err(lost_update)?, Some(seller.user)).await?;
    let product = ProductAnswer::from(changed);
    Ok(HttpResponse::Ok().insert_header(etag(product.version)).json(product))
}
