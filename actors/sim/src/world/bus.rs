//! The bus between nodes. A command goes where the node that it reached believes that its conversation lives; what follows is decided by
//! the directory's own rules ([`route`]): on to another node, back to whoever has taken over, or carried out here, always under one entry
//! id. The bus loses, delays and doubles commands and their answers; nodes are cut from it and split into two sides.

use super::events::Event;
use super::{World, trace};
use crate::mutation::BusMutation;
use crate::node::{Address, Asker};
use plenum_actors::aggregates::conversation::{Answer, Command};
use plenum_actors::directory::Carried;
use plenum_actors::directory::route::{self, Next, Outcome};
use plenum_actors::placement::NodeId;
use plenum_schema::{EntryId, Offset, Refusal, RefusalCode};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// How long a node waits for the answer to an errand, virtual milliseconds.
const PATIENCE: (u64, u64) = (20, 150);
/// How many questions are asked in a run.
const QUESTIONS: u64 = 12;
/// How many nodes may hand a command on, as configured by default.
pub(super) const MAX_HOPS: u8 = 2;
/// When somebody who was refused by a node that stops should come back.
const DRAINING_MS: u64 = 20;

/// A command on its way between nodes.
#[derive(Clone, Debug)]
pub(super) struct Parcel {
    pub conversation: usize,
    pub command: Command,
    /// The id of its entry, once it has left the node that it reached first.
    pub entry: Option<EntryId>,
    pub hops: u8,
    /// It may have been carried out before.
    pub tried: bool,
    pub asker: Asker,
}

/// A parcel that was sent.
#[derive(Clone, Debug)]
struct Errand {
    from: NodeId,
    to: NodeId,
    parcel: Parcel,
}

/// What is on the bus, and what must be true of it.
#[derive(Debug, Default)]
pub(super) struct Bus {
    last: u64,
    /// All errands ever sent, for copies that arrive late.
    sent: HashMap<u64, Errand>,
    /// Those that somebody waits for.
    waiting: BTreeMap<u64, Errand>,
    /// Messages of clients of which the bus made two.
    doubled: BTreeSet<(usize, usize)>,
    /// When what was acknowledged, by conversation.
    acked: HashMap<usize, Vec<(u64, Offset)>>,
}

impl Bus {
    pub(super) fn receiver(&self, number: u64) -> Option<NodeId> {
        self.sent.get(&number).map(|errand| errand.to)
    }

    /// The node that waits for an errand.
    pub(super) fn sender(&self, number: u64) -> Option<NodeId> {
        self.waiting.get(&number).map(|errand| errand.from)
    }

    /// Whoever asked first, however many nodes have handed the command on.
    pub(super) fn first_asker(&self, asker: Asker) -> Asker {
        match asker {
            Asker::Errand { number } => {
                self.sent.get(&number).map_or(asker, |errand| self.first_asker(errand.parcel.asker))
            }
            other => other,
        }
    }

    pub(super) fn was_doubled(&self, client: usize, message: usize) -> bool {
        self.doubled.contains(&(client, message))
    }

    pub(super) fn acked(&mut self, conversation: usize, now: u64, offset: Offset) {
        self.acked.entry(conversation).or_default().push((now, offset));
    }

    /// The newest offset that had been acknowledged before a time.
    fn known_at(&self, conversation: usize, time: u64) -> Offset {
        let acked = self.acked.get(&conversation).into_iter().flatten();
        acked.filter(|(at, _)| *at < time).map(|(_, offset)| *offset).max().unwrap_or(0)
    }
}

impl World {
    pub(super) fn schedule_bus(&mut self) {
        let mut config = (*self.owner_config).clone();
        config.confirm_after_ms = Some(self.rng.pick(&[0, 10, 100]));
        self.owner_config = Arc::new(config);
        for node in 0..self.nodes.len() {
            let at = self.rng.between(0, 40);
            self.queue.push(at, Event::Beat { node });
        }
        for kind in 0..4 {
            for _ in 0..self.rng.pick(&[0, 1, 3]) {
                let at = self.rng.between(0, self.heal_at);
                let (node, until) = (self.rng.index(self.nodes.len()), at + self.rng.between(50, 1_500));
                let event = match kind {
                    0 => Event::Cut { node, until },
                    1 => Event::Split { sides: self.rng.bits(), one_way: self.rng.chance(300), until },
                    2 => Event::Unwell { node, until },
                    _ => Event::Drain { node },
                };
                self.queue.push(at, event);
            }
        }
        for _ in 0..QUESTIONS {
            let at = self.rng.between(0, self.heal_at);
            let (node, conversation) = (self.rng.index(self.nodes.len()), self.rng.index(self.logs.len()));
            self.queue.push(at, Event::Question { node, conversation });
        }
    }

