//! Answers come after the fsync; a failed write is told honestly and the store comes back by itself.

use crate::place::{Place, append, entry, log, parts, run, until, whole};
use bytes::Bytes;
use futures_util::future::{FutureExt, join_all};
use parking_lot::{Condvar, Mutex};
use plenum_actors::clock::{Clock, MonoMillis, SystemClock, WallMillis};
use plenum_actors::store::{Appended, Mutation, Store, StoreError};
use plenum_schema::table::{Column, ColumnType, Table, Value};
use plenum_store::embedded::{CommitHook, Parts};
use plenum_store::{Embedded, EmbeddedConfig};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use uuid::Uuid;

static CODES: Table = Table {
    name: "codes",
    columns: &[Column { name: "code", kind: ColumnType::Text }, Column { name: "uses", kind: ColumnType::Int }],
    partition: 1,
    clustering: 0,
};

fn code(uses: i64) -> Vec<Value> {
    vec![Value::Text("a".to_owned()), Value::Int(uses)]
}

/// Holds commits up between the fsync and the answers, and lets them fail.
#[derive(Default)]
struct Gate {
    held: Mutex<bool>,
    moved: Condvar,
    arrived: AtomicBool,
    commits: AtomicU64,
    /// The commit that fails, counted from 1; 0 for none.
    failing: AtomicU64,
    /// It fails after it was written.
    written: AtomicBool,
}

impl Gate {
    fn hold(&self, held: bool) {
        self.arrived.store(false, Ordering::SeqCst);
        *self.held.lock() = held;
        self.moved.notify_all();
    }

    /// Lets the next commit fail.
    fn fail_next(&self, written: bool) {
        self.written.store(written, Ordering::SeqCst);
        self.failing.store(self.commits.load(Ordering::SeqCst) + 1, Ordering::SeqCst);
    }

    fn act(&self, written: bool) -> io::Result<()> {
        let fails = self.failing.load(Ordering::SeqCst) == self.commits.load(Ordering::SeqCst);
        if fails && self.written.load(Ordering::SeqCst) == written {
            Err(io::Error::other("acted out"))
        } else {
            Ok(())
        }
    }
}

impl CommitHook for Gate {
    fn before(&self) -> io::Result<()> {
        self.commits.fetch_add(1, Ordering::SeqCst);
        self.act(false)
    }

    fn after(&self) -> io::Result<()> {
        self.arrived.store(true, Ordering::SeqCst);
        let mut held = self.held.lock();
        while *held {
            self.moved.wait(&mut held);
        }
        drop(held);
        self.act(true)
    }
}

fn gated(place: &Place, change: impl FnOnce(&mut EmbeddedConfig)) -> (Arc<Embedded>, Arc<Gate>, Parts) {
    let gate = Arc::new(Gate::default());
    let parts = parts(Some(gate.clone()));
    let mut config = place.config();
    change(&mut config);
    (Embedded::open_with(config, parts.clone()).unwrap(), gate, parts)
}

#[test]
fn an_append_is_answered_only_after_its_commit_returned() {
    let place = Place::new();
    let (store, gate, parts) = gated(&place, |_| {});
    gate.hold(true);
    let mut appended = store.append(log(), 0, vec![entry("a")], Some(Bytes::new()));
    until("the commit is reached", || gate.arrived.load(Ordering::SeqCst));
    assert_eq!((&mut appended).now_or_never(), None, "the commit has not returned");
    assert_eq!(parts.metrics.fsyncs.get(), 0);
    gate.hold(false);
    assert_eq!(run(appended), Ok(Appended::Done(1)));
    assert_eq!(parts.metrics.fsyncs.get(), 1);
}

