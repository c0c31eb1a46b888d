//! Nodes: owners that start when a command comes, crash, pause, and carry on.

use super::events::{Event, Operation};
use super::{World, conversation_id, trace};
use crate::check;
use crate::node::{Address, Asker, Running, Try};
use plenum_actors::aggregates::conversation::{Answer, Command, Conversation, ConversationLimits};
use plenum_actors::directory::route;
use plenum_actors::owner::core::{Core, Input, Now, Report, Ticket, Wish};
use plenum_actors::owner::recent::Weighed;
use plenum_actors::publication::Body;
use plenum_schema::conversation::ConversationEvent;
use plenum_schema::wire::Event as WireEvent;
use plenum_schema::{Content, EntryId, Offset, Refusal};
use std::collections::HashMap;
use std::sync::Arc;
use uuid::Uuid;

/// A node may stand still for so long, several times in a row.
const LONGEST_PAUSE: u64 = 3 * 800;

impl World {
    fn time_of(&self, node: usize) -> Now {
        let skew = self.nodes.get(node).map_or(0, |node| node.skew);
        Now { wall: 1_700_000_000_000 + i64::try_from(self.now).unwrap_or(0) + skew, mono: self.now }
    }

    /// A command reaches a node.
    pub(super) fn arrive(&mut self, node: usize, one: Try) {
        if self.is_down(node) {
            return;
        }
        let Some(wanted) = self.wanted(one).cloned() else { return };
        let Some(author) = self.clients.get(one.client).map(|client| client.user) else { return };
        let content = Content::text(wanted.text);
        let command = Command::Send { author, client_ref: wanted.client_ref, content };
        self.tell(node, wanted.conversation, Asker::Client(one), command);
    }

    pub(super) fn fresh_id(&mut self) -> EntryId {
        self.fresh += 1;
        EntryId(Uuid::from_u128(0xfe00_0000_0000 + u128::from(self.fresh)))
    }

    /// The owner of the conversation on this node gets a command; it is started where there is none.
    pub(super) fn command(
        &mut self,
        node: usize,
        conversation: usize,
        (asker, tried): (Asker, bool),
        command: Command,
        (fresh, again): (EntryId, bool),
    ) {
        let to = self.owner(node, conversation);
        self.tickets += 1;
        let (ticket, now) = (self.tickets, self.now);
        if let Some(running) = self.running(to) {
            running.open.insert(ticket, (asker, tried, now));
        }
        self.input(to, Input::Command { ticket, command, fresh, again });
    }

    pub(super) fn owner(&mut self, node: usize, conversation: usize) -> Address {
        let now = self.time_of(node);
        let (config, mutation) = (Arc::clone(&self.owner_config), self.options.mutation);
        let next = self.incarnations + 1;
        let slot = self.nodes.get_mut(node).and_then(|node| node.owners.get_mut(conversation));
        let Some(slot) = slot else { return Address { node, conversation, incarnation: 0 } };
        if let Some(running) = slot {
            return Address { node, conversation, incarnation: running.incarnation };
        }
        let mut core = Core::new(conversation_id(conversation), config, ConversationLimits::default(), now);
        core.set_mutation(mutation);
        let open = HashMap::new();
        *slot = Some(Running { core, incarnation: next, open, armed: None, next_publication: None });
        self.incarnations = next;
        trace!(self, "node {node} starts an owner of conversation {conversation}");
        Address { node, conversation, incarnation: next }
    }

    pub(super) fn running(&mut self, at: Address) -> Option<&mut Running> {
        let slot = self.nodes.get_mut(at.node)?.owners.get_mut(at.conversation)?;
        slot.as_mut().filter(|running| running.incarnation == at.incarnation)
    }

    pub(super) fn input(&mut self, to: Address, input: Input<Conversation>) {
        let now = self.time_of(to.node);
        let Some(running) = self.running(to) else { return };
        running.core.handle(input, now);
        let wishes = running.core.take_wishes();
        for wish in wishes {
            self.carry_out(to, wish);
        }
        self.arm(to);
    }

    fn arm(&mut self, at: Address) {
        let now = self.now;
        let Some(running) = self.running(at) else { return };
        let Some(wanted) = running.core.wake_at() else { return };
        let wanted = wanted.max(now + 1);
        if running.armed.is_none_or(|armed| armed > wanted) {
            running.armed = Some(wanted);
            self.queue.push(wanted, Event::Wake { to: at });
        }
    }

    pub(super) fn wake(&mut self, to: Address) {
        let now = self.now;
        // One that an earlier one has replaced is nobody's.
        if let Some(running) = self.running(to).filter(|running| running.armed.is_some_and(|armed| armed <= now)) {
            running.armed = None;
            self.input(to, Input::Tick);
        }
    }

    fn carry_out(&mut self, from: Address, wish: Wish<Conversation>) {
        match wish {
            Wish::Load { number } => self.ask_store(from, Operation::Load { number }),
            Wish::ReadTail { number, after, limit, .. } => {
                self.ask_store(from, Operation::Tail { number, after, limit });
            }
            Wish::Find { number, ids } => self.ask_store(from, Operation::Find { number, ids }),
            Wish::Append { number, expected, entries, digest } => {
                trace!(self, "node {} appends {} entries at {expected}", from.node, entries.len());
                self.ask_store(from, Operation::Append { number, expected, entries, with_digest: digest.is_some() });
            }
            Wish::SaveSnapshot { number, snapshot } => self.ask_store(from, Operation::Save { number, snapshot }),
            Wish::Trim { upto } => self.ask_store(from, Operation::Trim { upto }),
            Wish::Answer { ticket, result, duplicate } => self.answer(from, ticket, result, duplicate),
            Wish::Publish(batch) => batch.iter().for_each(|one| self.publish(from, one)),
            Wish::Announce { head, .. } => {
                if let Some(running) = self.running(from) {
                    running.next_publication = Some(head + 1);
                }
                self.announce_head(from.conversation);
            }
            // A conversation has none: everything about it is in its log.
            Wish::Signal(_) => {}
            Wish::Passivate => self.end(from),
            Wish::Report(report) => self.report(from, &report),
        }
    }

