//! Snapshots, what they allow to forget, and retention.

use super::{Core, Mutation, Now, Phase, Report, Wish};
use crate::aggregate::Aggregate;
use crate::clock::MonoMillis;
use crate::store::{Snapshot, StoreError};
use plenum_schema::{Offset, codec};

/// What is saved.
#[derive(Debug, Default)]
pub(super) struct Snapshots {
    /// The newest one known to be safe.
    saved: Offset,
    /// Ids of entries up to here are in the log's index: a snapshot at or above, of whatever format, is safe.
    pub(super) indexed: Offset,
    saving: Option<Saving>,
    failures: u32,
    not_before: MonoMillis,
    trimming: bool,
}

#[derive(Debug)]
struct Saving {
    number: u64,
    offset: Offset,
}

impl Snapshots {
    pub(super) fn loaded(&mut self, offset: Offset) {
        *self = Self { saved: offset, indexed: offset, ..Self::default() };
    }

    pub(super) fn is_saving(&self) -> bool {
        self.saving.is_some()
    }

    pub(super) fn covers(&self, head: Offset) -> bool {
        self.saved >= head
    }
}

impl<A: Aggregate> Core<A> {
    pub(super) fn snapshot_if_due(&mut self, now: Now) {
        if self.snapshot_is_due() && self.snapshots.not_before <= now.mono {
            self.save(now);
        }
    }

    fn snapshot_every(&self) -> u64 {
        self.confirmed.snapshot_every(self.config.snapshot_every)
    }

    fn snapshot_is_due(&self) -> bool {
        let folded = !matches!(self.phase, Phase::Down { .. } | Phase::Fetching { .. });
        let is_far = self.head >= self.snapshots.saved + self.snapshot_every();
        folded && self.snapshots.saving.is_none() && (is_far || self.confirmed.forgotten() > self.snapshots.saved)
    }

    pub(super) fn snapshot_at(&self) -> Option<MonoMillis> {
        self.snapshot_is_due().then_some(self.snapshots.not_before)
    }

    pub(super) fn save(&mut self, now: Now) {
        let state = match codec::store(A::SNAPSHOT_FORMAT, &self.confirmed.save()) {
            Ok(state) => state,
            Err(error) => return self.not_saved(error.to_string(), now),
        };
        let number = self.number();
        let offset = self.head;
        self.snapshots.saving = Some(Saving { number, offset });
        self.wishes.push(Wish::SaveSnapshot { number, snapshot: Snapshot { offset, state } });
        if self.is_broken(Mutation::ForgetUnsaved) {
            self.seen.forget(offset);
        }
    }

    pub(super) fn saved(&mut self, number: u64, result: Result<(), StoreError>, now: Now) {
        let Some(saving) = self.snapshots.saving.take_if(|saving| saving.number == number) else { return };
        match result {
            Ok(()) => {
                self.snapshots.failures = 0;
                self.snapshots.saved = self.snapshots.saved.max(saving.offset);
                self.snapshots.indexed = self.snapshots.indexed.max(saving.offset);
                self.forget_indexed();
                self.trim_if_due();
            }
            Err(error) => self.not_saved(error.to_string(), now),
        }
        if let Phase::Loading { number: None, target } = self.phase {
            match self.snapshots.failures {
                0 => self.read_on(target, now),
                _ => self.fail("the log is long and no snapshot of it can be saved".into(), now),
            }
        }
    }

    fn not_saved(&mut self, reason: String, now: Now) {
        self.wishes.push(Wish::Report(Report::SnapshotFailed(reason)));
        self.snapshots.failures += 1;
        self.snapshots.not_before = now.mono + self.backoff(self.snapshots.failures);
    }

    /// Keeps the ids of one snapshot interval in memory, so that most repetitions need no look-up, and all that the index
    /// may lack.
    pub(super) fn forget_indexed(&mut self) {
        let kept = self.head.saturating_sub(self.config.snapshot_every);
        // While a batch's outcome is open, what stands behind the head it was made for decides it.
        let open = self.batch().filter(|_| !self.is_broken(Mutation::ForgetOpenBatch));
        let settled = open.map_or(Offset::MAX, |batch| batch.expected);
        self.seen.forget(kept.min(self.snapshots.indexed).min(settled));
    }

    pub(super) fn trim_if_due(&mut self) {
        if self.snapshots.trimming {
            return;
        }
        let keep = self.config.retain_entries;
        let surplus = if keep == 0 { 0 } else { self.head.saturating_sub(keep).min(self.snapshots.saved) };
        let forgotten = self.confirmed.forgotten().min(self.snapshots.saved);
        let upto = surplus.max(forgotten);
        // Not for a handful of entries at a time, unless nobody may know them.
        if (surplus > 0 && upto >= self.first + self.config.snapshot_every / 2) || forgotten >= self.first {
            self.snapshots.trimming = true;
            self.wishes.push(Wish::Trim { upto });
        }
    }

    pub(super) fn trimmed(&mut self, done: bool, upto: Offset) {
        self.snapshots.trimming = false;
        if done {
            self.first = self.first.max(upto + 1);
        }
    }
}
