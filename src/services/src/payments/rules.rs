use serde::Deserialize;

/// What holds for payments whoever carries them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PaymentRules {
    /// How often open payments are looked at, seconds (default 10).
    pub sweep_every_s: u64,
    /// How long after the beginning of a payment the provider is asked what has become of it, seconds (default 60); then ever more rarely.
    pub ask_after_s: u64,
    /// How long an order whose time is over is kept for a payment of which the provider does not say that it has ended, seconds (default
    /// 3,600).
    pub doubt_s: u64,
    /// How long the sweep waits before it asks again about a payment that the bank is at, seconds (default 30); twice as long after each
    /// such answer.
    pub processing_first_s: u64,
    /// The longest such pause, seconds (default 900).
    pub processing_most_s: u64,
    /// How many payments that the bank is at are remembered with their pauses (default 10,000); about others every sweep asks.
    pub processing_remembered: usize,
    /// Questions to the provider in one look (default 100).
    pub asks: usize,
    /// How long ids of events are remembered, days (default 35).
    pub events_days: u64,
}

impl Default for PaymentRules {
    fn default() -> Self {
        Self {
            sweep_every_s: 10,
            ask_after_s: 60,
            doubt_s: 3_600,
            processing_first_s: 30,
            processing_most_s: 900,
            processing_remembered: 10_000,
            asks: 100,
            events_days: 35,
        }
    }
}

impl PaymentRules {
    /// Everything that is wrong: the key and why.
    #[must_use]
    pub fn problems(&self) -> Vec<(&'static str, String)> {
        let checks = [
            ((1..=3_600).contains(&self.sweep_every_s), "sweep_every_s", "must be 1 to 3600"),
            ((5..=3_600).contains(&self.ask_after_s), "ask_after_s", "must be 5 to 3600"),
            (self.doubt_s <= 604_800, "doubt_s", "must be at most 604800"),
            ((1..=3_600).contains(&self.processing_first_s), "processing_first_s", "must be 1 to 3600"),
            (
                (self.processing_first_s..=86_400).contains(&self.processing_most_s),
                "processing_most_s",
                "must be at least processing_first_s and at most 86400",
            ),
            (
                (100..=1_000_000).contains(&self.processing_remembered),
                "processing_remembered",
                "must be 100 to 1000000",
            ),
            ((1..=1_000).contains(&self.asks), "asks", "must be 1 to 1000"),
            ((4..=366).contains(&self.events_days), "events_days", "must be 4 to 366: events are repeated for days"),
        ];
        let wrong = checks.into_iter().filter(|(fine, _, _)| !fine);
        wrong.map(|(_, key, reason)| (key, reason.to_owned())).collect()
    }
}
