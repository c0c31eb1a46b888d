//! What a hub counts. One set for all workers; counters are added to once a slice, not once a delivery.

use super::ladder::Shed;
use plenum_schema::wire::CloseCode;
use prometheus::{Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, Opts, Registry};

/// How connections are counted that did not answer our close; those that we had closed were counted by their reason, too.
pub(super) const CUT_OFF: &str = "cut off";

/// How a peer breaks the rules of its transport.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Breach {
    /// Frames that are none (WebSocket: 1002).
    Framing,
    /// Text that is no UTF-8 (1007).
    Text,
    /// A message or a number of fragments beyond the limit (1009).
    Size,
}

impl Breach {
    const ALL: [Self; 3] = [Self::Framing, Self::Text, Self::Size];

    pub(super) fn reason(self) -> &'static str {
        match self {
            Self::Framing => "broken frame",
            Self::Text => "no UTF-8",
            Self::Size => "too large",
        }
    }
}

/// Metrics of all hubs of a node.
#[derive(Clone, Debug)]
pub struct HubMetrics {
    /// Open connections.
    pub connections: IntGauge,
    /// Topics with subscribers, summed over workers.
    pub topics: IntGauge,
    /// Subscriptions.
    pub subscriptions: IntGauge,
    /// Publications handed to a receiver (one for each receiver).
    pub deliveries: IntCounter,
    /// Write system calls.
    pub writes: IntCounter,
    /// Rounds: walks over a topic's subscribers.
    pub rounds: IntCounter,
    /// Time from a publication's arrival to the end of its round.
    pub fanout_seconds: Histogram,
    /// Bytes waiting for slow receivers.
    pub outbox_bytes: IntGauge,
    /// Signals dropped because a receiver was slow.
    pub signals_dropped: IntCounter,
    /// Connections closed by the server, by reason.
    pub closed: IntCounterVec,
    /// Catch-ups finished.
    pub resumes: IntCounter,
    /// Events delivered by catch-up, by source.
    pub resumed_events: IntCounterVec,
    /// Gaps seen in a topic's offsets and repaired from the log.
    pub repairs: IntCounter,
    /// Batches in the mailboxes of hubs.
    pub mailbox: IntGauge,
    /// Batches that found a hub's mailbox full.
    pub mailbox_full: IntCounter,
    /// Publications for which a topic had no room: events are read from the log later, signals conflated or dropped.
    pub pending_full: IntCounter,
    /// What overload took away, in the order of [`Shed::ALL`]: signals dropped or held back, joins and sends refused.
    pub shed: [IntCounter; 5],
    /// How far the node has gone on the ladder of [`Shed`]; 0: nothing is shed.
    pub ladder_step: IntGauge,
    /// Panics inside hubs that were contained.
    pub panics: IntCounter,
}

impl HubMetrics {
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
        let fanout_seconds = Histogram::with_opts(
            HistogramOpts::new(
                "plenum_fanout_seconds",
                "time from a publication's arrival at a hub to the end of its round",
            )
            .buckets(prometheus::exponential_buckets(0.000_05, 2.0, 16)?),
        )?;
        registry.register(Box::new(fanout_seconds.clone()))?;
        let closed = counters(
            "plenum_closed_total",
            "connections closed by the server; cut off: they had not answered the close",
            "reason",
        )?;
        let broken = Breach::ALL.into_iter().map(Breach::reason).chain([CUT_OFF]);
        for reason in CloseCode::ALL.iter().map(|code| code.reason()).chain(broken) {
            // Shown from the beginning: an alarm on slow consumers must find the series before the first of them.
            closed.with_label_values(&[reason]).inc_by(0);
        }
        let about =
            "what overload took away: signals that were dropped or held back, joins and sends that were refused";
        let shed = counters("plenum_hub_shed_total", about, "what")?;
        Ok(Self {
            connections: gauge("plenum_connections", "open connections")?,
            topics: gauge("plenum_topics", "topics with subscribers, summed over workers")?,
            subscriptions: gauge("plenum_subscriptions", "subscriptions of connections to topics")?,
            deliveries: counter("plenum_deliveries_total", "publications handed to a receiver")?,
            writes: counter("plenum_writes_total", "write system calls on connections")?,
            rounds: counter("plenum_rounds_total", "walks over a topic's subscribers")?,
            fanout_seconds,
            outbox_bytes: gauge(
                "plenum_outbox_bytes",
                "bytes waiting for receivers, with what each piece takes beside them",
            )?,
            signals_dropped: counter("plenum_signals_dropped_total", "signals dropped for slow receivers")?,
            closed,
            resumes: counter("plenum_resumes_total", "catch-ups finished")?,
            resumed_events: counters("plenum_resumed_events_total", "events delivered by catch-up", "source")?,
            repairs: counter("plenum_repairs_total", "gaps in a topic repaired from the log")?,
            mailbox: gauge("plenum_hub_mailbox_batches", "batches of publications in the mailboxes of hubs")?,
            mailbox_full: counter("plenum_hub_mailbox_full_total", "batches that found a hub's mailbox full")?,
            pending_full: counter("plenum_hub_pending_full_total", "publications for which a topic had no room")?,
            shed: Shed::ALL.map(|what| shed.with_label_values(&[what.as_str()])),
            ladder_step: gauge(
                "plenum_hub_ladder_step",
                "what overload takes away now: 0 nothing, 1 typing, 2 presence too, 3 tallies, 4 joins, 5 sends",
            )?,
            panics: counter(
                "plenum_hub_panics_total",
                "panics inside hubs; each began again, and its clients came back",
            )?,
        })
    }
}
