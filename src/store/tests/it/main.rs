//! Tests of the embedded engine: one binary.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "tests: a failure is a panic, and deadlines are of real time"
)]

mod child;
mod conformance;
mod crash;
mod directory;
mod failure;
mod place;
mod reopen;
mod space;
mod torn;
mod views;
