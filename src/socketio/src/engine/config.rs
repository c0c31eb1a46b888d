//! Limits and times of Engine.IO.

use serde::Deserialize;

/// Limits and times of Engine.IO sessions. Times in milliseconds, sizes in bytes.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EngineConfig {
    /// Time between two pings of the server. The client learns it when it connects. Default 25,000.
    pub ping_interval_ms: u64,
    /// How long after a ping the peer may stay silent. The client learns it when it connects. Default 20,000.
    pub ping_timeout_ms: u64,
    /// How long a client may take from opening the second transport to completing the upgrade. Default 10,000.
    pub upgrade_timeout_ms: u64,
    /// How long a session that the server has closed waits for the poll that learns of it. Default 30,000.
    pub close_timeout_ms: u64,
    /// How long the body of a POST may take to arrive, from its head on; a later one ends the session. Default 30,000.
    pub post_timeout_ms: u64,
    /// Largest message and largest payload of one POST. The client learns it when it connects. Default 1,000,000.
    pub max_payload_bytes: usize,
    /// Most packets in one payload. Default 65,536.
    pub max_payload_packets: usize,
    /// Bytes of output that wait for the next poll of a client; beyond it the client counts as too slow. Default 1,048,576.
    pub poll_buffer_bytes: usize,
    /// Most records of the answer to one poll; the rest comes with the next. Default 16: the client for Python refuses more.
    pub poll_records: usize,
    /// Whether a polling session may go over to WebSocket. Default true.
    pub allow_upgrades: bool,
    /// Whether polling is offered at all. Default true.
    pub polling: bool,
    /// Whether WebSocket is offered at all. Default true.
    pub websocket: bool,
}

impl Default for EngineConfig {
    fn default() -> Self {
        Self {
            ping_interval_ms: 25_000,
            ping_timeout_ms: 20_000,
            upgrade_timeout_ms: 10_000,
            close_timeout_ms: 30_000,
            post_timeout_ms: 30_000,
            max_payload_bytes: 1_000_000,
            max_payload_packets: 65_536,
            poll_buffer_bytes: 1024 * 1024,
            poll_records: 16,
            allow_upgrades: true,
            polling: true,
            websocket: true,
        }
    }
}
