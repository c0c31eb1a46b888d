//! The aggregates: pure code, no I/O, no clock.

pub mod conversation;
