//! The native protocol on WebSockets: the upgrade seam, the connection actor that moves bytes, and the framing of the hub's output.

mod actor;
mod callers;
mod config;
mod door;
mod echo;
pub(crate) mod framing;
pub(crate) mod link;
mod seam;
mod server;
mod tls;

pub use crate::framing::FRAMING;
pub use config::{EdgeConfig, TlsConfig};
pub use door::Door;
pub use framing::{NATIVE_PROTOCOLS, PROTOCOL_JSON, PROTOCOL_MSGPACK};
pub use seam::{Seam, configure_upgrades};
pub use server::{Edge, EdgeError, Listening};
pub use tls::{TlsError, server_config};

pub(crate) use actor::{READS_A_TURN, breach_of, with_scratch};
pub(crate) use server::{Worker, worker_of_this_thread};
