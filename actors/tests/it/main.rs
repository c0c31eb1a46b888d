//! Owners, the directory and history with a store in memory.

mod bomb;
mod directory;
mod formats;
mod history;
mod memory;
mod world;
