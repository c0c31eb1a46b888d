//! Socket.IO (protocol revision 5 on Engine.IO revision 4) on the same connections, topics, rights and limits as the native
//! protocol: a client of it is a connection of the hub in another dialect.
//!
//! | module | what it does |
//! |---|---|
//! | `vocabulary` | events of clients to commands, events of the server to words, in both spellings |
//! | `session` | the actor of one session, on whichever transport |
//! | `polling`, `dismiss` | polls, the WebSocket that probes, the upgrade; what becomes of one that is refused |
//! | `line` | where output goes: poll buffer or WebSocket |
//! | `chat`, `welcome` | the namespace: coming in, events, callbacks, what was missed |
//! | `positions` | the strings of connection state recovery |
//! | `http`, `registry` | requests, and how they find the thread of their session |
//! | `framing`, `packet` | the hub's output as packets |

mod asks;
mod chat;
mod config;
mod dismiss;
mod echo;
pub(crate) mod framing;
mod http;
mod line;
mod packet;
mod polling;
pub mod positions;
mod registry;
mod session;
pub(crate) mod start;
mod token;
pub mod vocabulary;
mod welcome;

pub use config::SocketIoConfig;
pub(crate) use http::refuse;
pub use http::{PATH, configure, is_poll_of_session, refused};
pub use plenum_socketio::packet::MAX_DEPTH;
pub use registry::{Sessions, SocketIoMetrics};
pub use start::SocketIo;
