//! Several nodes as one, by way of NATS.
//!
//! | subject (behind the cluster's name) | says | heard by |
//! |---|---|---|
//! | `nodes` | a node is there, is draining, has gone | all nodes |
//! | `topic.<kind>.<id>` | publications of a topic, a batch of the owner's in one message | nodes where somebody listens |
//! | `command.<node>.<kind>` | a command for an aggregate placed on the node; answered | that node |
//! | `ended.<node>` | sessions that are no more; answered | that node |
//! | `ended` | the same, by a command that is no node | all nodes |
//! | `presence`, `presence.<node>` | who is on a node: what changed; everybody | all nodes; the one that asked |
//! | `ask.<node>` | say everybody who is on you | that node |
//! | `crowds` | how many are in audiences on a node | all nodes |
//! | `limits` | what was taken of the buckets of rate limits on a node | all nodes |
//!
//! NATS may lose any of these. A lost publication shows in the positions and is read from the log; a lost command is carried out
//! where it came from, under the same entry id; a lost report is noticed by its version; ended sessions are told until they are
//! confirmed, and compared with the store after every interruption.

mod beats;
mod bus;
mod commands;
mod config;
mod connection;
mod crowds;
mod ended;
mod heads;
mod interest;
mod limits;
mod members;
mod metrics;
mod packet;
mod people;
mod publisher;
mod standing;
mod subjects;

pub use bus::{Bus, Node, OpenError, TellError, tell_ended};
pub use config::{ClusterConfig, NatsConfig};
pub use members::Members;
pub use metrics::BusMetrics;
pub use publisher::BusPublisher;
