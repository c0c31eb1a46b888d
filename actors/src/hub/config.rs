use super::ladder::LadderConfig;
use serde::Deserialize;

/// Limits and times of a hub. Sizes in bytes, times in milliseconds.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HubConfig {
    /// The most bytes that may wait for one connection before it is closed as a slow consumer.
    pub outbox_bytes: usize,
    /// While at least this much waits for a connection, its catch-up pauses and droppable signals are dropped.
    pub outbox_soft_bytes: usize,
    /// Connections written in one slice before other work of the thread runs.
    pub slice_connections: usize,
    /// After a round a topic rests for this share of the time the round took (percent), so that what arrives meanwhile shares one
    /// write. A quiet topic never notices; 0: no rest.
    pub rest_percent: u64,
    /// The longest rest, microseconds.
    pub rest_max_micros: u64,
    /// Events of a topic kept for catch-up without reading the log.
    pub ring_events: usize,
    /// About how much memory those may take, frames in all dialects included, bytes. What is older is read from the log.
    pub ring_bytes: usize,
    /// Events read from the log in one page of catch-up.
    pub page_events: usize,
    /// Bytes read from the log in one page of catch-up.
    pub page_bytes: usize,
    /// Bytes of publications that may wait for a topic's next round; beyond it the hub reads the topic's log instead.
    pub pending_bytes: usize,
    /// Batches of publications another thread may have waiting for this hub; beyond it the hub reads the log instead.
    pub mailbox_batches: usize,
    /// What goes first when the mailbox fills.
    pub ladder: LadderConfig,
    /// After a bug in a hub its clients are told to come back spread over this time.
    pub restart_window_ms: u64,
    /// How often a connection is pinged and told the top offsets.
    pub heartbeat_interval_ms: u64,
    /// A peer from whom nothing was heard for this long is dead.
    pub heartbeat_timeout_ms: u64,
    /// A connection must identify within this time.
    pub identify_within_ms: u64,
    /// A peer that does not answer our close within this time is cut off.
    pub close_timeout_ms: u64,
    /// How many conflated signals of one topic wait for slow receivers, and as many when there is no room for its next round.
    pub conflated_keys: usize,
    /// How many ended sessions are remembered, for connections whose token is being checked meanwhile.
    pub ended_sessions: usize,
    /// When a connection comes back whose page of the log could not be read.
    pub read_retry_ms: u64,
    /// Attempts to read a page of the log before the connection is closed (it comes back and resumes).
    pub read_attempts: u32,
}

impl Default for HubConfig {
    fn default() -> Self {
        Self {
            outbox_bytes: 1024 * 1024,
            outbox_soft_bytes: 128 * 1024,
            slice_connections: 512,
            rest_percent: 100,
            rest_max_micros: 20_000,
            ring_events: 64,
            ring_bytes: 96 * 1024,
            page_events: 200,
            page_bytes: 256 * 1024,
            pending_bytes: 4 * 1024 * 1024,
            mailbox_batches: 4_096,
            ladder: LadderConfig::default(),
            restart_window_ms: 2_000,
            heartbeat_interval_ms: 25_000,
            heartbeat_timeout_ms: 45_000,
            identify_within_ms: 10_000,
            close_timeout_ms: 5_000,
            conflated_keys: 256,
            ended_sessions: 1_024,
            read_retry_ms: 1_000,
            read_attempts: 8,
        }
    }
}
