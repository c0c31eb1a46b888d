//! The embedded engine: everything in one directory of this machine, no other service.
//!
//! # What is guaranteed
//! - **Acknowledged is on disk.** A write is answered after the batch that holds it was written to the journal and `fdatasync`
//!   returned. Killing the process at any instant, a crash of the system or a loss of power takes back nothing acknowledged,
//!   as far as the disk and its file system keep what they promised with `fdatasync` (a drive that lies about its cache does not).
//! - **Nothing is seen too early.** Reads see only batches that are on disk, whole.
//! - **One batch is one record of the journal**, with a checksum. A batch cut off by a kill, or of which a loss of power left any
//!   parts on disk, is discarded when the store is opened: its writers were never answered. There is no repair step.
//! - **After a failed write or fsync** nothing more is acknowledged: the writers of that batch learn that the outcome is
//!   unknown, [`Store::health`] says why, and the database is closed, its journal rewritten and synced, and opened again as soon
//!   as that works. Reads go on meanwhile, but for the moment of opening.
//!
//! # What is not
//! - Damage by the *drive* to what it had acknowledged: where a journal does not read and later batches follow, opening answers
//!   [`OpenError::Damaged`] rather than lose them. Damage to the very last batch cannot be told from a torn one.
//! - Uuids in clustering keys sort by their bytes. A CQL server sorts uuids of *different versions* by version first: use one
//!   version in one clustering column.

mod config;
mod directory;
mod engine;
mod error;
mod forming;
mod heads;
mod inspect;
mod journal;
mod keys;
mod metrics;
mod queue;
mod records;
mod rows;
mod shared;
mod turn;
mod write;
mod writer;

pub use config::EmbeddedConfig;
pub use directory::FORMAT;
pub use error::OpenError;
pub use inspect::{Found, inspect};
pub use metrics::StoreMetrics;
pub use shared::{CommitHook, Parts};

use crate::limits::{check_append, check_limit, invalid};
use bytes::Bytes;
use directory::Directory;
use engine::Engine;
use journal::{Damage, mend};
use parking_lot::RwLock;
use plenum_actors::clock::SystemClock;
use plenum_actors::store::{
    Appended, Conditional, Direction, Entry, Head, Mutation, Snapshot, Store, StoreError, StoreFuture, StoredEntry,
};
use plenum_schema::EntryId;
use plenum_schema::log::{LogId, Offset};
use plenum_schema::table::{Key, Row, Table, Value};
use queue::Queue;
use shared::{Condition, Shared};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;
use tokio::sync::oneshot::Receiver;
use turn::Weight;
use write::{Reply, Write};
use writer::Writer;

/// A store in a directory. Dropping it writes what waits and closes the directory.
pub struct Embedded {
    shared: Arc<Shared>,
    writer: Option<JoinHandle<()>>,
}

impl std::fmt::Debug for Embedded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Embedded").field("path", &self.shared.directory.path()).finish_non_exhaustive()
    }
}

impl Embedded {
    /// Opens the store, or makes it; counts into a registry of its own. Blocks while the journal is read.
    ///
    /// # Errors
    /// [`OpenError`] names the path and what to do.
    pub fn open(config: EmbeddedConfig) -> Result<Arc<Self>, OpenError> {
        let registry = prometheus::Registry::new();
        let metrics = StoreMetrics::new(&registry).map_err(|error| OpenError::Config(vec![error.to_string()]))?;
        Self::open_with(config, Parts { metrics, clock: Arc::new(SystemClock::new()), hook: None })
    }

    /// Opens the store with metrics and a clock from outside.
    ///
    /// # Errors
    /// [`OpenError`] names the path and what to do.
    pub fn open_with(config: EmbeddedConfig, parts: Parts) -> Result<Arc<Self>, OpenError> {
        let problems = config.problems();
        if !problems.is_empty() {
            return Err(OpenError::Config(problems));
        }
        let directory = Directory::open(&config.path)?;
        let engine = open_engine(&directory, &config)?;
        let shared = Arc::new(Shared {
            queue: Queue::new(config.max_queued_writes, config.max_queued_bytes),
            config,
            directory,
            parts,
            condition: RwLock::new(Condition::Ready),
            engine: RwLock::new(Some(Arc::new(engine))),
        });
        shared.parts.metrics.healthy.set(1);
        let writer = std::thread::Builder::new().name("store-writer".to_owned()).spawn({
            let shared = shared.clone();
            move || Writer::new(shared).run()
        });
        let writer = writer.map_err(|source| error::opening(shared.directory.path(), source))?;
        Ok(Arc::new(Self { shared, writer: Some(writer) }))
    }

