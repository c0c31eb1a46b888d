//! Which conferences have something to tell, and when they are looked at. Only a hint: what is lost here is found by a sweep of the rows.

use super::HookCarrier;
use parking_lot::Mutex;
use plenum_schema::ConferenceId;
use prometheus::{IntCounter, IntCounterVec, IntGauge, Opts, Registry};
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::Arc;
use tokio::sync::Notify;

/// What is counted of webhooks.
#[derive(Clone, Debug)]
pub struct HookMetrics {
    deliveries: IntCounterVec,
    waiting: IntGauge,
    turned_away: IntCounter,
}

impl HookMetrics {
    /// Registers the metrics.
    ///
    /// # Errors
    /// When one of the names is taken in the registry.
    pub fn new(registry: &Registry) -> prometheus::Result<Self> {
        let about = "events of conferences that webhooks were told, or not in this try, or that were given up";
        let deliveries = IntCounterVec::new(Opts::new("plenum_hook_deliveries_total", about), &["outcome"])?;
        let waiting = IntGauge::new("plenum_hooks_waiting", "conferences that wait for a turn to tell their webhooks")?;
        let about = "conferences that found no place in the queue of webhooks; a sweep finds them";
        let turned_away = IntCounter::new("plenum_hooks_turned_away_total", about)?;
        registry.register(Box::new(deliveries.clone()))?;
        registry.register(Box::new(waiting.clone()))?;
        registry.register(Box::new(turned_away.clone()))?;
        for outcome in ["delivered", "failed", "given_up"] {
            deliveries.with_label_values(&[outcome]).inc_by(0);
        }
        Ok(Self { deliveries, waiting, turned_away })
    }

    pub(super) fn told(&self, outcome: &str) {
        self.deliveries.with_label_values(&[outcome]).inc();
    }
}

#[derive(Default)]
struct Turns {
    /// When, by the monotonic clock.
    due: HashMap<ConferenceId, u64>,
    under_way: HashSet<ConferenceId>,
}

/// The queue, and who carries.
#[derive(Clone)]
pub struct Hooks(Arc<Inner>);

struct Inner {
    carrier: Arc<dyn HookCarrier>,
    metrics: HookMetrics,
    turns: Mutex<Turns>,
    woken: Notify,
}

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hooks").finish_non_exhaustive()
    }
}

impl Hooks {
    /// An empty queue.
    #[must_use]
    pub fn new(carrier: Arc<dyn HookCarrier>, metrics: HookMetrics) -> Self {
        Self(Arc::new(Inner { carrier, metrics, turns: Mutex::default(), woken: Notify::new() }))
    }

    pub(super) fn carrier(&self) -> &Arc<dyn HookCarrier> {
        &self.0.carrier
    }

    pub(super) fn metrics(&self) -> &HookMetrics {
        &self.0.metrics
    }

    /// This conference is looked at then, or before; turned away when `most` wait.
    pub(super) fn put(&self, id: ConferenceId, at: u64, most: usize) {
        let mut turns = self.0.turns.lock();
        if turns.due.len() >= most && !turns.due.contains_key(&id) {
            self.0.metrics.turned_away.inc();
            return;
        }
        turns.due.entry(id).and_modify(|known| *known = at.min(*known)).or_insert(at);
        self.waits(&turns);
        drop(turns);
        self.0.woken.notify_one();
    }

    /// Those whose turn it is now, as long as fewer than `at_once` are under way; and when the next one's is.
    pub(super) fn take(&self, now: u64, at_once: usize) -> (Vec<ConferenceId>, Option<u64>) {
        let mut turns = self.0.turns.lock();
        let free = at_once.saturating_sub(turns.under_way.len());
        let is_free = |id: &ConferenceId| !turns.under_way.contains(id);
        let ready = turns.due.iter().filter(|(id, at)| **at <= now && is_free(id)).map(|(id, _)| *id);
        let ready: Vec<ConferenceId> = ready.take(free).collect();
        for id in &ready {
            turns.due.remove(id);
            turns.under_way.insert(*id);
        }
        // Where no place is free the next one who is done wakes us.
        let next =
            turns.due.iter().filter(|(id, at)| **at > now && !turns.under_way.contains(id)).map(|(_, at)| *at).min();
        self.waits(&turns);
        (ready, next)
    }

    /// A turn is over.
    pub(super) fn done(&self, id: ConferenceId) {
        self.0.turns.lock().under_way.remove(&id);
        self.0.woken.notify_one();
    }

    /// Until somebody is put in or done.
    pub(super) async fn woken(&self) {
        self.0.woken.notified().await;
    }

    fn waits(&self, turns: &Turns) {
        self.0.metrics.waiting.set(i64::try_from(turns.due.len()).unwrap_or(i64::MAX));
    }
}

#[cfg(test)]
mod tests {
    use super::super::NoHooks;
    use super::*;
    use uuid::Uuid;

    fn id(number: u128) -> ConferenceId {
        ConferenceId(Uuid::from_u128(number))
    }

    fn hooks() -> Hooks {
        Hooks::new(Arc::new(NoHooks), HookMetrics::new(&Registry::new()).unwrap())
    }

    #[test]
    fn a_conference_has_one_turn_at_a_time_and_the_queue_is_bounded() {
        let hooks = hooks();
        hooks.put(id(1), 5, 2);
        hooks.put(id(1), 9, 2);
        hooks.put(id(2), 20, 2);
        hooks.put(id(3), 0, 2);
        assert_eq!(hooks.metrics().turned_away.get(), 1);
        assert_eq!(hooks.take(4, 9), (vec![], Some(5)));
        assert_eq!(hooks.take(5, 9), (vec![id(1)], Some(20)), "the earlier of its two times counts");
        hooks.put(id(1), 6, 2);
        assert_eq!(hooks.take(7, 9), (vec![], Some(20)), "it is under way");
        hooks.done(id(1));
        assert_eq!(hooks.take(7, 1).0, vec![id(1)]);
        assert_eq!(hooks.take(30, 1).0, vec![], "there is one place");
        hooks.done(id(1));
        assert_eq!(hooks.take(30, 1), (vec![id(2)], None));
    }
}
