//! The batch being formed: conditions are decided in order, against the stored state and what the batch has changed so far.
//!
//! A key must come once in a batch (the engine below gives all writes of a batch one sequence number), so heads, snapshots
//! and rows are kept in maps until the batch is complete; several appends to one log then also write one head.

use super::engine::{Engine, View};
use super::heads::{Ends, HeadCache};
use super::records;
use super::write::{Pending, Reply, RowChange, Write};
use bytes::Bytes;
use fjall::OwnedWriteBatch;
use plenum_actors::store::{Appended, Conditional, Direction, Entry, Head, Snapshot, StoreError};
use plenum_schema::EntryId;
use plenum_schema::log::{LogId, MAX_OFFSET, Offset};
use plenum_schema::table::{Row, Table};
use std::collections::HashMap;

/// Entries read at once while their ids are indexed.
const INDEXED_AT_ONCE: usize = 512;

/// A head changed by this batch.
struct Dirty {
    head: Head,
    /// Entries above this offset are in this batch and cannot be removed by it.
    stored: Offset,
}

/// What a batch holds, for metrics.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Counts {
    pub(crate) appends: u64,
    pub(crate) entries: u64,
    pub(crate) others: u64,
    pub(crate) conflicts: u64,
    pub(crate) bytes: u64,
}

/// The batch.
pub(crate) struct Forming<'a> {
    engine: &'a Engine,
    view: View<'a>,
    heads: &'a mut HeadCache,
    trim_entries: u64,
    batch: OwnedWriteBatch,
    dirty: HashMap<LogId, Dirty>,
    snapshots: HashMap<LogId, Snapshot>,
    rows: HashMap<Vec<u8>, Option<Vec<u8>>>,
    /// Entries of this batch, which its view does not show.
    appended: Vec<(LogId, EntryId, Offset)>,
    pending: Vec<Pending>,
    counts: Counts,
}

impl<'a> Forming<'a> {
    pub(crate) fn new(engine: &'a Engine, heads: &'a mut HeadCache, trim_entries: usize, capacity: usize) -> Self {
        Self {
            engine,
            view: engine.view(),
            heads,
            trim_entries: trim_entries as u64,
            batch: engine.batch(capacity * 2),
            dirty: HashMap::with_capacity(capacity),
            snapshots: HashMap::new(),
            rows: HashMap::new(),
            appended: Vec::with_capacity(capacity),
            pending: Vec::with_capacity(capacity),
            counts: Counts::default(),
        }
    }

    /// Decides one write. A failed read answers it at once; nothing of it is in the batch then.
    pub(crate) fn add(&mut self, write: Write) {
        match write {
            Write::Append { log, expected, entries, digest, reply } => {
                let appended = self.append(log, expected, &entries, digest);
                self.keep(reply, appended, Pending::Append);
            }
            Write::Snapshot { log, snapshot, reply } => {
                let saved = self.save_snapshot(log, snapshot);
                self.keep(reply, saved, |reply, ()| Pending::Done(reply));
            }
            Write::Trim { log, upto, reply } => {
                let complete = self.trim(log, upto);
                self.keep(reply, complete, Pending::Trim);
            }
            Write::Rows { changes, reply } => {
                self.counts.others += changes.len() as u64;
                changes.into_iter().for_each(|change| self.put(change));
                self.pending.push(Pending::Done(reply));
            }
            Write::Insert { table, row, reply } => {
                let applied = self.stored(table, &row.key).map(|stored| match stored {
                    None => self.apply(row.key, row.bytes),
                    taken => self.refuse(taken),
                });
                self.keep(reply, applied, Pending::Conditional);
            }
            Write::Replace { table, row, column, expected, reply } => {
                let applied = self.stored(table, &row.key).map(|stored| {
                    let holds = stored.as_ref().and_then(|stored| stored.get(column)) == Some(&expected);
                    if holds { self.apply(row.key, row.bytes) } else { self.refuse(stored) }
                });
                self.keep(reply, applied, Pending::Conditional);
            }
        }
    }

    fn keep<T>(
        &mut self,
        reply: Reply<T>,
        decided: Result<T, StoreError>,
        pending: impl FnOnce(Reply<T>, T) -> Pending,
    ) {
        match decided {
            Ok(value) => self.pending.push(pending(reply, value)),
            Err(error) => reply.send(Err(error)),
        }
    }

    fn append(
        &mut self,
        log: LogId,
        expected: Offset,
        entries: &[Entry],
        digest: Option<Bytes>,
    ) -> Result<Appended, StoreError> {
        let ends = self.ends(log)?;
        if ends.offset != expected {
            self.counts.conflicts += 1;
            return Ok(Appended::Conflict(ends.offset));
        }
        let last = expected + entries.len() as u64;
        if last > MAX_OFFSET {
            return Err(StoreError::Invalid(format!("log {log} has no offsets left")));
        }
        for (offset, entry) in (expected + 1..).zip(entries) {
            let value = records::encode_entry(entry);
            self.counts.bytes += value.len() as u64 + 66;
            self.batch.insert(&self.engine.entries, records::entry_key(log, offset), value);
            self.appended.push((log, entry.id, offset));
        }
        self.heads.put(log, Ends { offset: last, first: ends.first });
        match digest {
            Some(digest) => {
                self.set_head(log, Head { offset: last, first: ends.first, digest, digest_at: last }, expected);
            }
            // The first append makes the log known.
            None if expected == 0 => {
                self.set_head(log, Head { offset: last, first: ends.first, digest: Bytes::new(), digest_at: 0 }, 0);
            }
            // The entries themselves tell how far the log reaches.
            None => {}
        }
        self.counts.appends += 1;
        self.counts.entries += entries.len() as u64;
        Ok(Appended::Done(last))
    }

