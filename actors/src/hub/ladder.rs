//! What overload takes away, step by step in a written order: typing, presence, tallies, new joins, sends. Never what was acknowledged.
//!
//! How far a node has to go is read from the mailboxes of its hubs: a hub that takes its mail more slowly than it comes is what overload
//! looks like from the outside, whatever the reason. A step begins when a mailbox is so full, and ends when it is a good deal emptier, so
//! that nothing flaps.

use super::hubs::MAX_WORKERS;
use super::metrics::HubMetrics;
use crate::publication::{Body, Publication};
use parking_lot::Mutex;
use plenum_schema::wire::Signal;
use plenum_schema::{Refusal, RefusalCode};
use serde::Deserialize;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

/// What a node sheds, the first to go first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Shed {
    /// Who is typing, and what an audience has just reacted with: dropped.
    Typing = 1,
    /// Who is online, how many are in a room or hall: only the newest, now and then.
    Presence = 2,
    /// Results, boards, read marks, unread counts: only the newest, now and then.
    Tallies = 3,
    /// New connections and subscriptions: refused as `busy`.
    Joins = 4,
    /// New messages and changes of messages: refused as `busy`.
    Sends = 5,
}

impl Shed {
    /// All of them, in the order of the ladder.
    pub const ALL: [Self; 5] = [Self::Typing, Self::Presence, Self::Tallies, Self::Joins, Self::Sends];

    /// The name in metrics and of the setting.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Typing => "typing",
            Self::Presence => "presence",
            Self::Tallies => "tallies",
            Self::Joins => "joins",
            Self::Sends => "sends",
        }
    }

    const fn level(self) -> u8 {
        self as u8
    }

    /// Where a publication stands on the ladder; `None`: it is delivered as long as there is any room.
    pub(super) fn of(publication: &Publication) -> Option<Self> {
        let Body::Signal(signal) = publication.body() else { return None };
        match signal {
            Signal::Typing(_) | Signal::Reactions(_) => Some(Self::Typing),
            Signal::Presence(_) | Signal::RoomStats(_) | Signal::Audience(_) => Some(Self::Presence),
            Signal::Results(_) | Signal::Board(_) | Signal::Marks(_) | Signal::Unread(_) => Some(Self::Tallies),
            Signal::ConversationAdded(_)
            | Signal::ConversationUpdated(_)
            | Signal::Notification(_)
            | Signal::DomainChecked(_)
            | Signal::StatusListChanged(_)
            | Signal::OrderUpdated(_) => None,
        }
    }
}

/// When each step begins, in percent of [`HubConfig::mailbox_batches`](super::HubConfig::mailbox_batches), and how it is taken.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LadderConfig {
    /// From here on typing and live reactions are dropped.
    pub typing_percent: usize,
    /// From here on presence is held back: the newest comes every `hold_ms`.
    pub presence_percent: usize,
    /// From here on tallies, boards, marks and unread counts are held back in the same way.
    pub tallies_percent: usize,
    /// From here on new connections and subscriptions are refused.
    pub joins_percent: usize,
    /// From here on messages and their changes are refused.
    pub sends_percent: usize,
    /// A step ends when the mailbox is so many percent emptier than where it began.
    pub relax_percent: usize,
    /// How often what is held back comes while a step lasts, milliseconds.
    pub hold_ms: u64,
    /// The most signals that are held back for one hub; more are delivered as ever.
    pub held_signals: usize,
    /// When somebody should come back who was refused, milliseconds.
    pub retry_ms: u64,
}

impl Default for LadderConfig {
    fn default() -> Self {
        Self {
            typing_percent: 25,
            presence_percent: 40,
            tallies_percent: 55,
            joins_percent: 70,
            sends_percent: 85,
            relax_percent: 10,
            hold_ms: 1_000,
            held_signals: 4_096,
            retry_ms: 1_000,
        }
    }
}

impl LadderConfig {
    /// The steps in their order, with where each begins.
    #[must_use]
    pub fn steps(&self) -> [(Shed, usize); 5] {
        [
            (Shed::Typing, self.typing_percent),
            (Shed::Presence, self.presence_percent),
            (Shed::Tallies, self.tallies_percent),
            (Shed::Joins, self.joins_percent),
            (Shed::Sends, self.sends_percent),
        ]
    }
}

/// A step, in batches: it begins with so many waiting, and ends with fewer than so many.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct Rung {
    begins: usize,
    ends: usize,
}

/// How a node stands on the ladder: as its fullest hub.
#[derive(Debug)]
pub struct Ladder {
    rungs: [Rung; 5],
    config: LadderConfig,
    /// The step of each worker's hub. Locked while one changes.
    of_workers: Mutex<[u8; MAX_WORKERS]>,
    highest: AtomicU8,
    metrics: HubMetrics,
}

impl Ladder {
    pub(super) fn new(config: LadderConfig, limit: usize, metrics: HubMetrics) -> Arc<Self> {
        let part = |percent: usize| limit.saturating_mul(percent).div_ceil(100).max(1);
        let rung = |(_, percent): (Shed, usize)| Rung {
            begins: part(percent),
            ends: part(percent.saturating_sub(config.relax_percent)),
        };
        Arc::new(Self {
            rungs: config.steps().map(rung),
            config,
            of_workers: Mutex::new([0; MAX_WORKERS]),
            highest: AtomicU8::new(0),
            metrics,
        })
    }

    pub(super) fn config(&self) -> &LadderConfig {
        &self.config
    }

