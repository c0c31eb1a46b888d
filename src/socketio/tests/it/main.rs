//! Tests of the crate from outside: real sockets on the loopback interface, hostile input, models.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod engine;
mod fuzz;
mod packets;
mod peer;
mod posts;
mod rooms;
mod upgrade;
