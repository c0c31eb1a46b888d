//! The status board: which domains are blocked. Checkers report with an API key, everybody who is signed in watches.
//!
//! A domain is a row with compare-and-set. A report is told on the topic of all boards when it is on disk. Only changes make
//! history: a *period* is a time in which every check found the same. The period that goes on stands in the domain's row; before the
//! next one begins it is written to the history, by whoever gets there, with the same bytes each time. So a crash between two steps
//! loses and doubles nothing.

mod brands;
mod config;
mod domains;
mod history;
mod names;
mod report;
mod view;

pub use brands::{BrandChange, BrandView};
pub use config::StatusBoardConfig;
pub use domains::{DomainChange, DomainFilter, DomainPage};
pub use history::{HistoryPage, PeriodView, Uptime, WINDOWS};
pub use report::{Report, Reported};
pub use view::{DomainView, ToCheck};

use crate::rows::Rows;
use plenum_actors::clock::SharedClock;
use plenum_actors::publication::{Class, Publication, Publisher};
use plenum_actors::store::SharedStore;
use plenum_schema::Topic;
use plenum_schema::wire::{Signal, StatusListChanged};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use tokio::sync::OnceCell;

/// Rows read at a time.
const SCAN: usize = 500;
/// The key that hints about the list are conflated by: domains have ids that are not zero.
const LIST: u64 = 0;

/// The status board. Cheap to clone; all clones are one service.
#[derive(Clone)]
pub struct StatusBoard {
    rows: Rows,
    clock: SharedClock,
    publisher: Arc<dyn Publisher>,
    config: Arc<StatusBoardConfig>,
    counts: Arc<Counts>,
}

/// About how many there are, counted once and kept up by this node: the limits are there against heaps, not to be exact.
#[derive(Default)]
struct Counts {
    brands: OnceCell<AtomicUsize>,
    domains: OnceCell<AtomicUsize>,
}

impl fmt::Debug for StatusBoard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StatusBoard").finish_non_exhaustive()
    }
}

impl StatusBoard {
    /// The service.
    #[must_use]
    pub fn new(
        store: SharedStore,
        publisher: Arc<dyn Publisher>,
        clock: SharedClock,
        config: StatusBoardConfig,
    ) -> Self {
        if config.public_checker {
            tracing::warn!(target: "security", event = "public_checker",
                "status_board.public_checker is on: anybody may read the domains to be checked and report on them without a key");
        }
        Self { rows: Rows(store), clock, publisher, config: Arc::new(config), counts: Arc::default() }
    }

    /// Whether checkers may come without a key.
    #[must_use]
    pub fn is_public(&self) -> bool {
        self.config.public_checker
    }

    /// Most reports of one request.
    #[must_use]
    pub fn most_reports(&self) -> usize {
        self.config.reports
    }

    /// Brands or domains were made, changed or removed: whoever shows the list reads it again.
    fn tell_list(&self) {
        let signal = Signal::StatusListChanged(StatusListChanged { at: self.clock.wall() });
        self.publisher.publish(vec![Publication::signal(Topic::Status, Class::Conflated(LIST), signal)]);
    }
}
