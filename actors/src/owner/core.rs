//! The owner's behaviour without I/O: inputs in, wishes out. Time comes with every input.
//!
//! One append is under way at most; everything that waits meanwhile goes into the next one (group commit). Commands are
//! decided against a *speculative* state, which is the durable state plus the events of the batch being formed; answers and
//! publications leave only when the batch is known to be in the log. The log's compare-and-append alone keeps two owners of
//! the same log apart; an owner that loses reads what it missed and decides again.

mod append;
mod batch;
mod confirm;
mod contest;
mod dedupe;
mod digest;
mod faded;
mod input;
mod load;
mod mutation;
mod rest;
mod seen;
mod signals;
mod snapshots;

#[cfg(test)]
mod tests;

pub use input::{Input, Now, Report, Ticket, Wish};
#[doc(hidden)]
pub use mutation::Mutation;

use super::config::OwnerConfig;
use super::recent::Weighed;
use crate::aggregate::Aggregate;
use crate::clock::MonoMillis;
use crate::store::StoreError;
use batch::{Batch, Pending};
use dedupe::Finding;
use plenum_schema::{EntryId, LogId, Offset, Refusal, RefusalCode, Topic};
use seen::Seen;
use snapshots::Snapshots;
use std::collections::VecDeque;
use std::sync::Arc;
use uuid::Uuid;

/// The behaviour of one owner.
#[derive(Debug)]
pub struct Core<A: Aggregate> {
    id: Uuid,
    topic: Topic,
    config: Arc<OwnerConfig>,
    rules: A::Rules,
    /// The state after `head`: all of it durable.
    confirmed: A,
    /// `confirmed` plus the events of the batch being formed or appended.
    speculative: A,
    head: Offset,
    first: Offset,
    phase: Phase<A>,
    queue: VecDeque<Pending<A>>,
    held: Held,
    seen: Seen,
    finding: Option<Finding>,
    doubt: confirm::Doubt<A>,
    snapshots: Snapshots,
    /// The newest entries met while loading, for readers.
    loaded: VecDeque<Weighed>,
    rest: rest::Rest,
    looks: append::Looks,
    contest: contest::Contest,
    digest: digest::Kept,
    signals: signals::Due,
    last_number: u64,
    wishes: Vec<Wish<A>>,
    mutation: Option<Mutation>,
}

/// What is going on with the log.
#[derive(Debug)]
enum Phase<A: Aggregate> {
    /// It could not be read; the next try is at `until`.
    Down { until: MonoMillis },
    /// Waiting for the snapshot and the head.
    Fetching { number: u64 },
    /// Reading the tail up to `target`; no number: waiting until a snapshot makes room in memory.
    Loading { number: Option<u64>, target: Offset },
    /// Nothing is under way; the next append goes not before this time.
    Ready { not_before: MonoMillis },
    /// An append is under way.
    Appending { number: u64, batch: Batch<A> },
    /// Reading what others, or this batch's own unknown append, wrote: up to `target`, or to the end.
    Reading { number: u64, batch: Batch<A>, target: Option<Offset> },
    /// Waiting before the same batch goes on.
    Waiting { until: MonoMillis, batch: Batch<A>, next: Next },
    /// Asked to be ended; a command brings it back.
    Resting { is_loaded: bool },
}

/// How a waiting batch goes on.
#[derive(Clone, Copy, Debug)]
enum Next {
    Append,
    Read { target: Option<Offset> },
}

/// What commands without an answer amount to.
#[derive(Clone, Copy, Debug, Default)]
struct Held {
    commands: usize,
    bytes: usize,
}

impl<A: Aggregate> Core<A> {
    /// An owner that starts to load its log.
    #[must_use]
    pub fn new(id: Uuid, config: Arc<OwnerConfig>, rules: A::Rules, now: Now) -> Self {
        let mut core = Self::down_until(id, config, rules, now.mono, now);
        core.advance(now);
        core
    }