    pub(super) fn cut(&mut self, node: usize, until: u64) {
        let noticed = self.now + self.rng.between(0, 200);
        if let Some(one) = self.nodes.get_mut(node) {
            (one.cut_until, one.cut_noticed) = (until, noticed);
            trace!(self, "-- the bus does not reach node {node} until {until} ms; it notices at {noticed} ms");
        }
    }

    pub(super) fn split(&mut self, sides: u64, one_way: bool, until: u64) {
        self.split = super::members::Split { until, sides, one_way };
        let side = |with: u64| (0..self.nodes.len()).filter(|node| sides >> node & 1 == with).collect::<Vec<_>>();
        let how = if one_way { ", one way only" } else { "" };
        trace!(self, "-- nodes {:?} and {:?} do not hear each other until {until} ms{how}", side(1), side(0));
    }

    pub(super) fn unwell(&mut self, node: usize, until: u64) {
        if let Some(one) = self.nodes.get_mut(node) {
            one.unwell_until = until;
            trace!(self, "-- the store does not answer node {node} until {until} ms");
        }
    }

    /// A command reaches a node from outside.
    pub(super) fn tell(&mut self, node: usize, conversation: usize, asker: Asker, command: Command) {
        let parcel = Parcel { conversation, command, entry: None, hops: 0, tried: false, asker };
        self.pass_on(node, parcel, None);
    }

    /// Sends the command to where it belongs as this node sees it, or carries it out.
    fn pass_on(&mut self, node: usize, parcel: Parcel, failed: Option<NodeId>) {
        let max_hops = match (self.options.bus, self.options.bus_mutation) {
            (false, _) => None,
            (true, Some(BusMutation::NoHopLimit)) => Some(u8::MAX),
            (true, _) => Some(MAX_HOPS),
        };
        let place = self.place(node, parcel.conversation);
        match route::next(place, parcel.hops, max_hops, failed) {
            Next::To(to) => self.send_off(node, to, parcel),
            Next::Here { .. } => self.tell_here(node, parcel),
        }
    }

    fn send_off(&mut self, from: usize, to: NodeId, mut parcel: Parcel) {
        if parcel.entry.is_none() {
            parcel.entry = Some(self.fresh_id());
        }
        parcel.hops += 1;
        self.summary.onward += u64::from(matches!(parcel.asker, Asker::Errand { .. }));
        if parcel.hops > MAX_HOPS {
            self.expect(Err(format!("a command was handed on {} times", parcel.hops)));
        }
        self.bus.last += 1;
        let number = self.bus.last;
        trace!(
            self,
            "node {from} sends {} to node {} as errand {number}",
            self.name(&parcel),
            super::members::index(to)
        );
        let errand = Errand { from: self.node_id(from), to, parcel };
        self.bus.sent.insert(number, errand.clone());
        self.bus.waiting.insert(number, errand);
        if !self.is_connected(from) {
            return self.lost(number);
        }
        let copies = if self.rng.chance(self.faults.doubled) { 2 } else { 1 };
        for copy in 0..copies {
            let reached = self.node_of(to).is_some_and(|to| self.is_reachable(from, to));
            if reached && !self.rng.chance(self.faults.dropped) {
                let at = self.now + self.network_delay();
                self.queue.push(at, Event::Errand { number });
                if let (1, Asker::Client(one)) = (copy, self.bus.first_asker(Asker::Errand { number })) {
                    self.bus.doubled.insert((one.client, one.message));
                }
            }
        }
        let patience = self.rng.between(PATIENCE.0, PATIENCE.1);
        self.queue.push(self.now + patience, Event::Lost { number });
    }

    fn name(&self, parcel: &Parcel) -> String {
        match self.bus.first_asker(parcel.asker) {
            Asker::Client(one) => format!("c{}-m{}", one.client, one.message),
            Asker::Change { .. } => "a change".into(),
            _ => "a question".into(),
        }
    }

    /// An errand reaches the node that it was sent to.
    pub(super) fn errand(&mut self, number: u64) {
        let Some(Errand { to, parcel, .. }) = self.bus.sent.get(&number).cloned() else { return };
        let Some(node) = self.node_of(to) else { return };
        let asker = Asker::Errand { number };
        if self.nodes.get(node).is_some_and(|node| node.is_draining) {
            return self.send_back(node, number, Err(draining()));
        }
        self.pass_on(node, Parcel { asker, tried: false, ..parcel }, None);
    }

    /// The owner on this node gets the command, unless the node stops.
    fn tell_here(&mut self, node: usize, parcel: Parcel) {
        let Parcel { conversation, command, entry, tried, asker, .. } = parcel;
        if self.nodes.get(node).is_some_and(|node| node.is_draining) {
            return self.reply_to(node, asker, Err(route::honest(draining(), tried)));
        }
        let again = entry.is_some() && self.options.bus_mutation != Some(BusMutation::ForgetAgain);
        let fresh = entry.unwrap_or_else(|| self.fresh_id());
        self.command(node, conversation, (asker, tried), command, (fresh, again));
    }

