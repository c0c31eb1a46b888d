//! Providers against servers that behave well, badly, slowly, or not at all.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test that finds something missing stops, and waits with deadlines"
)]

mod depot;
mod fake;
mod google;
mod mail;
mod sms;
