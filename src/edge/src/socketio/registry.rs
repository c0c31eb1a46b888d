//! Sessions that poll, by id, for the whole node: a request may land on any worker and is carried to the one that has the session.

use super::asks::Ask;
use super::http::send;
use actix::Recipient;
use dashmap::DashMap;
use prometheus::{IntCounter, IntGauge, Registry};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// What Socket.IO counts.
#[derive(Clone, Debug)]
pub struct SocketIoMetrics {
    /// Sessions that poll now.
    pub polling: IntGauge,
    /// Sessions that went over from polling to WebSocket.
    pub upgrades: IntCounter,
    /// Clients that came back and got what they had missed.
    pub recovered: IntCounter,
    /// Requests that were refused: unknown sessions, wrong transports.
    pub refused: IntCounter,
    /// Times that following a topic for a client was put off, because its owner or the store could not now.
    pub retried: IntCounter,
    /// Clients sent to come back because that went on.
    pub given_up: IntCounter,
}

impl SocketIoMetrics {
    /// Registers the metrics.
    ///
    /// # Errors
    /// When one of the names is taken in the registry.
    pub fn new(registry: &Registry) -> prometheus::Result<Self> {
        let metrics = Self {
            polling: IntGauge::new("plenum_socketio_polling_sessions", "Socket.IO sessions that poll")?,
            upgrades: IntCounter::new("plenum_socketio_upgrades_total", "sessions that went over to WebSocket")?,
            recovered: IntCounter::new("plenum_socketio_recovered_total", "clients that recovered what they missed")?,
            refused: IntCounter::new("plenum_socketio_refused_requests_total", "requests of Engine.IO refused")?,
            retried: IntCounter::new(
                "plenum_socketio_follow_retries_total",
                "topics to be followed that were put off",
            )?,
            given_up: IntCounter::new("plenum_socketio_given_up_total", "clients sent to come back: not followed")?,
        };
        registry.register(Box::new(metrics.polling.clone()))?;
        registry.register(Box::new(metrics.upgrades.clone()))?;
        registry.register(Box::new(metrics.recovered.clone()))?;
        registry.register(Box::new(metrics.refused.clone()))?;
        registry.register(Box::new(metrics.retried.clone()))?;
        registry.register(Box::new(metrics.given_up.clone()))?;
        Ok(metrics)
    }
}

/// A session, from wherever a request landed.
#[derive(Clone, Debug)]
pub(super) struct Found {
    /// Takes what is asked.
    pub session: Recipient<Ask>,
    posting: Arc<AtomicBool>,
    /// Polls wait for something to say: nothing else is about to carry the session, nor does so already.
    waits: Arc<AtomicBool>,
}

impl Found {
    /// Whether a poll would wait.
    pub(super) fn waits(&self) -> bool {
        self.waits.load(Ordering::Relaxed)
    }

    /// A POST begins, before its body is read. `None`: another one is under way.
    pub(super) fn post(&self) -> Option<Posting> {
        (!self.posting.swap(true, Ordering::AcqRel)).then(|| Posting(Some(self.clone())))
    }
}

/// A POST under way. Dropped before it is [done](Posting::done), it has broken off: that ends the session, which cannot know what is missing.
#[derive(Debug)]
pub(super) struct Posting(Option<Found>);

impl Posting {
    /// Its body is in the session's mailbox, or has been refused.
    pub(super) fn done(mut self) {
        if let Some(found) = self.0.take() {
            found.posting.store(false, Ordering::Release);
        }
    }
}

impl Drop for Posting {
    fn drop(&mut self) {
        if let Some(found) = self.0.take() {
            send(&found.session, Ask::End);
        }
    }
}

/// The sessions of a node that began with polling.
#[derive(Debug)]
pub struct Sessions {
    /// Those that poll, and for a while those that have gone over to WebSocket.
    by_id: DashMap<String, Found>,
    /// Seats that are taken.
    seated: AtomicUsize,
    limit: usize,
    /// What is counted.
    pub metrics: SocketIoMetrics,
}

impl Sessions {
    /// None yet, and never more than `limit` that poll.
    #[must_use]
    pub fn new(limit: usize, metrics: SocketIoMetrics) -> Arc<Self> {
        Arc::new(Self { by_id: DashMap::new(), seated: AtomicUsize::new(0), limit, metrics })
    }

    /// A seat for one more session that polls, if there is one: looked for and taken in one step, whichever threads ask at once.
    pub(super) fn sit(self: &Arc<Self>) -> Option<Seat> {
        let one_more = |seated: usize| (seated < self.limit).then_some(seated + 1);
        self.seated.fetch_update(Ordering::AcqRel, Ordering::Acquire, one_more).ok()?;
        self.metrics.polling.inc();
        Some(Seat(self.clone()))
    }

    /// Adds a session; dropping the place removes it.
    pub(super) fn add(self: &Arc<Self>, id: String, session: Recipient<Ask>) -> Place {
        let waits = Arc::new(AtomicBool::new(true));
        self.by_id.insert(id.clone(), Found { session, posting: Arc::default(), waits: waits.clone() });
        Place { sessions: self.clone(), id, waits }
    }

    pub(super) fn find(&self, id: &str) -> Option<Found> {
        self.by_id.get(id).map(|found| found.clone())
    }
}

/// One of the sessions that may poll at the same time. Dropping it gives it back.
#[derive(Debug)]
pub(super) struct Seat(Arc<Sessions>);

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.seated.fetch_sub(1, Ordering::AcqRel);
        self.0.metrics.polling.dec();
    }
}

/// Where requests find a session.
#[derive(Debug)]
pub(super) struct Place {
    sessions: Arc<Sessions>,
    id: String,
    waits: Arc<AtomicBool>,
}

impl Place {
    /// Whether polls wait from now on.
    pub(super) fn wait(&self, waits: bool) {
        self.waits.store(waits, Ordering::Relaxed);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.sessions.by_id.remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Barrier;

    #[test]
    fn of_many_threads_that_ask_at_once_as_many_get_a_seat_as_there_are() {
        const LIMIT: usize = 3;
        const THREADS: usize = 8;
        let sessions = Sessions::new(LIMIT, SocketIoMetrics::new(&Registry::new()).unwrap());
        for _ in 0..200 {
            let (start, end) = (Barrier::new(THREADS), Barrier::new(THREADS));
            let seated = std::thread::scope(|scope| {
                let sit = || {
                    start.wait();
                    let seat = sessions.sit();
                    // Nobody gives one back before everybody has asked.
                    end.wait();
                    seat.is_some()
                };
                let asking: Vec<_> = (0..THREADS).map(|_| scope.spawn(sit)).collect();
                asking.into_iter().map(|thread| thread.join().unwrap()).filter(|seat| *seat).count()
            });
            assert_eq!(seated, LIMIT);
            assert_eq!((sessions.seated.load(Ordering::Acquire), sessions.metrics.polling.get()), (0, 0));
        }
    }
}
