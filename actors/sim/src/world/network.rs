//! Clients and subscribers, and the ways between them and the nodes.

use super::events::Event;
use super::{World, trace};
use crate::check;
use crate::node::Try;
use crate::subscriber::{Page, Reaction, Subscriber};
use plenum_schema::wire::Sent;
use plenum_schema::{EntryId, Offset, Refusal, RefusalCode};

/// How long a client waits for an answer.
const PATIENCE: (u64, u64) = (60, 400);

impl World {
    pub(super) fn network_delay(&mut self) -> u64 {
        self.rng.between(0, self.faults.network_delay)
    }

    pub(super) fn start(&mut self, client: usize) {
        let messages = self.clients.get_mut(client).map(crate::client::Client::due).unwrap_or_default();
        for message in messages {
            self.again(Try { client, message, attempt: 0 });
        }
    }

    /// Sends a message, unless it has been dealt with since.
    pub(super) fn again(&mut self, one: Try) {
        let Some(wanted) = self.clients.get_mut(one.client).and_then(|client| client.wanted.get_mut(one.message))
        else {
            return;
        };
        if wanted.is_over || wanted.attempt != one.attempt {
            return;
        }
        wanted.attempt += 1;
        let one = Try { attempt: wanted.attempt, ..one };
        let node = self.rng.index(self.nodes.len());
        let patience = self.rng.between(PATIENCE.0, PATIENCE.1);
        self.queue.push(self.now + patience, Event::Timeout { one });
        trace!(self, "client {} sends m{} to node {node}, try {}", one.client, one.message, one.attempt);
        // A message without a client ref must not be doubled on the way: nothing could recognise it.
        let has_ref = self.wanted(one).is_some_and(|wanted| wanted.client_ref.is_some());
        let copies = if has_ref && self.rng.chance(self.faults.doubled) { 2 } else { 1 };
        for _ in 0..copies {
            if !self.rng.chance(self.faults.dropped) {
                let at = self.now + self.network_delay();
                self.queue.push(at, Event::Arrive { node, one });
            }
        }
    }

    pub(super) fn wanted(&self, one: Try) -> Option<&crate::client::Wanted> {
        self.clients.get(one.client)?.wanted.get(one.message)
    }

    pub(super) fn reply(&mut self, one: Try, result: Result<Sent, Refusal>) {
        match result {
            Ok(sent) => self.acked(one, &sent),
            Err(refusal) if refusal.code.is_retryable() => {
                let wait = refusal.retry_after_ms.unwrap_or(10) + self.rng.between(0, 20);
                // These say that nothing was written. Of a command that the bus made two of they say so of one.
                let is_sure = matches!(refusal.code, RefusalCode::Busy | RefusalCode::Draining)
                    && !self.bus.was_doubled(one.client, one.message);
                self.try_later(one, wait, is_sure);
            }
            Err(refusal) => self.expect(Err(format!("c{}-m{} is refused: {refusal}", one.client, one.message))),
        }
    }

    fn acked(&mut self, one: Try, sent: &Sent) {
        let Some(wanted) = self.clients.get_mut(one.client).and_then(|client| client.wanted.get_mut(one.message))
        else {
            return;
        };
        wanted.acked.get_or_insert(sent.offset);
        let was_over = std::mem::replace(&mut wanted.is_over, true);
        if !was_over {
            trace!(self, "client {} has the ack of m{} at {}", one.client, one.message, sent.offset);
            let conversation = self.wanted(one).map_or(0, |wanted| wanted.conversation);
            self.perhaps_change(conversation, sent.offset);
            self.start(one.client);
        }
    }

    pub(super) fn timeout(&mut self, one: Try) {
        self.try_later(one, 0, false);
    }

    fn try_later(&mut self, one: Try, wait: u64, is_sure: bool) {
        let Some(wanted) = self.clients.get_mut(one.client).and_then(|client| client.wanted.get_mut(one.message))
        else {
            return;
        };
        if wanted.is_over || wanted.attempt != one.attempt {
            return;
        }
        if wanted.client_ref.is_none() && !is_sure {
            // Nobody can know whether it is in the log.
            wanted.is_over = true;
            return self.start(one.client);
        }
        let is_bare = wanted.client_ref.is_none();
        self.summary.again += u64::from(is_bare);
        self.queue.push(self.now + wait, Event::Again { one });
    }

