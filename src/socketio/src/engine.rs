//! Engine.IO protocol revision 4, without I/O: what may happen when, and what a request is answered.
//!
//! | module | decides |
//! |---|---|
//! | [`packet`] | packets as text of a WebSocket message or record of a payload |
//! | [`payload`] | payloads of HTTP long-polling: records between U+001E |
//! | [`request`] | what an HTTP request asks for, and how a wrong one is answered |
//! | [`session`] | polls, posts and the upgrade of one session |
//! | [`heartbeat`] | when to ping, and when the peer counts as gone |
//! | [`polling`] | the bounded buffer that a polling client has instead of a socket |
//!
//! None of them owns the queue of a WebSocket, a timer or a map of sessions. Output is prepared as WebSocket frames; a
//! polling client's frames become records at its next request ([`polling::PollingBuffer`]), so one encoding serves both.

pub mod config;
pub mod heartbeat;
pub mod packet;
pub mod payload;
pub mod polling;
pub mod request;
pub mod session;

pub use config::EngineConfig;
pub use heartbeat::Heartbeat;
pub use packet::Packet;
pub use request::{Asked, Refusal};
pub use session::{CloseReason, Session, Transport};