    /// An answer leaves the node that carried the errand out.
    pub(super) fn send_back(&mut self, node: usize, number: u64, result: Result<Answer, Refusal>) {
        let to = self.bus.sender(number).and_then(|sender| self.node_of(sender));
        let reached = to.is_some_and(|to| self.is_connected(node) && self.is_reachable(node, to));
        if reached && !self.rng.chance(self.faults.dropped) {
            let at = self.now + self.network_delay();
            self.queue.push(at, Event::Carried { number, result });
        } else {
            trace!(self, "the answer to errand {number} is lost");
        }
    }

    pub(super) fn carried(&mut self, number: u64, result: Result<Answer, Refusal>) {
        self.returned(number, Carried::Answered(result));
    }

    /// No answer has come, or none can.
    pub(super) fn lost(&mut self, number: u64) {
        self.returned(number, Carried::Lost);
    }

    /// A node waits for no answers of another one any longer.
    pub(super) fn lost_all(&mut self, node: usize, gone: NodeId) {
        let from = self.node_id(node);
        let waiting = self.bus.waiting.iter().filter(|(_, errand)| errand.from == from && errand.to == gone);
        let numbers: Vec<u64> = waiting.map(|(number, _)| *number).collect();
        numbers.into_iter().for_each(|number| self.lost(number));
    }

    /// What came of an errand, once.
    fn returned(&mut self, number: u64, carried: Carried<Answer>) {
        let Some(Errand { from, to, mut parcel }) = self.bus.waiting.remove(&number) else { return };
        let Some(node) = self.node_of(from) else { return };
        let was_tried = parcel.tried;
        match route::outcome(carried, was_tried) {
            Outcome::Answer(result) => {
                self.summary.carried += 1;
                self.reply_to(node, parcel.asker, result);
            }
            Outcome::FallBack { tried } => {
                self.summary.fallbacks += 1;
                trace!(self, "node {node} takes {} back from errand {number}", self.name(&parcel));
                parcel.tried = match self.options.bus_mutation {
                    Some(BusMutation::LostIsRefused) => was_tried,
                    _ => tried,
                };
                if self.options.bus_mutation == Some(BusMutation::FreshIdOnFallback) {
                    parcel.entry = Some(self.fresh_id());
                }
                self.pass_on(node, parcel, Some(to));
            }
        }
    }

    pub(super) fn question(&mut self, node: usize, conversation: usize) {
        if self.is_down(node) {
            return;
        }
        let command = Command::Access { user: crate::client::user(0), known: 0 };
        self.tell(node, conversation, Asker::Question { at: self.now, conversation }, command);
    }

    /// Whoever asks is told of everything that was acknowledged a short while before.
    pub(super) fn answered(&mut self, conversation: usize, at: u64, result: &Result<Answer, Refusal>) {
        let after = self.owner_config.confirm_after_ms.unwrap_or(0);
        let known = self.bus.known_at(conversation, at.saturating_sub(after));
        let checked = match result {
            Ok(Answer::Access(access)) if access.head >= known => {
                self.summary.questions += 1;
                Ok(())
            }
            Ok(answer) => Err(format!("asked at {at} ms, when {known} had been acked, a node answers {answer:?}")),
            Err(refusal) if refusal.code.is_retryable() && refusal.code != RefusalCode::Internal => Ok(()),
            Err(refusal) => Err(format!("a question is refused: {refusal}")),
        };
        self.expect(checked);
    }

    /// A node leaves in order: it takes no commands any more, lets its owners end, says so, and is started again.
    pub(super) fn drain(&mut self, node: usize) {
        if self.is_down(node) || self.nodes.get(node).is_none_or(|node| node.is_draining) {
            return;
        }
        trace!(self, "-- node {node} drains");
        if let Some(one) = self.nodes.get_mut(node) {
            one.is_draining = true;
        }
        if self.is_connected(node) {
            self.tell_members(node, Some(false));
        }
        for conversation in 0..self.logs.len() {
            let running = self.nodes.get(node).and_then(|node| node.owners.get(conversation)?.as_ref());
            if let Some(incarnation) = running.map(|running| running.incarnation) {
                let to = Address { node, conversation, incarnation };
                self.input(to, plenum_actors::owner::core::Input::Drain);
            }
        }
        let (at, id) = (self.now + self.rng.between(20, 300), self.node_id(node));
        self.queue.push(at, Event::Stop { id });
    }

    /// It has had time enough.
    pub(super) fn stop(&mut self, id: NodeId) {
        let Some(node) = self.node_of(id) else { return };
        if self.is_connected(node) {
            self.tell_members(node, None);
        }
        self.crash(node);
    }
}

fn draining() -> Refusal {
    Refusal::new(RefusalCode::Draining, "the node is stopping").retry_after(DRAINING_MS)
}
