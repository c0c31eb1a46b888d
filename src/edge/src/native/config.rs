use crate::poll::PollConfig;
use crate::stream::StreamConfig;
use plenum_websocket::origin::OriginPolicy;
use plenum_websocket::transport::TransportConfig;
use serde::Deserialize;
use std::path::PathBuf;

/// The public listener's edge. Times in milliseconds.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EdgeConfig {
    /// Which pages may open sockets.
    pub origins: OriginPolicy,
    /// Certificate and key; absent: plain HTTP and WebSocket.
    pub tls: TlsConfig,
    /// Bounds of the transports.
    pub transport: TransportConfig,
    /// Fragments one message may consist of.
    pub max_fragments: u32,
    /// Offers `/ws-echo`, which sends every message back: for RFC 6455 test suites, never in production.
    pub echo: bool,
    /// How long a peer may take to read our answer to its handshake.
    pub handshake_ms: u64,
    /// How long an idle HTTP connection is kept.
    pub keep_alive_ms: u64,
    /// How long a request head may take to arrive.
    pub request_head_ms: u64,
    /// After this time without any progress of what was sent an HTTP connection is given up; 0: never. Not for WebSockets, which
    /// have deadlines of their own.
    pub stalled_ms: u64,
    /// Connections that may wait to be accepted.
    pub backlog: u32,
    /// Streams of server-sent events.
    pub stream: StreamConfig,
    /// Polling connections.
    pub poll: PollConfig,
}

impl Default for EdgeConfig {
    fn default() -> Self {
        Self {
            origins: OriginPolicy::default(),
            tls: TlsConfig::default(),
            transport: TransportConfig::default(),
            max_fragments: 128,
            echo: false,
            handshake_ms: 5_000,
            keep_alive_ms: 75_000,
            request_head_ms: 5_000,
            stalled_ms: 60_000,
            backlog: 4_096,
            stream: StreamConfig::default(),
            poll: PollConfig::default(),
        }
    }
}

/// Where certificate and key stand. Both or neither.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TlsConfig {
    /// PEM file with the certificate chain, leaf first.
    pub certificate_file: Option<PathBuf>,
    /// PEM file with the private key.
    pub key_file: Option<PathBuf>,
}