    fn read<T: Weight + Send + 'static>(
        &self,
        read: impl FnOnce(&engine::View<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> StoreFuture<T> {
        let shared = self.shared.clone();
        Box::pin(async move {
            turn::wait(shared.config.read_turn, &shared.parts.metrics).await;
            let answer = shared.read(read)?;
            turn::charge(&answer);
            Ok(answer)
        })
    }

    /// Hands a write over at once; the future only waits for the answer.
    fn submit<T: Send + 'static>(&self, bytes: usize, write: impl FnOnce(Reply<T>) -> Write) -> StoreFuture<T> {
        let (reply, answer) = Reply::new();
        self.shared.submit(write(reply), bytes);
        Box::pin(answered(answer))
    }
}

impl Drop for Embedded {
    fn drop(&mut self) {
        self.shared.queue.close();
        if let Some(writer) = self.writer.take() {
            let _ = writer.join();
        }
        self.shared.queue.clear();
        self.shared.engine.write().take();
        self.shared.directory.release();
    }
}

/// Opens the database inside a directory. The engine below panics on files it does not expect; here that is damage.
fn open_engine(directory: &Directory, config: &EmbeddedConfig) -> Result<Engine, OpenError> {
    let path = directory.database();
    let damaged = |reason| OpenError::Damaged { path: directory.path().to_owned(), reason };
    if let Some(Damage { journal, at }) = mend(&path).map_err(|source| error::opening(&path, source))? {
        return Err(damaged(format!("{journal} does not read at byte {at}, and acknowledged writes follow there")));
    }
    match catch_unwind(AssertUnwindSafe(|| Engine::open(&path, config))) {
        Ok(Ok(engine)) => Ok(engine),
        Ok(Err(error)) => Err(error::opening_engine(directory.path(), error)),
        Err(_) => Err(damaged("the engine panicked while it read its files".to_owned())),
    }
}

async fn answered<T>(answer: Receiver<Result<T, StoreError>>) -> Result<T, StoreError> {
    answer.await.unwrap_or_else(|_| Err(StoreError::Unknown("the writer was interrupted".to_owned())))
}

fn ready<T: Send + 'static>(answer: Result<T, StoreError>) -> StoreFuture<T> {
    Box::pin(std::future::ready(answer))
}

impl Store for Embedded {
    fn append(
        &self,
        log: LogId,
        expected: Offset,
        entries: Vec<Entry>,
        digest: Option<Bytes>,
    ) -> StoreFuture<Appended> {
        let bytes = match check_append(&entries, expected, digest.as_ref(), self.shared.config.max_value_bytes) {
            Ok(bytes) => bytes,
            Err(error) => return ready(Err(error)),
        };
        let (reply, answer) = Reply::new();
        self.shared.submit(Write::Append { log, expected, entries, digest, reply }, bytes);
        // For appends "unknown" is an answer, not an error; a dropped reply means that too.
        Box::pin(async move { answer.await.unwrap_or(Ok(Appended::Unknown)) })
    }

    fn read(
        &self,
        log: LogId,
        after: Offset,
        direction: Direction,
        limit: usize,
        max_bytes: usize,
    ) -> StoreFuture<Vec<StoredEntry>> {
        if limit == 0 {
            return ready(Err(invalid("limit 0 reads nothing".to_owned())));
        }
        self.read(move |view| view.read(log, after, direction, limit, max_bytes))
    }

    fn head(&self, log: LogId) -> StoreFuture<Head> {
        let empty = Head { offset: 0, first: 1, digest: Bytes::new(), digest_at: 0 };
        self.read(move |view| Ok(view.head(log)?.unwrap_or(empty)))
    }

