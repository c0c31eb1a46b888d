//! The store as the interface describes it, no kinder: logs with an atomic compare-and-append, an index that knows ids only
//! when a snapshot covers them, snapshots.

use plenum_actors::store::{Appended, Entry, Head, Snapshot, StoredEntry};
use plenum_schema::{EntryId, Offset};
use std::collections::HashMap;

/// What becomes of a write.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fate {
    /// Applied and answered.
    Done,
    /// Refused without effect.
    Unavailable,
    /// Never applied; the writer hears that nobody knows.
    Lost,
    /// Applied; the writer hears that nobody knows.
    LostApplied,
    /// The writer hears that nobody knows; applied later.
    Late,
}

/// One log. `entries` keeps what retention removed too, for the checker.
#[derive(Debug)]
pub struct Log {
    /// Everything ever appended.
    pub entries: Vec<Entry>,
    /// The oldest offset readers still get.
    pub first: Offset,
    /// What the stored summary is of.
    digest_at: Offset,
    snapshot: Option<Snapshot>,
    index: HashMap<EntryId, Offset>,
    indexed: Offset,
    is_eager: bool,
}

impl Log {
    /// A log with entries. An eager one indexes at once, a lazy one as late as allowed.
    #[must_use]
    pub fn new(entries: Vec<Entry>, is_eager: bool) -> Self {
        let mut log =
            Self { entries, first: 1, digest_at: 0, snapshot: None, index: HashMap::new(), indexed: 0, is_eager };
        if is_eager {
            log.index_up_to(log.head());
        }
        log
    }

    /// The newest offset.
    #[must_use]
    pub fn head(&self) -> Offset {
        self.entries.len() as u64
    }

    /// The entry at an offset.
    #[must_use]
    pub fn entry(&self, offset: Offset) -> Option<&Entry> {
        self.entries.get(usize::try_from(offset.checked_sub(1)?).ok()?)
    }

    /// Compare-and-append.
    pub fn append(&mut self, expected: Offset, entries: Vec<Entry>, with_digest: bool) -> Appended {
        if self.head() != expected {
            return Appended::Conflict(self.head());
        }
        self.entries.extend(entries);
        if with_digest {
            self.digest_at = self.head();
        }
        if self.is_eager {
            self.index_up_to(self.head());
        }
        Appended::Done(self.head())
    }

    /// Entries above `after` that retention has left.
    #[must_use]
    pub fn read(&self, after: Offset, limit: usize) -> Vec<StoredEntry> {
        let from = after.max(self.first - 1);
        let skipped = usize::try_from(from).unwrap_or(usize::MAX);
        let stored =
            |(offset, entry): (Offset, &Entry)| StoredEntry { offset, id: entry.id, payload: entry.payload.clone() };
        (from + 1..).zip(self.entries.iter().skip(skipped)).take(limit).map(stored).collect()
    }

    /// The head as readers see it.
    #[must_use]
    pub fn head_record(&self) -> Head {
        Head { offset: self.head(), first: self.first, digest: bytes::Bytes::new(), digest_at: self.digest_at }
    }

    /// Looks ids up.
    #[must_use]
    pub fn find(&self, ids: &[EntryId]) -> Vec<Option<Offset>> {
        ids.iter().map(|id| self.index.get(id).copied()).collect()
    }

    /// Saves a snapshot unless a newer one is there.
    pub fn save(&mut self, snapshot: Snapshot) {
        if self.snapshot.as_ref().is_none_or(|present| present.offset < snapshot.offset) {
            self.index_up_to(snapshot.offset);
            self.snapshot = Some(snapshot);
        }
    }

    /// The newest snapshot.
    #[must_use]
    pub fn snapshot(&self) -> Option<Snapshot> {
        self.snapshot.clone()
    }

    /// Removes what is at or below `upto` from readers.
    pub fn trim(&mut self, upto: Offset) {
        self.first = self.first.max(upto + 1);
    }

    fn index_up_to(&mut self, offset: Offset) {
        while self.indexed < offset.min(self.head()) {
            self.indexed += 1;
            if let Some(id) = self.entry(self.indexed).map(|entry| entry.id) {
                self.index.entry(id).or_insert(self.indexed);
            }
        }
    }
}