    /// An owner's publication goes to everybody, if it gets there.
    pub(super) fn broadcast(&mut self, from: usize, conversation: usize, offset: Offset, id: EntryId) {
        for subscriber in 0..self.late_reader(conversation) {
            // Each is on a node of its own.
            let node = subscriber % self.nodes.len();
            if node != from && !self.is_reachable(from, node) {
                continue;
            }
            // A bus may also bring it twice.
            let copies = if self.options.bus && self.rng.chance(self.faults.doubled) { 2 } else { 1 };
            for _ in 0..copies {
                if !self.rng.chance(self.faults.unpublished) {
                    let at = self.now + self.network_delay();
                    self.queue.push(at, Event::Hear { conversation, subscriber, offset, id });
                }
            }
        }
    }

    /// A head goes to everybody who listens.
    pub(super) fn announce_head(&mut self, conversation: usize) {
        let head = self.logs.get(conversation).map_or(0, crate::store::Log::head);
        for subscriber in 0..self.late_reader(conversation) {
            let at = self.now + self.network_delay();
            self.queue.push(at, Event::HearHead { conversation, subscriber, head });
        }
    }

    /// The last subscriber, which hears of the conversation now and then only.
    fn late_reader(&self, conversation: usize) -> usize {
        self.subscribers.get(conversation).map_or(0, |all| all.len().saturating_sub(1))
    }

    pub(super) fn come_late(&mut self, conversation: usize) {
        let head = self.logs.get(conversation).map_or(0, crate::store::Log::head);
        self.hear_head(conversation, self.late_reader(conversation), head);
    }

    fn subscriber(&mut self, conversation: usize, subscriber: usize) -> Option<&mut Subscriber> {
        self.subscribers.get_mut(conversation)?.get_mut(subscriber)
    }

    pub(super) fn hear(&mut self, conversation: usize, subscriber: usize, offset: Offset, id: EntryId) {
        let reaction = self.subscriber(conversation, subscriber).map(|one| one.hear(offset, id));
        self.react(conversation, subscriber, reaction);
    }

    pub(super) fn hear_head(&mut self, conversation: usize, subscriber: usize, head: Offset) {
        let reaction = self.subscriber(conversation, subscriber).map(|one| one.hear_head(head));
        self.react(conversation, subscriber, reaction);
    }

    fn react(&mut self, conversation: usize, subscriber: usize, reaction: Option<Reaction>) {
        if let Some(Reaction::Read(after)) = reaction {
            let at = self.now + self.read_delay(conversation, subscriber);
            self.queue.push(at, Event::ReadLog { conversation, subscriber, after });
        }
    }

    /// The way to the log. That of a late reader is always as long: it draws nothing that others would draw.
    fn read_delay(&mut self, conversation: usize, subscriber: usize) -> u64 {
        if subscriber == self.late_reader(conversation) { self.faults.store_delay / 2 } else { self.store_delay() }
    }

    pub(super) fn read_log(&mut self, conversation: usize, subscriber: usize, after: Offset) {
        let is_late = subscriber == self.late_reader(conversation);
        let Some(log) = self.logs.get(conversation) else { return };
        if !is_late && self.rng.chance(self.faults.unavailable) {
            if let Some(one) = self.subscriber(conversation, subscriber) {
                one.read_failed();
            }
            return;
        }
        let entries = log.read(after, 4).into_iter().map(|entry| (entry.offset, entry.id)).collect();
        let page = Page { first: log.first, head: log.head(), entries };
        let at = self.now + self.read_delay(conversation, subscriber);
        self.queue.push(at, Event::Read { conversation, subscriber, page });
    }

    pub(super) fn read(&mut self, conversation: usize, subscriber: usize, page: &Page) {
        let before = self.subscriber(conversation, subscriber).map_or(0, |one| one.gaps().count());
        let reaction = self.subscriber(conversation, subscriber).map(|one| one.read(page));
        self.judge_gaps(conversation, subscriber, before);
        self.react(conversation, subscriber, reaction);
    }

    /// A gap is judged when it is told: what retention removes later excuses nothing.
    fn judge_gaps(&mut self, conversation: usize, subscriber: usize, told_before: usize) {
        let Some(log) = self.logs.get(conversation) else { return };
        let Some(one) = self.subscribers.get(conversation).and_then(|all| all.get(subscriber)) else { return };
        let gaps: Vec<_> = one.gaps().skip(told_before).copied().collect();
        let result = gaps.iter().try_for_each(|gap| check::gap(log, gap));
        for gap in gaps {
            trace!(self, "subscriber {subscriber} of conversation {conversation} is told {gap:?}");
        }
        self.expect(result);
    }
}
