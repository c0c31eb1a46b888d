//! Events that people meet at, and who has a seat.

use crate::entity;
use crate::{EventId, UserId};
use bytes::Bytes;

entity! {
    /// An event.
    pub struct EventRow in "events" {
        partition { /// Which.
            event_id: EventId }
        clustering { }
        columns {
            /// Whose.
            organizer: UserId,
            /// What it is called.
            title: String,
            /// What it is about.
            description: Option<String>,
            /// When it begins, milliseconds since 1970.
            starts_at: i64,
            /// When it ends, milliseconds since 1970.
            ends_at: i64,
            /// Where.
            location: Option<String>,
            /// Address of a picture.
            image: Option<String>,
            /// Whether it was called off.
            is_cancelled: bool,
            /// Milliseconds since 1970.
            created_at: i64,
            /// Milliseconds since 1970.
            updated_at: i64,
            /// Grows with every change: the condition of compare-and-set.
            version: i64
        }
    }
}

entity! {
    /// Who has a seat at an event and who waits for one, each in the order of coming: ids of 16 bytes one after the other.
    pub struct EventSeats in "event_seats" {
        partition { /// At which event.
            event_id: EventId }
        clustering { }
        columns {
            /// Most people with a seat.
            most: i64,
            /// Who has one.
            seated: Bytes,
            /// Who waits, the first in line first.
            waiting: Bytes,
            /// Grows with every change: the condition of compare-and-set.
            version: i64
        }
    }
}