#[test]
fn writers_one_after_another_get_an_fsync_each_and_waiting_ones_share_one() {
    let place = Place::new();
    let (store, gate, parts) = gated(&place, |_| {});
    for _ in 0..10 {
        append(&store, log(), 0, entry("alone")).unwrap();
    }
    assert_eq!(parts.metrics.fsyncs.get(), 10);
    gate.hold(true);
    let first = store.append(log(), 0, vec![entry("first")], Some(Bytes::new()));
    until("the commit is reached", || gate.arrived.load(Ordering::SeqCst));
    let together: Vec<_> = (0..500).map(|_| store.append(log(), 0, vec![entry("many")], Some(Bytes::new()))).collect();
    gate.hold(false);
    assert_eq!(run(first), Ok(Appended::Done(1)));
    assert!(run(join_all(together)).iter().all(|answer| *answer == Ok(Appended::Done(1))));
    assert_eq!(parts.metrics.fsyncs.get(), 12);
    assert_eq!((parts.metrics.appends.get(), parts.metrics.entries.get()), (511, 511));
}

#[test]
fn a_chain_of_appends_to_one_log_fits_into_one_batch() {
    let place = Place::new();
    let (store, gate, parts) = gated(&place, |_| {});
    let log = log();
    gate.hold(true);
    let first = store.append(log, 0, vec![entry("0")], Some(Bytes::new()));
    until("the commit is reached", || gate.arrived.load(Ordering::SeqCst));
    let chain: Vec<_> =
        (1..50).map(|at| store.append(log, at, vec![entry("n")], Some(Bytes::from(at.to_string())))).collect();
    let late = store.append(log, 10, vec![entry("late")], Some(Bytes::new()));
    let trim = store.trim(log, 40);
    gate.hold(false);
    run(first).unwrap();
    for (answer, offset) in run(join_all(chain)).into_iter().zip(2..) {
        assert_eq!(answer, Ok(Appended::Done(offset)));
    }
    assert_eq!(run(late), Ok(Appended::Conflict(50)));
    assert_eq!(parts.metrics.fsyncs.get(), 2);
    assert_eq!(whole(&store, log).len(), 50);
    assert_eq!(run(store.head(log)).unwrap().digest, "49");
    run(trim).unwrap();
    assert_eq!(run(store.head(log)).unwrap().first, 41);
}

#[test]
fn a_full_queue_refuses_at_once() {
    let place = Place::new();
    let (store, gate, parts) = gated(&place, |config| config.max_queued_writes = 4);
    gate.hold(true);
    let first = store.append(log(), 0, vec![entry("a")], Some(Bytes::new()));
    until("the commit is reached", || gate.arrived.load(Ordering::SeqCst));
    let waiting: Vec<_> = (0..4).map(|_| store.append(log(), 0, vec![entry("b")], Some(Bytes::new()))).collect();
    let refused = store.append(log(), 0, vec![entry("c")], Some(Bytes::new())).now_or_never();
    assert!(matches!(refused, Some(Err(StoreError::Unavailable(_)))), "{refused:?}");
    assert_eq!(parts.metrics.refused.get(), 1);
    gate.hold(false);
    assert_eq!(run(first), Ok(Appended::Done(1)));
    assert!(run(join_all(waiting)).iter().all(|answer| *answer == Ok(Appended::Done(1))));
}

