//! The interface every storage engine implements: logs, snapshots and rows.
//!
//! About ten operations, none of which knows an entity. The embedded engine and the CQL engine both pass the
//! conformance suite in `plenum-store`.

use bytes::Bytes;
use plenum_schema::EntryId;
use plenum_schema::log::{LogId, Offset};
use plenum_schema::table::{Key, Row, Table};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

/// A pending answer of the store.
pub type StoreFuture<T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send>>;

/// The store shared by everything in a node.
pub type SharedStore = Arc<dyn Store>;

/// The largest payload of one log entry, bytes.
pub const MAX_ENTRY_BYTES: usize = 40 * 1024;
/// The most bytes one append may carry (CQL batches stay under 50 KiB).
pub const MAX_APPEND_BYTES: usize = 48 * 1024;
/// The most entries one append may carry.
pub const MAX_APPEND_ENTRIES: usize = 512;

/// Why the store could not answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// It does not answer now: overloaded, restarting, a quorum is missing. Nothing was changed.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
    /// The write may or may not have happened (row operations; appends answer [`Appended::Unknown`]).
    #[error("the outcome of the write is unknown: {0}")]
    Unknown(String),
    /// No space is left. Nothing was changed; it recovers when space returns.
    #[error("the store is full: {0}")]
    Full(String),
    /// Stored bytes do not read back.
    #[error("stored data is damaged: {0}")]
    Damaged(String),
    /// The request breaks a limit of the interface: a bug of the caller.
    #[error("the store refused the request: {0}")]
    Invalid(String),
}

/// An entry to append.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// Its id; unique within the log, indexed for [`Store::find`].
    pub id: EntryId,
    /// Format byte and body, at most [`MAX_ENTRY_BYTES`].
    pub payload: Bytes,
}

/// An entry read back.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StoredEntry {
    /// Its place.
    pub offset: Offset,
    /// Its id.
    pub id: EntryId,
    /// Its payload.
    pub payload: Bytes,
}

/// The end of a log.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Head {
    /// The last offset; 0 when the log is empty.
    pub offset: Offset,
    /// The oldest offset that still exists (retention moves it); 1 for an untrimmed log, also when empty.
    pub first: Offset,
    /// The aggregate's summary as last given with an append; empty when none was.
    pub digest: Bytes,
    /// The offset the digest is of; below `offset` when later appends gave none: the aggregate's owner knows more then.
    pub digest_at: Offset,
}

/// What an append did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Appended {
    /// All entries are durable; the last one has this offset.
    Done(Offset),
    /// Nothing was written: the log's head is this, not the expected one.
    Conflict(Offset),
    /// It may have been written, now or later. Read the tail and look for the entry ids.
    Unknown,
}

/// A saved state of an aggregate.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Snapshot {
    /// The state after this offset.
    pub offset: Offset,
    /// Format byte and body.
    pub state: Bytes,
}

/// Which way a scan goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Direction {
    /// Ascending.
    Forward,
    /// Descending.
    Backward,
}

/// A change of one row.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Mutation {
    /// Writes the whole row.
    Put(Row),
    /// Removes the row with this full key.
    Delete(Key),
}

/// What a conditional row write did.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Conditional {
    /// The row was written.
    Applied,
    /// It was not: this is what stands there (`None`: nothing).
    Refused(Option<Row>),
}

/// A storage engine. All writes are durable when their future answers `Ok`: fsynced, or held by a quorum.
///
/// Futures may be polled on any thread. Dropping one does not undo a write.
pub trait Store: Send + Sync + 'static {
    /// Appends `entries` if the log's head is `expected`; a digest replaces the stored one in the same step, without one the
    /// old stays and [`Head::digest_at`] tells how old it is. No entries with a digest writes the digest alone.
    /// Once `Done` is answered every reader sees the entries. Entry ids become findable at the latest when a snapshot
    /// at or above their offset has been saved.
    ///
    /// Errors other than an unknown outcome mean that nothing was written.
    fn append(&self, log: LogId, expected: Offset, entries: Vec<Entry>, digest: Option<Bytes>)
    -> StoreFuture<Appended>;

    /// Entries with offsets above `after` (forward) or below it (backward; `u64::MAX` for the newest), nearest first,
    /// at most `limit` and about `max_bytes` of payload but one at least. Sees every append acknowledged before.
    fn read(
        &self,
        log: LogId,
        after: Offset,
        direction: Direction,
        limit: usize,
        max_bytes: usize,
    ) -> StoreFuture<Vec<StoredEntry>>;

    /// The log's head, as of now or later. An unknown log has offset 0.
    fn head(&self, log: LogId) -> StoreFuture<Head>;

    /// Where entries with these ids stand, in the order asked; `None` for ids the log does not hold (or does not hold yet
    /// in the index: see [`Store::append`]).
    fn find(&self, log: LogId, ids: Vec<EntryId>) -> StoreFuture<Vec<Option<Offset>>>;

    /// Saves a snapshot unless a newer one is there.
    fn save_snapshot(&self, log: LogId, snapshot: Snapshot) -> StoreFuture<()>;

    /// The newest snapshot.
    fn load_snapshot(&self, log: LogId) -> StoreFuture<Option<Snapshot>>;

    /// Removes entries up to and including `upto` for retention. Readers get what is left; `Head::first` tells. The ids stay findable.
    fn trim(&self, log: LogId, upto: Offset) -> StoreFuture<()>;

    /// The row with this full key.
    fn get(&self, table: &'static Table, key: Key) -> StoreFuture<Option<Row>>;

    /// Rows of the partition that `partition` names, in clustering order. `after` is a clustering key prefix: only rows
    /// beyond it in the direction come. At most `limit` (1 to 1,000).
    fn scan(
        &self,
        table: &'static Table,
        partition: Key,
        after: Option<Key>,
        direction: Direction,
        limit: usize,
    ) -> StoreFuture<Vec<Row>>;

    /// Rows of a whole table in partition order, for export and maintenance: at most `limit` beyond the full key `after`.
    fn sweep(&self, table: &'static Table, after: Option<Key>, limit: usize) -> StoreFuture<Vec<Row>>;

    /// Logs that exist, in key order beyond `after`, at most `limit`: for export and maintenance.
    fn logs(&self, after: Option<LogId>, limit: usize) -> StoreFuture<Vec<LogId>>;

    /// Writes and removes rows of one partition atomically.
    fn write(&self, table: &'static Table, mutations: Vec<Mutation>) -> StoreFuture<()>;

    /// Writes the row if no row has its key.
    fn insert(&self, table: &'static Table, row: Row) -> StoreFuture<Conditional>;

    /// Replaces the row if the stored row's `column` holds `expected` (`column` is its place in the table).
    fn replace(
        &self,
        table: &'static Table,
        row: Row,
        column: usize,
        expected: plenum_schema::table::Value,
    ) -> StoreFuture<Conditional>;

    /// Whether writes are accepted now; the reason when not. Readiness shows it.
    fn health(&self) -> Result<(), StoreError>;
}
