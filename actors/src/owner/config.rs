//! Limits and times of owners.

use crate::store::{MAX_APPEND_BYTES, MAX_APPEND_ENTRIES};
use serde::Deserialize;

/// Limits and times of owners and of the directory that starts them.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OwnerConfig {
    /// Most entries one append carries, at most 512.
    pub batch_entries: usize,
    /// Most payload bytes one append carries, at most 49,152.
    pub batch_bytes: usize,
    /// Most commands that may wait at one owner; more are refused as `busy`.
    pub max_pending_commands: usize,
    /// Most bytes that waiting commands of one owner may hold; more are refused as `busy`.
    pub max_pending_bytes: usize,
    /// Advice in `busy` refusals, milliseconds.
    pub busy_retry_ms: u64,
    /// Advice in `unavailable` refusals, milliseconds.
    pub unavailable_retry_ms: u64,
    /// How often an append whose outcome stays unknown is looked up and repeated before its commands are answered `unavailable`.
    pub max_attempts: u32,
    /// A command that could not be placed in the log for so long, milliseconds, is refused as `unavailable`: the store is slow, or another
    /// owner of the log is always faster. What was on its way may still be written, under the same id.
    pub place_within_ms: u64,
    /// First wait before a repetition, milliseconds; doubles with each.
    pub backoff_ms: u64,
    /// Longest wait before a repetition, milliseconds.
    pub max_backoff_ms: u64,
    /// Entries between snapshots.
    pub snapshot_every: u64,
    /// The summary of a busy log is stored at most this often, milliseconds; until it is, lists ask the owner. 0: with every append.
    pub digest_every_ms: u64,
    /// Most entry ids remembered beyond the last snapshot. Reached only while snapshots fail: then commands are refused as `unavailable`.
    pub max_remembered_ids: usize,
    /// Ids that leave a trace in memory (two bytes each) when they are forgotten, so that a new message need not be looked up in the
    /// index. Beyond that, and after a start from a snapshot, each is looked up.
    pub faded_ids: usize,
    /// An owner without commands for this long saves a snapshot and ends, milliseconds.
    pub idle_after_ms: u64,
    /// Entries kept in each log; older ones are removed after a snapshot covers them. 0 keeps everything.
    pub retain_entries: u64,
    /// Entries per read when an owner starts or catches up.
    pub page_entries: usize,
    /// Payload bytes per read when an owner starts or catches up.
    pub page_bytes: usize,
    /// Most publications an owner keeps in memory for readers.
    pub recent_entries: usize,
    /// About how much memory those may take, bytes: their content, and their frames in every dialect.
    pub recent_bytes: usize,
    /// Where other nodes append to the same logs: queries are answered from what was compared with the log so many milliseconds ago
    /// at the most. Not a setting of its own; `None`: the node is alone.
    #[serde(skip)]
    pub confirm_after_ms: Option<u64>,
    /// Most owners alive at once in this process. From nine tenths on those idle longest are asked to end.
    pub max_live_owners: usize,
}

impl Default for OwnerConfig {
    fn default() -> Self {
        Self {
            batch_entries: 256,
            batch_bytes: MAX_APPEND_BYTES,
            max_pending_commands: 4_096,
            max_pending_bytes: 8 * 1024 * 1024,
            busy_retry_ms: 250,
            unavailable_retry_ms: 1_000,
            max_attempts: 5,
            place_within_ms: 10_000,
            backoff_ms: 20,
            max_backoff_ms: 1_000,
            snapshot_every: 1_000,
            digest_every_ms: 1_000,
            max_remembered_ids: 20_000,
            faded_ids: 32_768,
            idle_after_ms: 60_000,
            retain_entries: 0,
            page_entries: 512,
            page_bytes: 512 * 1024,
            recent_entries: 128,
            recent_bytes: 96 * 1024,
            confirm_after_ms: None,
            max_live_owners: 50_000,
        }
    }
}

impl OwnerConfig {
    /// What is wrong with the values, by key.
    #[must_use]
    pub fn problems(&self) -> Vec<(&'static str, String)> {
        let between = |key, value: u64, low: u64, high: u64| {
            (!(low..=high).contains(&value)).then(|| (key, format!("must be between {low} and {high}, not {value}")))
        };
        [
            between("batch_entries", self.batch_entries as u64, 1, MAX_APPEND_ENTRIES as u64),
            between("batch_bytes", self.batch_bytes as u64, 1_024, MAX_APPEND_BYTES as u64),
            between("max_pending_commands", self.max_pending_commands as u64, 1, 1 << 20),
            between("max_pending_bytes", self.max_pending_bytes as u64, 1 << 16, 1 << 30),
            between("max_attempts", u64::from(self.max_attempts), 1, 100),
            between("place_within_ms", self.place_within_ms, 100, 600_000),
            between("backoff_ms", self.backoff_ms, 1, 60_000),
            between("max_backoff_ms", self.max_backoff_ms, self.backoff_ms, 600_000),
            between("snapshot_every", self.snapshot_every, 1, 100_000),
            between("digest_every_ms", self.digest_every_ms, 0, 60_000),
            between(
                "max_remembered_ids",
                self.max_remembered_ids as u64,
                self.snapshot_every.saturating_mul(3),
                10_000_000,
            ),
            between("faded_ids", self.faded_ids as u64, 0, 1 << 24),
            between("idle_after_ms", self.idle_after_ms, 1, 86_400_000),
            between("page_entries", self.page_entries as u64, 1, 10_000),
            between("page_bytes", self.page_bytes as u64, 1_024, 16 << 20),
            between("max_live_owners", self.max_live_owners as u64, 1, 10_000_000),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}
