//! Limits of webhooks.

use serde::Deserialize;

/// Webhooks of conferences.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HooksConfig {
    /// Most addresses of one conference; 0: there are no webhooks.
    pub most: usize,
    /// Whether addresses of this machine and of private networks are called, and such without TLS: for tests alone.
    pub allow_private: bool,
    /// Ports that are called; with `allow_private` all are.
    pub ports: Vec<u16>,
    /// How long one delivery may take, milliseconds.
    pub timeout_ms: u64,
    /// Deliveries under way at once.
    pub at_once: usize,
    /// Conferences that wait for their turn. More are found by the next sweep.
    pub queue: usize,
    /// How long is waited after the first failure, milliseconds; each further one in a row waits four times as long.
    pub first_wait_ms: u64,
    /// The longest wait, milliseconds.
    pub longest_wait_ms: u64,
    /// An event is given up so long after it happened, seconds.
    pub give_up_s: u64,
    /// How often is looked for events that somebody was not told, seconds: what another node, or this one before its start, left.
    pub sweep_every_s: u64,
    /// Failures that are kept of each address.
    pub failures: usize,
}

impl Default for HooksConfig {
    fn default() -> Self {
        Self {
            most: 5,
            allow_private: false,
            ports: vec![443, 8443],
            timeout_ms: 10_000,
            at_once: 16,
            queue: 10_000,
            first_wait_ms: 1_000,
            longest_wait_ms: 600_000,
            give_up_s: 86_400,
            sweep_every_s: 60,
            failures: 10,
        }
    }
}

impl HooksConfig {
    /// What is wrong with the values, by key.
    #[must_use]
    pub fn problems(&self) -> Vec<(&'static str, String)> {
        let between = |key, value: u64, low: u64, high: u64| {
            (!(low..=high).contains(&value)).then(|| (key, format!("must be between {low} and {high}, not {value}")))
        };
        [
            between("hooks.most", self.most as u64, 0, 100),
            between("hooks.timeout_ms", self.timeout_ms, 100, 60_000),
            between("hooks.at_once", self.at_once as u64, 1, 1_000),
            between("hooks.queue", self.queue as u64, 1, 1_000_000),
            between("hooks.first_wait_ms", self.first_wait_ms, 10, 3_600_000),
            between("hooks.longest_wait_ms", self.longest_wait_ms, self.first_wait_ms, 86_400_000),
            between("hooks.give_up_s", self.give_up_s, 1, 30 * 86_400),
            between("hooks.sweep_every_s", self.sweep_every_s, 1, 86_400),
            between("hooks.failures", self.failures as u64, 0, 100),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}
