//! The upgrade seam and the native protocol: the App and the sockets on one port.

pub mod framing;
pub mod native;
pub mod socketio;
