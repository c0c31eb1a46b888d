//! The clients of a crash run: what each has received, sent, and not yet had acknowledged.

use super::outbox::{Held, Outbox};
use super::story::{Step, Stories};
use crate::book::TopicIndex;
use crate::checker::{Checks, Verdict};
use crate::clock::Nanos;
use crate::connection::{Answer, ConnectionNumber, Delivery, Sink};
use crate::histogram::Latencies;
use crate::readback::Acked;
use std::collections::{BTreeMap, HashMap, HashSet};

/// Bits of a marker that count a sender's messages; the bits above them are the sender.
const COUNT_BITS: u32 = 32;
/// Time before a lost connection is tried again.
const RECONNECT_AFTER: Nanos = 25_000_000;
/// A connection that is not in service after this time is given up: a process that stands still lets the kernel accept it.
const OPENING_LIMIT: Nanos = 5_000_000_000;

/// The sender of a marker.
#[must_use]
pub fn sender_of(marker: u64) -> u64 {
    marker >> COUNT_BITS
}

#[derive(Default)]
struct Client {
    sent: u64,
    unacked: Vec<u64>,
    position: Option<u64>,
    in_service: bool,
    retry_at: Option<Nanos>,
    /// When the connection was opened that is not in service yet.
    opening_since: Option<Nanos>,
    /// What the server has asked it to wait before it comes back.
    asked_to_wait: Option<Nanos>,
    life: u64,
    /// What is due and has not been sent.
    outbox: Outbox,
    /// Of the messages that wait for an answer.
    since: HashMap<u64, Since>,
}

/// From when on a message is timed.
#[derive(Clone, Copy)]
struct Since {
    due: Nanos,
    sent: Nanos,
}

impl Client {
    /// Whether it can send something new.
    fn has_room(&self, window: usize) -> bool {
        self.in_service && self.unacked.len() < window
    }
}

/// All clients; client `n` uses connection `n`.
#[derive(Default)]
pub struct Clients {
    clients: Vec<Client>,
    topics: usize,
    window: usize,
    waiting: HashMap<(ConnectionNumber, u32), u64>,
    repeats: Vec<(ConnectionNumber, u64)>,
    /// What was refused for now, and when to send it again.
    later: Vec<(Nanos, ConnectionNumber, u64)>,
    /// From the moment when a message was due to its acknowledgement.
    waits: Latencies,
    held: Held,
    stories: Stories,
    /// How connections ended, by close code.
    ends: BTreeMap<Option<u16>, u64>,
    /// How long servers that went have asked clients to wait.
    assigned: Latencies,
    dismissed: u64,
    acked: Vec<Vec<Acked>>,
    /// When the newest acknowledged message of each topic was first sent.
    newest_acked: Vec<Option<Nanos>>,
    /// Offset → marker, per topic, over the whole run: what everybody must see there.
    contents: Vec<HashMap<u64, Option<u64>>>,
    /// Messages whose place in the order nobody promises.
    out_of_order: HashSet<u64>,
    checks: Checks,
    now: Nanos,
    acked_count: u64,
    delivered_count: u64,
    /// How often the server was started again, and what its present life has acknowledged.
    life: u64,
    acked_in_this_life: u64,
    repeated: u64,
    duplicate_acks: u64,
    reconnects: u64,
    refused: u64,
}

impl Clients {
    /// Clients spread over topics, each with at most `window` messages unacknowledged.
    #[must_use]
    pub fn new(clients: usize, topics: usize, window: usize) -> Self {
        Self {
            clients: (0..clients).map(|_| Client::default()).collect(),
            topics,
            window,
            acked: vec![Vec::new(); topics],
            newest_acked: vec![None; topics],
            contents: vec![HashMap::new(); topics],
            ..Self::default()
        }
    }

    /// The topic of a client.
    #[must_use]
    pub fn topic(&self, number: ConnectionNumber) -> TopicIndex {
        TopicIndex::try_from(number % self.topics.max(1)).unwrap_or(0)
    }

    /// What a client has received without a hole: it resumes there. At first from the beginning.
    #[must_use]
    pub fn position(&self, number: ConnectionNumber) -> Option<u64> {
        Some(self.clients.get(number).and_then(|client| client.position).unwrap_or(0))
    }

    /// A message of a client is due: it is [new](Self::new_message) as soon as the client has room.
    pub fn due(&mut self, number: ConnectionNumber, due: Nanos) {
        let Some(client) = self.clients.get_mut(number) else { return };
        let has_room = client.has_room(self.window);
        client.outbox.put(due, has_room, &mut self.held);
    }

    /// Clients that have something to send and room for it.
    #[must_use]
    pub fn ready_to_send(&self) -> Vec<ConnectionNumber> {
        let is_ready = |client: &Client| !client.outbox.is_empty() && client.has_room(self.window);
        self.clients.iter().enumerate().filter(|(_, client)| is_ready(client)).map(|(number, _)| number).collect()
    }

    /// What is due and still waits is not sent any more.
    pub fn give_up(&mut self) {
        self.clients.iter_mut().for_each(|client| client.outbox.give_up(&mut self.held));
    }

