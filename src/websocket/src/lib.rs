//! WebSocket (RFC 6455) on the server side, free of I/O: bytes in, messages out, and back; and the byte streams below it.
//!
//! * [`Decoder`] takes whatever a read returned, in place, and hands out complete messages. It keeps nothing for an idle
//!   connection, so one scratch buffer per thread serves every connection of that thread.
//! * [`encode`] writes server frames (never masked), so a broadcast is the same bytes for every receiver.
//! * [`handshake`] judges the upgrade request and writes the answer.
//! * [`transport`] is plain TCP or TLS behind one non-blocking interface.
//! * [`client`] is the other side of the wire, for tests and benches.
//!
//! No extension is negotiated, therefore every reserved bit is refused.

pub mod client;
pub mod close;
pub mod decoder;
pub mod encode;
pub mod handshake;
pub mod header;
pub mod limits;
pub mod mask;
mod message;
pub mod origin;
pub mod request;
pub mod transport;
pub mod violation;

pub use decoder::{Decoder, Incoming};
pub use encode::FrameBuilder;
pub use header::Opcode;
pub use limits::Limits;
pub use violation::Violation;
