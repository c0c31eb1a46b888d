//! Events: made and changed by their organizers, found by everybody.

use super::{Events, Seats, absent, invalid};
use crate::listing::{Item, Listed};
use crate::rows::{ATTEMPTS, contended};
use plenum_schema::entities::{EventRow, EventSeats};
use plenum_schema::table::{FieldValue, Key};
use plenum_schema::{EventId, Refusal, RefusalCode, UserId};

const TITLE_CHARS: usize = 120;
const DESCRIPTION_CHARS: usize = 10_000;
const LOCATION_CHARS: usize = 200;
const IMAGE_CHARS: usize = 1_000;
/// An event without an end lasts so long, milliseconds.
const USUAL_MS: i64 = 2 * 3_600_000;
/// The longest event, milliseconds.
const LONGEST_MS: i64 = 366 * 86_400_000;

/// Where an event stands, by the clock unless it was called off.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum EventStatus {
    /// It has not begun.
    Upcoming,
    /// It goes on.
    Ongoing,
    /// It is over.
    Completed,
    /// It was called off.
    Cancelled,
}

impl EventStatus {
    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Upcoming => "upcoming",
            Self::Ongoing => "ongoing",
            Self::Completed => "completed",
            Self::Cancelled => "cancelled",
        }
    }

    /// The status with this word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Upcoming, Self::Ongoing, Self::Completed, Self::Cancelled].into_iter().find(|one| one.as_str() == word)
    }
}

/// What an event should be; absent members stay.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct EventChange {
    /// What it is called, 1 to 120 characters.
    pub title: Option<String>,
    /// What it is about, at most 10,000 characters; empty: nothing.
    pub description: Option<String>,
    /// When it begins, milliseconds since 1970.
    pub starts_at: Option<i64>,
    /// When it ends, milliseconds since 1970; a new one without an end lasts two hours.
    pub ends_at: Option<i64>,
    /// Where, at most 200 characters; empty: nowhere yet.
    pub location: Option<String>,
    /// Address of a picture; empty: none.
    pub image: Option<String>,
    /// Most people with a seat.
    pub most: Option<usize>,
    /// Whether it was called off.
    pub is_cancelled: Option<bool>,
}

/// Which events are wanted.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct EventFilter {
    /// Only those that stand there.
    pub status: Option<EventStatus>,
    /// Only those that end then or later, milliseconds since 1970.
    pub from: Option<i64>,
    /// Only those that begin before, milliseconds since 1970.
    pub to: Option<i64>,
    /// Only those whose title, description or place holds this text.
    pub text: Option<String>,
}

/// An event.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EventView {
    /// What is written of it.
    pub row: EventRow,
    /// Where it stands.
    pub status: EventStatus,
}

/// A page of events, by their beginnings.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EventPage {
    /// The events.
    pub items: Vec<EventView>,
    /// Where to go on; `None` at the end.
    pub next: Option<usize>,
}

impl Listed for EventRow {
    type Place = (i64, EventId);

    fn place(&self) -> Self::Place {
        (self.starts_at, self.event_id)
    }

    fn key(&self) -> Key {
        vec![self.event_id.to_value()]
    }

    fn version(&self) -> i64 {
        self.version
    }

    fn text(&self) -> String {
        let parts = [Some(&self.title), self.description.as_ref(), self.location.as_ref()];
        parts.into_iter().flatten().map(|part| part.to_lowercase()).collect::<Vec<_>>().join("\n")
    }
}

fn one_line(field: &str, text: &str, most: usize) -> Result<Option<String>, Refusal> {
    let text = text.trim();
    if text.chars().count() > most || !text.chars().all(crate::text::is_allowed) {
        return Err(invalid(field, format!("one line of at most {most} characters")));
    }
    Ok(Some(text.to_owned()).filter(|text| !text.is_empty()))
}

