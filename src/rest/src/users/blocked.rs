use crate::moment::rfc3339;
use crate::openapi::PageParams;
use crate::people::{People, Person};
use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Caller, PageQuery, Query};
use plenum_schema::{Refusal, RefusalCode, UserId};
use serde::Serialize;

/// Somebody whom one has blocked.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = BlockedPerson)]
struct Item {
    #[serde(flatten)]
    person: Person,
    /// Since when.
    #[serde(serialize_with = "rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    since: i64,
}

/// A page of them, in an order that means nothing.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = BlockedPage)]
pub(crate) struct Page {
    items: Vec<Item>,
    next_cursor: Option<String>,
}

/// The people whom one has blocked
#[utoipa::path(get, path = "/users/blocked", tag = "people", params(PageParams),
    responses((status = 200, description = "A page", body = Page)))]
pub async fn handle(caller: Caller, state: web::Data<RestState>, page: Query<PageQuery>) -> Answer {
    let wrong = |_| Refusal::field(RefusalCode::Invalid, "cursor", "this is no cursor of this list");
    let after: Option<UserId> = page.0.cursor.as_deref().map(|text| text.parse().map_err(wrong)).transpose()?;
    let limit = page.0.limit()?;
    let found = state.conversations.blocked(caller.user(), after, limit).await?;
    let next_cursor = found.last().filter(|_| found.len() == limit).map(|last| last.user.to_string());
    let people = People::read(&state, found.iter().map(|one| one.user)).await?;
    let items = found.iter().map(|one| Item { person: people.person(one.user), since: one.since }).collect();
    Ok(HttpResponse::Ok().json(Page { items, next_cursor }))
}
