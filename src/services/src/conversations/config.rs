//! Limits of the service.

use serde::Deserialize;

/// Limits of the conversations service.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ConversationsConfig {
    /// Most conversations one person may be in, at most 1,000 (default).
    pub per_person: usize,
    /// Most members a new group may be created with (default 256); more are added one by one.
    pub first_members: usize,
    /// Reads of the store that one request may have under way at a time (default 32).
    pub concurrent_reads: usize,
    /// Entries of conversations that one request of a search looks at, 256 to 1,000,000 (default 20,000); the next goes on from there.
    pub search_entries: usize,
    /// Most bytes of one page of history, as JSON and with what was edited since (default 262,144); one event always comes.
    pub page_bytes: usize,
    /// How often people are told how much they have not read after somebody wrote, milliseconds (default 1,000).
    pub unread_every_ms: u64,
    /// Conversations whose members are told in one go (default 4,096); of more, the hint is left out.
    pub unread_conversations: usize,
    /// How often rooms are told how many of their members are online after one has come or gone, milliseconds (default 1,000).
    pub stats_every_ms: u64,
}

/// The store gives at most this many rows at once, and a list is sorted as a whole.
const MOST_PER_PERSON: usize = 1_000;

impl Default for ConversationsConfig {
    fn default() -> Self {
        Self {
            per_person: MOST_PER_PERSON,
            first_members: 256,
            concurrent_reads: 32,
            search_entries: 20_000,
            page_bytes: 256 * 1024,
            unread_every_ms: 1_000,
            unread_conversations: 4_096,
            stats_every_ms: 1_000,
        }
    }
}

impl ConversationsConfig {
    /// What is wrong with the values, by key.
    #[must_use]
    pub fn problems(&self) -> Vec<(&'static str, String)> {
        let between = |key, value: usize, low: usize, high: usize| {
            (!(low..=high).contains(&value)).then(|| (key, format!("must be between {low} and {high}, not {value}")))
        };
        [
            between("per_person", self.per_person, 1, MOST_PER_PERSON),
            between("first_members", self.first_members, 2, 1_000),
            between("concurrent_reads", self.concurrent_reads, 1, 1_000),
            between("search_entries", self.search_entries, 256, 1_000_000),
            between("page_bytes", self.page_bytes, 1_024, 1 << 20),
            between("unread_every_ms", usize::try_from(self.unread_every_ms).unwrap_or(usize::MAX), 10, 600_000),
            between("unread_conversations", self.unread_conversations, 0, 1_000_000),
            between("stats_every_ms", usize::try_from(self.stats_every_ms).unwrap_or(usize::MAX), 10, 600_000),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}
