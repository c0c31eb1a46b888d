//! What comes of an append: done, overtaken by somebody else, or unknown.

use super::batch::{Batch, Member, Written};
use super::{Core, Mutation, Next, Now, Phase, Report, Wish, is_passing};
use crate::aggregate::Aggregate;
use crate::clock::MonoMillis;
use crate::owner::recent::Weighed;
use crate::publication::Publication;
use crate::store::{Appended, StoreError, StoredEntry};
use plenum_schema::conversation::Stored;
use plenum_schema::id::derived;
use plenum_schema::{EntryId, Offset, Refusal, RefusalCode, codec};

/// Looks at the log that are still due after an append was given up on: it may be applied late, and subscribers must learn of it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Looks {
    left: u32,
    at: MonoMillis,
}

/// How often the log is looked at after giving up.
const LOOKS: u32 = 3;

impl<A: Aggregate> Core<A> {
    pub(super) fn appended(&mut self, number: u64, result: Result<Appended, StoreError>, now: Now) {
        let Some(batch) = self.take_batch(|phase| matches!(phase, Phase::Appending { number: n, .. } if *n == number))
        else {
            return;
        };
        match result {
            Ok(Appended::Done(head)) if head == batch.end() => self.commit(batch, now),
            Ok(Appended::Done(head)) => {
                self.phase = Phase::Waiting { until: 0, batch, next: Next::Append };
                self.fail(format!("an append ended at {head}"), now);
            }
            Ok(Appended::Conflict(actual)) if actual > batch.expected => self.overtaken(batch, actual, now),
            Ok(Appended::Conflict(actual)) if actual < batch.expected => {
                self.phase = Phase::Waiting { until: 0, batch, next: Next::Append };
                self.fail(format!("the log ends at {actual}, before what was read of it"), now);
            }
            Ok(Appended::Conflict(_) | Appended::Unknown) | Err(StoreError::Unknown(_)) => self.unsure(batch, now),
            Err(error) => self.refused(batch, &error, now),
        }
    }

    /// The batch is in the log: only now it counts, is answered and published.
    fn commit(&mut self, batch: Batch<A>, now: Now) {
        self.doubt.confirmed();
        let publications = self.publications(&batch);
        if batch.with_digest {
            self.digest.stored(batch.end());
        }
        let Batch { expected, members, written, .. } = batch;
        for (offset, written) in (expected + 1..).zip(written) {
            self.confirmed.apply(offset, written.id, written.at, &written.event);
            self.signals.changed(A::is_urgent(&written.event));
            self.seen.push(written.id);
            self.head = offset;
        }
        self.phase = Phase::Ready { not_before: self.turn_over(now) };
        if self.is_broken(Mutation::AppendBlindly) {
            self.speculative = self.confirmed.clone();
        }
        self.answer_all(members, expected);
        if !self.is_broken(Mutation::PublishBeforeAppend) {
            self.publish(publications);
        }
    }

    pub(super) fn publications(&self, batch: &Batch<A>) -> Vec<Weighed> {
        let publication = |(offset, written): (Offset, &Written<A>)| {
            self.publication(offset, written.at, &written.event, written.payload.len())
        };
        (batch.expected + 1..).zip(&batch.written).filter_map(publication).collect()
    }

    fn publication(&self, offset: Offset, at: i64, event: &A::Event, bytes: usize) -> Option<Weighed> {
        Some((Publication::event(self.topic, offset, at, A::publish(event)?), bytes))
    }

    fn publish(&mut self, mut publications: Vec<Weighed>) {
        if self.is_broken(Mutation::PublishBackwards) {
            publications.reverse();
        }
        if !publications.is_empty() {
            self.wishes.push(Wish::Publish(publications));
        }
    }

    /// Somebody else appended first.
    fn overtaken(&mut self, mut batch: Batch<A>, actual: Offset, now: Now) {
        self.wishes.push(Wish::Report(Report::Conflict));
        if self.is_broken(Mutation::AppendBlindly) {
            batch.expected = actual;
            self.head = actual;
            self.seen = super::Seen::above(actual, self.config.faded_ids);
            return self.send(batch, now);
        }
        self.contest.disturbed(now);
        self.read_tail(batch, Some(actual));
    }

    /// The log itself must say what became of the batch.
    fn unsure(&mut self, batch: Batch<A>, now: Now) {
        self.wishes.push(Wish::Report(Report::Unknown));
        if self.is_broken(Mutation::UnknownIsSuccess) {
            return self.commit(batch, now);
        }
        if self.is_broken(Mutation::UnknownIsFailure) {
            return self.decide_under_new_ids(batch, now);
        }
        self.read_tail(batch, None);
    }

