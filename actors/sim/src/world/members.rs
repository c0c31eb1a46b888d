//! Who is there, as each node sees it: by beats that the bus loses, from nodes that crash, stand still, drain, have a store that does not
//! answer, or are on the other side of a split. Where a conversation lives follows from that, on each node by itself.

use super::events::Event;
use super::{World, trace};
use plenum_actors::placement::{NodeId, Place};
use std::collections::BTreeMap;
use uuid::Uuid;

/// How often a node says that it is there, virtual milliseconds.
const BEAT: u64 = 40;
/// Whoever was silent for so long is there no more.
const SILENCE: u64 = 130;
/// Runs of a process have ids of their own; this many nodes are told apart.
const NODES: u128 = 16;

/// The other nodes, as one of them sees them: when it heard of each, and whether that one serves.
#[derive(Debug, Default)]
pub(crate) struct View {
    heard: BTreeMap<NodeId, (u64, bool)>,
    last: u64,
}

impl World {
    /// The id of a node's present run.
    pub(super) fn node_id(&self, node: usize) -> NodeId {
        let run = self.nodes.get(node).map_or(0, |node| node.run);
        NodeId(Uuid::from_u128(u128::from(run) * NODES + node as u128))
    }

    /// The node whose present run has this id.
    pub(super) fn node_of(&self, id: NodeId) -> Option<usize> {
        let node = usize::try_from(id.0.as_u128() % NODES).ok()?;
        (self.node_id(node) == id && !self.is_down(node)).then_some(node)
    }

    pub(super) fn is_down(&self, node: usize) -> bool {
        self.nodes.get(node).is_none_or(|node| node.is_down)
    }

    fn is_serving(&self, node: usize) -> bool {
        self.nodes.get(node).is_some_and(|node| !node.is_draining && node.unwell_until <= self.now)
    }

    /// Whether the node knows that the bus is there: it notices only after a while that it is not.
    pub(super) fn is_connected(&self, node: usize) -> bool {
        self.nodes.get(node).is_some_and(|node| node.cut_until <= self.now || self.now < node.cut_noticed)
    }

    /// Whether the bus carries anything from one node to another.
    pub(super) fn is_reachable(&self, from: usize, to: usize) -> bool {
        let is_cut = |node: usize| self.nodes.get(node).is_none_or(|node| node.cut_until > self.now);
        let is_split = self.split.until > self.now
            && self.split.side(from) != self.split.side(to)
            && (!self.split.one_way || self.split.side(from));
        !is_cut(from) && !is_cut(to) && !is_split
    }

    /// The place of a conversation as a node sees it, by rendezvous hashing as the real nodes do it.
    pub(super) fn place(&self, node: usize, conversation: usize) -> Place {
        let me = self.node_id(node);
        let Some(view) = self.nodes.get(node).map(|node| &node.view) else { return Place::Local };
        let others = view.heard.iter().filter(|(_, (_, serving))| *serving).map(|(id, _)| *id);
        let is_alone = !view.heard.values().any(|(_, serving)| *serving);
        let me_too = (self.is_serving(node) || is_alone).then_some(me);
        match others.chain(me_too).max_by_key(|id| (rank(*id, conversation), *id)) {
            Some(id) if id != me => Place::Node(id),
            _ => Place::Local,
        }
    }

    /// A node says that it is there, and sees who else is.
    pub(super) fn beat(&mut self, node: usize) {
        if !self.clients.iter().all(crate::client::Client::is_done) {
            self.queue.push(self.now + BEAT, Event::Beat { node });
        }
        if self.is_down(node) {
            return;
        }
        let is_connected = self.is_connected(node);
        if is_connected {
            self.tell_members(node, Some(self.is_serving(node)));
        }
        let now = self.now;
        let Some(view) = self.nodes.get_mut(node).map(|node| &mut node.view) else { return };
        let was_paused = now - view.last > SILENCE / 2;
        view.last = now;
        if !is_connected || was_paused {
            // Nobody is dead because this node could not hear.
            view.heard.values_mut().for_each(|(heard, _)| *heard = now);
            return;
        }
        let silent: Vec<NodeId> =
            view.heard.iter().filter(|(_, (heard, _))| now - heard >= SILENCE).map(|(id, _)| *id).collect();
        for id in silent {
            trace!(self, "node {node} has not heard of node {} for too long", index(id));
            self.forget(node, id);
        }
    }

    /// Everybody who can be reached learns how a node is; `None`: that it has ended.
    pub(super) fn tell_members(&mut self, node: usize, serving: Option<bool>) {
        let (id, now) = (self.node_id(node), self.now);
        for other in 0..self.nodes.len() {
            if other == node || self.is_down(other) || !self.is_reachable(node, other) {
                continue;
            }
            if self.rng.chance(self.faults.dropped) {
                continue;
            }
            match (serving, self.nodes.get_mut(other)) {
                (Some(serving), Some(one)) => {
                    one.view.heard.insert(id, (now, serving));
                }
                _ => self.forget(other, id),
            }
        }
    }

    /// A node is there no more, as another one sees it: it waits for no answers from it any longer.
    fn forget(&mut self, node: usize, gone: NodeId) {
        if let Some(one) = self.nodes.get_mut(node) {
            one.view.heard.remove(&gone);
        }
        self.lost_all(node, gone);
    }
}

/// Rendezvous: the highest wins. Any function does that spreads well and is the same for ever.
fn rank(node: NodeId, conversation: usize) -> u64 {
    let (high, low) = node.0.as_u64_pair();
    crate::rng::Rng::new(high ^ low.rotate_left(17) ^ ((conversation as u64 + 1) << 40)).bits()
}

/// A node's number, for the trace.
pub(super) fn index(id: NodeId) -> u128 {
    id.0.as_u128() % NODES
}

/// A split of the bus: nodes on one side and on the other do not hear each other, and nobody is told.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Split {
    pub(super) until: u64,
    pub(super) sides: u64,
    /// Only what the second side says gets lost.
    pub(super) one_way: bool,
}

impl Split {
    fn side(self, node: usize) -> bool {
        self.sides >> node & 1 == 1
    }
}
