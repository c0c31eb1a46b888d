//! Events: made, changed, called off; seats, and a waiting list that moves up in order.
//!
//! All seats of an event are one row with compare-and-set, so there is one winner for the last seat on whichever node, and one line that
//! everybody sees alike. Who leaves makes room in the same step in which the first in line gets it: a crash between the two cannot
//! be. On a node those who join one event wait in line for its row.

mod calendar;
mod config;
mod forget;
mod seats;
mod write;

pub use config::EventsConfig;
pub use seats::{Place, Seats};
pub use write::{EventChange, EventFilter, EventPage, EventStatus, EventView};

use crate::listing::Listing;
use crate::notices::Notices;
use crate::rows::Rows;
use dashmap::DashMap;
use plenum_actors::clock::SharedClock;
use plenum_actors::store::SharedStore;
use plenum_schema::entities::EventRow;
use plenum_schema::{EventId, Refusal, RefusalCode};
use std::fmt;
use std::sync::Arc;
use tokio::sync::Mutex;

/// Events. Cheap to clone; all clones are one service.
#[derive(Clone)]
pub struct Events {
    rows: Rows,
    clock: SharedClock,
    notices: Notices,
    config: Arc<EventsConfig>,
    /// Who changes an event's seats on this node waits in line; compare-and-set decides among nodes.
    lines: Arc<DashMap<EventId, Arc<Mutex<()>>>>,
    /// All of them, by their beginnings.
    board: Listing<EventRow>,
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Events").field("config", &self.config).finish_non_exhaustive()
    }
}

fn invalid(field: &str, message: impl Into<String>) -> Refusal {
    Refusal::field(RefusalCode::Invalid, field, message)
}

fn absent() -> Refusal {
    Refusal::new(RefusalCode::NotFound, "there is no such event")
}

impl Events {
    /// The service.
    #[must_use]
    pub fn new(store: SharedStore, notices: Notices, clock: SharedClock, config: EventsConfig) -> Self {
        let rows = Rows(store);
        let board = Listing::new(rows.clone(), clock.clone(), config.events, config.list_age_ms);
        Self { rows, clock, notices, config: Arc::new(config), lines: Arc::default(), board }
    }
}
