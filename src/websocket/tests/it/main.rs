//! Tests of frames and transports through its public API.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod transport;
mod websocket;
