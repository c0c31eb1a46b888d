//! What the embedded engine counts.

use prometheus::{Histogram, HistogramOpts, IntCounter, IntGauge, Registry};

/// Metrics of an embedded store.
#[derive(Clone, Debug)]
pub struct StoreMetrics {
    /// Appends that were written.
    pub appends: IntCounter,
    /// Log entries that were written.
    pub entries: IntCounter,
    /// Row writes, snapshots and trims that were written.
    pub row_writes: IntCounter,
    /// Appends and conditional row writes whose condition did not hold.
    pub conflicts: IntCounter,
    /// Batches written, each with one fsync.
    pub fsyncs: IntCounter,
    /// Writes (of any kind) that share one fsync.
    pub writes_per_fsync: Histogram,
    /// Time to write and fsync a batch and make it visible.
    pub commit_seconds: Histogram,
    /// Bytes of keys and values handed to the engine.
    pub written_bytes: IntCounter,
    /// Writes waiting for the next batch.
    pub queued_writes: IntGauge,
    /// Writes refused because the queue was full.
    pub refused: IntCounter,
    /// Times a reader let others run on its thread, because much had been read there.
    pub read_turns: IntCounter,
    /// Bytes the store occupies on disk.
    pub disk_bytes: IntGauge,
    /// Free bytes where the store lies.
    pub free_bytes: IntGauge,
    /// 1 while writes are accepted, 0 when the disk is full or a write failed.
    pub healthy: IntGauge,
    /// Batches that failed with an unknown outcome.
    pub failures: IntCounter,
    /// Times the store was opened again after a failure.
    pub recoveries: IntCounter,
}

impl StoreMetrics {
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
        let gauge = |name: &str, help: &str| {
            let gauge = IntGauge::new(name, help)?;
            registry.register(Box::new(gauge.clone()))?;
            prometheus::Result::Ok(gauge)
        };
        let histogram = |name: &str, help: &str, buckets: Vec<f64>| {
            let histogram = Histogram::with_opts(HistogramOpts::new(name, help).buckets(buckets))?;
            registry.register(Box::new(histogram.clone()))?;
            prometheus::Result::Ok(histogram)
        };
        let doubling = |start| prometheus::exponential_buckets(start, 2.0, 14);
        Ok(Self {
            appends: counter("plenum_store_appends_total", "appends written")?,
            entries: counter("plenum_store_entries_total", "log entries written")?,
            row_writes: counter("plenum_store_row_writes_total", "row writes, snapshots and trims written")?,
            conflicts: counter("plenum_store_conflicts_total", "writes whose condition did not hold")?,
            fsyncs: counter("plenum_store_fsyncs_total", "batches written, each with one fsync")?,
            writes_per_fsync: histogram(
                "plenum_store_writes_per_fsync",
                "writes that share one fsync",
                doubling(1.0)?,
            )?,
            commit_seconds: histogram(
                "plenum_store_commit_seconds",
                "time to write and fsync a batch",
                doubling(0.000_1)?,
            )?,
            written_bytes: counter("plenum_store_written_bytes_total", "bytes of keys and values written")?,
            queued_writes: gauge("plenum_store_queued_writes", "writes waiting for the next batch")?,
            refused: counter("plenum_store_refused_total", "writes refused because the queue was full")?,
            read_turns: counter("plenum_store_read_turns_total", "times a reader let others run on its thread")?,
            disk_bytes: gauge("plenum_store_disk_bytes", "bytes the store occupies on disk")?,
            free_bytes: gauge("plenum_store_free_bytes", "free bytes where the store lies")?,
            healthy: gauge("plenum_store_healthy", "1 while writes are accepted")?,
            failures: counter("plenum_store_failures_total", "batches with an unknown outcome")?,
            recoveries: counter("plenum_store_recoveries_total", "times the store was opened again after a failure")?,
        })
    }
}
