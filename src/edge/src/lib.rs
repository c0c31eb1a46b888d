//! WebSocket frames, transports, the upgrade seam and the native protocol.

pub mod native;
pub mod transport;
pub mod websocket;
