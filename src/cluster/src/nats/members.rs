//! Which nodes are there, and which of them an aggregate lives on.
//!
//! Each node decides for itself, by what it has heard, so two nodes may differ for a while. That costs a conflict on the log now and
//! then, never more.

use super::packet::{Beat, NodeState};
use parking_lot::RwLock;
use plenum_actors::clock::MonoMillis;
use plenum_actors::placement::{Place, Placement};
use plenum_schema::{LogId, NodeId};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use xxhash_rust::xxh3::xxh3_64;

/// What a beat or the passing of time has changed.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Changed {
    /// Aggregates may live elsewhere now.
    pub placement: bool,
    /// Nodes that were not known before.
    pub new: Vec<NodeId>,
    /// Nodes that said that they have ended.
    pub gone: Vec<NodeId>,
    /// Nodes that have been silent for too long.
    pub silent: Vec<NodeId>,
    /// Nodes that are heard again after such a silence: `new`, too. What they told meanwhile is lost.
    pub returned: Vec<NodeId>,
}

#[derive(Clone, Copy, Debug)]
struct Known {
    heard: MonoMillis,
    state: NodeState,
}

/// The nodes of a cluster as this one sees them, without I/O and clock.
#[derive(Debug)]
pub struct View {
    me: NodeId,
    silent_ms: u64,
    others: BTreeMap<NodeId, Known>,
    /// Nodes that have ended, so that a late beat does not bring them back; a run of a process has an id of its own.
    ended: BTreeSet<NodeId>,
    /// Nodes that fell silent and were not heard since.
    silenced: BTreeSet<NodeId>,
    /// When the last of them did.
    silence_at: MonoMillis,
    is_draining: bool,
    /// The store does not answer here.
    is_unwell: bool,
}

/// A node silent for longer than this is taken for dead, until it is heard again.
const DOUBT_MS: u64 = 600_000;

/// How many nodes are remembered that have ended, and that fell silent.
const REMEMBERED: usize = 256;

fn remember(nodes: &mut BTreeSet<NodeId>, node: NodeId) {
    if nodes.len() >= REMEMBERED {
        // Ids of runs grow with time: the least is the oldest.
        nodes.pop_first();
    }
    nodes.insert(node);
}

impl View {
    pub fn new(me: NodeId, silent_ms: u64) -> Self {
        let (ended, silenced) = (BTreeSet::new(), BTreeSet::new());
        let others = BTreeMap::new();
        Self { me, silent_ms, others, ended, silenced, silence_at: 0, is_draining: false, is_unwell: false }
    }

    /// A node says how it is.
    pub fn beat(&mut self, beat: &Beat, now: MonoMillis) -> Changed {
        let mut changed = Changed::default();
        if beat.node == self.me || self.ended.contains(&beat.node) {
            return changed;
        }
        if beat.state == NodeState::Gone {
            if self.others.remove(&beat.node).is_some() {
                changed.placement = true;
                changed.gone.push(beat.node);
            }
            self.silenced.remove(&beat.node);
            remember(&mut self.ended, beat.node);
            return changed;
        }
        match self.others.insert(beat.node, Known { heard: now, state: beat.state }) {
            None => {
                changed.placement = true;
                changed.new.push(beat.node);
                changed.returned.extend(self.silenced.take(&beat.node));
            }
            Some(before) => changed.placement = before.state != beat.state,
        }
        changed
    }

    /// Time has passed.
    pub fn tick(&mut self, now: MonoMillis) -> Changed {
        let is_silent = |known: &Known| now.saturating_sub(known.heard) >= self.silent_ms;
        let silent: Vec<NodeId> =
            self.others.iter().filter(|(_, known)| is_silent(known)).map(|(node, _)| *node).collect();
        self.others.retain(|_, known| !is_silent(known));
        for node in &silent {
            remember(&mut self.silenced, *node);
            self.silence_at = now;
        }
        Changed { placement: !silent.is_empty(), silent, ..Changed::default() }
    }