    fn answer(&mut self, from: Address, ticket: Ticket, result: Result<Answer, Refusal>, duplicate: bool) {
        let open = self.running(from).and_then(|running| running.open.remove(&ticket));
        let Some((asker, tried, since)) = open else { return };
        let (waited, within) = (self.now - since, self.owner_config.place_within_ms);
        if waited > within + LONGEST_PAUSE {
            self.expect(Err(format!("a command waited {waited} ms at an owner that promises an answer in {within}")));
        }
        if let (Asker::Client(one), Ok(Answer::Sent(sent))) = (self.bus.first_asker(asker), &result) {
            let again = if duplicate { ", a repetition" } else { "" };
            trace!(self, "node {} acks c{}-m{} at {}{again}", from.node, one.client, one.message, sent.offset);
            if let Some(log) = self.logs.get(from.conversation) {
                let checked = self.acks.check(log, one.client, one.message, sent);
                self.expect(checked);
            }
            self.bus.acked(from.conversation, self.now, sent.offset);
        }
        self.reply_to(from.node, asker, result.map_err(|refusal| route::honest(refusal, tried)));
    }

    /// A node tells whoever asked it.
    pub(super) fn reply_to(&mut self, node: usize, asker: Asker, result: Result<Answer, Refusal>) {
        match asker {
            Asker::Errand { number } => self.send_back(node, number, result),
            Asker::Change { conversation } => {
                if let Ok(Answer::MessageChanged { changed, .. }) = &result {
                    self.changed(conversation, changed);
                }
            }
            Asker::Question { at, conversation } => self.answered(conversation, at, &result),
            Asker::Client(one) => {
                let result = match result {
                    Ok(Answer::Sent(sent)) => Ok(sent),
                    Ok(other) => return self.expect(Err(format!("a message is answered with {other:?}"))),
                    Err(refusal) => Err(refusal),
                };
                if !self.rng.chance(self.faults.dropped) {
                    let at = self.now + self.network_delay();
                    self.queue.push(at, Event::Reply { one, result });
                }
            }
        }
    }

    fn publish(&mut self, from: Address, (publication, _): &Weighed) {
        let Body::Event { offset, event, .. } = publication.body() else { return };
        let WireEvent::Conversation(event) = event else { return };
        let id = if let ConversationEvent::Message(message) = event { Some(message.id) } else { None };
        let next = self.running(from).and_then(|running| running.next_publication.replace(offset + 1));
        let Some(log) = self.logs.get(from.conversation) else { return };
        let checked = check::publication(log, next, *offset, id);
        let heard = id.or_else(|| log.entry(*offset).map(|entry| entry.id));
        self.expect(checked);
        if let Some(id) = heard {
            self.broadcast(from.node, from.conversation, *offset, id);
        }
    }

    fn report(&mut self, from: Address, report: &Report) {
        match report {
            Report::Conflict => self.summary.conflicts += 1,
            Report::Unknown => self.summary.unknowns += 1,
            Report::Duplicate => self.summary.duplicates += 1,
            Report::Late => self.summary.late += 1,
            Report::Yielded => self.summary.yields += 1,
            _ => {}
        }
        trace!(self, "node {} reports {report:?}", from.node);
    }

    /// The owner ends. What it published up to then must be all that it knew.
    fn end(&mut self, at: Address) {
        let Some(running) = self.running(at) else { return };
        let (head, next, open): (Offset, _, usize) =
            (running.core.head(), running.next_publication, running.open.len());
        let is_loaded = running.core.is_loaded();
        if is_loaded && next != Some(head + 1) {
            self.expect(Err(format!("an owner ends at {head} and {next:?} would have been published next")));
        }
        if open > 0 {
            self.expect(Err(format!("an owner ends with {open} commands unanswered")));
        }
        trace!(self, "node {} ends its owner of conversation {}", at.node, at.conversation);
        if let Some(slot) = self.nodes.get_mut(at.node).and_then(|node| node.owners.get_mut(at.conversation)) {
            *slot = None;
        }
    }

    pub(super) fn crash(&mut self, node: usize) {
        let Some(one) = self.nodes.get_mut(node) else { return };
        if one.is_down {
            return;
        }
        one.owners.iter_mut().for_each(|owner| *owner = None);
        one.is_down = true;
        one.paused_until = 0;
        one.is_draining = false;
        one.view = super::View::default();
        self.summary.crashes += 1;
        trace!(self, "-- node {node} crashes");
        let at = self.now + self.rng.between(1, 500);
        self.queue.push(at, Event::Restart { node });
    }

    pub(super) fn restart(&mut self, node: usize) {
        trace!(self, "-- node {node} is up again");
        if let Some(one) = self.nodes.get_mut(node) {
            one.is_down = false;
            one.run += 1;
        }
    }

    pub(super) fn pause(&mut self, node: usize, until: u64) {
        let now = self.now;
        if let Some(one) = self.nodes.get_mut(node).filter(|one| !one.is_down) {
            one.paused_until = until.max(now);
            trace!(self, "-- node {node} stands still until {until} ms");
        }
    }
}