fn checked_image(text: &str) -> Result<Option<String>, Refusal> {
    let text = text.trim();
    let is_path = text.starts_with('/') && !text.starts_with("//");
    let fine = text.chars().count() <= IMAGE_CHARS
        && !text.chars().any(|c| c.is_control() || c.is_whitespace())
        && (text.is_empty() || is_path || text.starts_with("https://") || text.starts_with("http://"));
    if !fine {
        return Err(invalid("image", "an address is expected: https, http or a path on this server"));
    }
    Ok(Some(text.to_owned()).filter(|text| !text.is_empty()))
}

fn apply(row: &mut EventRow, change: &EventChange) -> Result<(), Refusal> {
    if let Some(title) = &change.title {
        row.title = one_line("title", title, TITLE_CHARS)?.unwrap_or_default();
    }
    if row.title.is_empty() {
        return Err(invalid("title", "title is required"));
    }
    if let Some(text) = &change.description {
        let is_fine = |c: char| c == '\n' || c == '\r' || c == '\t' || crate::text::is_allowed(c);
        if text.chars().count() > DESCRIPTION_CHARS || !text.chars().all(is_fine) {
            return Err(invalid("description", format!("at most {DESCRIPTION_CHARS} characters")));
        }
        row.description = Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    }
    if let Some(location) = &change.location {
        row.location = one_line("location", location, LOCATION_CHARS)?;
    }
    if let Some(image) = &change.image {
        row.image = checked_image(image)?;
    }
    let lasted = row.ends_at.saturating_sub(row.starts_at);
    row.starts_at = change.starts_at.unwrap_or(row.starts_at);
    // Moved without a word about its end, it lasts as long as before.
    row.ends_at = change.ends_at.unwrap_or_else(|| row.starts_at.saturating_add(lasted));
    if row.ends_at < row.starts_at || row.ends_at.saturating_sub(row.starts_at) > LONGEST_MS {
        return Err(invalid("endDate", "the end is not before the beginning, and at most a year after it"));
    }
    row.is_cancelled = change.is_cancelled.unwrap_or(row.is_cancelled);
    Ok(())
}

impl Events {
    pub(super) async fn event_row(&self, id: EventId) -> Result<EventRow, Refusal> {
        self.rows.get::<EventRow>(vec![id.to_value()]).await?.ok_or_else(absent)
    }

    pub(super) fn status(&self, row: &EventRow) -> EventStatus {
        let now = self.clock.wall();
        if row.is_cancelled {
            EventStatus::Cancelled
        } else if now < row.starts_at {
            EventStatus::Upcoming
        } else if now < row.ends_at {
            EventStatus::Ongoing
        } else {
            EventStatus::Completed
        }
    }

    fn view(&self, row: EventRow) -> EventView {
        EventView { status: self.status(&row), row }
    }

    fn checked_most(&self, most: usize) -> Result<usize, Refusal> {
        let fine = (1..=self.config.seats).contains(&most);
        fine.then_some(most).ok_or_else(|| invalid("maxParticipants", format!("must be 1 to {}", self.config.seats)))
    }

    /// Events by their beginnings, from the `skip`th on, at most `limit`.
    ///
    /// # Errors
    /// `unavailable`.
    pub async fn events(&self, filter: &EventFilter, limit: usize, skip: usize) -> Result<EventPage, Refusal> {
        let all = self.board.list().await?;
        let text = filter.text.as_ref().map(|text| text.to_lowercase());
        let fits = |item: &Item<EventRow>| {
            let row = &item.row;
            filter.status.is_none_or(|status| status == self.status(row))
                && filter.from.is_none_or(|from| row.ends_at >= from)
                && filter.to.is_none_or(|to| row.starts_at < to)
                && text.as_ref().is_none_or(|text| item.text().contains(text))
        };
        let mut found = all.iter().filter(|item| fits(item)).skip(skip);
        let items: Vec<EventView> = found.by_ref().take(limit).map(|item| self.view(item.row.clone())).collect();
        let next = found.next().map(|_| skip + items.len());
        Ok(EventPage { items, next })
    }

    /// How many events somebody organises or has organised.
    ///
    /// # Errors
    /// `unavailable`.
    pub async fn organised(&self, organizer: UserId) -> Result<usize, Refusal> {
        Ok(self.board.list().await?.iter().filter(|item| item.row.organizer == organizer).count())
    }

