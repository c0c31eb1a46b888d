use serde::Deserialize;

/// Settings of events.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EventsConfig {
    /// Most events, about (default 10,000).
    pub events: usize,
    /// Most seats of one event (default 5,000).
    pub seats: usize,
    /// Most people who wait for a seat at one event (default 5,000).
    pub waiting: usize,
    /// How old the list of events may be, milliseconds (default 1,000). What this node changes shows at once.
    pub list_age_ms: u64,
}

impl Default for EventsConfig {
    fn default() -> Self {
        Self { events: 10_000, seats: 5_000, waiting: 5_000, list_age_ms: 1_000 }
    }
}

impl EventsConfig {
    /// Everything that is wrong: the key and why.
    #[must_use]
    pub fn problems(&self) -> Vec<(&'static str, String)> {
        let checks = [
            ((1..=100_000).contains(&self.events), "events", "must be 1 to 100000"),
            // One row holds them all, and a batch on a CQL cluster has its limits.
            ((1..=10_000).contains(&self.seats), "seats", "must be 1 to 10000"),
            (self.waiting <= 10_000, "waiting", "must be at most 10000"),
            (self.list_age_ms <= 60_000, "list_age_ms", "must be at most 60000"),
        ];
        let wrong = checks.into_iter().filter(|(fine, _, _)| !fine);
        wrong.map(|(_, key, reason)| (key, reason.to_owned())).collect()
    }
}
