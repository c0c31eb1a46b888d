//! What existing Socket.IO front ends say and listen to, in two spellings, mapped to the native commands and events.
//!
//! Nothing here knows transports. [`incoming`] turns an event of a client into a [`Request`], [`outgoing`] turns a frame of the
//! server into events, [`answers`] turns an outcome into the argument of an acknowledgement callback. The matches have no
//! wildcard: a command or an event that is added to the protocol does not compile until it has words here.

pub mod answers;
mod argument;
mod conference;
pub mod fields;
pub mod incoming;
mod market;
pub mod names;
pub mod outgoing;
mod status_board;

pub use incoming::{Heard, Request, read};
