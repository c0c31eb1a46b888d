//! What is said about events.

use plenum_schema::moment::parse;
use plenum_schema::{Refusal, RefusalCode};
use plenum_services::events::EventChange;
use serde::Deserialize;

/// An event as it is wanted. When changing, absent members stay as they are and an empty text removes one.
#[derive(Deserialize, Default, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", default)]
#[schema(as = EventBody)]
pub(crate) struct EventBody {
    /// One line, 1 to 120 characters; needed for a new one.
    title: Option<String>,
    /// At most 10,000 characters.
    description: Option<String>,
    /// When it begins; needed for a new one.
    #[schema(value_type = Option<String>, format = DateTime)]
    date: Option<String>,
    /// When it ends; a new one without an end lasts two hours.
    #[schema(value_type = Option<String>, format = DateTime)]
    end_date: Option<String>,
    /// At most 200 characters.
    location: Option<String>,
    /// Address of a picture.
    image: Option<String>,
    /// Most people with a seat; the others wait in line.
    max_participants: Option<usize>,
    /// `cancelled` calls it off, `upcoming` takes that back; the clock says the rest.
    status: Option<String>,
}

/// A moment, or a day: its beginning in UTC.
pub(super) fn moment(field: &str, text: &str) -> Result<i64, Refusal> {
    let whole = if text.len() == 10 { format!("{text}T00:00:00Z") } else { text.to_owned() };
    let wrong = || Refusal::field(RefusalCode::Invalid, field, "a moment such as 2026-11-21T18:00:00Z is expected");
    parse(&whole).ok_or_else(wrong)
}

impl TryFrom<EventBody> for EventChange {
    type Error = Refusal;

    fn try_from(body: EventBody) -> Result<Self, Refusal> {
        let EventBody { title, description, date, end_date, location, image, max_participants: most, status } = body;
        let is_cancelled = match status.as_deref() {
            None => None,
            Some("cancelled") => Some(true),
            // Older front ends send the whole event back.
            Some("upcoming" | "ongoing" | "completed") => Some(false),
            Some(_) => {
                return Err(Refusal::field(RefusalCode::Invalid, "status", "cancelled or upcoming is expected"));
            }
        };
        let starts_at = date.map(|text| moment("date", &text)).transpose()?;
        let ends_at = end_date.map(|text| moment("endDate", &text)).transpose()?;
        Ok(Self { title, description, starts_at, ends_at, location, image, most, is_cancelled })
    }
}
