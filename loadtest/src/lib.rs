//! An open-loop load generator that checks while it loads.
//!
//! Every receiver checks every offset of every topic; latencies count from the moment a message was meant to be sent;
//! the server's CPU and memory are read from the kernel; and a bare fan-out server in the same run says what the machine
//! allows. It knows the wire (`plenum-schema`) and nothing else of the server.

pub mod book;
pub mod budget;
pub mod checker;
pub mod cli;
pub mod clock;
pub mod connection;
pub mod frame;
pub mod histogram;
pub mod http;
pub mod load;
pub mod loader;
pub mod metrics;
pub mod names;
pub mod net;
pub mod process;
pub mod progress;
pub mod readback;
pub mod report;
pub mod sampler;
pub mod scenario;
pub mod swarm;
pub mod target;
pub mod wire;
pub mod yardstick;
