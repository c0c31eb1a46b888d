//! The CQL engine on three nodes of a real server.
//!
//! These tests need a cluster and are ignored by `cargo test`; `scripts/test cql` starts one and runs them all. One that is asked for
//! without a cluster fails.

mod cluster;
mod conformance;
mod faults;
mod limits;
mod migration;
mod recorder;
mod rows;
mod security;
