use super::view::OrderAnswer;
use crate::openapi::PageParams;
use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, PageQuery, Person, Query};
use plenum_schema::{OrderId, Refusal, RefusalCode};
use plenum_services::market::Side;
use serde::{Deserialize, Serialize};

/// Whose orders.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Which {
    /// `bought` (when absent): those that one has made; `sold`: those that were made with one.
    side: Option<String>,
}

/// A page of orders, the newest first.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OrderPage)]
pub(crate) struct Page {
    items: Vec<OrderAnswer>,
    next_cursor: Option<String>,
}

fn invalid(field: &'static str, message: &'static str) -> Refusal {
    Refusal::field(RefusalCode::Invalid, field, message)
}

fn cursor(text: &str) -> Option<(i64, OrderId)> {
    let (at, order) = text.split_once('.')?;
    Some((at.parse().ok()?, order.parse().ok()?))
}

/// The own orders
#[utoipa::path(get, path = "/marketplace/orders", tag = "marketplace", params(PageParams, Which),
    responses((status = 200, description = "A page", body = Page)))]
pub async fn handle(
    caller: Person,
    state: web::Data<RestState>,
    page: Query<PageQuery>,
    which: Query<Which>,
) -> Answer {
    let side = match which.0.side.as_deref() {
        None | Some("" | "bought") => Side::Bought,
        Some("sold") => Side::Sold,
        Some(_) => return Err(invalid("side", "bought or sold is expected").into()),
    };
    let wrong = || invalid("cursor", "this is no cursor of this list");
    let after = page.0.cursor.as_deref().map(|text| cursor(text).ok_or_else(wrong)).transpose()?;
    let found = state.market.orders(caller.user(), side, page.0.limit()?, after).await?;
    let next_cursor = found.next.map(|(at, order)| format!("{at}.{order}"));
    let items = found.items.into_iter().map(OrderAnswer::from).collect();
    Ok(HttpResponse::Ok().json(Page { items, next_cursor }))
}