    /// What could not be sent when it was due.
    #[must_use]
    pub fn held(&self) -> Held {
        self.held
    }

    /// The marker of the next message that is due, if the client is in service and has room.
    pub fn new_message(&mut self, number: ConnectionNumber, now: Nanos) -> Option<u64> {
        let window = self.window;
        self.now = now;
        let client = self.clients.get_mut(number).filter(|client| client.has_room(window))?;
        let due = client.outbox.take()?;
        let marker = (number as u64) << COUNT_BITS | client.sent;
        client.sent += 1;
        client.unacked.push(marker);
        client.since.insert(marker, Since { due, sent: now });
        Some(marker)
    }

    /// Whether every topic has an acknowledged message that was first sent after a time.
    #[must_use]
    pub fn all_acked_since(&self, time: Nanos) -> bool {
        self.newest_acked.iter().all(|newest| newest.is_some_and(|newest| newest > time))
    }

    /// A message has gone out under a command id.
    pub fn sent(&mut self, number: ConnectionNumber, id: u32, marker: u64) {
        self.waiting.insert((number, id), marker);
        self.stories.note(marker, self.now, Step::Sent);
    }

    /// Clients whose time to reconnect has come.
    pub fn take_due_reconnects(&mut self, now: Nanos) -> Vec<ConnectionNumber> {
        self.now = now;
        let mut due = Vec::new();
        for (number, client) in self.clients.iter_mut().enumerate() {
            if client.retry_at.is_some_and(|at| at <= now) {
                client.retry_at = None;
                client.opening_since = Some(now);
                client.life = self.life;
                self.reconnects += 1;
                due.push(number);
            }
        }
        due
    }

    /// Clients whose connection should have been in service by now.
    #[must_use]
    pub fn impatient(&self, now: Nanos) -> Vec<ConnectionNumber> {
        let is_late = |client: &Client| client.opening_since.is_some_and(|since| since + OPENING_LIMIT <= now);
        self.clients.iter().enumerate().filter(|(_, client)| is_late(client)).map(|(number, _)| number).collect()
    }

    /// Messages to send again.
    pub fn take_repeats(&mut self, now: Nanos) -> Vec<(ConnectionNumber, u64)> {
        let due = self.later.extract_if(.., |(at, ..)| *at <= now).map(|(_, connection, marker)| (connection, marker));
        self.repeats.extend(due);
        self.repeated += self.repeats.len() as u64;
        std::mem::take(&mut self.repeats)
    }

    /// Whether every message is sent and acknowledged and everyone is in service.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        let is_done = |client: &Client| client.in_service && client.unacked.is_empty() && client.outbox.is_empty();
        self.clients.iter().all(is_done)
    }

    /// Clients that are out of service or have messages that were never acknowledged, and how many.
    #[must_use]
    pub fn unsettled(&self) -> Vec<(ConnectionNumber, u64)> {
        let open =
            self.clients.iter().enumerate().filter(|(_, client)| !client.in_service || !client.unacked.is_empty());
        open.map(|(number, client)| (number, client.unacked.len() as u64)).collect()
    }

    /// What was acknowledged in a topic.
    #[must_use]
    pub fn acked(&self, topic: TopicIndex) -> &[Acked] {
        self.acked.get(topic as usize).map_or(&[], Vec::as_slice)
    }

    /// Whether this message was refused and sent again, or under way beside one that was: their order is not the sender's. Who waits
    /// for each answer never has another one under way: its order is promised whatever was refused.
    #[must_use]
    pub fn is_out_of_order(&self, marker: u64) -> bool {
        self.out_of_order.contains(&marker)
    }

    /// How many messages there are of that kind.
    #[must_use]
    pub fn out_of_order(&self) -> usize {
        self.out_of_order.len()
    }

    /// What was found wrong here.
    pub fn take_checks(&mut self) -> Checks {
        std::mem::take(&mut self.checks)
    }

    /// Acknowledged messages.
    #[must_use]
    pub fn acked_count(&self) -> u64 {
        self.acked_count
    }

    /// Events that clients have received in order.
    #[must_use]
    pub fn delivered_count(&self) -> u64 {
        self.delivered_count
    }

    /// The server was killed and started again: acknowledgements on older connections are not the new one's.
    pub fn server_restarted(&mut self) {
        self.life += 1;
        self.acked_in_this_life = 0;
    }

    /// What the server has acknowledged since its last start.
    #[must_use]
    pub fn acked_in_this_life(&self) -> u64 {
        self.acked_in_this_life
    }

    /// From the moment when a message was due to its acknowledgement, whatever happened between.
    #[must_use]
    pub fn waits(&self) -> &Latencies {
        &self.waits
    }

    /// How often connections ended, by the close code that the server gave, if it gave one.
    #[must_use]
    pub fn ends(&self) -> &BTreeMap<Option<u16>, u64> {
        &self.ends
    }

    /// What happened to the messages that waited longest.
    pub fn slowest(&self) -> impl Iterator<Item = &str> {
        self.stories.slowest()
    }

    /// How long servers that went have asked clients to wait before they come back.
    #[must_use]
    pub fn assigned(&self) -> &Latencies {
        &self.assigned
    }

    /// How often a server has asked a client to come back later.
    #[must_use]
    pub fn dismissals(&self) -> u64 {
        self.dismissed
    }

    /// Sends that were repetitions.
    #[must_use]
    pub fn repeated(&self) -> u64 {
        self.repeated
    }

    /// Repetitions the server recognised.
    #[must_use]
    pub fn duplicate_acks(&self) -> u64 {
        self.duplicate_acks
    }

    /// Connections opened again.
    #[must_use]
    pub fn reconnects(&self) -> u64 {
        self.reconnects
    }

    /// Refusals that ask to try again.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.refused
    }
}

