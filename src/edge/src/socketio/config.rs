use plenum_actors::hub::HubConfig;
use plenum_socketio::engine::EngineConfig;
use plenum_socketio::packet::PacketLimits;
use serde::Deserialize;

/// Socket.IO. Heart-beats are the hub's: `pingInterval` is its interval, `pingTimeout` what is left of its time-out.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SocketIoConfig {
    /// Whether `/socket.io/` is served.
    pub enabled: bool,
    /// Whether HTTP long-polling is offered beside WebSocket.
    pub polling: bool,
    /// Sessions that poll, on this node.
    pub polling_sessions: usize,
    /// Largest message, and largest payload of one POST, bytes. Clients learn it when they connect.
    pub max_payload_bytes: usize,
    /// Most packets in one POST.
    pub max_payload_packets: usize,
    /// Bytes that may wait for the next poll of a client; what comes then waits in its outbox.
    pub poll_buffer_bytes: usize,
    /// About the most bytes that one poll is answered.
    pub poll_bytes: usize,
    /// Most packets that one poll is answered: the client for Python refuses more than 16.
    pub poll_records: usize,
    /// How long a client may take to go over from polling to WebSocket, milliseconds.
    pub upgrade_timeout_ms: u64,
    /// How long the body of a POST may take to arrive, milliseconds.
    pub post_timeout_ms: u64,
    /// Most binary attachments of a packet.
    pub attachments: usize,
    /// Deepest nesting of lists and objects in a packet.
    pub depth: usize,
    /// Most arguments of an event or acknowledgement.
    pub arguments: usize,
    /// Longest name of a namespace in a packet, bytes. (All but `/` are refused.)
    pub namespace_bytes: usize,
    /// A client hears this many of its conversations without joining them, the last active ones.
    pub followed_conversations: usize,
    /// Whose coming and going it hears: that many of the people it has direct conversations with.
    pub followed_people: usize,
    /// Whether everybody with an account hears of checks of the status board without asking.
    pub status_board: bool,
    /// Whether clients that come back get what they missed (`pid` and offsets).
    pub recovery: bool,
    /// Topics that a `pid` or an offset may name; a longer one is not read, and its client begins anew.
    pub recovery_topics: usize,
    /// What a recovery looks up waits for what the client leaves over of its rate, but no longer than this for each, milliseconds.
    pub recovery_wait_ms: u64,
    /// What has been handed to a client is marked as delivered for it, each conversation at most once in so many milliseconds; 0: never.
    pub delivered_every_ms: u64,
    /// Conversations of a client in which something waits to be marked so; in those beyond nothing is marked then.
    pub delivered_conversations: usize,
    /// Hints that a session keeps until its next turn (conversations come into, questions that have become live); of how much is
    /// unread half as many.
    pub kept_hints: usize,
    /// Questions of conferences whose results one client follows as host or because it has voted; the first ones fall out.
    pub watched_questions: usize,
    /// The most topics that a client is told its positions of; the oldest fall out. What is followed unasked is then delivered from the
    /// beginning of the connection again at a recovery; what the client has joined itself it must join again.
    pub told_positions: usize,
    /// How often following a conversation for a client is tried again when its owner or the store cannot now; then the transport
    /// closes, so that the client comes back with its positions.
    pub follow_retries: u32,
    /// The first wait before that where a refusal names none, milliseconds; each one after it is twice as long.
    pub follow_retry_ms: u64,
    /// The longest wait before that, whatever a refusal names, milliseconds.
    pub follow_retry_most_ms: u64,
}

impl SocketIoConfig {
    /// What is followed without being asked for, kept below the topics that a connection may have: the client's own joins come first.
    #[must_use]
    pub fn within(mut self, topics: u32) -> Self {
        let most = usize::try_from(topics / 4 * 3).unwrap_or(usize::MAX);
        self.followed_people = self.followed_people.min(most / 3);
        self.followed_conversations = self.followed_conversations.min(most - self.followed_people);
        self
    }
}

impl Default for SocketIoConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            polling: true,
            polling_sessions: 10_000,
            max_payload_bytes: 128 * 1024,
            max_payload_packets: 65_536,
            poll_buffer_bytes: 512 * 1024,
            poll_bytes: 256 * 1024,
            poll_records: 16,
            upgrade_timeout_ms: 10_000,
            post_timeout_ms: 30_000,
            attachments: 8,
            depth: 64,
            arguments: 64,
            namespace_bytes: 256,
            followed_conversations: 100,
            followed_people: 50,
            status_board: true,
            recovery: true,
            recovery_topics: 512,
            recovery_wait_ms: 1_000,
            delivered_every_ms: 1_000,
            delivered_conversations: 256,
            kept_hints: 256,
            watched_questions: 20,
            told_positions: 200,
            follow_retries: 5,
            follow_retry_ms: 200,
            follow_retry_most_ms: 10_000,
        }
    }
}

impl SocketIoConfig {
    /// What the parts of Engine.IO go by.
    #[must_use]
    pub fn engine(&self, hub: &HubConfig) -> EngineConfig {
        EngineConfig {
            ping_interval_ms: hub.heartbeat_interval_ms,
            ping_timeout_ms: hub.heartbeat_timeout_ms.saturating_sub(hub.heartbeat_interval_ms).max(1),
            upgrade_timeout_ms: self.upgrade_timeout_ms,
            close_timeout_ms: hub.close_timeout_ms,
            post_timeout_ms: self.post_timeout_ms,
            max_payload_bytes: self.max_payload_bytes,
            max_payload_packets: self.max_payload_packets,
            poll_buffer_bytes: self.poll_buffer_bytes,
            poll_records: self.poll_records,
            polling: self.polling,
            ..EngineConfig::default()
        }
    }

    /// What packets are measured by.
    #[must_use]
    pub fn packets(&self) -> PacketLimits {
        PacketLimits {
            attachments: self.attachments,
            attachment_bytes: self.max_payload_bytes,
            depth: self.depth,
            namespace_bytes: self.namespace_bytes,
            arguments: self.arguments,
        }
    }

    /// The key of the limit that a packet went beyond, by the name that the limit has among those of packets.
    #[must_use]
    pub fn key_of(limit: &str) -> &'static str {
        match limit {
            "attachments" => "socketio.attachments",
            "depth" => "socketio.depth",
            "arguments" => "socketio.arguments",
            "namespace_bytes" => "socketio.namespace_bytes",
            _ => "socketio.max_payload_bytes",
        }
    }
}
