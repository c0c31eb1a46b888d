//! Two owners of one log that do not hear of each other (the bus is split, the store is not). The log keeps them apart, but whoever has
//! just lost an append must read before it can try again, while the one that won goes on at once: it would win again and again, and what
//! waits at the other would wait for ever. So an owner that meets another one repeatedly pauses after each append of its own, about
//! as long as a read and an append take, and the other goes on at once: they take turns. A wait of the loser would only help the winner.
//!
//! Where that is not enough (an owner that is far faster and never without work is never met, the store answers nobody) no command waits longer than
//! [`crate::owner::OwnerConfig::place_within_ms`]: it is refused as `unavailable`. What of it is on its way to the log
//! stays there, under the same entry id, and may be written.

use super::batch::Batch;
use super::{Core, Mutation, Now, Report};
use crate::aggregate::Aggregate;
use crate::clock::MonoMillis;

/// After how many appends that meet nobody a conflict is forgotten: it may have been the end of another owner's time.
const HEAT: u32 = 4;
/// The same after many conflicts.
const HOTTEST: u32 = 12;
/// An owner that was not disturbed after a pause makes longer ones, up to so many times: the other may be slower.
const LONGEST: u64 = 4;

/// How much this owner is disturbed by another one, and how long a turn takes.
#[derive(Debug, Default)]
pub(super) struct Contest {
    heat: u32,
    /// How many times longer pauses are than a turn.
    stretch: u64,
    begun: MonoMillis,
    append_ms: u64,
    read_ms: u64,
    /// Random bits, of the ids that come with commands.
    bits: u64,
}

impl Contest {
    /// Takes randomness from an id that was made at random. Mixed, because ids may be counted in tests.
    pub(super) fn stir(&mut self, id: u128) {
        let (high, low) = ((id >> 64) as u64, (id & u128::from(u64::MAX)) as u64);
        let mixed = (self.bits ^ high.rotate_left(32) ^ low).wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        self.bits = mixed ^ (mixed >> 27);
    }

    /// An append or a read begins.
    pub(super) fn begin(&mut self, now: Now) {
        self.begun = now.mono;
    }

    /// An append met somebody else's entries, which are read now. The other one had its turn: the next pause is shorter.
    pub(super) fn disturbed(&mut self, now: Now) {
        self.append_ms = now.mono.saturating_sub(self.begun);
        self.heat = (self.heat + HEAT).min(HOTTEST);
        self.stretch /= 2;
        self.begin(now);
    }

    /// They have been read.
    pub(super) fn has_read(&mut self, now: Now) {
        self.read_ms = now.mono.saturating_sub(self.begun);
    }

    /// An append stood at once. Answers how long to leave the log to others now.
    fn stood(&mut self, now: Now, most: u64) -> Option<u64> {
        self.append_ms = now.mono.saturating_sub(self.begun);
        if self.heat == 0 {
            self.stretch = 0;
            return None;
        }
        self.heat -= 1;
        self.stretch = (self.stretch + 1).min(LONGEST);
        let turn = (self.append_ms + self.read_ms).max(1);
        // One to two turns at random: two owners that keep step would meet for ever.
        let jittered = turn + self.bits % (turn + 1);
        self.stir(u128::from(now.mono));
        Some(jittered.saturating_mul(self.stretch).min(most))
    }
}

impl<A: Aggregate> Core<A> {
    /// The time before which the next append must not go, after one that stands.
    pub(super) fn turn_over(&mut self, now: Now) -> MonoMillis {
        match self.contest.stood(now, self.config.max_backoff_ms) {
            Some(wait) if !self.is_broken(Mutation::NeverYield) => {
                self.wishes.push(super::Wish::Report(Report::Yielded));
                now.mono + wait
            }
            _ => 0,
        }
    }

    /// Refuses what has waited for too long. Looks at one command only as long as none has.
    pub(super) fn refuse_late(&mut self, now: Now) {
        if self.late_at().is_none_or(|at| at > now.mono) {
            return;
        }
        let within = self.config.place_within_ms;
        let is_late = |since: MonoMillis| since.saturating_add(within) <= now.mono;
        let refusal = self.unavailable(self.config.unavailable_retry_ms);
        let mut late = Vec::new();
        if let Some(batch) = self.batch_mut() {
            for member in
                batch.members.iter_mut().filter(|member| !member.pending.told && is_late(member.pending.since))
            {
                member.pending.told = true;
                late.push((member.pending.ticket, member.pending.weight));
            }
        }
        for (ticket, weight) in late {
            self.release(weight);
            self.wishes.push(super::Wish::Report(Report::Late));
            self.wishes.push(super::Wish::Answer { ticket, result: Err(refusal.clone()), duplicate: false });
        }
        let mut late = self.doubt.take_late(is_late);
        while let Some(pending) = self.queue.pop_front_if(|pending| is_late(pending.since)) {
            late.push(pending);
        }
        for pending in late {
            self.wishes.push(super::Wish::Report(Report::Late));
            self.answer(pending, Err(refusal.clone()), false);
        }
    }

    /// When the command that has waited longest has waited long enough. Each list is in the order of arrival.
    pub(super) fn late_at(&self) -> Option<MonoMillis> {
        let open = self.batch().and_then(Batch::oldest);
        let queued = self.queue.front().map(|pending| pending.since);
        let oldest = [open, queued, self.doubt.oldest()].into_iter().flatten().min()?;
        Some(oldest.saturating_add(self.config.place_within_ms))
    }
}
