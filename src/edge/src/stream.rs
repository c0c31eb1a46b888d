//! Server-sent events: `GET /api/stream?topics=…`, for screens, dashboards and networks that let nothing else through.
//!
//! A stream is a connection of the hub like any other; only its bytes differ. What it receives, the rights, limits, slow-consumer
//! policy and revocation are those of a WebSocket. `docs/protocol.md` says what a client sees.

mod body;
mod config;
mod open;
mod pipe;
mod place;
mod request;

pub use config::StreamConfig;
pub(crate) use open::handle;
pub(crate) use request::Asked;
