//! The way of one node to the store, which can be closed; and clocks that are wrong.

use bytes::Bytes;
use plenum_actors::clock::{Clock, MonoMillis, SystemClock, WallMillis};
use plenum_actors::store::{
    Appended, Conditional, Direction, Entry, Head, Mutation, SharedStore, Snapshot, Store, StoreError, StoreFuture,
    StoredEntry,
};
use plenum_schema::table::{Key, Row, Table, Value};
use plenum_schema::{EntryId, LogId, Offset};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use uuid::Uuid;

/// A store behind a gate: closed, nothing gets through and nothing is changed.
pub struct Gated {
    store: SharedStore,
    closed: AtomicBool,
    /// A log that no owner can load so many times more.
    unloaded: Mutex<Option<(LogId, u32)>>,
}

impl Gated {
    pub fn new(store: SharedStore) -> Arc<Self> {
        Arc::new(Self { store, closed: AtomicBool::new(false), unloaded: Mutex::default() })
    }

    pub fn close(&self, closed: bool) {
        self.closed.store(closed, Ordering::SeqCst);
    }

    /// The next `times` that an owner loads this log it is told that the store cannot now.
    pub fn refuse_loads(&self, log: LogId, times: u32) {
        *self.unloaded.lock().unwrap() = Some((log, times));
    }

    fn is_unloaded(&self, log: LogId) -> bool {
        match &mut *self.unloaded.lock().unwrap() {
            Some((refused, times)) if *refused == log && *times > 0 => {
                *times -= 1;
                true
            }
            _ => false,
        }
    }

    fn pass<T: Send + 'static>(&self, ask: impl FnOnce(&SharedStore) -> StoreFuture<T>) -> StoreFuture<T> {
        match self.health() {
            Ok(()) => ask(&self.store),
            Err(error) => Box::pin(async move { Err(error) }),
        }
    }
}

impl Store for Gated {
    fn append(
        &self,
        log: LogId,
        expected: Offset,
        entries: Vec<Entry>,
        digest: Option<Bytes>,
    ) -> StoreFuture<Appended> {
        self.pass(|store| store.append(log, expected, entries, digest))
    }

    fn read(
        &self,
        log: LogId,
        after: Offset,
        direction: Direction,
        limit: usize,
        max_bytes: usize,
    ) -> StoreFuture<Vec<StoredEntry>> {
        self.pass(|store| store.read(log, after, direction, limit, max_bytes))
    }

    fn head(&self, log: LogId) -> StoreFuture<Head> {
        self.pass(|store| store.head(log))
    }

    fn find(&self, log: LogId, ids: Vec<EntryId>) -> StoreFuture<Vec<Option<Offset>>> {
        self.pass(|store| store.find(log, ids))
    }

    fn save_snapshot(&self, log: LogId, snapshot: Snapshot) -> StoreFuture<()> {
        self.pass(|store| store.save_snapshot(log, snapshot))
    }

    fn load_snapshot(&self, log: LogId) -> StoreFuture<Option<Snapshot>> {
        if self.is_unloaded(log) {
            return Box::pin(async { Err(StoreError::Unavailable("the log cannot be loaded".into())) });
        }
        self.pass(|store| store.load_snapshot(log))
    }

    fn trim(&self, log: LogId, upto: Offset) -> StoreFuture<()> {
        self.pass(|store| store.trim(log, upto))
    }

    fn get(&self, table: &'static Table, key: Key) -> StoreFuture<Option<Row>> {
        self.pass(|store| store.get(table, key))
    }

    fn scan(
        &self,
        table: &'static Table,
        partition: Key,
        after: Option<Key>,
        direction: Direction,
        limit: usize,
    ) -> StoreFuture<Vec<Row>> {
        self.pass(|store| store.scan(table, partition, after, direction, limit))
    }

    fn sweep(&self, table: &'static Table, after: Option<Key>, limit: usize) -> StoreFuture<Vec<Row>> {
        self.pass(|store| store.sweep(table, after, limit))
    }

    fn logs(&self, after: Option<LogId>, limit: usize) -> StoreFuture<Vec<LogId>> {
        self.pass(|store| store.logs(after, limit))
    }

    fn write(&self, table: &'static Table, mutations: Vec<Mutation>) -> StoreFuture<()> {
        self.pass(|store| store.write(table, mutations))
    }

    fn insert(&self, table: &'static Table, row: Row) -> StoreFuture<Conditional> {
        self.pass(|store| store.insert(table, row))
    }

    fn replace(&self, table: &'static Table, row: Row, column: usize, expected: Value) -> StoreFuture<Conditional> {
        self.pass(|store| store.replace(table, row, column, expected))
    }

    fn health(&self) -> Result<(), StoreError> {
        match self.closed.load(Ordering::SeqCst) {
            true => Err(StoreError::Unavailable("the gate is closed".into())),
            false => self.store.health(),
        }
    }
}

/// A clock that goes wrong by so many milliseconds.
#[derive(Debug)]
pub struct Skewed(pub SystemClock, pub i64);

impl Clock for Skewed {
    fn wall(&self) -> WallMillis {
        self.0.wall() + self.1
    }

    fn mono(&self) -> MonoMillis {
        self.0.mono()
    }

    fn micros(&self) -> u64 {
        self.0.micros()
    }

    fn new_id(&self) -> Uuid {
        let millis = u64::try_from(self.wall()).unwrap();
        uuid::Builder::from_unix_timestamp_millis(millis, &rand::random()).into_uuid()
    }
}
