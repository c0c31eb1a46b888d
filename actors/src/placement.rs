//! Where an aggregate should live. A hint for speed only: two nodes that both believe they own a log are kept apart by the
//! log's compare-and-append, never by placement.

pub use plenum_schema::NodeId;

use plenum_schema::LogId;
use std::sync::Arc;

/// Where a log's owner should run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    /// In this process.
    Local,
    /// In another node.
    Node(NodeId),
}

/// Says where owners should run.
pub trait Placement: Send + Sync + 'static {
    /// The place of a log, by what this node knows now. Cheap: asked for every command.
    fn place(&self, log: LogId) -> Place;
}

/// A shared placement.
pub type SharedPlacement = Arc<dyn Placement>;
