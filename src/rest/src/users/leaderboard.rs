use super::view::place;
use crate::openapi::PageParams;
use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Caller, PageQuery, Query};
use plenum_schema::{Refusal, RefusalCode};
use plenum_services::accounts::{AccountFilter, Member};
use serde::Serialize;

/// A page of people with points.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = LeaderboardPage)]
pub(crate) struct Page {
    items: Vec<Member>,
    next_cursor: Option<String>,
}

/// People with points, the most first
///
/// Who does not want to be listed is not here.
#[utoipa::path(get, path = "/users/leaderboard", tag = "people", params(PageParams),
    responses((status = 200, description = "A page", body = Page)))]
pub async fn handle(_: Caller, state: web::Data<RestState>, page: Query<PageQuery>) -> Answer {
    let invalid = || Refusal::field(RefusalCode::Invalid, "cursor", "this is no cursor of this list");
    let after = page.0.cursor.as_deref().map(|text| place(text).ok_or_else(invalid)).transpose()?;
    let everybody = AccountFilter { is_public: true, ..AccountFilter::default() };
    let found = state.accounts.ranked(&everybody, after, page.0.limit()?).await?;
    let next_cursor = found.next.map(|(points, user)| format!("{points}.{user}"));
    let items = found.items.into_iter().map(Member::from).collect();
    Ok(HttpResponse::Ok().json(Page { items, next_cursor }))
}
