//! The configuration: every setting of the program, composed of the settings of its parts.
//!
//! `config/default.toml` is the reference. Layers above it, weakest first: a file, the environment, flags.

mod checks;
mod layers;
mod load;
mod print;
mod problem;
mod reference;
mod sections;

pub use layers::{Origin, Setting, Sources};
pub use load::{Loaded, load};
pub use print::{effective, markdown};
pub use problem::{ConfigError, Problem};
pub use reference::{DEFAULT_TOML, Key, Reference, Section, reference};
pub use sections::{
    Bus, ClusterConfig, ConfigSecret, ConversationsSection, DrainConfig, Engine, HttpSection, LimitsConfig, LogConfig,
    LogFormat, OperationsConfig, ServerConfig, StoreSection, TlsConfig, WebSocketConfig,
};

use plenum_actors::hub::HubConfig;
use plenum_actors::owner::OwnerConfig;
use plenum_services::accounts::AccountsConfig;
use serde::Deserialize;

/// Everything an operator may set. The fields are the sections of `config/default.toml`, which explains each key.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The process.
    pub server: ServerConfig,
    /// The public port.
    pub http: HttpSection,
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
    pub cluster: ClusterConfig,
    /// What one connection and one person may do at once.
    pub limits: LimitsConfig,
    /// WebSocket.
    pub websocket: WebSocketConfig,
    /// Conversations.
    pub conversations: ConversationsSection,
    /// The hub of each worker.
    pub hub: HubConfig,
    /// Owners of aggregates.
    pub owner: OwnerConfig,
    /// Accounts and sessions.
    pub accounts: AccountsConfig,
}

impl Config {
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
