//! WebSocket frames, transports, the upgrade seam and the native protocol; beside the socket, the same protocol over plain HTTP:
//! [`stream`] (server-sent events) and [`poll`] (long polling).

pub mod native;
pub mod poll;
mod record;
pub mod stream;
mod surface;
pub mod transport;
pub mod websocket;

pub use surface::{PlainMetrics, Surface};
