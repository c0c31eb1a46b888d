//! A store in memory: rows only, every operation after a yield so that callers interleave, and a switch that makes writes fail.

use bytes::Bytes;
use plenum_actors::store::{
    Appended, Conditional, Direction, Entry, Head, Mutation, Snapshot, Store, StoreError, StoreFuture, StoredEntry,
};
use plenum_schema::log::{LogId, Offset};
use plenum_schema::table::{Key, Row, Table, Value};
use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

type Rows = HashMap<&'static str, BTreeMap<Key, Row>>;

#[derive(Default)]
struct State {
    rows: Mutex<Rows>,
    /// Writes that still succeed; below zero all do.
    writes_left: AtomicI64,
    sweeps: AtomicUsize,
}

#[derive(Clone)]
pub struct MemoryStore(Arc<State>);

impl MemoryStore {
    pub fn new() -> Self {
        let state = State::default();
        state.writes_left.store(i64::MIN, Ordering::SeqCst);
        Self(Arc::new(state))
    }

    /// All writes after the next `writes` fail until [`Self::heal`].
    pub fn fail_after(&self, writes: i64) {
        self.0.writes_left.store(writes, Ordering::SeqCst);
    }

    pub fn heal(&self) {
        self.0.writes_left.store(i64::MIN, Ordering::SeqCst);
    }

    /// All rows of a table.
    pub fn rows(&self, table: &'static Table) -> Vec<Row> {
        self.lock().get(table.name).map(|rows| rows.values().cloned().collect()).unwrap_or_default()
    }

    /// How many pages of tables were read.
    pub fn sweeps(&self) -> usize {
        self.0.sweeps.load(Ordering::SeqCst)
    }

    fn lock(&self) -> MutexGuard<'_, Rows> {
        self.0.rows.lock().unwrap()
    }

    fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> Result<T, StoreError> + Send + 'static,
    ) -> StoreFuture<T> {
        let store = self.clone();
        Box::pin(async move {
            tokio::task::yield_now().await;
            work(&store)
        })
    }

    fn may_write(&self) -> Result<(), StoreError> {
        let left = self.0.writes_left.load(Ordering::SeqCst);
        if left == 0 {
            return Err(StoreError::Unavailable("switched off".to_owned()));
        }
        if left > 0 {
            self.0.writes_left.fetch_sub(1, Ordering::SeqCst);
        }
        Ok(())
    }
}

fn key_of(table: &Table, row: &Row) -> Key {
    row[..table.key_len()].to_vec()
}

fn rows_only<T: Send + 'static>() -> StoreFuture<T> {
    Box::pin(async { Err(StoreError::Invalid("rows only".to_owned())) })
}

impl Store for MemoryStore {
    fn append(&self, _: LogId, _: Offset, _: Vec<Entry>, _: Option<Bytes>) -> StoreFuture<Appended> {
        rows_only()
    }

    fn read(&self, _: LogId, _: Offset, _: Direction, _: usize, _: usize) -> StoreFuture<Vec<StoredEntry>> {
        rows_only()
    }

    fn head(&self, _: LogId) -> StoreFuture<Head> {
        rows_only()
    }

    fn find(&self, _: LogId, _: Vec<plenum_schema::EntryId>) -> StoreFuture<Vec<Option<Offset>>> {
        rows_only()
    }

    fn save_snapshot(&self, _: LogId, _: Snapshot) -> StoreFuture<()> {
        rows_only()
    }

    fn load_snapshot(&self, _: LogId) -> StoreFuture<Option<Snapshot>> {
        rows_only()
    }

    fn trim(&self, _: LogId, _: Offset) -> StoreFuture<()> {
        rows_only()
    }

    fn logs(&self, _: Option<LogId>, _: usize) -> StoreFuture<Vec<LogId>> {
        rows_only()
    }

    fn get(&self, table: &'static Table, key: Key) -> StoreFuture<Option<Row>> {
        self.run(move |store| Ok(store.lock().get(table.name).and_then(|rows| rows.get(&key)).cloned()))
    }

    fn scan(
        &self,
        table: &'static Table,
        partition: Key,
        after: Option<Key>,
        direction: Direction,
        limit: usize,
    ) -> StoreFuture<Vec<Row>> {
        self.run(move |store| {
            let rows = store.rows(table).into_iter().filter(|row| row[..partition.len()] == partition[..]);
            let clustering = |row: &Row| row[table.partition..table.key_len()].to_vec();
            let mut rows: Vec<Row> = match (after, direction) {
                (None, _) => rows.collect(),
                (Some(after), Direction::Forward) => rows.filter(|row| clustering(row) > after).collect(),
                (Some(after), Direction::Backward) => rows.filter(|row| clustering(row) < after).collect(),
            };
            if direction == Direction::Backward {
                rows.reverse();
            }
            rows.truncate(limit);
            Ok(rows)
        })
    }

    fn sweep(&self, table: &'static Table, after: Option<Key>, limit: usize) -> StoreFuture<Vec<Row>> {
        self.run(move |store| {
            store.0.sweeps.fetch_add(1, Ordering::SeqCst);
            let rows = store.rows(table).into_iter();
            let beyond = rows.filter(|row| after.as_ref().is_none_or(|after| key_of(table, row) > *after));
            Ok(beyond.take(limit).collect())
        })
    }

    fn write(&self, table: &'static Table, mutations: Vec<Mutation>) -> StoreFuture<()> {
        self.run(move |store| {
            store.may_write()?;
            let mut all = store.lock();
            let rows = all.entry(table.name).or_default();
            for mutation in mutations {
                match mutation {
                    Mutation::Put(row) => drop(rows.insert(key_of(table, &row), row)),
                    Mutation::Delete(key) => drop(rows.remove(&key)),
                }
            }
            Ok(())
        })
    }

    fn insert(&self, table: &'static Table, row: Row) -> StoreFuture<Conditional> {
        self.run(move |store| {
            store.may_write()?;
            let mut all = store.lock();
            let rows = all.entry(table.name).or_default();
            if let Some(stands) = rows.get(&key_of(table, &row)) {
                return Ok(Conditional::Refused(Some(stands.clone())));
            }
            rows.insert(key_of(table, &row), row);
            Ok(Conditional::Applied)
        })
    }

    fn replace(&self, table: &'static Table, row: Row, column: usize, expected: Value) -> StoreFuture<Conditional> {
        self.run(move |store| {
            store.may_write()?;
            let mut all = store.lock();
            let rows = all.entry(table.name).or_default();
            match rows.get_mut(&key_of(table, &row)) {
                Some(stands) if stands[column] == expected => *stands = row,
                stands => return Ok(Conditional::Refused(stands.cloned())),
            }
            Ok(Conditional::Applied)
        })
    }

    fn health(&self) -> Result<(), StoreError> {
        Ok(())
    }
}
