use super::view::BrandAnswer;
use crate::openapi::PageParams;
use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Caller, PageQuery, Query};
use plenum_schema::{BrandId, Refusal, RefusalCode};
use serde::Serialize;

/// A page of brands.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = BrandPage)]
pub(crate) struct Page {
    items: Vec<BrandAnswer>,
    next_cursor: Option<String>,
}

/// All brands
#[utoipa::path(get, path = "/brands", tag = "status board", params(PageParams),
    responses((status = 200, description = "A page", body = Page)))]
pub async fn handle(_: Caller, state: web::Data<RestState>, page: Query<PageQuery>) -> Answer {
    let wrong = |_| Refusal::field(RefusalCode::Invalid, "cursor", "this is no cursor of this list");
    let after: Option<BrandId> = page.0.cursor.as_deref().map(|text| text.parse().map_err(wrong)).transpose()?;
    let limit = page.0.limit()?;
    let found = state.status_board.brands(after, limit).await?;
    let next_cursor = found.last().filter(|_| found.len() == limit).map(|last| last.id.to_string());
    let items = found.into_iter().map(BrandAnswer::from).collect();
    Ok(HttpResponse::Ok().json(Page { items, next_cursor }))
}
