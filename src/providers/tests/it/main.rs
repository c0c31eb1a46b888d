//! Providers against servers that behave well, badly, slowly, or not at all.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod fake;
mod mail;
mod sms;
