//! Where an aggregate should live. A hint for speed only: two nodes that both believe they own a log are kept apart by the
//! log's compare-and-append, never by placement.

use plenum_schema::LogId;
use std::fmt;
use std::sync::Arc;
use uuid::Uuid;

/// A node of the cluster; a new one with every start of the process.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub Uuid);

impl fmt::Debug for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

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
