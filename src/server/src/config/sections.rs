//! The sections that belong to the server itself. `config/default.toml` explains every key.

use plenum_actors::aggregates::conversation::ConversationLimits;
use plenum_actors::hub::Farewell;
use plenum_actors::owner::OwnerConfig;
use plenum_cluster::nats::ClusterConfig;
use plenum_http::{HttpConfig, Rate};
use plenum_services::conferences::{ConferenceLimits, ConferencesConfig, VotingLimits};
use plenum_services::conversations::ConversationsConfig;
use plenum_store::{CqlConfig, EmbeddedConfig};
use plenum_websocket::origin::OriginPolicy;
use serde::Deserialize;
use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;
use zeroize::Zeroizing;

/// The most worker threads: a topic's interest is one bit for each.
pub(super) const MAX_WORKERS: usize = 64;

const fn loopback(port: u16) -> SocketAddr {
    SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), port)
}

/// `[server]`
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServerConfig {
    /// Worker threads; 0: one for each core.
    pub workers: usize,
    /// Added to the machine's clock, milliseconds: for trying what wrong clocks do.
    pub clock_offset_ms: i64,
}

impl ServerConfig {
    /// How many worker threads there will be.
    #[must_use]
    pub fn worker_count(&self) -> usize {
        match self.workers {
            0 => std::thread::available_parallelism().map_or(1, std::num::NonZero::get).min(MAX_WORKERS),
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
    /// Connections that may wait to be accepted.
    pub backlog: u32,
    /// How long an idle HTTP connection is kept, milliseconds.
    pub keep_alive_ms: u64,
    /// How long the head of a request may take to arrive, milliseconds.
    pub request_head_ms: u64,
    /// How long a peer may take nothing of what it is sent before its connection is given up, milliseconds; 0: for ever.
    pub stalled_ms: u64,
    /// The rest of the section.
    #[serde(flatten)]
    pub surface: HttpConfig,
}

impl Default for HttpSection {
    fn default() -> Self {
        Self {
            listen: loopback(8080),
            backlog: 4_096,
            keep_alive_ms: 75_000,
            request_head_ms: 5_000,
            stalled_ms: 60_000,
            surface: HttpConfig::default(),
        }
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
        Self { format: LogFormat::Text, level: "info,actix_server=warn".to_owned() }
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
    /// Clients come back spread over this time, milliseconds; those of Socket.IO are closed spread over it, where another node serves.
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

    /// How connections leave when `gone_ms` of the time are over. Who is not told when to come back is closed spread over the same window,
    /// in half of the time that is left: the other half is for those who do not answer. A node that no other stands in for does not make
    /// them wait for its end, which they need for coming back.
    pub(crate) fn farewell(&self, gone_ms: u64, is_another_serving: bool) -> Farewell {
        let room = if is_another_serving { self.timeout_ms.saturating_sub(gone_ms) / 2 } else { 0 };
        Farewell { window_ms: self.window_ms, spread_ms: self.window_ms.min(room) }
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
    /// How often a server on a shared store looks whether an import into it has begun.
    pub marks_every_ms: u64,
    /// The CQL cluster, when that is the engine.
    #[serde(rename = "scylla")]
    pub cql: CqlConfig,
    /// The rest of the section. Its own path is not used: see [`StoreSection::embedded`].
    #[serde(flatten)]
    pub limits: EmbeddedConfig,
}

impl Default for StoreSection {
    fn default() -> Self {
        Self {
            engine: Engine::Embedded,
            path: PathBuf::from("data"),
            marks_every_ms: 2_000,
            cql: CqlConfig::default(),
            limits: EmbeddedConfig::default(),
        }
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
    /// A ScyllaDB or Apache Cassandra cluster.
    Scylla,
}

/// `[cluster]`
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(default)]
pub struct ClusterSection {
    /// What connects the nodes.
    pub bus: Bus,
    /// The rest of the section.
    #[serde(flatten)]
    pub settings: ClusterConfig,
}

/// What connects nodes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Bus {
    /// Nothing: a single node.
    #[default]
    None,
    /// NATS.
    Nats,
}

/// `[websocket]`
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WebSocketConfig {
    /// Whether `/ws-echo` is there.
    pub echo: bool,
    /// Most fragments of one message.
    pub fragments: u32,
    /// How long a peer may take to read our answer to its handshake, milliseconds.
    pub handshake_ms: u64,
    /// Handshakes of one address.
    pub handshake_rate: Rate,
    /// Ciphertext one TLS connection may hold back, bytes.
    pub tls_write_bytes: usize,
    /// Which pages may open a socket.
    pub origin: OriginPolicy,
}

impl Default for WebSocketConfig {
    fn default() -> Self {
        Self {
            echo: false,
            fragments: 128,
            handshake_ms: 5_000,
            handshake_rate: Rate { per_second: 1_000.0, burst: 20_000.0 },
            tls_write_bytes: 65_536,
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
    /// Most kinds of reactions to one message, at most 32.
    pub reaction_kinds: usize,
    /// Most reactions to one message in all, at most 10,000.
    pub message_reactions: usize,
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
            reaction_kinds: limits.reaction_kinds,
            message_reactions: limits.message_reactions,
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
            reaction_kinds: self.reaction_kinds,
            message_reactions: self.message_reactions,
        }
    }
}

/// `[conferences]`
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(default)]
pub struct ConferencesSection {
    /// Longest title, characters.
    pub title_chars: usize,
    /// Longest description, and longest text about a speaker, characters.
    pub description_chars: usize,
    /// Most speakers.
    pub speakers: usize,
    /// Most teams.
    pub teams: usize,
    /// Most points of an agenda.
    pub agenda_items: usize,
    /// Most people who run one conference by their accounts.
    pub hosts: usize,
    /// Most questions one conference may have live at the same time.
    pub live_questions: usize,
    /// Most questions one conference may ever have live.
    pub asked_questions: usize,
    /// Most days after which who took part is forgotten.
    pub most_expiry_days: u32,
    /// The rest of the section.
    #[serde(flatten)]
    pub service: ConferencesConfig,
}

impl Default for ConferencesSection {
    fn default() -> Self {
        let limits = ConferenceLimits::default();
        Self {
            title_chars: limits.title_chars,
            description_chars: limits.description_chars,
            speakers: limits.speakers,
            teams: limits.teams,
            agenda_items: limits.agenda_items,
            hosts: limits.hosts,
            live_questions: limits.live_questions,
            asked_questions: limits.asked_questions,
            most_expiry_days: limits.most_expiry_days,
            service: ConferencesConfig::default(),
        }
    }
}

impl ConferencesSection {
    /// The limits as the aggregate wants them.
    #[must_use]
    pub fn limits(&self) -> ConferenceLimits {
        ConferenceLimits {
            title_chars: self.title_chars,
            description_chars: self.description_chars,
            speakers: self.speakers,
            teams: self.teams,
            agenda_items: self.agenda_items,
            hosts: self.hosts,
            live_questions: self.live_questions,
            asked_questions: self.asked_questions,
            most_expiry_days: self.most_expiry_days,
        }
    }
}

/// `[voting]`
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(default)]
pub struct VotingSection {
    /// Most ballots one append carries, at most 512.
    pub batch_entries: usize,
    /// Most commands that may wait at one poll.
    pub max_pending_commands: usize,
    /// Ballots between snapshots, while there are not yet as many as that in all.
    pub snapshot_every: u64,
    /// The rest of the section.
    #[serde(flatten)]
    pub limits: VotingLimits,
}

impl Default for VotingSection {
    fn default() -> Self {
        Self {
            batch_entries: 512,
            max_pending_commands: 65_536,
            snapshot_every: 20_000,
            limits: VotingLimits::default(),
        }
    }
}

impl VotingSection {
    /// The owners of polls: as all others, but with batches and queues for a hall that votes at once. Nothing of a poll's log is ever
    /// removed, and its ids are remembered until a snapshot covers them, of which there are fewer the larger it gets.
    #[must_use]
    pub fn owner(&self, usual: &OwnerConfig) -> OwnerConfig {
        let remembered = (self.limits.ballots as u64).max(self.snapshot_every).saturating_mul(4);
        OwnerConfig {
            batch_entries: self.batch_entries,
            max_pending_commands: self.max_pending_commands,
            max_pending_bytes: usual.max_pending_bytes.max(self.max_pending_commands.saturating_mul(512)),
            snapshot_every: self.snapshot_every,
            max_remembered_ids: usize::try_from(remembered).unwrap_or(usize::MAX),
            faded_ids: 0,
            retain_entries: 0,
            ..usual.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_spread_over_the_window_only_where_they_find_another_node_and_time_is_left() {
        let config = DrainConfig { window_ms: 4_000, timeout_ms: 10_000 };
        let spread = |gone, another| config.farewell(gone, another).spread_ms;
        assert_eq!((spread(0, true), spread(2_000, true)), (4_000, 4_000));
        assert_eq!((spread(5_000, true), spread(12_000, true)), (2_500, 0));
        assert_eq!((spread(0, false), config.farewell(5_000, false).window_ms), (0, 4_000));
    }
}
