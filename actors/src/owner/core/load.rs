//! Loading: the newest snapshot, then the tail of the log.

use super::batch::Pending;
use super::{Core, Now, Phase, Report, Wish, is_passing};
use crate::aggregate::Aggregate;
use crate::store::{Head, Snapshot, StoreError, StoredEntry};
use plenum_schema::{Offset, codec};
use std::collections::VecDeque;

impl<A: Aggregate> Core<A> {
    pub(super) fn fetch(&mut self, now: Now) {
        self.doubt.asked(now.mono);
        let number = self.number();
        self.wishes.push(Wish::Load { number });
        self.phase = Phase::Fetching { number };
    }

    pub(super) fn fetched(
        &mut self,
        number: u64,
        snapshot: Result<Option<Snapshot>, StoreError>,
        head: Result<Head, StoreError>,
        now: Now,
    ) {
        if !matches!(self.phase, Phase::Fetching { number: n } if n == number) {
            return;
        }
        let (snapshot, head) = match (snapshot, head) {
            (Ok(snapshot), Ok(head)) => (snapshot, head),
            (Err(StoreError::Damaged(reason)), Ok(head)) => {
                self.wishes.push(Wish::Report(Report::SnapshotIgnored(reason)));
                (None, head)
            }
            (Err(error), _) | (_, Err(error)) => return self.fail(error.to_string(), now),
        };
        self.first = head.first;
        self.start_from(snapshot);
        self.digest = super::digest::Kept::loaded(head.digest_at);
        if head.first > self.head + 1 {
            return self.fail("the log was trimmed and has no snapshot that can be used".into(), now);
        }
        self.read_on(head.offset, now);
    }

    /// Starts from the snapshot, or from nothing.
    fn start_from(&mut self, snapshot: Option<Snapshot>) {
        self.confirmed = A::empty(self.id);
        self.head = 0;
        self.loaded.clear();
        let floor = snapshot.as_ref().map_or(0, |snapshot| snapshot.offset);
        if let Some(snapshot) = snapshot {
            match codec::restore(&[A::SNAPSHOT_FORMAT], &snapshot.state) {
                Ok(saved) => {
                    self.confirmed = A::restore(self.id, saved);
                    self.head = snapshot.offset;
                }
                Err(error) => self.wishes.push(Wish::Report(Report::SnapshotIgnored(error.to_string()))),
            }
        }
        self.snapshots.loaded(self.head);
        // Where the state starts the remembered ids start: they are counted on from there.
        self.seen = super::Seen::above(self.head, self.config.faded_ids);
        self.snapshots.indexed = floor;
    }

    /// Reads the next page of the tail, or is ready. Waits when too many ids would have to be remembered.
    pub(super) fn read_on(&mut self, target: Offset, now: Now) {
        if self.head >= target {
            return self.loaded_all(now);
        }
        self.forget_indexed();
        self.snapshot_if_due(now);
        if self.seen.len() + self.config.page_entries > self.config.max_remembered_ids && self.snapshots.is_saving() {
            self.phase = Phase::Loading { number: None, target };
            return;
        }
        let number = self.number();
        self.wish_tail(number);
        self.phase = Phase::Loading { number: Some(number), target };
    }

    /// A page of the tail, asked for by a load or for a batch.
    pub(super) fn tail(&mut self, number: u64, result: Result<Vec<StoredEntry>, StoreError>, now: Now) {
        match &self.phase {
            Phase::Loading { number: Some(n), target } if *n == number => {
                let target = *target;
                self.tail_loaded(result, target, now);
            }
            Phase::Reading { number: n, target, .. } if *n == number => {
                let target = *target;
                if let Some(batch) = self.take_batch(|_| true) {
                    self.caught_up(batch, target, result, now);
                }
            }
            _ => {}
        }
    }

    fn tail_loaded(&mut self, result: Result<Vec<StoredEntry>, StoreError>, target: Offset, now: Now) {
        let entries = match result {
            Ok(entries) if entries.is_empty() => return self.fail("the log ends before its head".into(), now),
            Ok(entries) => entries,
            Err(error) => {
                let reason = if is_passing(&error) { "the log cannot be read now" } else { "the log is damaged" };
                return self.fail(format!("{reason}: {error}"), now);
            }
        };
        let (publications, result) = self.absorb(entries);
        self.loaded.extend(publications);
        let surplus = self.loaded.len().saturating_sub(self.config.recent_entries);
        self.loaded.drain(..surplus);
        match result {
            Ok(()) => self.read_on(target, now),
            Err(reason) => self.fail(reason, now),
        }
    }

    fn loaded_all(&mut self, now: Now) {
        self.forget_indexed();
        self.speculative = self.confirmed.clone();
        self.phase = Phase::Ready { not_before: 0 };
        self.doubt.confirmed();
        let recent = std::mem::take(&mut self.loaded).into();
        self.wishes.push(Wish::Announce { head: self.head, first: self.first, recent });
        // Before queries are answered: who is let in by one finds the signals kept.
        self.signal_loaded(now);
        // A process that died may have had something to remove.
        self.trim_if_due();
        // Queries need not wait for the first append.
        let (queries, others) = std::mem::take(&mut self.queue).into_iter().partition(|p| A::is_query(&p.command));
        self.queue = others;
        let queries: VecDeque<Pending<A>> = queries;
        for query in queries {
            self.query(query, now);
        }
    }
}
