use serde::Deserialize;

/// Limits of polling connections. Sizes in bytes, times in milliseconds.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PollConfig {
    /// Polling connections of the node. They count among all connections too.
    pub connections: usize,
    /// The longest time a request for frames waits for the first one.
    pub wait_ms: u64,
    /// Frames kept until the client has said that it has them; beyond it they wait in the hub's outbox.
    pub buffer_bytes: usize,
    /// Largest body with commands.
    pub body_bytes: usize,
}

impl Default for PollConfig {
    fn default() -> Self {
        Self { connections: 4_000, wait_ms: 25_000, buffer_bytes: 64 * 1024, body_bytes: 256 * 1024 }
    }
}
