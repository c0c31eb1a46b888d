//! Tests of the services over stores in memory.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

mod accounts;
mod idempotency;
mod lists;
mod memory;
