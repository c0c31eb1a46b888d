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
    /// Part of a core the server used, in percent; none where it could not be read.
    pub cpu: Option<f64>,
    /// Resident bytes of the server; none where they could not be read.
    pub rss: Option<u64>,
}

/// Takes a sample every quarter of a second.
pub struct Sampler {
    pid: Option<u32>,
    start: Nanos,
    last: Nanos,
    delivered: u64,
    cpu: Option<CpuTime>,
    /// What was taken.
    pub samples: Vec<Sample>,
}

impl Sampler {
    /// A sampler of a process, from `start` on.
    #[must_use]
    pub fn new(pid: Option<u32>, start: Nanos) -> Self {
        let cpu = pid.and_then(process::cpu);
        Self { pid, start, last: start, delivered: 0, cpu, samples: Vec::new() }
    }

    /// Takes a sample if it is time; `delivered` counts from the beginning.
    #[expect(clippy::cast_precision_loss, reason = "counts of a quarter of a second")]
    pub fn sample(&mut self, now: Nanos, delivered: u64, progress: &Progress) {
        if now < self.last + nanos(SAMPLE) {
            return;
        }
        let span = seconds(now - self.last);
        let used = self.pid.and_then(process::cpu);
        let rate = (delivered - self.delivered) as f64 / span;
        let cpu = process::used(self.cpu, used).map(|(all, ..)| all / span * 100.0);
        let rss = self.pid.and_then(process::rss);
        let at = seconds(now - self.start);
        self.samples.push(Sample { at, rate, cpu, rss });
        (self.last, self.delivered, self.cpu) = (now, delivered, used);
        let whole = (now - self.start) / 1_000_000_000;
        let (cpu, rss) = (cpu.unwrap_or(f64::NAN), rss.map_or(0, |rss| rss >> 20));
        progress.tick(whole, &format!("{rate:>10.0} deliveries/s, CPU {cpu:>3.0} %, RSS {rss:>5} MiB"));
    }
}
