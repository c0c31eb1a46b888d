use crate::moment::{rfc3339, rfc3339_option};
use crate::openapi::PageParams;
use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Caller, Id, PageQuery, Query};
use plenum_schema::view::nawala_status;
use plenum_schema::{DomainId, Refusal, RefusalCode};
use plenum_services::status_board::PeriodView;
use serde::Serialize;

/// A time in which every check found the same.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = StatusPeriod)]
pub(crate) struct PeriodAnswer {
    /// 1 for the first of the domain.
    number: u64,
    /// `ada` (blocked) or `tidak ada` (accessible).
    status: &'static str,
    #[serde(serialize_with = "rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    from: i64,
    /// Null: it goes on.
    #[serde(serialize_with = "rfc3339_option")]
    #[schema(value_type = Option<String>, format = DateTime)]
    to: Option<i64>,
}

/// A page of a domain's history.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = DomainHistory)]
pub(crate) struct Page {
    items: Vec<PeriodAnswer>,
    next_cursor: Option<String>,
}

impl From<PeriodView> for PeriodAnswer {
    fn from(period: PeriodView) -> Self {
        let PeriodView { number, is_blocked, from, to } = period;
        Self { number, status: nawala_status(is_blocked), from, to }
    }
}

/// How a domain stood when, the newest first
#[utoipa::path(get, path = "/domains/{id}/history", tag = "status board", params(
        ("id" = uuid::Uuid, Path, description = "The domain"), PageParams),
    responses((status = 200, description = "A page", body = Page)))]
pub async fn handle(_: Caller, state: web::Data<RestState>, id: Id<DomainId>, page: Query<PageQuery>) -> Answer {
    let wrong = |_| Refusal::field(RefusalCode::Invalid, "cursor", "this is no cursor of this list");
    let before: Option<u64> = page.0.cursor.as_deref().map(|text| text.parse().map_err(wrong)).transpose()?;
    let found = state.status_board.history(id.0, before, page.0.limit()?).await?;
    let items = found.items.into_iter().map(PeriodAnswer::from).collect();
    Ok(HttpResponse::Ok().json(Page { items, next_cursor: found.next.map(|number| number.to_string()) }))
}
