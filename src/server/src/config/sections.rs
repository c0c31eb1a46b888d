//! The sections that belong to the server itself. `config/default.toml` explains every key.

use plenum_actors::aggregates::conversation::ConversationLimits;
use plenum_edge::websocket::origin::OriginPolicy;
use plenum_http::HttpConfig;
use plenum_services::conversations::ConversationsConfig;
use plenum_store::EmbeddedConfig;
use serde::Deserialize;
use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;
use zeroize::Zeroizing;

const fn loopback(port: u16) -> SocketAddr {
    SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), port)
}

/// `[server]`
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServerConfig {
    /// Worker threads; 0: one for each core.
    pub workers: usize,
}

impl ServerConfig {
    /// How many worker threads there will be.
    #[must_use]
    pub fn worker_count(&self) -> usize {
        match self.workers {
            0 => std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            given => given,
        }
    }
}

/// `[http]`: where to listen, and the settings of every HTTP surface.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(default)]
pub struct HttpSection {
    /// Address and port.
    pub listen: SocketAddr,
    /// The rest of the section.
    #[serde(flatten)]
    pub surface: HttpConfig,
}

impl Default for HttpSection {
    fn default() -> Self {
        Self { listen: loopback(8080), surface: HttpConfig::default() }
    }
}

/// `[tls]`
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TlsConfig {
    /// PEM file with the certificate chain; empty: no TLS.
    pub certificate_path: PathBuf,
    /// PEM file with the private key.
    pub private_key_path: PathBuf,
}

impl TlsConfig {
    /// Whether the public port speaks TLS.
    #[must_use]
    pub fn is_on(&self) -> bool {
        !self.certificate_path.as_os_str().is_empty()
    }
}

/// `[operations]`
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OperationsConfig {
    /// Address and port.
    pub listen: SocketAddr,
    /// What `/metrics` asks for; empty: nothing.
    pub token: ConfigSecret,
}

impl Default for OperationsConfig {
    fn default() -> Self {
        Self { listen: loopback(9090), token: ConfigSecret::default() }
    }
}

/// A secret from the configuration: never printed, wiped from memory when dropped.
#[derive(Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(from = "String")]
pub struct ConfigSecret(Zeroizing<String>);

impl ConfigSecret {
    /// The secret, for comparing.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<String> for ConfigSecret {
    fn from(text: String) -> Self {
        Self(Zeroizing::new(text))
    }
}

impl fmt::Debug for ConfigSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_empty() { "none" } else { "<redacted>" })
    }
}

/// `[log]`
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogConfig {
    /// For people or for machines.
    pub format: LogFormat,
    /// A level, or levels by module.
    pub level: String,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self { format: LogFormat::Text, level: "info".to_owned() }
    }
}

/// How log lines look.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Lines for people.
    Text,
    /// One JSON object a line.
    Json,
}

/// `[drain]`
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DrainConfig {
    /// Clients come back spread over this time, milliseconds.
    pub window_ms: u64,
    /// The process ends after this time at the latest, milliseconds.
    pub timeout_ms: u64,
}

impl Default for DrainConfig {
    fn default() -> Self {
        Self { window_ms: 5_000, timeout_ms: 10_000 }
    }
}

impl DrainConfig {
    /// The time after which the process ends whatever happens.
    #[must_use]
    pub fn timeout(&self) -> Duration {
        Duration::from_millis(self.timeout_ms)
    }
}

/// `[store]`
#[derive(Clone, Debug, Deserialize)]
#[serde(default)]
pub struct StoreSection {
    /// Which engine.
    pub engine: Engine,
    /// Directory for data and signing keys.
    pub path: PathBuf,
    /// The rest of the section. Its own path is not used: see [`StoreSection::embedded`].
    #[serde(flatten)]
    pub limits: EmbeddedConfig,
}

impl Default for StoreSection {
    fn default() -> Self {
        Self { engine: Engine::Embedded, path: PathBuf::from("data"), limits: EmbeddedConfig::default() }
    }
}

impl StoreSection {
    /// The settings of the embedded engine, which has a directory of its own beside the keys.
    #[must_use]
    pub fn embedded(&self) -> EmbeddedConfig {
        EmbeddedConfig { path: self.path.join("store"), ..self.limits.clone() }
    }
}

/// A storage engine.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Engine {
    /// In the process, in a directory.
    Embedded,
}

/// `[cluster]`
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ClusterConfig {
    /// What connects the nodes.
    pub bus: Bus,
}

impl Default for ClusterConfig {
    fn default() -> Self {
        Self { bus: Bus::None }
    }
}

/// What connects nodes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Bus {
    /// Nothing: a single node.
    None,
}

/// `[limits]`
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LimitsConfig {
    /// Open WebSocket connections of the node.
    pub connections: usize,
    /// Open WebSocket connections of one person.
    pub connections_per_user: usize,
    /// Largest message of a client, bytes.
    pub message_bytes: u32,
    /// Most fragments of one message.
    pub fragments: u32,
    /// Topics one connection may subscribe to.
    pub topics: u32,
    /// Sustained commands a second of one connection.
    pub commands_per_second: u32,
    /// Commands without an answer of one connection.
    pub commands_in_flight: u32,
    /// Most events in one page of history.
    pub page_events: u32,
}

impl Default for LimitsConfig {
    fn default() -> Self {
        Self {
            connections: 100_000,
            connections_per_user: 20,
            message_bytes: 65_536,
            fragments: 128,
            topics: 200,
            commands_per_second: 50,
            commands_in_flight: 64,
            page_events: 200,
        }
    }
}

/// `[websocket]`
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WebSocketConfig {
    /// Whether `/ws-echo` is there.
    pub echo: bool,
    /// Ciphertext one TLS connection may hold back, bytes.
    pub tls_write_bytes: usize,
    /// First reconnect delay clients are told, milliseconds.
    pub reconnect_min_ms: u32,
    /// Longest reconnect delay clients are told, milliseconds.
    pub reconnect_max_ms: u32,
    /// Which pages may open a socket.
    pub origin: OriginPolicy,
}

impl Default for WebSocketConfig {
    fn default() -> Self {
        Self {
            echo: false,
            tls_write_bytes: 65_536,
            reconnect_min_ms: 500,
            reconnect_max_ms: 30_000,
            origin: OriginPolicy::default(),
        }
    }
}

/// `[conversations]`
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(default)]
pub struct ConversationsSection {
    /// Most members of a group.
    pub max_members: usize,
    /// Largest text of a message, bytes.
    pub text_bytes: usize,
    /// Longest title, characters.
    pub title_chars: usize,
    /// The rest of the section.
    #[serde(flatten)]
    pub service: ConversationsConfig,
}

impl Default for ConversationsSection {
    fn default() -> Self {
        let limits = ConversationLimits::default();
        Self {
            max_members: limits.group_members,
            text_bytes: limits.text_bytes,
            title_chars: limits.title_chars,
            service: ConversationsConfig::default(),
        }
    }
}

impl ConversationsSection {
    /// The limits as the aggregate wants them.
    #[must_use]
    pub fn limits(&self) -> ConversationLimits {
        ConversationLimits {
            group_members: self.max_members,
            text_bytes: self.text_bytes,
            title_chars: self.title_chars,
        }
    }
}
