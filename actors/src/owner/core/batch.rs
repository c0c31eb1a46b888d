//! Commands that wait, and the batch that is formed of them.

use super::{Core, Mutation, Now, Phase, Wish};
use crate::aggregate::{Aggregate, Decision};
use crate::clock::{MonoMillis, WallMillis};
use crate::store::{Entry, MAX_ENTRY_BYTES};
use bytes::Bytes;
use plenum_schema::conversation::Stored;
use plenum_schema::id::derived;
use plenum_schema::{EntryId, Offset, Refusal, RefusalCode, codec};
use std::collections::HashMap;

/// A command without an answer.
#[derive(Debug)]
pub(super) struct Pending<A: Aggregate> {
    pub ticket: super::Ticket,
    pub command: A::Command,
    /// The id of its first entry: the same however often it is decided.
    pub entry: EntryId,
    /// The id comes from the command, so that a repetition has it too.
    pub derived: bool,
    pub weight: usize,
    /// When it came.
    pub since: MonoMillis,
    /// It waited for too long and was refused; what is in the batch stays there.
    pub told: bool,
    /// Appends and reads of the log that were begun before it came.
    pub begun: u64,
    /// What the index said, and how far the ids in memory reached down when it was asked.
    pub checked: Option<Checked>,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Checked {
    pub floor: Offset,
    pub place: Option<Offset>,
}

/// A decided command.
#[derive(Debug)]
pub(super) struct Member<A: Aggregate> {
    pub pending: Pending<A>,
    /// The answer once the batch is durable; offsets of own entries are not in it yet.
    pub result: Result<A::Answer, Refusal>,
    /// Its entries: from this place in the batch on …
    pub from: usize,
    /// … so many.
    pub count: usize,
    pub duplicate: bool,
}

/// An event that is in the batch.
#[derive(Debug)]
pub(super) struct Written<A: Aggregate> {
    pub id: EntryId,
    pub at: WallMillis,
    pub event: A::Event,
    pub payload: Bytes,
}

/// Decided commands and what they append.
#[derive(Debug)]
pub(super) struct Batch<A: Aggregate> {
    pub expected: Offset,
    pub members: Vec<Member<A>>,
    pub written: Vec<Written<A>>,
    pub bytes: usize,
    pub attempts: u32,
    /// Its append carries the summary.
    pub with_digest: bool,
    /// Places the batch's ids would get.
    ids: HashMap<EntryId, Offset>,
}

impl<A: Aggregate> Batch<A> {
    pub(super) fn new(expected: Offset) -> Self {
        Self {
            expected,
            members: Vec::new(),
            written: Vec::new(),
            bytes: 0,
            attempts: 0,
            with_digest: false,
            ids: HashMap::new(),
        }
    }

    /// Since when the first command that still waits for an answer does.
    pub(super) fn oldest(&self) -> Option<MonoMillis> {
        self.members.iter().find(|member| !member.pending.told).map(|member| member.pending.since)
    }

    /// Nobody waits for it any more.
    pub(super) fn is_abandoned(&self) -> bool {
        !self.members.is_empty() && self.oldest().is_none()
    }

    /// The head after the batch.
    pub(super) fn end(&self) -> Offset {
        self.expected + self.written.len() as u64
    }

    pub(super) fn entries(&self) -> Vec<Entry> {
        self.written.iter().map(|written| Entry { id: written.id, payload: written.payload.clone() }).collect()
    }

    fn push(&mut self, written: Written<A>) {
        self.bytes += written.payload.len();
        self.written.push(written);
        if let Some(written) = self.written.last() {
            self.ids.insert(written.id, self.expected + self.written.len() as u64);
        }
    }
}

impl<A: Aggregate> Core<A> {
    /// Forms a batch of what waits and sends it, when nothing else is under way.
    pub(super) fn pump(&mut self, now: Now) {
        if !matches!(self.phase, Phase::Ready { not_before } if not_before <= now.mono) || self.queue.is_empty() {
            return;
        }
        if self.seen.len() >= self.config.max_remembered_ids {
            let refusal = self.unavailable(self.config.unavailable_retry_ms);
            return self.refuse_queue(&refusal);
        }
        let mut batch = Batch::new(self.head);
        let mut is_held = false;
        while let Some(pending) = self.next_clear() {
            if let Some(pending) = self.decide_into(&mut batch, pending, now) {
                self.queue.push_front(pending);
                is_held = true;
                break;
            }
        }
        if batch.written.is_empty() {
            self.answer_all(batch.members, batch.expected);
            if is_held {
                self.look_for_queue(now);
            }
        } else {
            self.send(batch, now);
        }
    }

    /// The first command that waits, unless it must be looked up first. Later ones do not overtake it.
    fn next_clear(&mut self) -> Option<Pending<A>> {
        let blocked = self.queue.front().is_none_or(|pending| self.needs_find(pending));
        if blocked { None } else { self.queue.pop_front() }
    }

