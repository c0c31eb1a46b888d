//! Socket.IO, byte for byte, against a whole server.

mod bounds;
pub mod client;
mod conference;
mod following;
pub mod polling;
mod recovery;
mod room;
mod upgrade;