    /// An owner that refuses commands as `unavailable` and starts to load its log at `until`: after a panic.
    #[must_use]
    pub fn down_until(id: Uuid, config: Arc<OwnerConfig>, rules: A::Rules, until: MonoMillis, now: Now) -> Self {
        Self {
            id,
            topic: Topic::of_log(LogId { kind: A::KIND, id }),
            config,
            rules,
            confirmed: A::empty(id),
            speculative: A::empty(id),
            head: 0,
            first: 1,
            phase: Phase::Down { until },
            queue: VecDeque::new(),
            held: Held::default(),
            seen: Seen::default(),
            finding: None,
            doubt: confirm::Doubt::new(),
            snapshots: Snapshots::default(),
            loaded: VecDeque::new(),
            rest: rest::Rest::new(now.mono),
            looks: append::Looks::default(),
            contest: contest::Contest::default(),
            digest: digest::Kept::default(),
            signals: signals::Due::default(),
            last_number: 0,
            wishes: Vec::new(),
            mutation: None,
        }
    }

    /// Breaks one rule on purpose, so that tests can show that they notice.
    #[doc(hidden)]
    pub fn set_mutation(&mut self, mutation: Option<Mutation>) {
        self.mutation = mutation;
    }

    /// Takes an input; the wishes it leads to are in [`Self::take_wishes`].
    pub fn handle(&mut self, input: Input<A>, now: Now) {
        match input {
            Input::Command { ticket, command, fresh, again } => self.command(ticket, command, (fresh, again), now),
            Input::Loaded { number, snapshot, head } => self.fetched(number, snapshot, head, now),
            Input::Tail { number, result } => self.tail(number, result, now),
            Input::Found { number, result } => self.found(number, result),
            Input::Appended { number, result } => self.appended(number, result, now),
            Input::Saved { number, result } => self.saved(number, result, now),
            Input::Trimmed { result, upto } => self.trimmed(result.is_ok(), upto),
            Input::Drain => self.rest.drain(),
            Input::Rest => self.rest.ask(),
            Input::Tick => {}
        }
        self.advance(now);
    }

    /// What the shell must do now, in this order.
    pub fn take_wishes(&mut self) -> Vec<Wish<A>> {
        std::mem::take(&mut self.wishes)
    }

    /// When to come back with [`Input::Tick`] if nothing else happens before.
    #[must_use]
    pub fn wake_at(&self) -> Option<MonoMillis> {
        let next = match &self.phase {
            Phase::Down { until } | Phase::Waiting { until, .. } => Some(*until),
            // What waits for a look-up goes on with its answer.
            Phase::Ready { not_before } if self.queue.front().is_some_and(|first| !self.needs_find(first)) => {
                Some(*not_before)
            }
            _ => None,
        };
        [next, self.late_at(), self.rest_at(), self.snapshot_at(), self.look_at(), self.digest_at(), self.signal_at()]
            .into_iter()
            .flatten()
            .min()
    }

    /// Whether it knows its log: everything up to [`Self::head`] has been announced or published.
    #[must_use]
    pub fn is_loaded(&self) -> bool {
        !matches!(
            self.phase,
            Phase::Down { .. } | Phase::Fetching { .. } | Phase::Loading { .. } | Phase::Resting { is_loaded: false }
        )
    }

    /// The newest offset known to be durable.
    #[must_use]
    pub fn head(&self) -> Offset {
        self.head
    }

    /// The state after [`Self::head`].
    #[must_use]
    pub fn state(&self) -> &A {
        &self.confirmed
    }

    fn command(&mut self, ticket: Ticket, command: A::Command, (fresh, again): (EntryId, bool), now: Now) {
        self.rest.busy(now.mono);
        self.rise(now);
        self.contest.stir(fresh.0.as_u128());
        let weight = A::weight(&command);
        if self.held.commands >= self.config.max_pending_commands
            || self.held.bytes.saturating_add(weight) > self.config.max_pending_bytes
        {
            let refusal =
                Refusal::new(RefusalCode::Busy, "too many commands wait here").retry_after(self.config.busy_retry_ms);
            self.wishes.push(Wish::Report(Report::Busy));
            self.wishes.push(Wish::Answer { ticket, result: Err(refusal), duplicate: false });
            return;
        }
        self.held.commands += 1;
        self.held.bytes += weight;
        let derived = self.confirmed.entry_id(&command);
        let entry = derived.unwrap_or(fresh);
        let derived = derived.is_some() || again;
        let begun = self.doubt.begun();
        let since = now.mono;
        let checked = self.check(entry);
        let pending = Pending { ticket, command, entry, derived, weight, since, told: false, begun, checked };
        match &self.phase {
            Phase::Down { until } if *until > now.mono => {
                let refusal = self.unavailable(until - now.mono);
                self.answer(pending, Err(refusal), false);
            }
            Phase::Down { .. } | Phase::Fetching { .. } | Phase::Loading { .. } => self.queue.push_back(pending),
            _ if A::is_query(&pending.command) => self.query(pending, now),
            _ => self.queue.push_back(pending),
        }
    }