    /// For how long a node has been silent now that may be alive and not be heard; `None` when there is none, or it has been too long for that.
    pub fn in_doubt(&self, now: MonoMillis) -> Option<u64> {
        let since = now.saturating_sub(self.silence_at);
        (!self.silenced.is_empty() && since < DOUBT_MS).then_some(since)
    }

    /// Nothing could be heard until now: silence counts from here.
    pub fn hold(&mut self, now: MonoMillis) {
        for known in self.others.values_mut() {
            known.heard = now;
        }
    }

    pub fn drain(&mut self) {
        self.is_draining = true;
    }

    /// Whether the store answers; as long as it does not, aggregates live where it may. Answers whether that is news.
    pub fn feel(&mut self, is_well: bool) -> bool {
        std::mem::replace(&mut self.is_unwell, !is_well) == is_well
    }

    pub fn state(&self) -> NodeState {
        if self.is_draining || self.is_unwell { NodeState::Draining } else { NodeState::Serving }
    }

    pub fn others(&self) -> Vec<NodeId> {
        self.others.keys().copied().collect()
    }

    /// The nodes that aggregates live on.
    fn serving(&self) -> Vec<NodeId> {
        let others = self.others.iter().filter(|(_, known)| known.state == NodeState::Serving).map(|(node, _)| *node);
        let me = (self.state() == NodeState::Serving
            || self.others.values().all(|known| known.state != NodeState::Serving))
        .then_some(self.me);
        others.chain(me).collect()
    }
}

/// Rendezvous hashing: each node has a number for each log, and the highest wins. When a node comes or goes, only what it wins or
/// won moves.
fn winner(log: LogId, nodes: &[NodeId]) -> Option<NodeId> {
    let mut key = [0_u8; 33];
    key[..17].copy_from_slice(&log.to_bytes());
    let number = |node: &NodeId| {
        let mut key = key;
        key[17..].copy_from_slice(node.0.as_bytes());
        (xxh3_64(&key), *node)
    };
    nodes.iter().max_by_key(|node| number(node)).copied()
}

/// The nodes that are there, shared by everything on a node.
#[derive(Debug)]
pub struct Members {
    me: NodeId,
    view: RwLock<View>,
    serving: RwLock<Arc<[NodeId]>>,
}

impl Members {
    /// Nobody but this node is known.
    #[must_use]
    pub fn new(me: NodeId, silent_ms: u64) -> Arc<Self> {
        Arc::new(Self { me, view: RwLock::new(View::new(me, silent_ms)), serving: RwLock::new(Arc::new([me])) })
    }

    /// This run of this process.
    #[must_use]
    pub fn me(&self) -> NodeId {
        self.me
    }

    /// The other nodes that are there.
    #[must_use]
    pub fn others(&self) -> Vec<NodeId> {
        self.view.read().others()
    }

    /// Whether clients that are sent away from here find another node that takes them.
    #[must_use]
    pub fn is_another_serving(&self) -> bool {
        self.serving.read().iter().any(|node| *node != self.me)
    }

    /// Whether another node is there.
    #[must_use]
    pub fn has(&self, node: NodeId) -> bool {
        self.view.read().others.contains_key(&node)
    }

    pub(super) fn my_beat(&self) -> Beat {
        Beat { node: self.me, state: self.view.read().state() }
    }

    pub(super) fn change<T>(&self, change: impl FnOnce(&mut View) -> T) -> T {
        let mut view = self.view.write();
        let result = change(&mut view);
        *self.serving.write() = view.serving().into();
        result
    }
}

