//! Asking a store again that does not answer for a moment.

use super::TransferError;
use plenum_actors::clock::{MonoMillis, SharedClock};
use plenum_actors::store::StoreError;
use std::cell::Cell;
use std::time::Duration;

/// How long to wait before something is tried again.
const AGAIN: Duration = Duration::from_millis(500);
/// How often a wait is told of at most, milliseconds.
const TELL_EVERY_MS: u64 = 5_000;
/// How often it is told how much has arrived, milliseconds.
const ARRIVALS_EVERY_MS: u64 = 2_000;

/// How long one part of a copy may be tried.
#[expect(missing_debug_implementations, reason = "a closure")]
pub struct Patience<'w> {
    /// Without a clock: once.
    clock: Option<SharedClock>,
    lasts_ms: u64,
    waits: &'w dyn Fn(&StoreError),
    arrives: &'w dyn Fn(u64),
    tell_at: Cell<MonoMillis>,
    /// Entries that were written, and when they are told of next.
    arrived: Cell<u64>,
    arrivals_at: Cell<MonoMillis>,
}

impl<'w> Patience<'w> {
    /// Each part is tried for so many milliseconds. Now and then `waits` is told why, and `arrives` how many entries have been written.
    pub fn of(clock: SharedClock, lasts_ms: u64, waits: &'w dyn Fn(&StoreError), arrives: &'w dyn Fn(u64)) -> Self {
        let arrivals_at = Cell::new(clock.mono() + ARRIVALS_EVERY_MS);
        Self { clock: Some(clock), lasts_ms, waits, arrives, tell_at: Cell::new(0), arrived: Cell::new(0), arrivals_at }
    }

    /// Once.
    #[must_use]
    pub fn none() -> Patience<'static> {
        let (arrived, arrivals_at) = (Cell::new(0), Cell::new(0));
        Patience {
            clock: None,
            lasts_ms: 0,
            waits: &|_| {},
            arrives: &|_| {},
            tell_at: Cell::new(0),
            arrived,
            arrivals_at,
        }
    }

    /// Entries are on their way: people who wait see how far it is, now and then.
    pub(super) fn arrives(&self, entries: usize) {
        self.arrived.set(self.arrived.get() + entries as u64);
        if let Some(clock) = &self.clock
            && clock.mono() >= self.arrivals_at.get()
        {
            self.arrivals_at.set(clock.mono() + ARRIVALS_EVERY_MS);
            (self.arrives)(self.arrived.get());
        }
    }

    /// Does something that can be repeated, until it is done or fails for another reason than that a store does not answer.
    pub(super) async fn run<T, F>(&self, mut work: impl FnMut() -> F) -> Result<T, TransferError>
    where
        F: Future<Output = Result<T, TransferError>>,
    {
        let until = self.clock.as_ref().map(|clock| clock.mono().saturating_add(self.lasts_ms));
        loop {
            let outcome = work().await;
            let (Some(clock), Some(until)) = (&self.clock, until) else { return outcome };
            let now = clock.mono();
            match outcome {
                Err(TransferError::Store(error @ (StoreError::Unavailable(_) | StoreError::Unknown(_))))
                    if now < until =>
                {
                    if now >= self.tell_at.get() {
                        self.tell_at.set(now + TELL_EVERY_MS);
                        (self.waits)(&error);
                    }
                    tokio::time::sleep(AGAIN).await;
                }
                other => return other,
            }
        }
    }
}
