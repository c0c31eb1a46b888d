use super::view::OrderAnswer;
use crate::state::RestState;
use actix_web::http::StatusCode;
use actix_web::web;
use plenum_http::{Answer, IdempotencyKey, MaybeBody, Person, Reply, once};
use plenum_schema::UserId;
use plenum_services::idempotency::Request;
use plenum_services::market::NewOrder;
use serde::Deserialize;

/// Of whose things in the cart.
#[derive(Deserialize, Default, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", default)]
#[schema(as = NewOrderBody)]
pub(crate) struct OrderBody {
    /// Needed when the cart has things of several sellers: an order is with one.
    #[schema(value_type = Option<String>, format = Uuid)]
    seller_id: Option<UserId>,
}

/// Order what is in the own cart, at the prices of now
///
/// Everything is held until it is paid or the time is over, or nothing is. With an `Idempotency-Key` the same order is made once, for
/// ever.
#[utoipa::path(post, path = "/marketplace/orders", tag = "marketplace", request_body = Option<OrderBody>,
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition safe")),
    responses((status = 201, description = "Ordered", body = OrderAnswer),
        (status = 409, description = "Not enough is left", body = crate::openapi::ProblemDocument)))]
pub async fn handle(
    caller: Person,
    state: web::Data<RestState>,
    key: IdempotencyKey,
    body: MaybeBody<OrderBody>,
) -> Answer {
    let (buyer, seller) = (caller.user(), body.0.seller_id);
    let fingerprint = seller.map_or_else(Vec::new, |seller| seller.0.as_bytes().to_vec());
    let request = key.0.map(|key| Request::new(buyer.0.as_bytes(), &key, "POST orders", &fingerprint));
    let client_ref = request.map(|request| request.client_ref());
    let idempotency = state.idempotency.clone();
    let act = async move {
        let order = state.market.order(buyer, NewOrder { seller, client_ref }).await?;
        Reply::json(StatusCode::CREATED, &OrderAnswer::from(order))
    };
    once(&idempotency, request, act).await
}
