//! The owner: one actor for each live aggregate. It decides, appends, answers and publishes, in that order.
//!
//! [`core`] is the whole of its behaviour without I/O: inputs in, wishes out. [`actor`] is the thin shell around it.

pub mod actor;
pub mod config;
pub mod core;
pub mod metrics;
pub mod recent;
pub mod reply;
pub mod standings;

pub use config::OwnerConfig;
pub use metrics::OwnerMetrics;
pub use recent::{RecentRing, Recents};
pub use reply::Reply;
pub use standings::Standings;
