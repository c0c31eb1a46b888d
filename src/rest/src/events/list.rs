use super::body::moment;
use super::view::EventAnswer;
use crate::openapi::PageParams;
use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, OptionalCaller, PageQuery, Query};
use plenum_schema::{Refusal, RefusalCode};
use plenum_services::events::{EventFilter, EventStatus, Seats};
use serde::{Deserialize, Serialize};

/// Which events.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Which {
    /// `upcoming`, `ongoing`, `completed` or `cancelled`.
    status: Option<String>,
    /// Only those that end then or later.
    from: Option<String>,
    /// Only those that begin before.
    to: Option<String>,
    /// Only those whose title, description or place holds this text.
    q: Option<String>,
}

/// A page of events, by their beginnings.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = EventPage)]
pub(crate) struct Page {
    items: Vec<EventAnswer>,
    next_cursor: Option<String>,
}

/// Events by their beginnings
#[utoipa::path(get, path = "/events", tag = "events", params(PageParams, Which),
    responses((status = 200, description = "A page", body = Page)))]
pub async fn handle(
    caller: OptionalCaller,
    state: web::Data<RestState>,
    page: Query<PageQuery>,
    which: Query<Which>,
) -> Answer {
    let asked_by = caller.0.map(|identity| identity.user);
    let invalid = |field: &'static str, message: &'static str| Refusal::field(RefusalCode::Invalid, field, message);
    let given = |text: Option<String>| text.filter(|text| !text.is_empty());
    let Which { status, from, to, q } = which.0;
    let wrong_status = || invalid("status", "upcoming, ongoing, completed or cancelled is expected");
    let filter = EventFilter {
        status: given(status).map(|word| EventStatus::from_word(&word).ok_or_else(wrong_status)).transpose()?,
        from: given(from).map(|text| moment("from", &text)).transpose()?,
        to: given(to).map(|text| moment("to", &text)).transpose()?,
        text: given(q),
    };
    let wrong = |_| invalid("cursor", "this is no cursor of this list");
    let skip: usize = page.0.cursor.as_deref().map(|text| text.parse().map_err(wrong)).transpose()?.unwrap_or(0);
    let found = state.events.events(&filter, page.0.limit()?, skip).await?;
    let mut items = Vec::with_capacity(found.items.len());
    for event in found.items {
        // One that was removed in this moment has no seats any more.
        let seats = match state.events.seats(event.row.event_id).await {
            Err(refusal) if refusal.code == RefusalCode::NotFound => Seats::default(),
            other => other?,
        };
        items.push(EventAnswer::new(event, &seats, asked_by));
    }
    Ok(HttpResponse::Ok().json(Page { items, next_cursor: found.next.map(|next| next.to_string()) }))
}
