//! Tests of the whole server and of the project as a whole: one binary, one module a subject.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test may fail loudly, and a test's deadline reads the real clock"
)]

mod abuse;
mod cluster;
mod config;
mod cql;
mod drain;
mod faults;
mod hooks;
mod http;
mod images;
mod journey;
mod operations;
mod plain;
mod program;
mod socket;
mod socketio;
mod tidy;
mod tls;
mod transfer;