impl Sink for Clients {
    fn ready(&mut self, connection: ConnectionNumber) {
        let Some(client) = self.clients.get_mut(connection) else { return };
        client.in_service = true;
        client.opening_since = None;
        client.unacked.iter().for_each(|&marker| self.stories.note(marker, self.now, Step::Back));
        self.repeats.extend(client.unacked.iter().map(|&marker| (connection, marker)));
    }

    fn delivered(&mut self, connection: ConnectionNumber, delivery: &Delivery) {
        if let Some(client) = self.clients.get_mut(connection)
            && delivery.verdict == Verdict::InOrder
        {
            client.position = Some(delivery.offset);
            self.delivered_count += 1;
        }
        let Some(contents) = self.contents.get_mut(delivery.topic as usize) else { return };
        let known = *contents.entry(delivery.offset).or_insert(delivery.marker);
        if known != delivery.marker {
            self.checks.diverged += 1;
            let (topic, offset, marker) = (delivery.topic, delivery.offset, delivery.marker);
            self.checks.example(|| format!("topic {topic} offset {offset}: {marker:x?}, before {known:x?}"));
        }
    }

    fn answered(&mut self, connection: ConnectionNumber, id: u32, answer: Answer, at: Nanos) {
        let Some(marker) = self.waiting.remove(&(connection, id)) else { return };
        let topic = self.topic(connection) as usize;
        match answer {
            Answer::Sent(sent) => {
                if let Some(client) = self.clients.get_mut(connection) {
                    client.unacked.retain(|&open| open != marker);
                    let since = client.since.remove(&marker);
                    since.into_iter().for_each(|since| self.waits.record(since.due, at));
                    if let Some(newest) = self.newest_acked.get_mut(topic) {
                        *newest = (*newest).max(since.map(|since| since.sent));
                    }
                    // What a killed server had written before may still be read from sockets: that is no sign of life.
                    self.acked_in_this_life += u64::from(client.life == self.life);
                }
                self.stories.end(marker, at);
                self.acked_count += 1;
                self.duplicate_acks += u64::from(sent.duplicate);
                if let Some(acked) = self.acked.get_mut(topic) {
                    acked.push(Acked { marker, offset: sent.offset });
                }
            }
            Answer::Refused(refusal) if refusal.code.is_retryable() => {
                self.refused += 1;
                let under_way = self.clients.get(connection).filter(|_| self.window > 1);
                self.out_of_order.extend(under_way.into_iter().flat_map(|client| &client.unacked));
                self.stories.note(marker, at, Step::Refused(refusal.code.as_str()));
                // As it was asked to.
                let wait = refusal.retry_after_ms.unwrap_or(0).saturating_mul(1_000_000);
                self.later.push((at + wait, connection, marker));
            }
            Answer::Refused(refusal) => {
                self.checks.unexpected_refusals += 1;
                self.checks.example(|| format!("message {marker:x} refused: {refusal}"));
                if let Some(client) = self.clients.get_mut(connection) {
                    client.unacked.retain(|&open| open != marker);
                }
            }
            Answer::Page(_) | Answer::Voted(_) => {}
        }
    }

    fn dismissed(&mut self, connection: ConnectionNumber, retry_after_ms: Option<u64>) {
        let (Some(client), Some(wait)) = (self.clients.get_mut(connection), retry_after_ms) else { return };
        let wait = wait.saturating_mul(1_000_000);
        client.asked_to_wait = Some(wait);
        self.assigned.record(0, wait);
        self.dismissed += 1;
    }

    fn closed(&mut self, connection: ConnectionNumber, code: Option<u16>) {
        let now = self.now;
        *self.ends.entry(code).or_default() += 1;
        self.waiting.retain(|&(number, _), _| number != connection);
        self.repeats.retain(|&(number, _)| number != connection);
        self.later.retain(|&(_, number, _)| number != connection);
        if let Some(client) = self.clients.get_mut(connection) {
            client.in_service = false;
            client.opening_since = None;
            client.unacked.iter().for_each(|&marker| self.stories.note(marker, now, Step::Ended(code)));
            client.retry_at = Some(now + client.asked_to_wait.take().unwrap_or(RECONNECT_AFTER));
        }
    }
}

#[cfg(test)]
mod tests;
