//! Tests of the engines: one binary.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "tests: a failure is a panic, and deadlines are of real time"
)]

mod child;
mod conformance;
mod cql;
mod crash;
mod directory;
mod failure;
mod history;
mod limits;
mod place;
mod reopen;
mod space;
mod torn;
mod turns;
mod views;
