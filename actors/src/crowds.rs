//! How many are in the audiences of conferences, between nodes: each node tells how many are with it, and who has joined there.

use plenum_schema::{ConferenceId, NodeId, ParticipantId};
use serde::{Deserialize, Serialize};

/// One conference's audience on one node.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Crowd {
    /// Which conference.
    pub conference: ConferenceId,
    /// Participants with a connection to the node.
    pub live: u64,
    /// How many of those who have joined by way of the node have been told, by this report and those before: only grows, so that a lost
    /// report shows by the next.
    pub joined: u64,
    /// The conference is over: it need not be remembered.
    pub over: bool,
    /// Those who have joined, of those whom this report is the first to tell of. Where many come at once they are never named, only counted.
    #[serde(default)]
    pub named: Vec<ParticipantId>,
}

/// The audiences of a node, as the cluster sees them.
pub trait Crowds: Send + Sync + 'static {
    /// What changed here since the last time it was asked for; or everything.
    fn report(&self, everything: bool) -> Vec<Crowd>;

    /// Another node tells how many are with it.
    fn hear(&self, node: NodeId, crowds: &[Crowd]);

    /// Only these other nodes are there: nobody is with the rest.
    fn only(&self, nodes: &[NodeId]);
}
