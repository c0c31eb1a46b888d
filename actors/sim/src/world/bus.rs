//! The bus between nodes: a command goes to the node that its conversation is placed on, and is carried out where it came from when no
//! answer comes. The bus loses, delays and doubles; nodes are cut from it; they see the placement differently while there are faults.

use super::events::Event;
use super::{World, trace};
use crate::node::{Address, Asker, Try};
use plenum_actors::aggregates::conversation::{Answer, Command};
use plenum_schema::wire::Sent;
use plenum_schema::{EntryId, Offset, Refusal, RefusalCode};
use std::collections::HashMap;
use std::sync::Arc;

/// How long a node waits for the answer to an errand, virtual milliseconds.
const PATIENCE: (u64, u64) = (20, 150);
/// How many questions are asked in a run.
const QUESTIONS: u64 = 12;

/// A command that was sent to another node.
#[derive(Clone, Copy, Debug)]
struct Errand {
    from: usize,
    one: Try,
    entry: EntryId,
}

/// What is on the bus, and what must be true of it.
#[derive(Debug, Default)]
pub(super) struct Bus {
    last: u64,
    /// All errands ever sent, for copies that arrive late.
    sent: HashMap<u64, Errand>,
    /// Those that somebody waits for.
    waiting: HashMap<u64, Errand>,
    /// When what was acknowledged, by conversation.
    acked: HashMap<usize, Vec<(u64, Offset)>>,
}

impl Bus {
    /// The node that waits for an errand.
    pub(super) fn sender(&self, number: u64) -> Option<usize> {
        self.waiting.get(&number).map(|errand| errand.from)
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
        for _ in 0..self.rng.pick(&[0, 1, 3]) {
            let at = self.rng.between(0, self.heal_at);
            let (node, until) = (self.rng.index(self.nodes.len()), at + self.rng.between(50, 1_500));
            self.queue.push(at, Event::Cut { node, until });
        }
        for _ in 0..QUESTIONS {
            let at = self.rng.between(0, self.heal_at);
            let (node, conversation) = (self.rng.index(self.nodes.len()), self.rng.index(self.logs.len()));
            self.queue.push(at, Event::Question { node, conversation });
        }
    }

    pub(super) fn cut(&mut self, node: usize, until: u64) {
        if let Some(one) = self.nodes.get_mut(node) {
            one.cut_until = until;
            trace!(self, "-- the bus does not reach node {node} until {until} ms");
        }
    }

    fn is_cut(&self, node: usize) -> bool {
        self.nodes.get(node).is_none_or(|node| node.cut_until > self.now)
    }

    /// The node that a conversation is placed on, as another one sees it.
    fn place(&mut self, conversation: usize) -> usize {
        let is_astray = self.now < self.heal_at && self.rng.chance(200);
        if is_astray { self.rng.index(self.nodes.len()) } else { conversation % self.nodes.len() }
    }

    /// Sends a command to where it belongs; false when that is here, or cannot be reached.
    pub(super) fn send_off(&mut self, from: usize, one: Try, entry: EntryId) -> bool {
        let conversation = self.wanted(one).map_or(0, |wanted| wanted.conversation);
        let to = self.place(conversation);
        // A node notices after a while that the bus is away; until then what it sends is lost.
        if to == from || (self.is_cut(from) && self.rng.chance(500)) {
            return false;
        }
        self.bus.last += 1;
        let number = self.bus.last;
        let errand = Errand { from, one, entry };
        self.bus.sent.insert(number, errand);
        self.bus.waiting.insert(number, errand);
        let copies = if self.rng.chance(self.faults.doubled) { 2 } else { 1 };
        for _ in 0..copies {
            if !self.is_cut(from) && !self.rng.chance(self.faults.dropped) {
                let at = self.now + self.network_delay();
                self.queue.push(at, Event::Errand { node: to, number });
            }
        }
        let patience = self.rng.between(PATIENCE.0, PATIENCE.1);
        self.queue.push(self.now + patience, Event::Lost { number });
        trace!(self, "node {from} sends m{} of client {} to node {to}", one.message, one.client);
        true
    }

    pub(super) fn errand(&mut self, node: usize, number: u64) {
        let Some(errand) = self.bus.sent.get(&number).copied() else { return };
        if self.is_cut(node) || self.nodes.get(node).is_none_or(|node| node.is_down) {
            return;
        }
        let asker = Asker::Errand { number, one: errand.one };
        self.carry_out_here(node, asker, errand.one, (errand.entry, true));
    }

    pub(super) fn send_back(&mut self, from: usize, number: u64, result: Result<Sent, Refusal>) {
        if !self.is_cut(from) && !self.rng.chance(self.faults.dropped) {
            let at = self.now + self.network_delay();
            self.queue.push(at, Event::Carried { number, result });
        }
    }

    pub(super) fn carried(&mut self, number: u64, result: Result<Sent, Refusal>) {
        if self.bus.sender(number).is_none_or(|node| self.is_cut(node)) {
            return;
        }
        let Some(errand) = self.bus.waiting.remove(&number) else { return };
        if self.nodes.get(errand.from).is_none_or(|node| node.is_down) {
            return;
        }
        self.summary.carried += 1;
        let at = self.now + self.network_delay();
        self.queue.push(at, Event::Reply { one: errand.one, result });
    }

    /// No answer has come: the command is carried out where it came from, under the same id.
    pub(super) fn lost(&mut self, number: u64) {
        let Some(errand) = self.bus.waiting.remove(&number) else { return };
        if self.nodes.get(errand.from).is_none_or(|node| node.is_down) {
            return;
        }
        self.summary.fallbacks += 1;
        let Errand { from, one, entry } = errand;
        trace!(self, "node {from} carries m{} of client {} out itself", one.message, one.client);
        self.carry_out_here(from, Asker::Client(one), one, (entry, true));
    }

    pub(super) fn question(&mut self, node: usize, conversation: usize) {
        if self.nodes.get(node).is_none_or(|node| node.is_down) {
            return;
        }
        let (asker, fresh) = (Asker::Question { at: self.now }, self.fresh_id());
        let command = Command::Access { user: crate::client::user(0), known: 0 };
        self.command(node, conversation, asker, command, (fresh, false));
    }

    /// Whoever asks is told of everything that was acknowledged a short while before.
    pub(super) fn answered(&mut self, from: Address, at: u64, result: &Result<Answer, Refusal>) {
        let after = self.owner_config.confirm_after_ms.unwrap_or(0);
        let known = self.bus.known_at(from.conversation, at.saturating_sub(after));
        let checked = match result {
            Ok(Answer::Access(access)) if access.head >= known => {
                self.summary.questions += 1;
                Ok(())
            }
            Ok(answer) => Err(format!("asked at {at} ms, when {known} had been acked, a node answers {answer:?}")),
            Err(refusal) if matches!(refusal.code, RefusalCode::Unavailable | RefusalCode::Busy) => Ok(()),
            Err(refusal) => Err(format!("a question is refused: {refusal}")),
        };
        self.expect(checked);
    }
}
