use serde::Deserialize;

/// What one connection may do. `hello` tells clients.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ConnectionConfig {
    /// Connections of this node, identified or not.
    pub connections: usize,
    /// Of these, connections of which it is not known whose they are.
    pub unidentified: usize,
    /// Of those, the most that may come from one address, percent.
    pub unidentified_per_address_percent: usize,
    /// Most connections of one address that speak plain HTTP, those of trusted proxies apart; 0: no such limit.
    pub http_per_address: usize,
    /// When somebody should come back whom a full node (or account) sent away, milliseconds.
    pub full_retry_ms: u64,
    /// Connections of one account on this node.
    pub connections_per_user: usize,
    /// Largest message from a client, bytes.
    pub message_bytes: u32,
    /// Topics one connection may subscribe to.
    pub topics_per_connection: u32,
    /// Commands without an answer one connection may have.
    pub commands_in_flight: u32,
    /// Bytes of answers that may wait for one connection. What would be more is refused as `busy`.
    pub answer_bytes: usize,
    /// When to come back if too many answers wait or are worked on, milliseconds: about as long as one takes.
    pub answer_retry_ms: u64,
    /// Sustained pings and pongs of the transport a second of one connection; bursts of twice as many are accepted.
    pub control_frames_per_second: u32,
    /// The longest token accepted, bytes.
    pub token_bytes: usize,
    /// The longest client name or version accepted, bytes.
    pub client_bytes: usize,
    /// Sustained commands a second of one connection; bursts of twice as many are accepted.
    pub commands_per_second: u32,
    /// All connections of one person together have so many times the commands of one connection, on all nodes; 0 is no such limit.
    pub user_commands_factor: u32,
    /// Unreadable frames before a connection is closed.
    pub unreadable_frames: u32,
    /// So many more commands, or pings and pongs, refused as too fast than accepted, before a connection is closed.
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
            unidentified: 9_000,
            unidentified_per_address_percent: 50,
            http_per_address: 12_000,
            full_retry_ms: 5_000,
            connections_per_user: 50,
            message_bytes: 64 * 1024,
            topics_per_connection: 200,
            commands_in_flight: 256,
            answer_bytes: 512 * 1024,
            answer_retry_ms: 100,
            control_frames_per_second: 100,
            token_bytes: 8 * 1024,
            client_bytes: 64,
            commands_per_second: 100,
            user_commands_factor: 4,
            unreadable_frames: 8,
            flood_refusals: 1_000,
            reconnect_min_delay_ms: 500,
            reconnect_max_delay_ms: 30_000,
        }
    }
}
