//! Where aggregates live: the single node, later the cluster bus.

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