    fn decide_under_new_ids(&mut self, batch: Batch<A>, now: Now) {
        self.speculative = self.confirmed.clone();
        for mut member in batch.members.into_iter().rev() {
            member.pending.entry = EntryId(derived("new", &[member.pending.entry.0.as_bytes()]));
            member.pending.derived = false;
            self.queue.push_front(member.pending);
        }
        self.phase = Phase::Ready { not_before: now.mono + self.backoff(0) };
    }

    /// The store wrote nothing.
    fn refused(&mut self, batch: Batch<A>, error: &StoreError, now: Now) {
        self.wishes.push(Wish::Report(Report::GaveUp(error.to_string())));
        let refusal = if is_passing(error) {
            self.unavailable(self.config.unavailable_retry_ms)
        } else {
            Refusal::new(RefusalCode::Internal, "the store refused the change")
        };
        self.give_up(batch, &refusal, now);
    }

    fn give_up(&mut self, batch: Batch<A>, refusal: &Refusal, now: Now) {
        self.speculative = self.confirmed.clone();
        self.phase = Phase::Ready { not_before: now.mono + self.backoff(batch.attempts) };
        if batch.members.is_empty() {
            // It was a look at the log that the first of these waits for.
            self.refuse_queue(refusal);
        }
        self.refuse_batch(batch, refusal);
        self.refuse_doubtful(refusal);
    }

    /// The outcome stays unknown.
    fn give_up_unknown(&mut self, batch: Batch<A>, now: Now) {
        self.wishes.push(Wish::Report(Report::GaveUp("the outcome of an append stays unknown".into())));
        self.looks = Looks { left: LOOKS, at: now.mono + self.config.max_backoff_ms };
        let refusal = self.unavailable(self.config.unavailable_retry_ms);
        self.give_up(batch, &refusal, now);
    }

    pub(super) fn read_tail(&mut self, batch: Batch<A>, target: Option<Offset>) {
        let number = self.number();
        self.wish_tail(number);
        self.phase = Phase::Reading { number, batch, target };
    }

    pub(super) fn wish_tail(&mut self, number: u64) {
        let (limit, max_bytes) = (self.config.page_entries, self.config.page_bytes);
        self.wishes.push(Wish::ReadTail { number, after: self.head, limit, max_bytes });
    }

    /// A page that was read for a batch whose append was overtaken or is unknown.
    pub(super) fn caught_up(
        &mut self,
        batch: Batch<A>,
        target: Option<Offset>,
        result: Result<Vec<StoredEntry>, StoreError>,
        now: Now,
    ) {
        let entries = match result {
            Ok(entries) => entries,
            Err(error) if is_passing(&error) => return self.try_later(batch, Next::Read { target }, now),
            Err(error) => {
                self.phase = Phase::Waiting { until: 0, batch, next: Next::Append };
                return self.fail(error.to_string(), now);
            }
        };
        let is_end = entries.is_empty();
        let (publications, result) = self.absorb(entries);
        if !self.is_broken(Mutation::SwallowCatchUp) {
            self.publish(publications);
        }
        if let Err(reason) = result {
            self.phase = Phase::Waiting { until: 0, batch, next: Next::Append };
            return self.fail(reason, now);
        }
        match target {
            Some(target) if self.head >= target => {
                self.contest.has_read(now);
                self.settle(batch, now);
            }
            Some(_) if is_end => self.try_later(batch, Next::Read { target }, now),
            None if is_end => self.settle(batch, now),
            _ => self.read_tail(batch, target),
        }
    }

    /// Folds entries that are in the log and new to this owner; answers those it could fold, and why it stopped.
    pub(super) fn absorb(&mut self, entries: Vec<StoredEntry>) -> (Vec<Weighed>, Result<(), String>) {
        let mut publications = Vec::with_capacity(entries.len());
        for entry in entries {
            if entry.offset != self.head + 1 {
                return (publications, Err(format!("entry {} follows entry {}", entry.offset, self.head)));
            }
            let stored: Stored<A::Event> = match codec::restore(&[A::EVENT_FORMAT], &entry.payload) {
                Ok(stored) => stored,
                Err(error) => return (publications, Err(format!("entry {} cannot be read: {error}", entry.offset))),
            };
            self.confirmed.apply(entry.offset, entry.id, stored.at, &stored.event);
            self.signals.changed(A::is_urgent(&stored.event));
            self.head = entry.offset;
            self.seen.push(entry.id);
            publications.extend(self.publication(entry.offset, stored.at, &stored.event, entry.payload.len()));
        }
        (publications, Ok(()))
    }