    /// Adds the command to the batch, or gives it back: when the batch is full, or when it is to be answered from what is known here and
    /// the log may know more.
    fn decide_into(&mut self, batch: &mut Batch<A>, pending: Pending<A>, now: Now) -> Option<Pending<A>> {
        let from = batch.written.len();
        if let Some(place) = self.place_of(batch, &pending) {
            let result = self.speculative.repeat(&self.rules, &pending.command, place, pending.entry);
            batch.members.push(Member { pending, result, from, count: 0, duplicate: true });
            return None;
        }
        let state = if self.is_broken(Mutation::DecideOnOldState) { &self.confirmed } else { &self.speculative };
        let decision = state.decide(&self.rules, &pending.command, pending.entry, now.wall);
        let (result, written) = match decision {
            Decision::Refuse(refusal) => (Err(refusal), Vec::new()),
            Decision::Accept { events, answer } => match self.encode(events, pending.entry, now.wall) {
                Ok(written) => (Ok(answer), written),
                Err(refusal) => (Err(refusal), Vec::new()),
            },
        };
        if written.is_empty() && !self.may_tell(&pending) {
            return Some(pending);
        }
        let bytes: usize = written.iter().map(|written| written.payload.len()).sum();
        let full = batch.written.len() + written.len() > self.config.batch_entries
            || batch.bytes + bytes > self.config.batch_bytes;
        if full && !batch.written.is_empty() && !written.is_empty() {
            return Some(pending);
        }
        let count = written.len();
        for written in written {
            batch.push(written);
            let offset = batch.end();
            if let Some(written) = batch.written.last() {
                self.speculative.apply(offset, written.id, written.at, &written.event);
            }
        }
        batch.members.push(Member { pending, result, from, count, duplicate: false });
        None
    }

    /// Where the command's entry stands, or will stand with this batch.
    fn place_of(&self, batch: &Batch<A>, pending: &Pending<A>) -> Option<Offset> {
        let found = pending.checked.and_then(|checked| checked.place).filter(|place| *place <= self.head);
        if self.is_broken(Mutation::ForgetRecentIds) {
            return found;
        }
        self.seen.get(pending.entry).or(found).or_else(|| batch.ids.get(&pending.entry).copied())
    }

    /// The stored form of a decision's events, when it fits into an append.
    fn encode(&self, events: Vec<A::Event>, entry: EntryId, at: WallMillis) -> Result<Vec<Written<A>>, Refusal> {
        let mut bytes = 0;
        let mut list = Vec::with_capacity(events.len());
        for (index, event) in events.into_iter().enumerate() {
            let stored = Stored { at, event };
            let payload = codec::store(A::EVENT_FORMAT, &stored)
                .map_err(|_| Refusal::new(RefusalCode::Internal, "the event cannot be stored"))?;
            bytes += payload.len();
            if payload.len() > MAX_ENTRY_BYTES || bytes > self.config.batch_bytes || index >= self.config.batch_entries
            {
                return Err(Refusal::new(RefusalCode::TooLarge, "the command changes too much at once"));
            }
            list.push(Written { id: entry_of(entry, index), at, event: stored.event, payload });
        }
        Ok(list)
    }

    /// Answers decided commands, in order. `expected` is the head before the batch they were in.
    pub(super) fn answer_all(&mut self, members: Vec<Member<A>>, expected: Offset) {
        for member in members {
            let Member { pending, result, from, count, duplicate } = member;
            let entry = pending.entry;
            let result = match result {
                Ok(answer) if count > 0 => Ok(A::settle(answer, expected + from as u64 + 1, entry)),
                other => other,
            };
            self.answer(pending, result, duplicate);
        }
    }

    /// Answers a query from the durable state.
    pub(super) fn answer_query(&mut self, pending: Pending<A>, now: Now) {
        let result = match self.confirmed.decide(&self.rules, &pending.command, pending.entry, now.wall) {
            Decision::Accept { answer, .. } => Ok(answer),
            Decision::Refuse(refusal) => Err(refusal),
        };
        self.answer(pending, result, false);
    }

    /// Sends the batch.
    pub(super) fn send(&mut self, mut batch: Batch<A>, now: Now) {
        let number = self.number();
        self.doubt.asked(now.mono);
        self.contest.begin(now);
        let digest = self.digest_for(&mut batch, now);
        self.wishes.push(Wish::Append { number, expected: batch.expected, entries: batch.entries(), digest });
        if self.is_broken(Mutation::AckBeforeAppend) {
            self.answer_early(&batch);
        }
        if self.is_broken(Mutation::PublishBeforeAppend) && batch.attempts == 0 {
            let publications = self.publications(&batch);
            self.wishes.push(Wish::Publish(publications));
        }
        self.phase = Phase::Appending { number, batch };
    }

    fn answer_early(&mut self, batch: &Batch<A>) {
        for member in &batch.members {
            let offset = batch.expected + member.from as u64 + 1;
            let result = member.result.clone().map(|answer| A::settle(answer, offset, member.pending.entry));
            self.wishes.push(Wish::Answer { ticket: member.pending.ticket, result, duplicate: false });
        }
    }
}

/// The id of a decision's entry: the command's own for the first, derived from it for the others.
fn entry_of(first: EntryId, index: usize) -> EntryId {
    if index == 0 {
        return first;
    }
    EntryId(derived("plenum.entry.next", &[first.0.as_bytes(), &(index as u64).to_be_bytes()]))
}
