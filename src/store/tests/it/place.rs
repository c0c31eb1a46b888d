//! A directory for one test, and short forms of what tests do with a store.

use bytes::Bytes;
use plenum_actors::clock::SystemClock;
use plenum_actors::store::{Appended, Direction, Entry, Store, StoreError};
use plenum_schema::EntryId;
use plenum_schema::log::{AggregateKind, LogId, Offset};
use plenum_store::embedded::{CommitHook, Parts};
use plenum_store::{Embedded, EmbeddedConfig, StoreMetrics};
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use uuid::Uuid;

pub struct Place(TempDir);

impl Place {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// Little is asked of the machine's disk, and failures are noticed soon.
    pub fn config(&self) -> EmbeddedConfig {
        quick(self.0.path().join("store"))
    }

    pub fn open(&self) -> Arc<Embedded> {
        self.open_with(self.config())
    }

    pub fn open_with(&self, config: EmbeddedConfig) -> Arc<Embedded> {
        Embedded::open(config).unwrap()
    }
}

pub fn quick(path: std::path::PathBuf) -> EmbeddedConfig {
    EmbeddedConfig { min_free_bytes: 1 << 20, check_interval_ms: 20, ..EmbeddedConfig::at(path) }
}

pub fn parts(hook: Option<Arc<dyn CommitHook>>) -> Parts {
    let metrics = StoreMetrics::new(&prometheus::Registry::new()).unwrap();
    Parts { metrics, clock: Arc::new(SystemClock::new()), hook }
}

pub fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

pub fn log() -> LogId {
    LogId { kind: AggregateKind::Conversation, id: Uuid::new_v4() }
}

pub fn entry(body: &str) -> Entry {
    Entry { id: EntryId(Uuid::new_v4()), payload: Bytes::copy_from_slice(body.as_bytes()) }
}

pub fn append(store: &Embedded, log: LogId, expected: Offset, entry: Entry) -> Result<Appended, StoreError> {
    run(store.append(log, expected, vec![entry], Some(Bytes::from_static(b"digest"))))
}

/// Ids and bodies of a whole log; panics at a gap.
pub fn whole(store: &Embedded, log: LogId) -> Vec<(EntryId, Bytes)> {
    let mut all = Vec::new();
    loop {
        let page = run(store.read(log, all.len() as u64, Direction::Forward, 1_000, 1 << 20)).unwrap();
        if page.is_empty() {
            return all;
        }
        for entry in page {
            assert_eq!(entry.offset, all.len() as u64 + 1, "a gap in {log}");
            all.push((entry.id, entry.payload));
        }
    }
}

/// Polls until it holds.
pub fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !holds() {
        assert!(Instant::now() < deadline, "{what}: not within 20 s");
        std::thread::sleep(Duration::from_millis(2));
    }
}
