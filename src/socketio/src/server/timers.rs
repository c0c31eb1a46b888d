//! Deadlines of all connections of a host, in one task.

use super::connection::Connection;
use std::cell::{Cell, RefCell};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::rc::{Rc, Weak};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

/// Milliseconds of the runtime's monotonic clock since the host began; a paused clock of a test counts too.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    began: Instant,
}

impl Clock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock: everything else takes time as an argument")]
    pub(super) fn start() -> Self {
        Self { began: Instant::now() }
    }

    pub(super) fn now(self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn instant(self, at: u64) -> Instant {
        // A deadline that lies beyond what the clock can say is looked at again in a day.
        self.began.checked_add(Duration::from_millis(at)).unwrap_or(self.began + Duration::from_secs(86_400))
    }
}

/// A connection and its deadline. Entries that are out of date are passed over when they come up; a connection has one that is
/// current, and a new one only when its deadline becomes earlier.
struct Entry {
    at: u64,
    connection: Weak<Connection>,
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.at == other.at
    }
}
impl Eq for Entry {}
impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Entry {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.at.cmp(&other.at)
    }
}

#[derive(Default)]
pub(super) struct Timers {
    heap: RefCell<BinaryHeap<Reverse<Entry>>>,
    sleeping_until: Cell<u64>,
    changed: Notify,
}

impl Timers {
    /// Sees to it that [`Connection::tick`] is called at `at`.
    pub(super) fn arm(&self, connection: &Rc<Connection>, at: u64) {
        if at == u64::MAX || connection.armed.get() <= at {
            return;
        }
        connection.armed.set(at);
        self.heap.borrow_mut().push(Reverse(Entry { at, connection: Rc::downgrade(connection) }));
        if at < self.sleeping_until.get() {
            self.changed.notify_one();
        }
    }

    /// Runs for ever.
    pub(super) async fn run(self: Rc<Self>, clock: Clock) {
        loop {
            self.fire(clock.now());
            let next = self.heap.borrow().peek().map_or(u64::MAX, |Reverse(entry)| entry.at);
            self.sleeping_until.set(next);
            if next == u64::MAX {
                self.changed.notified().await;
            } else {
                // Whatever wakes us: the heap is looked at again.
                let _woken = tokio::time::timeout_at(clock.instant(next), self.changed.notified()).await;
            }
        }
    }

    fn fire(&self, now: u64) {
        loop {
            let due = match self.heap.borrow_mut().peek_mut() {
                Some(top) if top.0.at <= now => std::collections::binary_heap::PeekMut::pop(top).0,
                _ => return,
            };
            let Some(connection) = due.connection.upgrade() else { continue };
            // An entry that is not the current one was replaced by an earlier one, which has come up already.
            if connection.armed.get() == due.at {
                connection.armed.set(u64::MAX);
                connection.tick(now);
                let next = connection.deadline();
                self.arm(&connection, next);
            }
        }
    }
}