    /// Goes on with whatever can go on now.
    fn advance(&mut self, now: Now) {
        match &self.phase {
            Phase::Down { until } if *until <= now.mono && !self.rest.is_draining() => self.fetch(now),
            Phase::Waiting { until, .. } if *until <= now.mono => self.go_on(now),
            Phase::Resting { .. } => self.wishes.push(Wish::Passivate),
            _ => {}
        }
        self.refuse_late(now);
        self.look_up();
        self.clear_doubt(now);
        self.pump(now);
        self.signal_if_due(now);
        self.look_again(now);
        self.digest_if_due(now);
        self.snapshot_if_due(now);
        self.rest_if_idle(now);
    }

    #[expect(clippy::needless_pass_by_value, reason = "an answered command is gone")]
    fn answer(&mut self, pending: Pending<A>, result: Result<A::Answer, Refusal>, duplicate: bool) {
        if pending.told {
            return;
        }
        self.release(pending.weight);
        if duplicate {
            self.wishes.push(Wish::Report(Report::Duplicate));
        }
        self.wishes.push(Wish::Answer { ticket: pending.ticket, result, duplicate });
    }

    /// A command is answered.
    fn release(&mut self, weight: usize) {
        self.held.commands = self.held.commands.saturating_sub(1);
        self.held.bytes = self.held.bytes.saturating_sub(weight);
    }

    /// The log cannot be used: everything that waits is answered, the state thrown away, and the log read again later.
    fn fail(&mut self, reason: String, now: Now) {
        let phase =
            std::mem::replace(&mut self.phase, Phase::Down { until: now.mono + self.config.unavailable_retry_ms });
        self.wishes.push(Wish::Report(Report::Failed(reason)));
        let refusal = self.unavailable(self.config.unavailable_retry_ms);
        if let Phase::Appending { batch, .. } | Phase::Reading { batch, .. } | Phase::Waiting { batch, .. } = phase {
            self.refuse_batch(batch, &refusal);
        }
        self.refuse_queue(&refusal);
        self.refuse_doubtful(&refusal);
        self.finding = None;
        self.looks = append::Looks::default();
    }

    fn refuse_queue(&mut self, refusal: &Refusal) {
        for pending in std::mem::take(&mut self.queue) {
            self.answer(pending, Err(refusal.clone()), false);
        }
    }

    fn refuse_batch(&mut self, batch: Batch<A>, refusal: &Refusal) {
        for member in batch.members {
            self.answer(member.pending, Err(refusal.clone()), false);
        }
    }

    fn unavailable(&self, retry_after: u64) -> Refusal {
        Refusal::new(RefusalCode::Unavailable, "the conversation cannot be changed now: retry with the same clientRef")
            .retry_after(retry_after.max(1))
    }

    fn number(&mut self) -> u64 {
        self.last_number += 1;
        self.last_number
    }

    fn backoff(&self, attempts: u32) -> u64 {
        let doubled = self.config.backoff_ms.saturating_mul(1 << attempts.min(16));
        doubled.min(self.config.max_backoff_ms)
    }

    fn is_broken(&self, mutation: Mutation) -> bool {
        self.mutation == Some(mutation)
    }
}

/// Whether waiting and asking again may help.
fn is_passing(error: &StoreError) -> bool {
    matches!(error, StoreError::Unavailable(_) | StoreError::Unknown(_) | StoreError::Full(_))
}
