//! The configuration: every setting of the program, composed of the settings of its parts.
//!
//! `config/default.toml` is the reference. Layers above it, weakest first: a file, the environment, flags.

mod checks;
mod layers;
mod load;
mod places;
mod print;
mod problem;
mod reference;
mod sections;

pub use layers::{Origin, Setting, Sources};
pub use load::{Loaded, load};
pub use places::Places;
pub use print::{effective, markdown};
pub use problem::{ConfigError, Problem};
pub use reference::{DEFAULT_TOML, Key, Reference, Section, reference};
pub use sections::{
    Bus, ClusterSection, ConferencesSection, ConfigSecret, ConversationsSection, DrainConfig, Engine, HttpSection,
    LogConfig, LogFormat, OperationsConfig, ServerConfig, StoreSection, TlsConfig, VotingSection, WebSocketConfig,
};

use plenum_actors::connection::ConnectionConfig;
use plenum_actors::history::HistoryConfig;
use plenum_actors::hub::HubConfig;
use plenum_actors::owner::OwnerConfig;
use plenum_actors::presence::PresenceConfig;
use plenum_edge::native::{EdgeConfig, TlsConfig as EdgeTls};
use plenum_edge::poll::PollConfig;
use plenum_edge::socketio::SocketIoConfig;
use plenum_edge::stream::StreamConfig;
use plenum_pages::PagesConfig;
use plenum_providers::{DepotConfig, MailConfig, PaymentsConfig, SmsConfig};
use plenum_rest::RestConfig;
use plenum_services::accounts::{AccountsConfig, GoogleConfig};
use plenum_services::api_keys::ApiKeysConfig;
use plenum_services::conferences::BoardLimits;
use plenum_services::events::EventsConfig;
use plenum_services::idempotency::IdempotencyConfig;
use plenum_services::images::ImagesConfig;
use plenum_services::market::MarketConfig;
use plenum_services::status_board::StatusBoardConfig;
use plenum_services::subjects::SubjectsConfig;
use plenum_websocket::transport::TransportConfig;
use serde::Deserialize;

/// Everything an operator may set. The fields are the sections of `config/default.toml`, which explains each key.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The process.
    pub server: ServerConfig,
    /// The public port.
    pub http: HttpSection,
    /// The REST routes.
    pub rest: RestConfig,
    /// Answers kept for repeated requests.
    pub idempotency: IdempotencyConfig,
    /// TLS on the public port.
    pub tls: TlsConfig,
    /// The operator's port.
    pub operations: OperationsConfig,
    /// Logging.
    pub log: LogConfig,
    /// The end of the process.
    pub drain: DrainConfig,
    /// Where data lies.
    pub store: StoreSection,
    /// Other nodes.
    pub cluster: ClusterSection,
    /// What one connection and one person may do at once.
    pub limits: ConnectionConfig,
    /// WebSocket.
    pub websocket: WebSocketConfig,
    /// Socket.IO.
    pub socketio: SocketIoConfig,
    /// Streams of server-sent events.
    pub stream: StreamConfig,
    /// Polling connections.
    pub poll: PollConfig,
    /// Conversations.
    pub conversations: ConversationsSection,
    /// Conferences.
    pub conferences: ConferencesSection,
    /// Their polls.
    pub voting: VotingSection,
    /// What their audiences ask.
    pub board: BoardLimits,
    /// Which domains are blocked.
    pub status_board: StatusBoardConfig,
    /// Events.
    pub events: EventsConfig,
    /// Subjects.
    pub subjects: SubjectsConfig,
    /// The marketplace.
    pub market: MarketConfig,
    /// Payments.
    pub payments: PaymentsConfig,
    /// Images that people upload.
    pub images: ImagesConfig,
    /// Where uploaded files lie.
    pub depot: DepotConfig,
    /// Keys of programs.
    pub api_keys: ApiKeysConfig,
    /// Where pages may be shown.
    pub pages: PagesConfig,
    /// Who is online.
    pub presence: PresenceConfig,
    /// The hub of each worker.
    pub hub: HubConfig,
    /// Reading past events.
    pub history: HistoryConfig,
    /// Owners of aggregates.
    pub owner: OwnerConfig,
    /// Accounts and sessions.
    pub accounts: AccountsConfig,
    /// Mail.
    pub mail: MailConfig,
    /// Short messages.
    pub sms: SmsConfig,
    /// Signing in with Google.
    pub google: GoogleConfig,
}

impl Config {
    /// The settings of the edge, which lie in several sections.
    #[must_use]
    pub fn edge(&self) -> EdgeConfig {
        let path = |path: &std::path::Path| (!path.as_os_str().is_empty()).then(|| path.to_owned());
        EdgeConfig {
            origins: self.websocket.origin.clone(),
            tls: EdgeTls {
                certificate_file: path(&self.tls.certificate_path),
                key_file: path(&self.tls.private_key_path),
            },
            transport: TransportConfig { tls_write_bytes: self.websocket.tls_write_bytes },
            max_fragments: self.websocket.fragments,
            echo: self.websocket.echo,
            handshake_ms: self.websocket.handshake_ms,
            keep_alive_ms: self.http.keep_alive_ms,
            request_head_ms: self.http.request_head_ms,
            stalled_ms: self.http.stalled_ms,
            stream: self.stream.clone(),
            poll: self.poll.clone(),
            backlog: self.http.backlog,
        }
    }

    /// A configuration for tests that run a server in process: loopback, free ports, one worker, cheap password hashing.
    #[doc(hidden)]
    #[must_use]
    pub fn for_tests(data: &std::path::Path) -> Self {
        let any_port = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
        let mut config = Self { accounts: AccountsConfig::for_tests(), ..Self::default() };
        config.http.listen = any_port;
        config.operations.listen = any_port;
        config.server.workers = 1;
        config.store.path = data.to_owned();
        config
    }
}
