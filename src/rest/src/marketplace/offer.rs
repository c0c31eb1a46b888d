use super::body::ProductBody;
use super::view::ProductAnswer;
use crate::admin::Seller;
use crate::state::RestState;
use actix_web::http::StatusCode;
use actix_web::web;
use plenum_http::{Answer, BodyPair, IdempotencyKey, Reply, once};
use plenum_schema::ProductId;
use plenum_services::idempotency::Request;
use plenum_services::market::NewProduct;
use serde::Deserialize;

/// How much of it there is.
#[derive(Deserialize, Default, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", default)]
#[schema(as = FirstStock)]
pub(crate) struct FirstStock {
    /// Pieces that are there; also read as `stock`.
    #[serde(alias = "stock")]
    quantity: i64,
}

/// A new product.
#[derive(utoipa::ToSchema)]
#[schema(as = NewProductBody)]
#[expect(dead_code, reason = "only the document needs both halves as one")]
pub(crate) struct NewProductBody {
    #[serde(flatten)]
    product: ProductBody,
    #[serde(flatten)]
    stock: FirstStock,
}

/// Offer something
#[utoipa::path(post, path = "/marketplace/products", tag = "marketplace", request_body = NewProductBody,
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition safe for 24 h")),
    responses((status = 201, description = "Offered", body = ProductAnswer)))]
pub async fn handle(
    seller: Seller,
    state: web::Data<RestState>,
    key: IdempotencyKey,
    body: BodyPair<ProductBody, FirstStock>,
) -> Answer {
    let request = key.0.map(|key| Request::new(seller.user.0.as_bytes(), &key, "POST products", &body.raw));
    let id = request.and_then(|request| request.client_ref().parse::<ProductId>().ok());
    let idempotency = state.idempotency.clone();
    let act = async move {
        let new = NewProduct { product: body.first.into(), quantity: body.second.quantity };
        let made = state.market.offer(new, seller.user, id).await?;
        Reply::json(StatusCode::CREATED, &ProductAnswer::from(made))
    };
    once(&idempotency, request, act).await
}
