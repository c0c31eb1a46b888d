use super::view::DomainAnswer;
use crate::openapi::PageParams;
use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Caller, PageQuery, Query};
use plenum_schema::view::is_nawala_blocked;
use plenum_schema::{BrandId, DomainId, Refusal, RefusalCode};
use plenum_services::status_board::DomainFilter;
use serde::{Deserialize, Serialize};

/// Which domains.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Which {
    /// Only those of the brand with this id.
    brand: Option<String>,
    /// Only those that the last check found so: `blocked` (or `ada`), `accessible` (or `tidak ada`).
    status: Option<String>,
    /// Only those whose name holds this text.
    q: Option<String>,
}

/// A page of domains.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = DomainPage)]
pub(crate) struct Page {
    items: Vec<DomainAnswer>,
    next_cursor: Option<String>,
}

fn invalid(field: &'static str, message: &'static str) -> Refusal {
    Refusal::field(RefusalCode::Invalid, field, message)
}

fn given(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

/// The domains of the board and how they stand
///
/// A page may be short, or empty, though `nextCursor` says that more follow.
#[utoipa::path(get, path = "/domains", tag = "status board", params(PageParams, Which),
    responses((status = 200, description = "A page", body = Page)))]
pub async fn handle(_: Caller, state: web::Data<RestState>, page: Query<PageQuery>, which: Query<Which>) -> Answer {
    let brand = given(which.0.brand).map(|text| text.parse::<BrandId>()).transpose();
    let status = given(which.0.status).map(|text| is_nawala_blocked(&text).ok_or(()));
    let filter = DomainFilter {
        brand: brand.map_err(|_| invalid("brand", "the id of a brand is expected"))?,
        is_blocked: status.transpose().map_err(|()| invalid("status", "blocked or accessible is expected"))?,
        text: given(which.0.q),
    };
    let wrong = |_| invalid("cursor", "this is no cursor of this list");
    let after: Option<DomainId> = page.0.cursor.as_deref().map(|text| text.parse().map_err(wrong)).transpose()?;
    let found = state.status_board.domains(&filter, page.0.limit()?, after).await?;
    let items = found.items.into_iter().map(DomainAnswer::from).collect();
    Ok(HttpResponse::Ok().json(Page { items, next_cursor: found.next.map(|id| id.to_string()) }))
}
