use crate::openapi::PageParams;
use crate::people::{People, Person};
use crate::state::RestState;
use actix_web::{HttpResponse, web};
use plenum_http::{Answer, Caller, Id, PageQuery, Query};
use plenum_schema::{EventId, Refusal, RefusalCode};
use serde::Serialize;

/// Somebody who comes, or waits.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = EventParticipant)]
pub(crate) struct Participant {
    user: Person,
    /// `joined` or `waiting`.
    status: &'static str,
}

/// A page of people: those with a seat in the order of coming, then those in line.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = EventParticipantPage)]
pub(crate) struct Page {
    items: Vec<Participant>,
    next_cursor: Option<String>,
}

/// Who comes, and who waits
#[utoipa::path(get, path = "/events/{id}/participants", tag = "events",
    params(("id" = uuid::Uuid, Path, description = "The event"), PageParams),
    responses((status = 200, description = "A page", body = Page)))]
pub async fn handle(_: Caller, state: web::Data<RestState>, id: Id<EventId>, page: Query<PageQuery>) -> Answer {
    let wrong = |_| Refusal::field(RefusalCode::Invalid, "cursor", "this is no cursor of this list");
    let skip: usize = page.0.cursor.as_deref().map(|text| text.parse().map_err(wrong)).transpose()?.unwrap_or(0);
    let (_, seats) = state.events.event(id.0).await?;
    let limit = page.0.limit()?;
    let all =
        seats.seated.iter().map(|user| (*user, "joined")).chain(seats.waiting.iter().map(|user| (*user, "waiting")));
    let shown: Vec<_> = all.skip(skip).take(limit).collect();
    let people = People::read(&state, shown.iter().map(|(user, _)| *user)).await?;
    let items = shown.iter().map(|(user, status)| Participant { user: people.person(*user), status }).collect();
    let next = skip + shown.len();
    let next = (next < seats.seated.len() + seats.waiting.len()).then(|| next.to_string());
    Ok(HttpResponse::Ok().json(Page { items, next_cursor: next }))
}
