//! A store in memory: logs and snapshots only.

use bytes::Bytes;
use parking_lot::Mutex;
use plenum_actors::store::{
    Appended, Conditional, Direction, Entry, Head, Mutation, Snapshot, Store, StoreError, StoreFuture, StoredEntry,
};
use plenum_schema::table::{Key, Row, Table, Value};
use plenum_schema::{EntryId, LogId, Offset};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

#[derive(Default)]
struct Log {
    entries: Vec<Entry>,
    digest: Bytes,
    digest_at: Offset,
    snapshot: Option<Snapshot>,
}

/// Appends finish some polls later, everything else at once.
#[derive(Default)]
pub struct MemoryStore {
    logs: Arc<Mutex<HashMap<LogId, Log>>>,
    pub appends: AtomicUsize,
    pub reads: AtomicUsize,
    pub is_down: Arc<AtomicBool>,
}

fn ready<T: Send + 'static>(value: T) -> StoreFuture<T> {
    Box::pin(std::future::ready(Ok(value)))
}

fn none<T: Send + 'static>() -> StoreFuture<T> {
    Box::pin(std::future::ready(Err(StoreError::Invalid("logs only".into()))))
}

impl MemoryStore {
    pub fn entries(&self, log: LogId) -> Vec<Entry> {
        self.logs.lock().get(&log).map(|log| log.entries.clone()).unwrap_or_default()
    }

    pub fn snapshot(&self, log: LogId) -> Option<Snapshot> {
        self.logs.lock().get(&log).and_then(|log| log.snapshot.clone())
    }
}

impl Store for MemoryStore {
    fn append(
        &self,
        log: LogId,
        expected: Offset,
        entries: Vec<Entry>,
        digest: Option<Bytes>,
    ) -> StoreFuture<Appended> {
        self.appends.fetch_add(1, Ordering::SeqCst);
        let (logs, is_down) = (Arc::clone(&self.logs), Arc::clone(&self.is_down));
        Box::pin(async move {
            tokio::task::yield_now().await;
            tokio::task::yield_now().await;
            if is_down.load(Ordering::SeqCst) {
                return Err(StoreError::Unavailable("down".into()));
            }
            let mut logs = logs.lock();
            let log = logs.entry(log).or_default();
            let head = log.entries.len() as u64;
            if head != expected {
                return Ok(Appended::Conflict(head));
            }
            log.entries.extend(entries);
            if let Some(digest) = digest {
                log.digest = digest;
                log.digest_at = log.entries.len() as u64;
            }
            Ok(Appended::Done(log.entries.len() as u64))
        })
    }

    fn read(
        &self,
        log: LogId,
        after: Offset,
        direction: Direction,
        limit: usize,
        _: usize,
    ) -> StoreFuture<Vec<StoredEntry>> {
        self.reads.fetch_add(1, Ordering::SeqCst);
        let entries = self.entries(log);
        let stored = entries.into_iter().zip(1..).map(|(entry, offset)| StoredEntry {
            offset,
            id: entry.id,
            payload: entry.payload,
        });
        ready(match direction {
            Direction::Forward => stored.filter(|entry| entry.offset > after).take(limit).collect(),
            Direction::Backward => {
                let mut below: Vec<_> = stored.filter(|entry| entry.offset < after).collect();
                below.reverse();
                below.truncate(limit);
                below
            }
        })
    }

    fn head(&self, log: LogId) -> StoreFuture<Head> {
        let logs = self.logs.lock();
        let log = logs.get(&log);
        let (offset, digest, digest_at) =
            log.map(|log| (log.entries.len() as u64, log.digest.clone(), log.digest_at)).unwrap_or_default();
        ready(Head { offset, first: 1, digest, digest_at })
    }

    fn find(&self, log: LogId, ids: Vec<EntryId>) -> StoreFuture<Vec<Option<Offset>>> {
        let entries = self.entries(log);
        ready(ids.iter().map(|id| entries.iter().position(|entry| entry.id == *id).map(|at| at as u64 + 1)).collect())
    }

    fn save_snapshot(&self, log: LogId, snapshot: Snapshot) -> StoreFuture<()> {
        self.logs.lock().entry(log).or_default().snapshot = Some(snapshot);
        ready(())
    }

    fn load_snapshot(&self, log: LogId) -> StoreFuture<Option<Snapshot>> {
        ready(self.snapshot(log))
    }

    fn trim(&self, _: LogId, _: Offset) -> StoreFuture<()> {
        ready(())
    }

    fn get(&self, _: &'static Table, _: Key) -> StoreFuture<Option<Row>> {
        none()
    }

    fn scan(&self, _: &'static Table, _: Key, _: Option<Key>, _: Direction, _: usize) -> StoreFuture<Vec<Row>> {
        none()
    }

    fn sweep(&self, _: &'static Table, _: Option<Key>, _: usize) -> StoreFuture<Vec<Row>> {
        none()
    }

    fn logs(&self, _: Option<LogId>, _: usize) -> StoreFuture<Vec<LogId>> {
        none()
    }

    fn write(&self, _: &'static Table, _: Vec<Mutation>) -> StoreFuture<()> {
        none()
    }

    fn insert(&self, _: &'static Table, _: Row) -> StoreFuture<Conditional> {
        none()
    }

    fn replace(&self, _: &'static Table, _: Row, _: usize, _: Value) -> StoreFuture<Conditional> {
        none()
    }

    fn health(&self) -> Result<(), StoreError> {
        Ok(())
    }
}
