//! Rate, CPU and memory over time.

use crate::clock::{Nanos, nanos, seconds};
use crate::process::{self, CpuTime};
use crate::progress::Progress;
use serde::Serialize;
use std::time::Duration;

const SAMPLE: Duration = Duration::from_millis(250);

/// One sample of a round.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Sample {
    /// Seconds since the round began to send.
    pub at: f64,
    /// Deliveries a second.
    pub rate: f64,
    /// Part of a core the server used, in percent.
    pub cpu: f64,
    /// Resident bytes of the server.
    pub rss: u64,
}

/// Takes a sample every quarter of a second.
pub struct Sampler {
    pid: Option<u32>,
    start: Nanos,
    last: Nanos,
    delivered: u64,
    cpu: CpuTime,
    /// What was taken.
    pub samples: Vec<Sample>,
}

impl Sampler {
    /// A sampler of a process, from `start` on.
    #[must_use]
    pub fn new(pid: Option<u32>, start: Nanos) -> Self {
        let cpu = pid.and_then(process::cpu).unwrap_or_default();
        Self { pid, start, last: start, delivered: 0, cpu, samples: Vec::new() }
    }

    /// Takes a sample if it is time; `delivered` counts from the beginning.
    #[expect(clippy::cast_precision_loss, reason = "counts of a quarter of a second")]
    pub fn sample(&mut self, now: Nanos, delivered: u64, progress: &Progress) {
        if now < self.last + nanos(SAMPLE) {
            return;
        }
        let span = seconds(now - self.last);
        let used = self.pid.and_then(process::cpu).unwrap_or_default();
        let rate = (delivered - self.delivered) as f64 / span;
        let cpu = used.since(self.cpu).0 / span * 100.0;
        let rss = self.pid.and_then(process::rss).unwrap_or(0);
        let at = seconds(now - self.start);
        self.samples.push(Sample { at, rate, cpu, rss });
        (self.last, self.delivered, self.cpu) = (now, delivered, used);
        let whole = (now - self.start) / 1_000_000_000;
        progress.tick(whole, &format!("{rate:>10.0} deliveries/s, CPU {cpu:>3.0} %, RSS {:>5} MiB", rss >> 20));
    }
}
