//! The upgrade seam and the native protocol: the App and the sockets on one port; beside the socket, the same protocol over plain
//! HTTP: [`stream`] (server-sent events) and [`poll`] (long polling); and Socket.IO.

pub mod framing;
pub mod native;
pub mod poll;
mod record;
pub mod socketio;
pub mod stream;
mod surface;

pub use surface::{PlainMetrics, Surface};
