//! The simulation keeps every promise, and notices when a rule of the owner is broken.

#![allow(clippy::panic, reason = "a test that cannot go on fails")]

mod bus;
mod mutations;
mod polls;
mod seeds;
