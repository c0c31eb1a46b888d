//! What the bus tells the operator.

use prometheus::{IntCounter, IntCounterVec, IntGauge, Opts, Registry};

/// Counters of the bus. Cheap to clone; clones count together.
#[derive(Clone, Debug)]
pub struct BusMetrics {
    /// 1 while NATS is connected.
    pub connected: IntGauge,
    /// Times that the connection was made, the first one included.
    pub connects: IntCounter,
    /// Other nodes that are there.
    pub nodes: IntGauge,
    /// Nodes that fell silent.
    pub silences: IntCounter,
    /// Messages sent, by what they are.
    pub sent: IntCounterVec,
    /// Bytes of their payloads.
    pub sent_bytes: IntCounterVec,
    /// Messages received, by what they are.
    pub received: IntCounterVec,
    /// Bytes of their payloads.
    pub received_bytes: IntCounterVec,
    /// Messages that were not sent or not read, by the reason.
    pub lost: IntCounterVec,
    /// Topics subscribed to.
    pub topics: IntGauge,
    /// Commands sent to other nodes, by what came of them.
    pub commands: IntCounterVec,
    /// Commands without an answer.
    pub in_flight: IntGauge,
    /// Commands carried out for other nodes.
    pub served: IntCounter,
    /// Topics whose head was read from the log to see whether something was missed.
    pub checks: IntCounter,
    /// Repairs that shared another hub's read.
    pub shared_repairs: IntCounter,
    /// Ended sessions that a node did not confirm.
    pub unconfirmed: IntCounter,
    /// Takings of rate limits that other nodes were not told of.
    pub untold_spendings: IntCounter,
    /// Takings on other nodes that were not charged here.
    pub uncharged_spendings: IntCounter,
}

impl BusMetrics {
    /// Registers the metrics.
    ///
    /// # Errors
    /// When one of the names is taken in the registry.
    pub fn new(registry: &Registry) -> prometheus::Result<Self> {
        let counter = |name: &str, help: &str| {
            let counter = IntCounter::new(name, help)?;
            registry.register(Box::new(counter.clone()))?;
            prometheus::Result::Ok(counter)
        };
        let counters = |name: &str, help: &str, label: &str| {
            let counter = IntCounterVec::new(Opts::new(name, help), &[label])?;
            registry.register(Box::new(counter.clone()))?;
            prometheus::Result::Ok(counter)
        };
        let gauge = |name: &str, help: &str| {
            let gauge = IntGauge::new(name, help)?;
            registry.register(Box::new(gauge.clone()))?;
            prometheus::Result::Ok(gauge)
        };
        Ok(Self {
            connected: gauge("plenum_bus_connected", "1 while the bus is connected")?,
            connects: counter("plenum_bus_connects_total", "Connections made to the bus")?,
            nodes: gauge("plenum_cluster_nodes", "Other nodes of the cluster that are there")?,
            silences: counter("plenum_cluster_silences_total", "Nodes that fell silent")?,
            sent: counters("plenum_bus_sent_total", "Messages sent on the bus", "what")?,
            sent_bytes: counters("plenum_bus_sent_bytes_total", "Bytes of messages sent on the bus", "what")?,
            received: counters("plenum_bus_received_total", "Messages received from the bus", "what")?,
            received_bytes: counters("plenum_bus_received_bytes_total", "Bytes of messages received", "what")?,
            lost: counters("plenum_bus_lost_total", "Messages not sent or not read", "reason")?,
            topics: gauge("plenum_bus_topics", "Topics subscribed to on the bus")?,
            commands: counters("plenum_bus_commands_total", "Commands sent to other nodes", "outcome")?,
            in_flight: gauge("plenum_bus_commands_in_flight", "Commands sent to other nodes without an answer")?,
            served: counter("plenum_bus_commands_served_total", "Commands carried out for other nodes")?,
            checks: counter("plenum_bus_checks_total", "Heads read to see whether publications were missed")?,
            shared_repairs: counter("plenum_bus_shared_repairs_total", "Repairs that shared another's read")?,
            unconfirmed: counter("plenum_bus_unconfirmed_total", "Ended sessions that a node did not confirm")?,
            untold_spendings: counter(
                "plenum_limits_untold_total",
                "Takings of rate limits that nodes were not told of",
            )?,
            uncharged_spendings: counter(
                "plenum_limits_uncharged_total",
                "Takings told too late, or without room here",
            )?,
        })
    }

    pub(super) fn count_sent(&self, what: &str, bytes: usize) {
        self.sent.with_label_values(&[what]).inc();
        self.sent_bytes.with_label_values(&[what]).inc_by(bytes as u64);
    }

    pub(super) fn count_received(&self, what: &str, bytes: usize) {
        self.received.with_label_values(&[what]).inc();
        self.received_bytes.with_label_values(&[what]).inc_by(bytes as u64);
    }

    pub(super) fn count_lost(&self, reason: &str) {
        self.lost.with_label_values(&[reason]).inc();
    }
}
