//! The generator against a small fake server that can be told to misbehave.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on should say where")]

mod fake;
mod runs;
mod socketio;
mod yardstick;