/// Lets one batch fail and checks what each of its writers is told; the store is back afterwards.
fn fails_and_returns(written: bool) {
    let place = Place::new();
    let (store, gate, parts) = gated(&place, |config| config.check_interval_ms = 200);
    let (log, other) = (log(), crate::place::log());
    append(&store, log, 0, entry("before")).unwrap();
    gate.hold(true);
    let first = store.append(other, 0, vec![entry("x")], Some(Bytes::new()));
    until("the commit is reached", || gate.arrived.load(Ordering::SeqCst));
    let unknown = store.append(log, 1, vec![entry("unknown")], Some(Bytes::new()));
    let conflict = store.append(log, 1, vec![entry("conflict")], Some(Bytes::new()));
    let row = store.write(&CODES, vec![Mutation::Put(code(1))]);
    let refused = store.insert(&CODES, code(2));
    gate.fail_next(written);
    gate.hold(false);
    run(first).unwrap();
    assert_eq!(run(unknown), Ok(Appended::Unknown));
    assert!(matches!(run(conflict), Err(StoreError::Unavailable(_))));
    assert!(matches!(run(row), Err(StoreError::Unknown(_))));
    assert!(matches!(run(refused), Err(StoreError::Unavailable(_))));
    until("the store is back", || store.health().is_ok());
    assert_eq!((parts.metrics.failures.get(), parts.metrics.recoveries.get()), (1, 1));
    let head = run(store.head(log)).unwrap().offset;
    assert_eq!(head, if written { 2 } else { 1 });
    assert_eq!(append(&store, log, head, entry("after")), Ok(Appended::Done(head + 1)));
    drop(store);
    assert_eq!(whole(&place.open(), log).len() as u64, head + 1);
}

#[test]
fn a_batch_whose_fsync_fails_is_unknown_and_may_turn_out_written() {
    fails_and_returns(true);
}

#[test]
fn a_batch_that_fails_before_it_is_written_is_unknown_and_turns_out_missing() {
    fails_and_returns(false);
}

#[test]
fn a_failed_store_says_so_refuses_writes_and_goes_on_reading() {
    let place = Place::new();
    let (store, gate, parts) = gated(&place, |config| config.check_interval_ms = 3_600_000);
    let log = log();
    append(&store, log, 0, entry("before")).unwrap();
    gate.fail_next(false);
    assert_eq!(append(&store, log, 1, entry("lost")), Ok(Appended::Unknown));
    assert!(matches!(store.health(), Err(StoreError::Unavailable(reason)) if reason.contains("acted out")));
    assert!(matches!(append(&store, log, 1, entry("refused")), Err(StoreError::Unavailable(_))));
    assert_eq!(whole(&store, log).len(), 1);
    assert_eq!(parts.metrics.healthy.get(), 0);
}

#[test]
fn what_waits_when_the_store_is_dropped_is_written_and_answered() {
    let place = Place::new();
    let store = place.open();
    let log = log();
    let appends: Vec<_> = (0..100).map(|at| store.append(log, at, vec![entry("e")], Some(Bytes::new()))).collect();
    drop(store);
    assert_eq!(run(join_all(appends)).last(), Some(&Ok(Appended::Done(100))));
    assert_eq!(whole(&place.open(), log).len(), 100);
}

/// A clock that panics when it is told to, once.
struct Trap {
    clock: SystemClock,
    is_set: AtomicBool,
}

impl Clock for Trap {
    fn wall(&self) -> WallMillis {
        self.clock.wall()
    }

    fn mono(&self) -> MonoMillis {
        assert!(!self.is_set.swap(false, Ordering::SeqCst), "acted out");
        self.clock.mono()
    }

    fn micros(&self) -> u64 {
        self.clock.micros()
    }

    fn new_id(&self) -> Uuid {
        self.clock.new_id()
    }
}

#[test]
fn a_panic_of_the_writer_outside_a_commit_leaves_a_store_that_comes_back() {
    let place = Place::new();
    let trap = Arc::new(Trap { clock: SystemClock::new(), is_set: AtomicBool::new(false) });
    let parts = Parts { clock: trap.clone(), ..parts(None) };
    let store = Embedded::open_with(place.config(), parts.clone()).unwrap();
    let log = log();
    assert_eq!(append(&store, log, 0, entry("before")), Ok(Appended::Done(1)));
    trap.is_set.store(true, Ordering::SeqCst);
    // Whatever asks for the time next is the writer.
    until("the writer asks for the time", || !trap.is_set.load(Ordering::SeqCst));
    until("the store was opened again", || parts.metrics.recoveries.get() == 1 && store.health().is_ok());
    assert_eq!(append(&store, log, 1, entry("after")), Ok(Appended::Done(2)));
    assert_eq!(whole(&store, log).len(), 2);
}
