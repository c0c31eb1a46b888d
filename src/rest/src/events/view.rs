//! Events as REST shows them.

use crate::moment::rfc3339;
use plenum_schema::{EventId, UserId};
use plenum_services::events::{EventView, Place, Seats};
use serde::Serialize;

/// An event.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Event)]
pub(crate) struct EventAnswer {
    #[schema(value_type = String, format = Uuid)]
    pub id: EventId,
    /// Whose it is.
    #[schema(value_type = String, format = Uuid)]
    organizer: UserId,
    title: String,
    description: Option<String>,
    #[serde(serialize_with = "rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    date: i64,
    #[serde(serialize_with = "rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    end_date: i64,
    location: Option<String>,
    image: Option<String>,
    /// `upcoming`, `ongoing`, `completed` or `cancelled`.
    status: &'static str,
    /// Most people with a seat.
    max_participants: usize,
    /// People with a seat.
    participant_count: usize,
    /// People in line.
    waiting_count: usize,
    /// Where the caller stands, when they have said who they are.
    mine: Option<PlaceAnswer>,
    #[serde(serialize_with = "rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    created_at: i64,
    #[serde(serialize_with = "rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    updated_at: i64,
    /// For `If-Match`.
    pub version: i64,
}

/// Where somebody stands.
#[derive(Clone, Copy, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = EventPlace)]
pub(crate) struct PlaceAnswer {
    /// `joined` or `waiting`.
    status: &'static str,
    /// In line: 1 is the next.
    position: Option<usize>,
}

impl From<Place> for PlaceAnswer {
    fn from(place: Place) -> Self {
        match place {
            Place::Seated => Self { status: "joined", position: None },
            Place::Waiting(position) => Self { status: "waiting", position: Some(position) },
        }
    }
}

impl EventAnswer {
    pub fn new(event: EventView, seats: &Seats, asked_by: Option<UserId>) -> Self {
        let EventView { row, status } = event;
        Self {
            id: row.event_id,
            organizer: row.organizer,
            title: row.title,
            description: row.description,
            date: row.starts_at,
            end_date: row.ends_at,
            location: row.location,
            image: row.image,
            status: status.as_str(),
            max_participants: seats.most,
            participant_count: seats.seated.len(),
            waiting_count: seats.waiting.len(),
            mine: asked_by.and_then(|user| seats.place(user)).map(PlaceAnswer::from),
            created_at: row.created_at,
            updated_at: row.updated_at,
            version: row.version,
        }
    }
}
