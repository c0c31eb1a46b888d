//! The aggregates: pure code, no I/O, no clock.

pub mod board;
pub mod conference;
pub mod conversation;
pub mod poll;
