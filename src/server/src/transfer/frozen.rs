//! A store that is only read, as long as it is copied.

use bytes::Bytes;
use plenum_actors::store::{
    Appended, Conditional, Direction, Entry, Head, Mutation, SharedStore, Snapshot, Store, StoreError, StoreFuture,
    StoredEntry,
};
use plenum_schema::table::{Key, Row, Table, Value};
use plenum_schema::{EntryId, LogId, Offset};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A store that answers every question and refuses every change as [`StoreError::Unavailable`]: callers are told to come back later,
/// as when a store does not answer.
pub struct Frozen(SharedStore, Arc<AtomicBool>);

impl Frozen {
    /// Nothing changes in it any more by way of what this answers.
    #[must_use]
    pub fn over(store: SharedStore) -> SharedStore {
        Arc::new(Self(store, Arc::new(AtomicBool::new(true))))
    }

    /// The same as soon as the switch is set.
    #[must_use]
    pub fn when(store: SharedStore) -> (SharedStore, Arc<AtomicBool>) {
        let switch = Arc::new(AtomicBool::new(false));
        (Arc::new(Self(store, switch.clone())), switch)
    }

    fn change<T: Send + 'static>(&self, change: impl FnOnce(&SharedStore) -> StoreFuture<T>) -> StoreFuture<T> {
        if self.1.load(Ordering::Acquire) {
            let reason = "the data is being moved: nothing can be changed now";
            return Box::pin(async move { Err(StoreError::Unavailable(reason.to_owned())) });
        }
        change(&self.0)
    }
}

impl Store for Frozen {
    fn append(&self, log: LogId, after: Offset, entries: Vec<Entry>, digest: Option<Bytes>) -> StoreFuture<Appended> {
        self.change(|store| store.append(log, after, entries, digest))
    }

    fn read(
        &self,
        log: LogId,
        after: Offset,
        direction: Direction,
        limit: usize,
        max_bytes: usize,
    ) -> StoreFuture<Vec<StoredEntry>> {
        self.0.read(log, after, direction, limit, max_bytes)
    }

    fn head(&self, log: LogId) -> StoreFuture<Head> {
        self.0.head(log)
    }

    fn find(&self, log: LogId, ids: Vec<EntryId>) -> StoreFuture<Vec<Option<Offset>>> {
        self.0.find(log, ids)
    }

    fn save_snapshot(&self, log: LogId, snapshot: Snapshot) -> StoreFuture<()> {
        self.change(|store| store.save_snapshot(log, snapshot))
    }

    fn load_snapshot(&self, log: LogId) -> StoreFuture<Option<Snapshot>> {
        self.0.load_snapshot(log)
    }

    fn trim(&self, log: LogId, up_to: Offset) -> StoreFuture<()> {
        self.change(|store| store.trim(log, up_to))
    }

    fn get(&self, table: &'static Table, key: Key) -> StoreFuture<Option<Row>> {
        self.0.get(table, key)
    }

    fn scan(
        &self,
        table: &'static Table,
        partition: Key,
        after: Option<Key>,
        direction: Direction,
        limit: usize,
    ) -> StoreFuture<Vec<Row>> {
        self.0.scan(table, partition, after, direction, limit)
    }

    fn sweep(&self, table: &'static Table, after: Option<Key>, limit: usize) -> StoreFuture<Vec<Row>> {
        self.0.sweep(table, after, limit)
    }

    fn logs(&self, after: Option<LogId>, limit: usize) -> StoreFuture<Vec<LogId>> {
        self.0.logs(after, limit)
    }

    fn write(&self, table: &'static Table, changes: Vec<Mutation>) -> StoreFuture<()> {
        self.change(|store| store.write(table, changes))
    }

    fn insert(&self, table: &'static Table, row: Row) -> StoreFuture<Conditional> {
        self.change(|store| store.insert(table, row))
    }

    fn replace(&self, table: &'static Table, row: Row, column: usize, expected: Value) -> StoreFuture<Conditional> {
        self.change(|store| store.replace(table, row, column, expected))
    }

    fn health(&self) -> Result<(), StoreError> {
        self.0.health()
    }
}
