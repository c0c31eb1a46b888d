use super::view::OrderAnswer;
use crate::admin::Seller;
use crate::brands::lost_update;
use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Body, Id, IfMatch};
use plenum_schema::OrderId;
use serde::Deserialize;

/// Where the order stands now.
#[derive(Deserialize, utoipa::ToSchema)]
#[schema(as = OrderStatusBody)]
pub(crate) struct StatusBody {
    /// `paid`, `shipped`, `delivered`, `refunded` or `cancelled`, in any case.
    status: String,
}

/// Say where an order stands that was made with one
///
/// `created` → `paid` → `shipped` → `delivered`; `cancelled` before it is paid, `refunded` after. What was paid has left the stock: what comes
/// back is counted in by the inventory.
#[utoipa::path(put, path = "/marketplace/orders/{id}/status", tag = "marketplace", request_body = StatusBody,
    params(("id" = uuid::Uuid, Path, description = "The order"),
        ("If-Match" = Option<String>, Header, description = "The `ETag` that was read: refuse to overwrite a newer one")),
    responses((status = 200, description = "The order", body = OrderAnswer),
        (status = 409, description = "It cannot become that", body = crate::openapi::ProblemDocument),
        (status = 412, description = "It was changed since", body = crate::openapi::ProblemDocument)))]
pub async fn handle(
    seller: Seller,
    state: web::Data<RestState>,
    id: Id<OrderId>,
    seen: IfMatch,
    body: Body<StatusBody>,
) -> Answer {
    let (status, expected) = (&body.value.status, seen.expected()?);
    let set = state.market.set_status(id.0, status, expected, seller.user, seller.is_admin).await;
    Ok(HttpResponse::Ok().json(OrderAnswer::from(set.map_err(lost_update)?)))
}
