//! The plenum server: command line, configuration, wiring, shutdown, telemetry.
//!
//! Tests run the whole server in their own process: [`config::Config`], then [`serve::start`].

pub mod config;
pub mod operations;
pub mod process;
pub mod process_metrics;
pub mod telemetry;
