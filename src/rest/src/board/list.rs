use super::order::order;
use super::view::ItemAnswer;
use crate::openapi::PageParams;
use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Guest, Id, PageQuery, Query};
use plenum_schema::ConferenceId;
use plenum_services::conferences::BoardQuery;
use serde::{Deserialize, Serialize};

/// In which order.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Sorted {
    /// `votes` (default), `newest` or `wilson` (the share of those who want it, with the doubt that few votes leave); pinned ones always
    /// come first.
    sort: Option<String>,
    /// Only those with this label.
    label: Option<String>,
}

/// A page of questions.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = BoardPage)]
pub(crate) struct Page {
    items: Vec<ItemAnswer>,
    next_cursor: Option<String>,
}

/// The audience's questions: approved, answered and own ones; all for who moderates
#[utoipa::path(get, path = "/conference/{id}/qa", tag = "conferences",
    params(("id" = uuid::Uuid, Path, description = "The conference"), PageParams, Sorted),
    responses((status = 200, description = "A page", body = Page)))]
pub async fn handle(
    guest: Guest,
    state: web::Data<RestState>,
    id: Id<ConferenceId>,
    page: Query<PageQuery>,
    sorted: Query<Sorted>,
) -> Answer {
    let order = order("sort", sorted.0.sort.as_deref())?;
    let wanted = BoardQuery { order, label: sorted.0.label, limit: page.0.limit()?, cursor: page.0.cursor };
    let found = state.conferences.board(&guest.0, id.0, wanted).await?;
    let items = found.items.into_iter().map(ItemAnswer::from).collect();
    Ok(HttpResponse::Ok().json(Page { items, next_cursor: found.next }))
}
