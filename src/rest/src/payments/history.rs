use super::view::PaymentAnswer;
use crate::openapi::PageParams;
use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, PageQuery, Person, Query};
use plenum_schema::{PaymentId, Refusal, RefusalCode};
use serde::Serialize;

/// A page of payments, the newest first.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PaymentPage)]
pub(crate) struct Page {
    items: Vec<PaymentAnswer>,
    next_cursor: Option<String>,
}

fn cursor(text: &str) -> Option<(i64, PaymentId)> {
    let (at, payment) = text.split_once('.')?;
    Some((at.parse().ok()?, payment.parse().ok()?))
}

/// What one has paid or begun to pay
#[utoipa::path(get, path = "/payments/history", tag = "payments", params(PageParams),
    responses((status = 200, description = "A page", body = Page)))]
pub async fn handle(caller: Person, state: web::Data<RestState>, page: Query<PageQuery>) -> Answer {
    let wrong = || Refusal::field(RefusalCode::Invalid, "cursor", "this is no cursor of this list");
    let after = page.0.cursor.as_deref().map(|text| cursor(text).ok_or_else(wrong)).transpose()?;
    let found = state.payments.history(caller.user(), page.0.limit()?, after).await?;
    let next_cursor = found.next.map(|(at, payment)| format!("{at}.{payment}"));
    let items = found.items.into_iter().map(PaymentAnswer::from).collect();
    Ok(HttpResponse::Ok().json(Page { items, next_cursor }))
}
