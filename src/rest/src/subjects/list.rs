use super::view::SubjectAnswer;
use crate::openapi::PageParams;
use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, PageQuery, Query};
use plenum_schema::{Refusal, RefusalCode};
use serde::Serialize;

/// A page of subjects, by their names.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SubjectPage)]
pub(crate) struct Page {
    items: Vec<SubjectAnswer>,
    next_cursor: Option<String>,
}

/// The subjects, by their names
#[utoipa::path(get, path = "/subjects", tag = "subjects", params(PageParams),
    responses((status = 200, description = "A page", body = Page)))]
pub async fn handle(state: web::Data<RestState>, page: Query<PageQuery>) -> Answer {
    let wrong = |_| Refusal::field(RefusalCode::Invalid, "cursor", "this is no cursor of this list");
    let from: usize = page.0.cursor.as_deref().map_or(Ok(0), |text| text.parse().map_err(wrong))?;
    let limit = page.0.limit()?;
    let all = state.subjects.list().await?;
    let next = from.saturating_add(limit);
    let next_cursor = (next < all.len()).then(|| next.to_string());
    let items = all.into_iter().skip(from).take(limit).map(SubjectAnswer::from).collect();
    Ok(HttpResponse::Ok().json(Page { items, next_cursor }))
}
