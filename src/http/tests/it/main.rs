//! The layer around handlers, with a handler or two inside.

mod around;
mod bodies;
mod callers;
mod fixture;
mod origins;
