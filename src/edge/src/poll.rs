//! Long polling: the native protocol over requests and answers, for networks that let nothing else through.
//!
//! A polling connection is an actor with the same [`Connection`](plenum_actors::connection::Connection) core as a WebSocket and a
//! place in the hub of the worker it was opened on. Requests may arrive on any worker: they are sent to the actor. What it was
//! sent is kept until it has said that it has it, so that a lost answer loses nothing. `docs/protocol.md` says what a client sees.

mod actor;
mod config;
mod directory;
mod frames;
mod routes;

pub use config::PollConfig;
pub use directory::Directory;
pub(crate) use routes::{Asked, fetch, give, leave, open};
