//! The hub: one per worker thread. It knows which local connections subscribe to which topic, writes the same bytes to all
//! of them, joins what waits while it is busy, and lets nobody slow hold up anybody else.
//!
//! * [`Core`] holds connections and topics; it is single-threaded and free of actix.
//! * [`HubHandle`] is the thread's shared handle: runs core calls, executes what they wish (log reads), drives the flush task.
//! * [`Hubs`] is what other threads see: it sends publications to the workers that have subscribers.

mod answers;
mod arrivals;
mod catchup;
mod config;
mod connection;
mod core;
mod ending;
mod faults;
mod handle;
mod held;
mod hubs;
mod ladder;
mod leaving;
mod metrics;
mod mutation;
mod outbox;
mod pending;
mod restart;
mod roster;
mod rounds;
mod sweep;
#[cfg(test)]
mod tests;
mod topic;
mod trail;

pub use self::config::HubConfig;
pub use self::connection::{ConnectionKey, NewConnection, Shut, Socket};
pub use self::core::{Core, Framing, TrailEncoder, TrailedEncoder, Wish};
pub use self::faults::HubFaults;
pub use self::handle::{HubActor, HubHandle, HubMail, LogPage, LogReader, PageFuture, Post};
pub use self::hubs::{Hubs, InterestWatcher};
pub use self::ladder::{Ladder, LadderConfig, Shed};
pub use self::leaving::Farewell;
pub use self::metrics::{Breach, HubMetrics};
pub use self::sweep::Swept;
pub use self::trail::Place;
