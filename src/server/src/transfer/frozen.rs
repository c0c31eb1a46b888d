//! A store that is only read, as long as it is copied.

use bytes::Bytes;
use plenum_actors::store::{
    Appended, Conditional, Direction, Entry, Head, Mutation, SharedStore, Snapshot, Store, StoreError, StoreFuture,
    StoredEntry,
};
use plenum_schema::table::{Key, Row, Table, Value};
use plenum_schema::{EntryId, LogId, Offset};
use std::sync::Arc;

/// A store that answers every question and refuses every change as [`StoreError::Unavailable`]: callers are told to come back later,
/// as when a store does not answer.
pub struct Frozen(SharedStore);

impl Frozen {
    /// Nothing changes in it any more by way of what this answers.
    #[must_use]
    pub fn over(store: SharedStore) -> SharedStore {
        Arc::new(Self(store))
    }
}

fn refused<T: Send + 'static>() -> StoreFuture<T> {
    Box::pin(async { Err(StoreError::Unavailable("the data is being moved: nothing can be changed now".to_owned())) })
}

impl Store for Frozen {
    fn append(&self, _: LogId, _: Offset, _: Vec<Entry>, _: Option<Bytes>) -> StoreFuture<Appended> {
        refused()
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

    fn save_snapshot(&self, _: LogId, _: Snapshot) -> StoreFuture<()> {
        refused()
    }

    fn load_snapshot(&self, log: LogId) -> StoreFuture<Option<Snapshot>> {
        self.0.load_snapshot(log)
    }

    fn trim(&self, _: LogId, _: Offset) -> StoreFuture<()> {
        refused()
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

    fn write(&self, _: &'static Table, _: Vec<Mutation>) -> StoreFuture<()> {
        refused()
    }

    fn insert(&self, _: &'static Table, _: Row) -> StoreFuture<Conditional> {
        refused()
    }

    fn replace(&self, _: &'static Table, _: Row, _: usize, _: Value) -> StoreFuture<Conditional> {
        refused()
    }

    fn health(&self) -> Result<(), StoreError> {
        self.0.health()
    }
}
