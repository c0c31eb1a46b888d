//! Reads take turns with everything else on their thread.
//!
//! A read is answered from memory or by the page cache most of the time, quicker than a hand-over to another thread would be, and so
//! it is done where it is asked for. But a caller that reads a lot, one thing after the other, would never give the thread back: each of
//! its reads is ready at once. So what is read on a thread is counted, and when much has been read the next one lets others run first.

use super::metrics::StoreMetrics;
use plenum_actors::store::Head;
use std::cell::Cell;

thread_local! {
    /// Entries and rows read on this thread since a reader let others run.
    static READ: Cell<usize> = const { Cell::new(0) };
}

/// How much was read for an answer, in entries and rows; a look-up is one, found or not.
pub(super) trait Weight {
    fn weight(&self) -> usize;
}

impl<T> Weight for Vec<T> {
    fn weight(&self) -> usize {
        self.len().max(1)
    }
}

impl<T> Weight for Option<T> {
    fn weight(&self) -> usize {
        1
    }
}

impl Weight for Head {
    fn weight(&self) -> usize {
        1
    }
}

/// Lets others on this thread run when `most` has been read on it since somebody did so.
pub(super) async fn wait(most: usize, metrics: &StoreMetrics) {
    if READ.get() >= most {
        READ.set(0);
        metrics.read_turns.inc();
        tokio::task::yield_now().await;
    }
}

/// Counts what was read.
pub(super) fn charge(answer: &impl Weight) {
    READ.set(READ.get().saturating_add(answer.weight()));
}
