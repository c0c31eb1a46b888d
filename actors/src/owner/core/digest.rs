//! The stored summary: kept up with the log, but not rewritten with every append of a busy one.
//!
//! An append carries the summary when the last stored one is old enough; after a burst it is written once alone. Between the
//! two, readers see that it is older than the head and ask the owner.

use super::batch::Batch;
use super::{Core, Now, Phase};
use crate::aggregate::Aggregate;
use crate::clock::MonoMillis;
use bytes::Bytes;
use plenum_schema::Offset;

/// What is stored of the summary.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Kept {
    /// The stored one is of this offset.
    at: Offset,
    /// The next one is written not before this time.
    not_before: MonoMillis,
}

impl Kept {
    pub(super) fn loaded(at: Offset) -> Self {
        Self { at, not_before: 0 }
    }

    /// A batch with the summary of this offset is in the log.
    pub(super) fn stored(&mut self, at: Offset) {
        self.at = self.at.max(at);
    }
}

impl<A: Aggregate> Core<A> {
    /// The summary for a batch that is about to be sent, when it is due.
    pub(super) fn digest_for(&mut self, batch: &mut Batch<A>, now: Now) -> Option<Bytes> {
        // A repeated batch carries what it carried: it is the same append.
        if batch.attempts == 0 {
            batch.with_digest = self.digest.not_before <= now.mono
                || batch.written.is_empty()
                || batch.written.iter().any(|written| A::needs_digest(&written.event));
        }
        if !batch.with_digest {
            return None;
        }
        self.digest.not_before = now.mono + self.config.digest_every_ms;
        Some(Bytes::from(self.speculative.digest()))
    }

    fn digest_is_behind(&self) -> bool {
        matches!(self.phase, Phase::Ready { .. }) && self.queue.is_empty() && self.digest.at < self.head
    }

    /// When the summary is to be written alone.
    pub(super) fn digest_at(&self) -> Option<MonoMillis> {
        self.digest_is_behind().then_some(self.digest.not_before)
    }

    /// Writes the summary alone once a burst is over, and before the owner ends.
    pub(super) fn digest_if_due(&mut self, now: Now) {
        if !self.digest_is_behind() {
            return;
        }
        // Before the end once: a store that refuses it must not keep the owner, nor its thread.
        let is_last = self.rest_is_due(now) && self.rest.last_digest();
        if is_last || self.digest.not_before <= now.mono {
            self.digest.not_before = now.mono + self.config.digest_every_ms;
            self.send(Batch::new(self.head), now);
        }
    }
}
