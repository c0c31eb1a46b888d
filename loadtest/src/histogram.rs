//! Latency without coordinated omission: every value is measured from the moment the message was *meant* to be sent, so a
//! stalled server is charged for the messages that waited behind the stall. Where a run has no schedule (closed loop) the
//! expected interval corrects it, as HdrHistogram does.

use crate::clock::Nanos;
use hdrhistogram::Histogram;
use serde::Serialize;

/// Longest latency that is told apart, microseconds; longer ones count as this.
const LONGEST_US: u64 = 600_000_000;

/// The percentiles of a report's curve.
const CURVE: [f64; 15] = [0.0, 10.0, 25.0, 50.0, 75.0, 90.0, 95.0, 98.0, 99.0, 99.5, 99.8, 99.9, 99.95, 99.99, 100.0];

/// Latencies in microseconds, three significant digits.
#[derive(Debug, Clone)]
pub struct Latencies {
    histogram: Histogram<u64>,
}

/// One point of a percentile curve.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Point {
    /// 0 to 100.
    pub percentile: f64,
    /// Milliseconds.
    pub ms: f64,
}

impl Default for Latencies {
    fn default() -> Self {
        Self::new()
    }
}

impl Latencies {
    /// No values yet.
    #[must_use]
    #[expect(clippy::expect_used, reason = "the bounds are constants that hdrhistogram accepts; a test makes one")]
    pub fn new() -> Self {
        Self { histogram: Histogram::new_with_bounds(1, LONGEST_US, 3).expect("constant bounds") }
    }

    /// One latency, from the intended time to now.
    pub fn record(&mut self, intended: Nanos, now: Nanos) {
        self.histogram.saturating_record(now.saturating_sub(intended) / 1_000);
    }

    /// Everything from another run.
    pub fn add(&mut self, other: &Latencies) {
        // Same bounds always: adding cannot fail.
        let _ = self.histogram.add(&other.histogram);
    }

    /// The same with the values a stalled closed loop never sent: for each value longer than `interval`, those that
    /// would have followed it.
    #[must_use]
    pub fn corrected(&self, interval: Nanos) -> Latencies {
        Self { histogram: self.histogram.clone_correct((interval / 1_000).max(1)) }
    }

    /// How many values.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.histogram.len()
    }

    /// A percentile in milliseconds; 0 when there are no values.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "microseconds below ten minutes")]
    pub fn ms(&self, percentile: f64) -> f64 {
        self.histogram.value_at_percentile(percentile) as f64 / 1_000.0
    }

    /// The curve that reports draw.
    #[must_use]
    pub fn curve(&self) -> Vec<Point> {
        CURVE.iter().map(|&percentile| Point { percentile, ms: self.ms(percentile) }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Nanos = 1_000_000;

    #[test]
    fn latency_counts_from_the_intended_time() {
        let mut latencies = Latencies::new();
        latencies.record(10 * MS, 15 * MS);
        assert!((latencies.ms(50.0) - 5.0).abs() < 0.01);
    }

    #[test]
    fn a_time_before_the_intended_one_counts_as_nothing() {
        let mut latencies = Latencies::new();
        latencies.record(10 * MS, 9 * MS);
        assert!(latencies.ms(100.0) < 0.002);
    }

    #[test]
    fn correction_adds_what_a_stall_kept_from_being_sent() {
        let mut latencies = Latencies::new();
        for _ in 0..99 {
            latencies.record(0, MS);
        }
        latencies.record(0, 1_000 * MS);
        assert!(latencies.ms(98.0) < 1.1, "uncorrected, the stall is one value in a hundred");
        let corrected = latencies.corrected(10 * MS);
        // The stall of 1,000 ms hides 99 sends at 10 ms: 990, 980, … 10 ms.
        assert_eq!(corrected.count(), 100 + 99);
        assert!((corrected.ms(75.0) - 500.0).abs() < 20.0, "{}", corrected.ms(75.0));
    }

    #[test]
    fn the_curve_rises() {
        let mut latencies = Latencies::new();
        (1..1_000).for_each(|ms| latencies.record(0, ms * MS));
        let curve = latencies.curve();
        assert!(curve.windows(2).all(|pair| pair[0].ms <= pair[1].ms));
    }
}
