//! The native protocol on WebSockets: the upgrade seam, the connection actor that moves bytes, and the framing of the hub's output.

mod actor;
mod config;
mod echo;
mod framing;
mod link;
mod seam;
mod server;
mod tls;

pub use config::{EdgeConfig, TlsConfig};
pub use framing::FRAMING;
pub use seam::Seam;
pub(crate) use server::Worker;
pub use server::{Edge, EdgeError, Listening};
pub use tls::{TlsError, server_config};
