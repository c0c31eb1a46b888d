//! What the CQL engine counts.

use prometheus::{HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, Opts, Registry};

/// Metrics of a CQL store.
#[derive(Clone, Debug)]
pub struct CqlMetrics {
    /// Time of a call, with everything it took, by operation.
    pub seconds: HistogramVec,
    /// Calls that ended in an error, by operation.
    pub errors: IntCounterVec,
    /// Requests sent to the cluster, by kind: `read`, `serial_read`, `write`, `conditional`.
    pub requests: IntCounterVec,
    /// Log entries that were written.
    pub entries: IntCounter,
    /// Conditional writes whose condition did not hold.
    pub conflicts: IntCounter,
    /// Conditional writes whose answer was lost or said nothing.
    pub uncertain: IntCounter,
    /// Of these, those whose outcome a serial read settled.
    pub settled: IntCounter,
    /// Reads repeated at serial consistency because a commit was still on its way.
    pub repaired_reads: IntCounter,
    /// Calls under way.
    pub in_flight: IntGauge,
    /// Calls refused because too many were under way.
    pub refused: IntCounter,
    /// 1 while the cluster takes writes.
    pub healthy: IntGauge,
}

impl CqlMetrics {
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
        let by = |name: &str, help: &str, label: &str| {
            let counter = IntCounterVec::new(Opts::new(name, help), &[label])?;
            registry.register(Box::new(counter.clone()))?;
            prometheus::Result::Ok(counter)
        };
        let gauge = |name: &str, help: &str| {
            let gauge = IntGauge::new(name, help)?;
            registry.register(Box::new(gauge.clone()))?;
            prometheus::Result::Ok(gauge)
        };
        let buckets = prometheus::exponential_buckets(0.000_25, 2.0, 16)?;
        let options = HistogramOpts::new("plenum_store_cql_seconds", "time of a call to the store").buckets(buckets);
        let seconds = HistogramVec::new(options, &["operation"])?;
        registry.register(Box::new(seconds.clone()))?;
        Ok(Self {
            seconds,
            errors: by("plenum_store_cql_errors_total", "calls that ended in an error", "operation")?,
            requests: by("plenum_store_cql_requests_total", "requests sent to the cluster", "kind")?,
            entries: counter("plenum_store_cql_entries_total", "log entries written")?,
            conflicts: counter("plenum_store_cql_conflicts_total", "conditional writes whose condition did not hold")?,
            uncertain: counter("plenum_store_cql_uncertain_total", "conditional writes without a clear answer")?,
            settled: counter("plenum_store_cql_settled_total", "unclear outcomes that a serial read settled")?,
            repaired_reads: counter(
                "plenum_store_cql_repaired_reads_total",
                "reads repeated at serial consistency because a commit was on its way",
            )?,
            in_flight: gauge("plenum_store_cql_in_flight", "calls under way")?,
            refused: counter("plenum_store_cql_refused_total", "calls refused because too many were under way")?,
            healthy: gauge("plenum_store_cql_healthy", "1 while the cluster takes writes")?,
        })
    }
}
