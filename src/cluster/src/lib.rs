//! What connects nodes, and where aggregates live.
//!
//! * [`SingleNode`]: everything lives here.
//! * [`nats`]: several nodes on one store, connected by NATS. It carries commands to the node an aggregate is placed on, publications
//!   to the nodes where somebody listens, who is on which node, and which sessions have ended. Nothing that is acknowledged depends on
//!   it: the log decides, and what the bus loses is read from the log.

pub mod nats;
mod repairs;

pub use repairs::SharedRepairs;

use plenum_actors::placement::{Place, Placement};
use plenum_schema::LogId;

/// One node that everything lives in.
#[derive(Clone, Copy, Debug, Default)]
pub struct SingleNode;

impl Placement for SingleNode {
    fn place(&self, _log: LogId) -> Place {
        Place::Local
    }
}
