//! When the server is killed, and how long it takes to come back.

use crate::clock::Nanos;
use crate::histogram::Latencies;

const MS: Nanos = 1_000_000;

/// Decides the moments of the kills.
pub struct Killer {
    left: usize,
    done: usize,
    early: usize,
    random: u64,
    due: Option<Nanos>,
    down: Option<Nanos>,
    recoveries: Latencies,
}

impl Killer {
    /// So many kills, at moments that follow from the seed and the server's own times.
    #[must_use]
    pub fn new(kills: usize, seed: u64) -> Self {
        Self { left: kills, done: 0, early: 0, random: seed, due: None, down: None, recoveries: Latencies::new() }
    }

    /// The server is in service from now on.
    pub fn arm(&mut self, now: Nanos) {
        self.due = (self.left > 0).then(|| now + self.between(200, 1_200));
    }

    /// Whether all kills are done and the server is back.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.left == 0 && self.down.is_none()
    }

    /// Whether now is the moment.
    #[must_use]
    pub fn is_due(&self, now: Nanos) -> bool {
        self.due.is_some_and(|at| at <= now)
    }

    /// Whether the server has been away for longer than `limit`.
    #[must_use]
    pub fn is_overdue(&self, now: Nanos, limit: Nanos) -> bool {
        self.down.is_some_and(|since| now > since + limit)
    }

    /// The server was killed at `at` and started again at `now`.
    pub fn killed(&mut self, at: Nanos, now: Nanos) {
        if self.down.is_some() {
            self.early += 1;
        }
        self.left -= self.left.min(1);
        self.done += 1;
        // Time away counts from the first of several kills in a row.
        self.down = Some(self.down.unwrap_or(at));
        let again = self.left > 0 && self.next().is_multiple_of(5);
        self.due = again.then(|| now + self.between(5, 300));
    }

    /// How many acknowledgements there are since the start: the first one says that the server is back.
    pub fn saw_acks(&mut self, now: Nanos, acked: u64) {
        let Some(since) = self.down else { return };
        if acked > 0 {
            self.down = None;
            self.recoveries.record(since, now);
            if self.due.is_none() {
                self.arm(now);
            }
        }
    }

    /// Kills so far.
    #[must_use]
    pub fn done(&self) -> usize {
        self.done
    }

    /// Kills while the server was starting.
    #[must_use]
    pub fn early(&self) -> usize {
        self.early
    }

    /// From kill to first acknowledgement.
    #[must_use]
    pub fn recoveries(&self) -> &Latencies {
        &self.recoveries
    }

    fn between(&mut self, low_ms: u64, high_ms: u64) -> Nanos {
        (low_ms + self.next() % (high_ms - low_ms)) * MS
    }

    /// SplitMix64 (Steele, Lea, Flood 2014).
    fn next(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.random;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kill_happens_and_every_recovery_is_counted_once() {
        let mut killer = Killer::new(50, 7);
        let (mut now, mut acked) = (0, 0);
        killer.arm(now);
        while !killer.is_done() {
            now += MS;
            // The server acknowledges 100 ms after its start.
            if killer.is_due(now) {
                killer.killed(now, now);
                acked = 0;
            } else if now % (100 * MS) == 0 {
                acked += 1;
                killer.saw_acks(now, acked);
            }
            assert!(now < 200_000 * MS, "it ends");
        }
        assert_eq!(killer.done(), 50);
        assert_eq!(killer.recoveries().count() + killer.early() as u64, 50);
        assert!(killer.early() > 0);
    }

    #[test]
    fn the_same_seed_gives_the_same_moments() {
        let moments = |seed| {
            let mut killer = Killer::new(1, seed);
            killer.arm(0);
            killer.due
        };
        assert_eq!(moments(1), moments(1));
        assert_ne!(moments(1), moments(2));
    }
}