    /// The step that follows `step` when so many batches wait.
    pub(super) fn next(&self, step: u8, waiting: usize) -> u8 {
        let climbed = self.rungs.iter().take_while(|rung| waiting >= rung.begins).count();
        let kept = self.rungs.iter().take(usize::from(step)).take_while(|rung| waiting >= rung.ends).count();
        u8::try_from(climbed.max(kept)).unwrap_or(u8::MAX)
    }

    /// Lets a worker's hub go to the step that follows from what waits for it now.
    pub(super) fn settle(&self, worker: usize, step: &AtomicU8, waiting: impl FnOnce() -> usize) {
        let mut of_workers = self.of_workers.lock();
        let next = self.next(step.load(Ordering::Relaxed), waiting());
        step.store(next, Ordering::Relaxed);
        if let Some(mine) = of_workers.get_mut(worker) {
            *mine = next;
        }
        let highest = of_workers.iter().max().copied().unwrap_or(0);
        let before = self.highest.swap(highest, Ordering::Relaxed);
        self.metrics.ladder_step.set(i64::from(highest));
        drop(of_workers);
        if highest != before {
            tracing::warn!(step = Self::name(highest), before = Self::name(before), "the node's overload has changed");
        }
    }

    /// The last thing that is shed at a step.
    fn name(step: u8) -> &'static str {
        Shed::ALL.iter().rev().find(|shed| shed.level() <= step).map_or("none", |shed| shed.as_str())
    }

    /// Whether a hub at this step sheds it.
    pub(super) fn is_shed(step: u8, shed: Shed) -> bool {
        step >= shed.level()
    }

    /// Whether the node sheds it now.
    #[must_use]
    pub fn sheds(&self, shed: Shed) -> bool {
        Self::is_shed(self.highest.load(Ordering::Relaxed), shed)
    }

    /// Lets through what is to be done now, and counts what is not.
    ///
    /// # Errors
    /// `busy`, with the time to wait, while the node sheds it.
    pub fn admit(&self, shed: Shed) -> Result<(), Refusal> {
        if !self.sheds(shed) {
            return Ok(());
        }
        self.count(shed);
        let text = match shed {
            Shed::Sends => "the server has more to deliver than it can: send again later",
            _ => "the server has more to deliver than it can: come back later",
        };
        Err(Refusal::new(RefusalCode::Busy, text).retry_after(self.config.retry_ms))
    }

    pub(super) fn count(&self, shed: Shed) {
        if let Some(counter) = self.metrics.shed.get(usize::from(shed.level() - 1)) {
            counter.inc();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ladder(limit: usize) -> Arc<Ladder> {
        let metrics = HubMetrics::new(&prometheus::Registry::new()).unwrap();
        Ladder::new(LadderConfig::default(), limit, metrics)
    }

    #[test]
    fn each_step_begins_where_it_is_set_and_all_before_it_last() {
        let ladder = ladder(100);
        for (waiting, step) in
            [(0, 0), (24, 0), (25, 1), (39, 1), (40, 2), (55, 3), (70, 4), (84, 4), (85, 5), (100, 5)]
        {
            assert_eq!(ladder.next(0, waiting), step, "{waiting} wait");
        }
        for (step, shed) in (1..).zip(Shed::ALL) {
            assert!(Ladder::is_shed(step, shed) && !Ladder::is_shed(step - 1, shed) && Ladder::is_shed(5, shed));
        }
    }

    #[test]
    fn a_step_ends_only_when_the_mailbox_is_a_good_deal_emptier() {
        let ladder = ladder(100);
        for (step, waiting, next) in
            [(1, 24, 1), (1, 15, 1), (1, 14, 0), (5, 84, 5), (5, 75, 5), (5, 74, 4), (5, 29, 1), (5, 0, 0)]
        {
            assert_eq!(ladder.next(step, waiting), next, "from {step} with {waiting}");
        }
        // Around the edge of a step it does not change with every batch.
        let mut step = 0;
        let steps: Vec<u8> = [24, 25, 24, 25, 23, 25, 24]
            .map(|waiting| {
                step = ladder.next(step, waiting);
                step
            })
            .to_vec();
        assert_eq!(steps, [0, 1, 1, 1, 1, 1, 1]);
    }

    #[test]
    fn the_smallest_mailboxes_climb_and_come_down_again() {
        for limit in 0..20 {
            let ladder = ladder(limit);
            assert_eq!(ladder.next(0, 0), 0, "{limit}");
            assert_eq!(ladder.next(5, 0), 0, "{limit}");
            assert!(limit == 0 || ladder.next(0, limit) == 5, "{limit}");
        }
    }

    #[test]
    fn the_node_stands_where_its_fullest_hub_stands() {
        let ladder = ladder(100);
        let steps = [AtomicU8::new(0), AtomicU8::new(0)];
        ladder.settle(0, &steps[0], || 90);
        ladder.settle(1, &steps[1], || 30);
        assert!(ladder.sheds(Shed::Sends));
        let refusal = ladder.admit(Shed::Sends).unwrap_err();
        assert_eq!((refusal.code, refusal.retry_after_ms), (RefusalCode::Busy, Some(1_000)));
        assert_eq!(ladder.metrics.shed[4].get(), 1);
        ladder.settle(0, &steps[0], || 0);
        assert!(ladder.sheds(Shed::Typing) && !ladder.sheds(Shed::Presence));
        assert_eq!((ladder.admit(Shed::Joins), ladder.metrics.ladder_step.get()), (Ok(()), 1));
    }
}
