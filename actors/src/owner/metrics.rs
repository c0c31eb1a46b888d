//! What owners tell the operator.

use crate::clock::MonoMillis;
use prometheus::core::Collector;
use prometheus::{Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, Opts, Registry, exponential_buckets};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Appends that were given up are counted one by one and logged this often at most, milliseconds: a full disk refuses thousands a second.
const TELL_EVERY_MS: u64 = 1_000;

/// Counters of all owners of a process. Cheap to clone; clones count together.
#[derive(Clone, Debug)]
pub struct OwnerMetrics {
    /// Answers by aggregate, command and outcome.
    pub commands: IntCounterVec,
    /// Entries per append.
    pub batch_entries: Histogram,
    /// Seconds from sending an append to its outcome.
    pub append_seconds: Histogram,
    /// Appends refused because somebody else had appended.
    pub conflicts: IntCounter,
    /// Appends whose outcome had to be looked up.
    pub unknowns: IntCounter,
    /// Commands recognised as repetitions.
    pub duplicates: IntCounter,
    /// Commands refused because too many waited.
    pub busy: IntCounter,
    /// Commands refused because they could not be placed in the log in time.
    pub late: IntCounter,
    /// Pauses for another owner of the same log.
    pub yields: IntCounter,
    /// Commands accepted and not answered yet.
    pub pending: IntGauge,
    /// Commands in the mailboxes of owners.
    pub mailbox: IntGauge,
    /// Owners alive.
    pub live: IntGauge,
    /// Owners that ended because they were idle or draining.
    pub passivations: IntCounter,
    /// Owners rebuilt from the log after a panic.
    pub rebuilds: IntCounter,
    /// Commands carried out here although the placement names another node.
    pub misplaced: IntCounter,
    /// Commands that went to the next node, or were carried out here, after the node that they were sent to did not answer.
    pub fallbacks: IntCounter,
    /// Snapshots that could not be saved.
    pub snapshot_failures: IntCounter,
    /// Appends whose commands were refused because the store could not take them.
    pub given_up: IntCounter,
    /// From when on the next of them is logged, monotonic milliseconds.
    tell_from: Arc<AtomicU64>,
}

impl OwnerMetrics {
    /// Registers the metrics.
    ///
    /// # Errors
    /// When the registry has metrics of these names already.
    pub fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let metrics = Self::new()?;
        for collector in metrics.collectors() {
            registry.register(collector)?;
        }
        Ok(metrics)
    }

    /// Metrics that no registry shows, for tests and tools.
    ///
    /// # Errors
    /// Never in practice: the names are fixed.
    pub fn new() -> Result<Self, prometheus::Error> {
        let batches = exponential_buckets(1.0, 2.0, 10)?;
        let seconds = exponential_buckets(0.000_1, 2.0, 16)?;
        let counter = |name: &str, help: &str| IntCounter::new(name, help);
        Ok(Self {
            commands: IntCounterVec::new(
                Opts::new("plenum_owner_commands_total", "Commands answered by owners"),
                &["aggregate", "command", "outcome"],
            )?,
            batch_entries: Histogram::with_opts(
                HistogramOpts::new("plenum_owner_batch_entries", "Entries per append").buckets(batches),
            )?,
            append_seconds: Histogram::with_opts(
                HistogramOpts::new("plenum_owner_append_seconds", "Time of an append").buckets(seconds),
            )?,
            conflicts: counter("plenum_owner_conflicts_total", "Appends that met another writer's entries")?,
            unknowns: counter("plenum_owner_unknown_outcomes_total", "Appends whose outcome had to be looked up")?,
            duplicates: counter("plenum_owner_duplicates_total", "Commands recognised as repetitions")?,
            busy: counter("plenum_owner_busy_total", "Commands refused because too many waited")?,
            late: counter("plenum_owner_late_total", "Commands refused because the log did not take them in time")?,
            yields: counter("plenum_owner_yields_total", "Pauses for another owner that appends to the same log")?,
            pending: IntGauge::new("plenum_owner_pending_commands", "Commands waiting at owners")?,
            mailbox: IntGauge::new("plenum_owner_mailbox_commands", "Commands in the mailboxes of owners")?,
            live: IntGauge::new("plenum_owner_live", "Owners alive")?,
            passivations: counter("plenum_owner_passivations_total", "Owners that ended in order")?,
            rebuilds: counter("plenum_owner_rebuilds_total", "Owners rebuilt after a panic")?,
            misplaced: counter("plenum_owner_misplaced_total", "Commands carried out here but placed elsewhere")?,
            fallbacks: counter(
                "plenum_owner_fallbacks_total",
                "Commands sent on or carried out here because a node was lost",
            )?,
            snapshot_failures: counter("plenum_owner_snapshot_failures_total", "Snapshots that could not be saved")?,
            given_up: counter(
                "plenum_owner_given_up_total",
                "Appends refused to their commands, by the store's fault",
            )?,
            tell_from: Arc::default(),
        })
    }

    /// Counts an append that was given up; true when it is time to log one.
    pub(crate) fn give_up(&self, now: MonoMillis) -> bool {
        self.given_up.inc();
        let from = self.tell_from.load(Ordering::Relaxed);
        let next = now + TELL_EVERY_MS;
        now >= from && self.tell_from.compare_exchange(from, next, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    fn collectors(&self) -> Vec<Box<dyn Collector>> {
        vec![
            Box::new(self.commands.clone()),
            Box::new(self.batch_entries.clone()),
            Box::new(self.append_seconds.clone()),
            Box::new(self.conflicts.clone()),
            Box::new(self.unknowns.clone()),
            Box::new(self.duplicates.clone()),
            Box::new(self.busy.clone()),
            Box::new(self.late.clone()),
            Box::new(self.yields.clone()),
            Box::new(self.pending.clone()),
            Box::new(self.mailbox.clone()),
            Box::new(self.live.clone()),
            Box::new(self.passivations.clone()),
            Box::new(self.rebuilds.clone()),
            Box::new(self.misplaced.clone()),
            Box::new(self.fallbacks.clone()),
            Box::new(self.snapshot_failures.clone()),
            Box::new(self.given_up.clone()),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_appends_given_up_one_a_second_is_logged_and_all_are_counted() {
        let metrics = OwnerMetrics::new().expect("fixed names");
        let told = (0..3_000).filter(|now| metrics.give_up(*now)).count();
        assert_eq!((told, metrics.given_up.get()), (3, 3_000));
    }
}
