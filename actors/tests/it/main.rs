//! Owners, the directory and history with a store in memory.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

mod bomb;
mod directory;
mod formats;
mod formats_of_conferences;
mod fuzz;
mod history;
mod memory;
mod world;
