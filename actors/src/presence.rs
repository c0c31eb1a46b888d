//! Presence: who is online, and since when.
//!
//! A person is online while at least one identified connection of theirs is open on any node, and for a grace after the last
//! one closed, so that a quick reconnect is not told. Nothing of it is in a log or needs one: it is display.
//!
//! * [`Core`] decides, without I/O: what this node's connections do and what other nodes report goes in, changes come out. It
//!   says «left» once for each leaving, also when the node died that somebody was on.
//! * [`Presence`] is the node's handle: it is told of connections by [`Admission`](crate::connection::Admission), publishes
//!   changes to topics that somebody follows, many at a time, and writes the row with the time of the last leaving.
//!
//! Nodes tell each other [`Report`]s: all at first, then what changed, each naming the version it builds on, so that a lost
//! one is noticed and asked for again. Whatever connects nodes carries them; a single node makes none.

mod config;
mod core;
mod memory;
mod metrics;
mod queue;
mod registry;
mod report;
#[cfg(test)]
mod tests;

pub use self::config::PresenceConfig;
pub use self::core::{Core, Standing};
pub use self::metrics::PresenceMetrics;
pub use self::registry::{Parts, Presence, run};
pub use self::report::{Line, Report};
