//! Queries on a node that does not have the log for itself: another node may have appended, so what is known here must have been
//! compared with the log a short while ago. A query that finds it older waits for one look at the log, together with all that
//! come meanwhile.
//!
//! A command that would be answered without an entry of its own (refused, or found to be done already) is answered from memory
//! alone too: it waits for an append or a look that was begun after it came. With an entry the append is the comparison.

use super::batch::{Batch, Pending};
use super::{Core, Now, Phase};
use crate::aggregate::Aggregate;
use crate::clock::MonoMillis;
use plenum_schema::Refusal;

/// Queries that wait until the log has been looked at, and when it was last.
#[derive(Debug)]
pub(super) struct Doubt<A: Aggregate> {
    /// Everything acknowledged before this time is in the state.
    confirmed_at: MonoMillis,
    /// When the append or read that is under way was asked for.
    asked_at: MonoMillis,
    waiting: Vec<Pending<A>>,
    /// How many appends and reads were begun, and which of them was confirmed last.
    begun: u64,
    ended: u64,
}

impl<A: Aggregate> Doubt<A> {
    pub(super) fn new() -> Self {
        Self { confirmed_at: 0, asked_at: 0, waiting: Vec::new(), begun: 0, ended: 0 }
    }

    /// An append or a read of the log begins.
    pub(super) fn asked(&mut self, now: MonoMillis) {
        self.asked_at = now;
        self.begun += 1;
    }

    /// It has shown what the log held when it was asked for, and all of that is in the state.
    pub(super) fn confirmed(&mut self) {
        self.confirmed_at = self.asked_at;
        self.ended = self.begun;
    }

    /// How many appends and reads of the log were begun until now.
    pub(super) fn begun(&self) -> u64 {
        self.begun
    }

    /// Since when the first of those that wait does.
    pub(super) fn oldest(&self) -> Option<MonoMillis> {
        self.waiting.first().map(|pending| pending.since)
    }

    /// Takes those that have waited for too long.
    pub(super) fn take_late(&mut self, is_late: impl Fn(MonoMillis) -> bool) -> Vec<Pending<A>> {
        self.waiting.extract_if(.., |pending| is_late(pending.since)).collect()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }
}

impl<A: Aggregate> Core<A> {
    /// Answers a query, at once or as soon as the log has been looked at.
    pub(super) fn query(&mut self, pending: Pending<A>, now: Now) {
        if self.is_doubtful(&pending, now) {
            self.doubt.waiting.push(pending);
        } else {
            self.answer_query(pending, now);
        }
    }

    fn is_doubtful(&self, pending: &Pending<A>, now: Now) -> bool {
        let Some(after) = self.config.confirm_after_ms else { return false };
        let is_old = now.mono.saturating_sub(self.doubt.confirmed_at) > after;
        is_old || A::known(&pending.command) > self.head
    }

    /// Whether a decision without an entry may be told: nothing that another node appended before the command came is unknown here.
    pub(super) fn may_tell(&self, pending: &Pending<A>) -> bool {
        self.config.confirm_after_ms.is_none() || self.doubt.ended > pending.begun
    }

    /// Looks at the log for commands that wait to be told what is known already.
    pub(super) fn look_for_queue(&mut self, now: Now) {
        self.doubt.asked(now.mono);
        self.read_tail(Batch::new(self.head), None);
    }

    /// Answers those who know enough by now, and looks at the log for the others when nothing else is under way with it.
    pub(super) fn clear_doubt(&mut self, now: Now) {
        if self.doubt.is_empty() || !self.is_loaded() {
            return;
        }
        for pending in std::mem::take(&mut self.doubt.waiting) {
            // Counted, not timed: an append of the same millisecond may have been begun before the query came.
            if self.may_tell(&pending) || !self.is_doubtful(&pending, now) {
                self.answer_query(pending, now);
            } else {
                self.doubt.waiting.push(pending);
            }
        }
        if !self.doubt.is_empty() && matches!(self.phase, Phase::Ready { .. }) {
            self.look_for_queue(now);
        }
    }

    /// The log cannot be looked at now.
    pub(super) fn refuse_doubtful(&mut self, refusal: &Refusal) {
        for pending in std::mem::take(&mut self.doubt.waiting) {
            self.answer(pending, Err(refusal.clone()), false);
        }
    }
}