impl Placement for Members {
    fn place(&self, log: LogId) -> Place {
        match winner(log, &self.serving.read()) {
            Some(node) if node != self.me => Place::Node(node),
            _ => Place::Local,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use plenum_schema::AggregateKind;
    use uuid::Uuid;

    const ME: NodeId = NodeId(Uuid::from_u128(100));

    fn node(n: u128) -> NodeId {
        NodeId(Uuid::from_u128(n))
    }

    fn log(n: u128) -> LogId {
        LogId { kind: AggregateKind::Conversation, id: Uuid::from_u128(n) }
    }

    fn beat(n: u128, state: NodeState) -> Beat {
        Beat { node: node(n), state }
    }

    #[test]
    fn a_node_appears_with_its_first_beat_and_vanishes_by_silence() {
        let mut view = View::new(ME, 100);
        assert_eq!(view.beat(&beat(1, NodeState::Serving), 0).new, vec![node(1)]);
        assert_eq!(view.beat(&beat(1, NodeState::Serving), 60), Changed::default());
        assert_eq!(view.tick(159), Changed::default());
        assert_eq!(view.tick(160).silent, vec![node(1)]);
        let back = view.beat(&beat(1, NodeState::Serving), 200);
        assert_eq!((back.new, back.returned), (vec![node(1)], vec![node(1)]), "a paused process comes back");
        assert_eq!(view.beat(&beat(2, NodeState::Serving), 200).returned, vec![], "one that was never here does not");
    }

    #[test]
    fn a_node_that_ended_is_not_brought_back_by_a_late_beat() {
        let mut view = View::new(ME, 100);
        view.beat(&beat(1, NodeState::Serving), 0);
        assert_eq!(view.beat(&beat(1, NodeState::Gone), 1).gone, vec![node(1)]);
        assert_eq!(view.beat(&beat(1, NodeState::Serving), 2), Changed::default());
        assert!(view.others().is_empty());
    }

    #[test]
    fn a_draining_node_is_known_and_owns_nothing() {
        let members = Members::new(ME, 100);
        members.change(|view| view.beat(&beat(1, NodeState::Draining), 0));
        assert_eq!(members.others(), vec![node(1)]);
        assert!((0..100).all(|n| members.place(log(n)) == Place::Local));
        members.change(|view| view.beat(&beat(2, NodeState::Serving), 0));
        members.change(View::drain);
        assert!((0..100).all(|n| members.place(log(n)) == Place::Node(node(2))));
    }

    #[test]
    fn a_node_whose_store_does_not_answer_gives_its_aggregates_away_until_it_does() {
        let members = Members::new(ME, 100);
        assert!(members.change(|view| view.feel(false)));
        assert!((0..100).all(|n| members.place(log(n)) == Place::Local), "there is nobody else");
        members.change(|view| view.beat(&beat(1, NodeState::Serving), 0));
        assert!((0..100).all(|n| members.place(log(n)) == Place::Node(node(1))));
        assert_eq!((members.my_beat().state, members.change(|view| view.feel(false))), (NodeState::Draining, false));
        assert!(members.change(|view| view.feel(true)));
        assert!((0..100).any(|n| members.place(log(n)) == Place::Local));
    }

    #[test]
    fn nothing_heard_while_the_bus_is_away_kills_nobody() {
        let mut view = View::new(ME, 100);
        view.beat(&beat(1, NodeState::Serving), 0);
        view.hold(5_000);
        assert_eq!(view.tick(5_050), Changed::default());
    }

    #[test]
    fn logs_are_spread_evenly_and_only_those_of_a_lost_node_move() {
        let nodes: Vec<NodeId> = (1..=4).map(node).collect();
        let before: Vec<NodeId> = (0..8_000).map(|n| winner(log(n), &nodes).unwrap()).collect();
        for node in &nodes {
            let share = before.iter().filter(|winner| *winner == node).count();
            assert!((1_700..2_300).contains(&share), "{share}");
        }
        let fewer = &nodes[..3];
        for (n, was) in before.iter().enumerate().filter(|(_, was)| fewer.contains(was)) {
            assert_eq!(winner(log(n as u128), fewer), Some(*was));
        }
    }
}
