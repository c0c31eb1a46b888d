use serde::Deserialize;

/// What one connection may do. `hello` tells clients.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ConnectionConfig {
    /// Connections of this node, identified or not.
    pub connections: usize,
    /// Connections of one account on this node.
    pub connections_per_user: usize,
    /// Largest message from a client, bytes.
    pub message_bytes: u32,
    /// Topics one connection may subscribe to.
    pub topics_per_connection: u32,
    /// Commands without an answer one connection may have.
    pub commands_in_flight: u32,
    /// Sustained commands a second of one connection; bursts of twice as many are accepted.
    pub commands_per_second: u32,
    /// All connections of one person together have so many times the commands of one connection, on all nodes; 0 is no such limit.
    pub user_commands_factor: u32,
    /// Unreadable frames before a connection is closed.
    pub unreadable_frames: u32,
    /// Commands refused as too fast, without a pause, before a connection is closed.
    pub flood_refusals: u32,
    /// First delay, in milliseconds, that clients are advised to wait before they reconnect.
    pub reconnect_min_delay_ms: u32,
    /// Longest delay, in milliseconds, that clients are advised to wait before they reconnect.
    pub reconnect_max_delay_ms: u32,
}

impl Default for ConnectionConfig {
    fn default() -> Self {
        Self {
            connections: 18_000,
            connections_per_user: 50,
            message_bytes: 64 * 1024,
            topics_per_connection: 200,
            commands_in_flight: 256,
            commands_per_second: 100,
            user_commands_factor: 4,
            unreadable_frames: 8,
            flood_refusals: 1_000,
            reconnect_min_delay_ms: 500,
            reconnect_max_delay_ms: 30_000,
        }
    }
}