    /// The ends of a log as this batch leaves them.
    fn ends(&mut self, log: LogId) -> Result<Ends, StoreError> {
        if let Some(ends) = self.heads.get(log) {
            return Ok(ends);
        }
        let head = self.view.head(log)?;
        let ends = head.map_or(Ends { offset: 0, first: 1 }, |head| Ends { offset: head.offset, first: head.first });
        self.heads.put(log, ends);
        Ok(ends)
    }

    fn set_head(&mut self, log: LogId, head: Head, stored: Offset) {
        let stored = self.dirty.get(&log).map_or(stored, |dirty| dirty.stored);
        self.dirty.insert(log, Dirty { head, stored });
    }

    fn trim(&mut self, log: LogId, upto: Offset) -> Result<bool, StoreError> {
        let Some(head) = self.whole_head(log)? else { return Ok(true) };
        let stored = self.dirty.get(&log).map_or(head.offset, |dirty| dirty.stored);
        let wanted = upto.min(self.ends(log)?.offset);
        let step = wanted.min(stored).min(head.first.saturating_add(self.trim_entries - 1));
        // Ids stay findable beyond their entries, also of entries that no snapshot has covered.
        let indexed = match self.snapshots.get(&log) {
            Some(forming) => forming.offset,
            None => self.view.snapshot(log)?.map_or(0, |stored| stored.offset),
        };
        if indexed < step {
            self.index_ids(log, indexed.max(head.first - 1), step)?;
        }
        for offset in head.first..=step {
            self.batch.remove(&self.engine.entries, records::entry_key(log, offset));
        }
        let first = head.first.max(step + 1);
        if first > head.first {
            self.counts.others += 1;
            let ends = self.ends(log)?;
            self.heads.put(log, Ends { first, ..ends });
            self.set_head(log, Head { first, ..head }, stored);
        }
        Ok(step >= wanted)
    }

    /// The head with its digest, as this batch leaves it.
    fn whole_head(&self, log: LogId) -> Result<Option<Head>, StoreError> {
        match self.dirty.get(&log) {
            Some(dirty) => Ok(Some(dirty.head.clone())),
            None => self.view.head(log),
        }
    }

    fn save_snapshot(&mut self, log: LogId, snapshot: Snapshot) -> Result<(), StoreError> {
        let known = match self.snapshots.get(&log) {
            Some(forming) => Some(forming.offset),
            None => self.view.snapshot(log)?.map(|stored| stored.offset),
        };
        if known.is_none_or(|known| known <= snapshot.offset) {
            self.index_ids(log, known.unwrap_or(0), snapshot.offset)?;
            self.counts.others += 1;
            self.snapshots.insert(log, snapshot);
        }
        Ok(())
    }

    /// Makes the ids of entries beyond `after` up to `upto` findable. Done for many at once when a snapshot is saved, not with
    /// every append: until then the owner has them in memory.
    fn index_ids(&mut self, log: LogId, after: Offset, upto: Offset) -> Result<(), StoreError> {
        let mut from = after;
        while from < upto {
            let page = self.view.read(log, from, Direction::Forward, INDEXED_AT_ONCE, usize::MAX)?;
            let Some(last) = page.last().map(|entry| entry.offset) else { break };
            for entry in page.iter().filter(|entry| entry.offset <= upto) {
                self.batch.insert(&self.engine.ids, records::id_key(log, entry.id), entry.offset.to_be_bytes());
            }
            from = last;
        }
        for (_, id, offset) in
            self.appended.iter().filter(|(of, _, offset)| *of == log && *offset > after && *offset <= upto)
        {
            self.batch.insert(&self.engine.ids, records::id_key(log, *id), offset.to_be_bytes());
        }
        Ok(())
    }

    /// The row as this batch leaves it.
    fn stored(&self, table: &Table, key: &[u8]) -> Result<Option<Row>, StoreError> {
        match self.rows.get(key) {
            Some(forming) => forming.as_deref().map(|bytes| records::decode_row(table, bytes)).transpose(),
            None => self.view.row(table, key),
        }
    }

    fn put(&mut self, change: RowChange) {
        self.rows.insert(change.key, change.row);
    }

    fn apply(&mut self, key: Vec<u8>, bytes: Vec<u8>) -> Conditional {
        self.counts.others += 1;
        self.put(RowChange { key, row: Some(bytes) });
        Conditional::Applied
    }

    fn refuse(&mut self, stored: Option<Row>) -> Conditional {
        self.counts.conflicts += 1;
        Conditional::Refused(stored)
    }

    /// The complete batch, and who waits for it.
    pub(crate) fn finish(self) -> (OwnedWriteBatch, Vec<Pending>, Counts) {
        let Self { engine, mut batch, mut counts, dirty, snapshots, rows, pending, .. } = self;
        for (log, dirty) in dirty {
            let value = records::encode_head(&dirty.head);
            counts.bytes += value.len() as u64 + 17;
            batch.insert(&engine.heads, log.to_bytes(), value);
        }
        for (log, snapshot) in snapshots {
            let value = records::encode_snapshot(&snapshot);
            counts.bytes += value.len() as u64 + 17;
            batch.insert(&engine.snapshots, log.to_bytes(), value);
        }
        for (key, row) in rows {
            counts.bytes += (key.len() + row.as_ref().map_or(0, Vec::len)) as u64;
            match row {
                Some(value) => batch.insert(&engine.rows, key, value),
                None => batch.remove(&engine.rows, key),
            }
        }
        (batch, pending, counts)
    }
}