    /// The event with this id, and its seats.
    ///
    /// # Errors
    /// `notFound`, `unavailable`.
    pub async fn event(&self, id: EventId) -> Result<(EventView, Seats), Refusal> {
        let row = self.event_row(id).await?;
        let seats = self.seats(id).await?;
        Ok((self.view(row), seats))
    }

    /// Makes an event. `id`: the one that a repetition has, too.
    ///
    /// # Errors
    /// `invalid` naming the member, `limitReached`, `unavailable`.
    pub async fn create(&self, change: EventChange, by: UserId, id: Option<EventId>) -> Result<EventView, Refusal> {
        let now = self.clock.wall();
        let starts_at = change.starts_at.ok_or_else(|| invalid("date", "date is required"))?;
        let most = self.checked_most(change.most.unwrap_or(self.config.seats))?;
        let mut row = EventRow {
            event_id: id.unwrap_or_else(|| EventId(self.clock.new_id())),
            organizer: by,
            title: String::new(),
            description: None,
            starts_at,
            ends_at: starts_at.saturating_add(USUAL_MS),
            location: None,
            image: None,
            is_cancelled: false,
            created_at: now,
            updated_at: now,
            version: 1,
        };
        apply(&mut row, &change)?;
        if self.board.list().await?.len() >= self.config.events {
            return Err(Refusal::new(RefusalCode::LimitReached, format!("at most {} events", self.config.events)));
        }
        // The seats first: an event that can be found can be joined.
        let seats = EventSeats {
            event_id: row.event_id,
            most: i64::try_from(most).unwrap_or(i64::MAX),
            seated: bytes::Bytes::new(),
            waiting: bytes::Bytes::new(),
            version: 1,
        };
        drop(self.rows.insert(&seats).await?);
        match self.rows.insert(&row).await? {
            Ok(()) => {
                self.board.put(&row);
                Ok(self.view(row))
            }
            // The same request again.
            Err(Some(stands)) if stands.organizer == by => Ok(self.view(stands)),
            Err(_) => Err(contended()),
        }
    }

    pub(crate) async fn own(&self, id: EventId, by: UserId, is_admin: bool) -> Result<EventRow, Refusal> {
        let row = self.event_row(id).await?;
        if row.organizer == by || is_admin {
            return Ok(row);
        }
        Err(Refusal::new(RefusalCode::Forbidden, "this is another organizer's"))
    }

    /// Changes an event; `expected` is the version that the caller has seen, where that matters.
    ///
    /// # Errors
    /// `notFound`, `forbidden`, `invalid` naming the member, `conflict` naming `version`, `unavailable`.
    pub async fn change(
        &self,
        id: EventId,
        change: &EventChange,
        expected: Option<i64>,
        by: UserId,
        is_admin: bool,
    ) -> Result<EventView, Refusal> {
        let most = change.most.map(|most| self.checked_most(most)).transpose()?;
        for _ in 0..ATTEMPTS {
            let row = self.own(id, by, is_admin).await?;
            if expected.is_some_and(|expected| expected != row.version) {
                return Err(Refusal::field(RefusalCode::Conflict, "version", "it was changed since"));
            }
            let version = row.version;
            let mut new = EventRow { updated_at: self.clock.wall(), version: version + 1, ..row };
            apply(&mut new, change)?;
            if self.rows.swap(&new, version).await?.is_err() {
                continue;
            }
            self.board.put(&new);
            if let Some(most) = most {
                self.set_most(id, &new.title, most).await?;
            }
            return Ok(self.view(new));
        }
        Err(contended())
    }

    /// Takes an event off the list, with its seats.
    ///
    /// # Errors
    /// `notFound`, `forbidden`, `unavailable` (call again: what is left is removed then).
    pub async fn remove(&self, id: EventId, by: UserId, is_admin: bool) -> Result<(), Refusal> {
        self.own(id, by, is_admin).await?;
        self.rows.delete::<EventSeats>(vec![vec![id.to_value()]]).await?;
        self.rows.delete::<EventRow>(vec![vec![id.to_value()]]).await?;
        self.board.remove(vec![id.to_value()]);
        Ok(())
    }
}
