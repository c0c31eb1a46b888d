//! The open database: its five tables and the reads on them.
//!
//! Reads go through a snapshot of the last *visible* batch. The engine below writes a batch to its journal, fsyncs it, applies it
//! in memory and only then makes it visible, so no reader ever sees what a power failure could take back.

use super::config::EmbeddedConfig;
use super::error::reading;
use super::keys::{self, KeyRange};
use super::records;
use fjall::{Database, Keyspace, KeyspaceCreateOptions, OwnedWriteBatch, PersistMode, Readable};
use plenum_actors::store::{Direction, Head, Snapshot, StoreError, StoredEntry};
use plenum_schema::EntryId;
use plenum_schema::log::{LogId, Offset};
use plenum_schema::table::{Row, Table};
use std::ops::Bound;
use std::path::Path;

/// Sealed memtables at which a batch waits. The engine blocks its caller for ever at 4 when its background threads have died
/// (on a full disk), so we never let it come to that: see `Writer::wait_for_room`.
const SEALED_LIMIT: usize = 3;
/// Tables that wait for merging at which a batch waits, for the same reason (the engine blocks at 30).
const LEVEL0_LIMIT: usize = 24;

/// The open database.
pub(crate) struct Engine {
    database: Database,
    /// Log and offset → entry.
    pub(crate) entries: Keyspace,
    /// Log → head.
    pub(crate) heads: Keyspace,
    /// Log and entry id → offset.
    pub(crate) ids: Keyspace,
    /// Log → snapshot.
    pub(crate) snapshots: Keyspace,
    /// Table name and key → row. One for all tables: an idle table then costs nothing.
    pub(crate) rows: Keyspace,
}

impl Engine {
    /// Opens or makes the database.
    pub(crate) fn open(path: &Path, config: &EmbeddedConfig) -> fjall::Result<Self> {
        let database = Database::builder(path)
            .cache_size(config.cache_bytes)
            .worker_threads(config.background_threads.max(1))
            .max_journaling_size(config.journal_bytes.max(64 * 1024 * 1024))
            .manual_journal_persist(true)
            .open()?;
        let table = |name, bytes| {
            database.keyspace(name, || {
                KeyspaceCreateOptions::default().manual_journal_persist(true).max_memtable_size(bytes)
            })
        };
        Ok(Self {
            entries: table("entries", config.log_memtable_bytes)?,
            heads: table("heads", config.memtable_bytes)?,
            ids: table("ids", config.memtable_bytes)?,
            snapshots: table("snapshots", config.memtable_bytes)?,
            rows: table("rows", config.memtable_bytes)?,
            database,
        })
    }

    /// A batch that is durable when its commit returns.
    pub(crate) fn batch(&self, capacity: usize) -> OwnedWriteBatch {
        OwnedWriteBatch::with_capacity(self.database.clone(), capacity).durability(Some(PersistMode::SyncData))
    }

    /// Whether the engine stopped for good: a write or a background thread failed.
    pub(crate) fn stopped(&self) -> bool {
        self.database.persist(PersistMode::Buffer).is_err()
    }

    /// Whether a batch may be committed without being blocked inside the engine.
    pub(crate) fn has_room(&self) -> bool {
        [&self.entries, &self.heads, &self.ids, &self.snapshots, &self.rows]
            .iter()
            .all(|table| table.sealed_memtable_count() < SEALED_LIMIT && table.l0_table_count() < LEVEL0_LIMIT)
    }

    /// Bytes on disk.
    pub(crate) fn disk_bytes(&self) -> u64 {
        self.database.disk_space().unwrap_or(0)
    }

    /// The state of now, for reading.
    pub(crate) fn view(&self) -> View<'_> {
        View { engine: self, snapshot: self.database.snapshot() }
    }
}

/// One consistent state.
pub(crate) struct View<'a> {
    engine: &'a Engine,
    snapshot: fjall::Snapshot,
}