    /// The log has been read: what of the batch stands in it is answered; the rest is decided again.
    fn settle(&mut self, batch: Batch<A>, now: Now) {
        self.doubt.confirmed();
        if batch.members.is_empty() && self.head == batch.expected {
            // A look that found nothing: both states are what they were, and copying one may be expensive.
            self.phase = Phase::Ready { not_before: 0 };
            return;
        }
        self.speculative = self.confirmed.clone();
        let stands = |(offset, written): &(Offset, &Written<A>)| self.seen.get(written.id) == Some(*offset);
        let standing = (batch.expected + 1..).zip(&batch.written).take_while(stands).count();
        if standing == 0 && self.head == batch.expected {
            return self.repeat_append(batch, now);
        }
        let (done, open): (Vec<Member<A>>, Vec<Member<A>>) =
            batch.members.into_iter().partition(|member| member.from + member.count <= standing && standing > 0);
        self.phase = Phase::Ready { not_before: 0 };
        self.answer_all(done, batch.expected);
        // Who was refused already is not to be surprised: it does not stand, and is not tried again.
        for member in open.into_iter().rev().filter(|member| !member.pending.told) {
            self.queue.push_front(member.pending);
        }
    }

    /// Nothing was written, or not yet: the same entries again, so that at most one of the appends can ever apply.
    fn repeat_append(&mut self, batch: Batch<A>, now: Now) {
        for written in (batch.expected + 1..).zip(&batch.written) {
            let (offset, written) = written;
            self.speculative.apply(offset, written.id, written.at, &written.event);
        }
        self.try_later(batch, Next::Append, now);
    }

    fn try_later(&mut self, mut batch: Batch<A>, next: Next, now: Now) {
        batch.attempts += 1;
        if batch.attempts >= self.config.max_attempts || batch.is_abandoned() {
            return self.give_up_unknown(batch, now);
        }
        self.phase = Phase::Waiting { until: now.mono + self.backoff(batch.attempts), batch, next };
    }

    /// The time of a waiting batch has come.
    pub(super) fn go_on(&mut self, now: Now) {
        match std::mem::replace(&mut self.phase, Phase::Ready { not_before: now.mono }) {
            Phase::Waiting { batch, next: Next::Append, .. } => self.send(batch, now),
            Phase::Waiting { batch, next: Next::Read { target }, .. } => self.read_tail(batch, target),
            other => self.phase = other,
        }
    }

    /// Looks at the log some time after an append was given up on.
    pub(super) fn look_again(&mut self, now: Now) {
        let ready = matches!(self.phase, Phase::Ready { .. }) && self.queue.is_empty();
        if ready && self.looks.left > 0 && self.looks.at <= now.mono {
            self.looks = Looks { left: self.looks.left - 1, at: now.mono + self.config.max_backoff_ms };
            self.look_for_queue(now);
        }
    }

    pub(super) fn look_at(&self) -> Option<MonoMillis> {
        let ready = matches!(self.phase, Phase::Ready { .. }) && self.queue.is_empty();
        (ready && self.looks.left > 0).then_some(self.looks.at)
    }

    /// The batch whose outcome is open.
    pub(super) fn batch(&self) -> Option<&Batch<A>> {
        match &self.phase {
            Phase::Appending { batch, .. } | Phase::Reading { batch, .. } | Phase::Waiting { batch, .. } => Some(batch),
            _ => None,
        }
    }

    pub(super) fn batch_mut(&mut self) -> Option<&mut Batch<A>> {
        match &mut self.phase {
            Phase::Appending { batch, .. } | Phase::Reading { batch, .. } | Phase::Waiting { batch, .. } => Some(batch),
            _ => None,
        }
    }

    /// Takes the batch out of the phase, when it is the one asked for.
    pub(super) fn take_batch(&mut self, is_it: impl Fn(&Phase<A>) -> bool) -> Option<Batch<A>> {
        if !is_it(&self.phase) {
            return None;
        }
        match std::mem::replace(&mut self.phase, Phase::Ready { not_before: 0 }) {
            Phase::Appending { batch, .. } | Phase::Reading { batch, .. } | Phase::Waiting { batch, .. } => Some(batch),
            other => {
                self.phase = other;
                None
            }
        }
    }
}
