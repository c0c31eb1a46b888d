use super::view::RoomAnswer;
use crate::openapi::PageParams;
use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, PageQuery, Query};
use plenum_services::conversations::RoomFilter;
use serde::{Deserialize, Serialize};

/// Which rooms.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Which {
    /// Only those of this subject.
    subject_id: Option<String>,
    /// Only those whose name or description holds this text.
    q: Option<String>,
}

/// A page of rooms.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = RoomPage)]
pub(crate) struct Rooms {
    items: Vec<RoomAnswer>,
    next_cursor: Option<String>,
}

/// Public rooms that are not closed
///
/// A page may be short, or empty, though `nextCursor` says that more follow.
#[utoipa::path(get, path = "/rooms", tag = "rooms", params(PageParams, Which),
    responses((status = 200, description = "A page", body = Rooms)))]
pub async fn handle(state: web::Data<RestState>, page: Query<PageQuery>, which: Query<Which>) -> Answer {
    let filter = RoomFilter { subject: which.0.subject_id, text: which.0.q.filter(|text| !text.is_empty()) };
    let listing = state.conversations.rooms(&filter, page.0.limit()?, page.0.cursor.as_deref()).await?;
    let items = listing.items.into_iter().map(RoomAnswer::from).collect();
    Ok(HttpResponse::Ok().json(Rooms { items, next_cursor: listing.next }))
}
