use super::view::KeyAnswer;
use crate::admin::Admin;
use crate::openapi::PageParams;
use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, PageQuery, Query};
use plenum_schema::{ApiKeyId, Refusal, RefusalCode};
use serde::Serialize;

/// A page of keys.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ApiKeyPage)]
pub(crate) struct Page {
    items: Vec<KeyAnswer>,
    next_cursor: Option<String>,
}

/// The keys of programs, without their secrets
#[utoipa::path(get, path = "/keys", tag = "administration", params(PageParams),
    responses((status = 200, description = "A page", body = Page)))]
pub async fn handle(_: Admin, state: web::Data<RestState>, page: Query<PageQuery>) -> Answer {
    let wrong = |_| Refusal::field(RefusalCode::Invalid, "cursor", "this is no cursor of this list");
    let after: Option<ApiKeyId> = page.0.cursor.as_deref().map(|text| text.parse().map_err(wrong)).transpose()?;
    let limit = page.0.limit()?;
    let found = state.api_keys.list(after, limit).await?;
    let next_cursor = found.last().filter(|_| found.len() == limit).map(|last| last.id.to_string());
    let items = found.into_iter().map(KeyAnswer::from).collect();
    Ok(HttpResponse::Ok().json(Page { items, next_cursor }))
}
