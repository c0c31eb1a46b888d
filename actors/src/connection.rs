//! A connection: what happens between a socket's frames and the rest of Plenum. It knows the protocol's commands, not HTTP and
//! not frames; the edge moves bytes, this decides.
//!
//! Before and after identification are two types: [`Unidentified`] understands `identify` and `ping` only, [`Identified`]
//! everything else, so nothing has to ask whether the user is known.

mod admission;
mod backend;
mod bucket;
mod config;
mod greeting;
mod identified;
mod metrics;
mod protocol;
#[cfg(test)]
mod tests;
mod unidentified;

pub use admission::{Admission, Admitted, Comings, Crowded, UserPlace};
pub use backend::{Access, Answer, Backend, Followed, Following, Hall, Me, Outcome, Reply, ReplyTo};
pub use bucket::Bucket;
pub use config::ConnectionConfig;
pub use identified::Identified;
pub use metrics::ConnectionMetrics;
pub use protocol::{Connection, Shared};
pub use unidentified::Unidentified;
