//! The plenum server: command line, configuration, wiring, shutdown, telemetry.
//!
//! Tests run the whole server in their own process: [`config::Config`], then [`serve::start`].

pub mod backend;
mod chores;
pub mod cli;
pub mod client;
mod community;
mod conference_backend;
pub mod config;
mod crowd;
mod demo;
mod link;
mod node;
pub mod operations;
mod outbox;
pub mod process;
pub mod process_metrics;
pub mod serve;
mod store;
pub mod telemetry;
pub mod transfer;