impl View<'_> {
    fn get<T>(
        &self,
        table: &Keyspace,
        key: &[u8],
        decode: impl FnOnce(&[u8]) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        self.snapshot.get(table, key).map_err(reading)?.map(|value| decode(&value)).transpose()
    }

    /// Walks a range until `each` says stop.
    fn walk(
        &self,
        table: &Keyspace,
        range: KeyRange,
        direction: Direction,
        mut each: impl FnMut(&[u8], &[u8]) -> Result<bool, StoreError>,
    ) -> Result<(), StoreError> {
        if keys::is_empty(&range) {
            return Ok(());
        }
        let mut items = self.snapshot.range(table, range);
        loop {
            let item = match direction {
                Direction::Forward => items.next(),
                Direction::Backward => items.next_back(),
            };
            let Some(item) = item else { return Ok(()) };
            let (key, value) = item.into_inner().map_err(reading)?;
            if !each(&key, &value)? {
                return Ok(());
            }
        }
    }

    /// The head of a log, if it has one. The record tells the offset of its last digest; entries may lie behind it.
    pub(crate) fn head(&self, log: LogId) -> Result<Option<Head>, StoreError> {
        let Some(mut head) = self.get(&self.engine.heads, &log.to_bytes(), records::decode_head)? else {
            return Ok(None);
        };
        let range = (Bound::Excluded(entry_key(log, head.offset)), Bound::Included(entry_key(log, Offset::MAX)));
        self.walk(&self.engine.entries, range, Direction::Backward, |key, value| {
            head.offset = records::decode_entry(key, value)?.offset;
            Ok(false)
        })?;
        Ok(Some(head))
    }

    /// See `Store::read`.
    pub(crate) fn read(
        &self,
        log: LogId,
        after: Offset,
        direction: Direction,
        limit: usize,
        max_bytes: usize,
    ) -> Result<Vec<StoredEntry>, StoreError> {
        let range = match direction {
            Direction::Forward => {
                (Bound::Excluded(entry_key(log, after)), Bound::Included(entry_key(log, Offset::MAX)))
            }
            Direction::Backward => (Bound::Included(entry_key(log, 0)), Bound::Excluded(entry_key(log, after))),
        };
        let mut entries = Vec::new();
        let mut bytes = 0_usize;
        self.walk(&self.engine.entries, range, direction, |key, value| {
            bytes = bytes.saturating_add(value.len().saturating_sub(16));
            if bytes > max_bytes && !entries.is_empty() {
                return Ok(false);
            }
            entries.push(records::decode_entry(key, value)?);
            Ok(entries.len() < limit && bytes < max_bytes)
        })?;
        Ok(entries)
    }

    /// See `Store::find`.
    pub(crate) fn find(&self, log: LogId, ids: &[EntryId]) -> Result<Vec<Option<Offset>>, StoreError> {
        let one = |id: &EntryId| self.get(&self.engine.ids, &records::id_key(log, *id), records::decode_offset);
        ids.iter().map(one).collect()
    }

    /// The newest snapshot.
    pub(crate) fn snapshot(&self, log: LogId) -> Result<Option<Snapshot>, StoreError> {
        self.get(&self.engine.snapshots, &log.to_bytes(), records::decode_snapshot)
    }

    /// The row with this encoded key.
    pub(crate) fn row(&self, table: &Table, key: &[u8]) -> Result<Option<Row>, StoreError> {
        self.get(&self.engine.rows, key, |value| records::decode_row(table, value))
    }

    /// Rows of a range of encoded keys.
    pub(crate) fn rows(
        &self,
        table: &Table,
        range: KeyRange,
        direction: Direction,
        limit: usize,
    ) -> Result<Vec<Row>, StoreError> {
        let mut rows = Vec::new();
        self.walk(&self.engine.rows, range, direction, |_, value| {
            rows.push(records::decode_row(table, value)?);
            Ok(rows.len() < limit)
        })?;
        Ok(rows)
    }

    /// Logs beyond `after`.
    pub(crate) fn logs(&self, after: Option<LogId>, limit: usize) -> Result<Vec<LogId>, StoreError> {
        let start = after.map_or(Bound::Unbounded, |log| Bound::Excluded(log.to_bytes().to_vec()));
        let mut logs = Vec::new();
        self.walk(&self.engine.heads, (start, Bound::Unbounded), Direction::Forward, |key, _| {
            logs.push(records::decode_log(key)?);
            Ok(logs.len() < limit)
        })?;
        Ok(logs)
    }
}

fn entry_key(log: LogId, offset: Offset) -> Vec<u8> {
    records::entry_key(log, offset).to_vec()
}
