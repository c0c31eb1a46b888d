//! The layer around handlers, with a handler or two inside.

#![allow(clippy::expect_used, clippy::panic, reason = "a test that finds something missing stops")]

mod around;
mod bodies;
mod callers;
mod fixture;
mod fuzz;
mod limits;
mod lines;
mod origins;
