//! Events, their order, and who deals with each.

use super::changes::Wish;
use super::{World, trace};
use crate::node::{Address, Try};
use crate::plan::Faults;
use crate::subscriber::Page;
use plenum_actors::aggregates::conversation::Answer;
use plenum_actors::aggregates::conversation::Conversation;
use plenum_actors::owner::core::Input;
use plenum_actors::placement::NodeId;
use plenum_actors::store::{Entry, Snapshot};
use plenum_schema::wire::Sent;
use plenum_schema::{EntryId, Offset, Refusal};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

/// Something that happens at a time.
#[derive(Debug)]
pub(super) enum Event {
    /// A client sends what it has not sent yet.
    Start { client: usize },
    /// A command reaches a node.
    Arrive { node: usize, one: Try },
    /// A command that another node has sent reaches a node.
    Errand { number: u64 },
    /// Its answer reaches the node that sent it.
    Carried { number: u64, result: Result<Answer, Refusal> },
    /// A node has waited long enough for that.
    Lost { number: u64 },
    /// Somebody asks a node where a conversation stands.
    Question { node: usize, conversation: usize },
    /// The bus does not reach a node.
    Cut { node: usize, until: u64 },
    /// Nodes on two sides do not hear each other.
    Split { sides: u64, one_way: bool, until: u64 },
    /// The store does not answer a node.
    Unwell { node: usize, until: u64 },
    /// A node leaves in order.
    Drain { node: usize },
    /// It has ended.
    Stop { id: NodeId },
    /// A node says that it is there.
    Beat { node: usize },
    /// A change of a message reaches a node.
    Change { node: usize, wish: Wish },
    /// An answer reaches its client.
    Reply { one: Try, result: Result<Sent, Refusal> },
    /// A client has waited long enough.
    Timeout { one: Try },
    /// A client tries again.
    Again { one: Try },
    /// An operation reaches the store; without a sender nobody waits for its answer.
    Store { conversation: usize, sender: Option<Address>, operation: Operation },
    /// The store's answer reaches the owner.
    Input { to: Address, input: Input<Conversation> },
    /// An owner wanted to be woken.
    Wake { to: Address },
    /// A publication reaches a subscriber.
    Hear { conversation: usize, subscriber: usize, offset: Offset, id: EntryId },
    /// A head reaches a subscriber.
    HearHead { conversation: usize, subscriber: usize, head: Offset },
    /// A subscriber that has heard nothing for long looks where the conversation stands.
    ComeLate { conversation: usize },
    /// A subscriber's read reaches the store.
    ReadLog { conversation: usize, subscriber: usize, after: Offset },
    /// What a subscriber read.
    Read { conversation: usize, subscriber: usize, page: Page },
    /// A node dies.
    Crash { node: usize },
    /// It starts again.
    Restart { node: usize },
    /// A node stands still.
    Pause { node: usize, until: u64 },
    /// The faults end.
    Heal,
}

/// What an owner asks of the store.
#[derive(Debug)]
pub(super) enum Operation {
    Load { number: u64 },
    Tail { number: u64, after: Offset, limit: usize },
    Find { number: u64, ids: Vec<EntryId> },
    Append { number: u64, expected: Offset, entries: Vec<Entry>, with_digest: bool },
    Save { number: u64, snapshot: Snapshot },
    Trim { upto: Offset },
}

/// Events by time; those of the same time in the order they were made.
#[derive(Debug, Default)]
pub(super) struct Queue {
    order: BinaryHeap<Reverse<(u64, u64)>>,
    events: BTreeMap<u64, Event>,
    made: u64,
}

impl Queue {
    pub(super) fn push(&mut self, at: u64, event: Event) {
        self.made += 1;
        self.order.push(Reverse((at, self.made)));
        self.events.insert(self.made, event);
    }

    pub(super) fn pop(&mut self) -> Option<(u64, Event)> {
        let Reverse((at, made)) = self.order.pop()?;
        Some((at, self.events.remove(&made)?))
    }
}

impl World {
    pub(super) fn happen(&mut self, event: Event) {
        let Some(event) = self.unless_paused(event) else { return };
        match event {
            Event::Start { client } => self.start(client),
            Event::Arrive { node, one } => self.arrive(node, one),
            Event::Errand { number } => self.errand(number),
            Event::Carried { number, result } => self.carried(number, result),
            Event::Lost { number } => self.lost(number),
            Event::Question { node, conversation } => self.question(node, conversation),
            Event::Cut { node, until } => self.cut(node, until),
            Event::Split { sides, one_way, until } => self.split(sides, one_way, until),
            Event::Unwell { node, until } => self.unwell(node, until),
            Event::Drain { node } => self.drain(node),
            Event::Stop { id } => self.stop(id),
            Event::Beat { node } => self.beat(node),
            Event::Change { node, wish } => self.change(node, wish),
            Event::Reply { one, result } => self.reply(one, result),
            Event::Timeout { one } => self.timeout(one),
            Event::Again { one } => self.again(one),
            Event::Store { conversation, sender, operation } => self.store(conversation, sender, operation),
            Event::Input { to, input } => self.input(to, input),
            Event::Wake { to } => self.wake(to),
            Event::Hear { conversation, subscriber, offset, id } => self.hear(conversation, subscriber, offset, id),
            Event::HearHead { conversation, subscriber, head } => self.hear_head(conversation, subscriber, head),
            Event::ComeLate { conversation } => self.come_late(conversation),
            Event::ReadLog { conversation, subscriber, after } => self.read_log(conversation, subscriber, after),
            Event::Read { conversation, subscriber, page } => self.read(conversation, subscriber, &page),
            Event::Crash { node } => self.crash(node),
            Event::Restart { node } => self.restart(node),
            Event::Pause { node, until } => self.pause(node, until),
            Event::Heal => self.heal(),
        }
    }

    /// What happens at a paused node happens when it goes on, in the same order.
    fn unless_paused(&mut self, event: Event) -> Option<Event> {
        let node = match &event {
            Event::Arrive { node, .. }
            | Event::Change { node, .. }
            | Event::Beat { node }
            | Event::Question { node, .. } => *node,
            Event::Errand { number } => self.there(self.bus.receiver(*number)),
            Event::Carried { number, .. } | Event::Lost { number } => self.there(self.bus.sender(*number)),
            Event::Input { to, .. } | Event::Wake { to } => to.node,
            _ => return Some(event),
        };
        let until = self.nodes.get(node).map_or(0, |node| node.paused_until);
        if until <= self.now {
            return Some(event);
        }
        self.queue.push(until, event);
        None
    }

    fn there(&self, node: Option<NodeId>) -> usize {
        node.and_then(|node| self.node_of(node)).unwrap_or(usize::MAX)
    }

    fn heal(&mut self) {
        trace!(self, "-- the faults end");
        let Faults { store_delay, timeout, network_delay, .. } = self.faults;
        self.faults = Faults { store_delay, timeout, network_delay, ..Faults::default() };
    }
}