    fn find(&self, log: LogId, ids: Vec<EntryId>) -> StoreFuture<Vec<Option<Offset>>> {
        self.read(move |view| view.find(log, &ids))
    }

    fn save_snapshot(&self, log: LogId, snapshot: Snapshot) -> StoreFuture<()> {
        let (bytes, most) = (snapshot.state.len(), self.shared.config.max_value_bytes);
        if bytes > most {
            return ready(Err(invalid(format!("a snapshot has {bytes} bytes; {most} are allowed"))));
        }
        self.submit(bytes, |reply| Write::Snapshot { log, snapshot, reply })
    }

    fn load_snapshot(&self, log: LogId) -> StoreFuture<Option<Snapshot>> {
        self.read(move |view| view.snapshot(log))
    }

    fn trim(&self, log: LogId, upto: Offset) -> StoreFuture<()> {
        let shared = self.shared.clone();
        // In steps, so that a long trim does not hold up appends.
        Box::pin(async move {
            loop {
                let (reply, answer) = Reply::new();
                shared.submit(Write::Trim { log, upto, reply }, 0);
                if answered(answer).await? {
                    return Ok(());
                }
            }
        })
    }

    fn get(&self, table: &'static Table, key: Key) -> StoreFuture<Option<Row>> {
        match rows::full_key(table, &key) {
            Ok(key) => self.read(move |view| view.row(table, &key)),
            Err(error) => ready(Err(error)),
        }
    }

    fn scan(
        &self,
        table: &'static Table,
        partition: Key,
        after: Option<Key>,
        direction: Direction,
        limit: usize,
    ) -> StoreFuture<Vec<Row>> {
        let range = check_limit(limit).and_then(|()| rows::partition(table, &partition, after.as_deref(), direction));
        match range {
            Ok(range) => self.read(move |view| view.rows(table, range, direction, limit)),
            Err(error) => ready(Err(error)),
        }
    }

    fn sweep(&self, table: &'static Table, after: Option<Key>, limit: usize) -> StoreFuture<Vec<Row>> {
        match check_limit(limit).and_then(|()| rows::whole_table(table, after.as_deref())) {
            Ok(range) => self.read(move |view| view.rows(table, range, Direction::Forward, limit)),
            Err(error) => ready(Err(error)),
        }
    }

    fn logs(&self, after: Option<LogId>, limit: usize) -> StoreFuture<Vec<LogId>> {
        match check_limit(limit) {
            Ok(()) => self.read(move |view| view.logs(after, limit)),
            Err(error) => ready(Err(error)),
        }
    }

    fn write(&self, table: &'static Table, mutations: Vec<Mutation>) -> StoreFuture<()> {
        match rows::changes(table, mutations, self.shared.config.max_value_bytes) {
            Ok((changes, _)) if changes.is_empty() => ready(Ok(())),
            Ok((changes, bytes)) => self.submit(bytes, |reply| Write::Rows { changes, reply }),
            Err(error) => ready(Err(error)),
        }
    }

    fn insert(&self, table: &'static Table, row: Row) -> StoreFuture<Conditional> {
        match rows::encode(table, &row, self.shared.config.max_value_bytes) {
            Ok(row) => self.submit(row.bytes.len(), |reply| Write::Insert { table, row, reply }),
            Err(error) => ready(Err(error)),
        }
    }

    fn replace(&self, table: &'static Table, row: Row, column: usize, expected: Value) -> StoreFuture<Conditional> {
        if table.columns.get(column).is_none_or(|column| !expected.fits(column.kind)) {
            return ready(Err(invalid(format!("column {column} of table {} cannot hold that value", table.name))));
        }
        match rows::encode(table, &row, self.shared.config.max_value_bytes) {
            Ok(row) => self.submit(row.bytes.len(), |reply| Write::Replace { table, row, column, expected, reply }),
            Err(error) => ready(Err(error)),
        }
    }

    fn health(&self) -> Result<(), StoreError> {
        self.shared.condition.read().check()
    }
}
