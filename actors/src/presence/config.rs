use serde::Deserialize;

/// How presence is decided and told.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PresenceConfig {
    /// How long somebody stays online after their last connection has closed, milliseconds.
    pub grace_ms: u64,
    /// How often changes are told, milliseconds: what changes twice in between is told once.
    pub tell_every_ms: u64,
    /// Changes told at a time; in a storm the others wait their turn, each with its newest value.
    pub told_at_once: usize,
    /// A node of which nothing was heard for so long counts as dead, milliseconds.
    pub node_silent_ms: u64,
    /// People whose last leaving is remembered without asking the store.
    pub remembered: usize,
    /// Leavings that wait to be written; of more, the time is not kept.
    pub unwritten: usize,
    /// Leavings written at a time.
    pub written_at_once: usize,
    /// People who have come or gone and whose rooms have not been told yet; the rooms of more are not told.
    pub turned: usize,
}

impl Default for PresenceConfig {
    fn default() -> Self {
        Self {
            grace_ms: 5_000,
            tell_every_ms: 250,
            told_at_once: 1_000,
            node_silent_ms: 15_000,
            remembered: 10_000,
            unwritten: 100_000,
            written_at_once: 64,
            turned: 100_000,
        }
    }
}

impl PresenceConfig {
    /// What is wrong with the values, by key.
    #[must_use]
    pub fn problems(&self) -> Vec<(&'static str, String)> {
        let between = |key, value: u64, low: u64, high: u64| {
            (!(low..=high).contains(&value)).then(|| (key, format!("must be {low} to {high}, not {value}")))
        };
        let count = |value: usize| u64::try_from(value).unwrap_or(u64::MAX);
        [
            between("grace_ms", self.grace_ms, 0, 600_000),
            between("tell_every_ms", self.tell_every_ms, 10, 60_000),
            between("told_at_once", count(self.told_at_once), 1, 1_000_000),
            between("node_silent_ms", self.node_silent_ms, 1_000, 600_000),
            between("remembered", count(self.remembered), 1, 10_000_000),
            between("unwritten", count(self.unwritten), 1, 10_000_000),
            between("written_at_once", count(self.written_at_once), 1, 1_000),
            between("turned", count(self.turned), 1, 10_000_000),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}
