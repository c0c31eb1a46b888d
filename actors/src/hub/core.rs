//! Connections and topics of one worker. Single-threaded; no I/O of its own but non-blocking writes.

use super::config::HubConfig;
use super::connection::{Connection, ConnectionKey, Ending, NewConnection, Phase, Shut, Socket};
use super::leaving::Leaving;
use super::metrics::{Breach, HubMetrics};
use super::outbox::{Piece, Written};
use super::restart::Work;
use super::topic::TopicState;
use super::trail::Place;
use crate::clock::SharedClock;
use crate::identity::Identity;
use crate::publication::{Dialect, Encoder};
use bytes::Bytes;
use plenum_schema::wire::{CloseCode, ServerFrame};
use plenum_schema::{ConnectionId, Offset, SessionId, Topic};
use slab::Slab;
use std::collections::{HashMap, VecDeque};
use std::rc::Rc;

/// Appends the frame that tells a connection its positions.
pub type TrailEncoder = fn(Dialect, &[Place], &mut Vec<u8>);

/// Appends shared bytes of a topic, each event with a connection's positions in front of its own; the topic's own is passed over
/// among them. Nothing when there are no others.
pub type TrailedEncoder = fn(Dialect, &[Place], Topic, &[u8], &mut Vec<u8>);

/// How frames become bytes: given by the edge.
#[derive(Clone, Copy)]
pub struct Framing {
    /// A frame of the protocol.
    pub encode: Encoder,
    /// A transport-level ping.
    pub ping: fn(Dialect) -> Bytes,
    /// A transport-level close with code and reason. A [`Goodbye`](plenum_schema::wire::Goodbye) with the same code has always
    /// been encoded right before it: a dialect that tells in its own words why (that the session has ended, say) does so there.
    pub close: fn(Dialect, u16, &str) -> Bytes,
    /// Appends the frame that tells a connection its positions; nothing in dialects without one.
    pub trail: TrailEncoder,
    /// Appends shared bytes with a connection's positions in them; nothing in dialects without.
    pub trailed: TrailedEncoder,
}

/// What the hub wants done outside: reads of the log.
#[derive(Debug, PartialEq, Eq)]
pub enum Wish {
    /// A page for a subscriber that catches up.
    Page {
        /// Who.
        key: ConnectionKey,
        /// Of what.
        topic: Topic,
        /// Beyond this offset.
        after: Offset,
        /// The topic is known to reach up to here: an answer that knows less is of no use.
        known: Offset,
    },
    /// A page to repair a gap in what was published.
    Repair {
        /// Of what.
        topic: Topic,
        /// Beyond this offset.
        after: Offset,
        /// The topic is known to reach up to here.
        known: Offset,
    },
}

/// The hub's state. See the module.
pub struct Core {
    pub(super) config: HubConfig,
    pub(super) framing: Framing,
    pub(super) clock: SharedClock,
    pub(super) metrics: HubMetrics,
    pub(super) connections: Slab<Connection>,
    pub(super) topics: Slab<TopicState>,
    pub(super) by_topic: HashMap<Topic, u32>,
    pub(super) by_session: HashMap<SessionId, Vec<u32>>,
    /// The last sessions that ended, for connections whose token was being checked meanwhile.
    pub(super) ended_sessions: VecDeque<SessionId>,
    /// How many have ended in all.
    pub(super) ended: u64,
    /// Topics with a round to run or begin.
    pub(super) active: VecDeque<u32>,
    /// Topics with something to deliver that rest until a time in microseconds.
    pub(super) resting: Vec<(u64, u32)>,
    /// Connections with something of their own to write.
    pub(super) dirty: VecDeque<u32>,
    /// Connections that are catching up and may go on.
    pub(super) pumps: VecDeque<u32>,
    pub(super) wishes: Vec<Wish>,
    /// Topics that lost their last subscriber: interest in them ends.
    pub(super) dropped: Vec<Topic>,
    /// Topics that somebody is about to subscribe to: interest in them stays.
    pub(super) expected: HashMap<Topic, u32>,
    /// A connection's own form of what is handed over right now; kept for its memory.
    pub(super) own: Vec<u8>,
    pub(super) generation: u32,
    pub(super) writes: u64,
    pub(super) sweep_at: usize,
    /// Set when the node ends.
    pub(super) leaving: Option<Leaving>,
    /// What is worked on right now, for the case that it fails.
    pub(super) work: Work,
    /// A rule that a test has broken.
    #[cfg(test)]
    pub(super) mutation: Option<super::mutation::Mutation>,
}

impl Core {
    /// An empty hub.
    #[must_use]
    pub fn new(config: HubConfig, framing: Framing, clock: SharedClock, metrics: HubMetrics) -> Self {
        Self {
            config,
            framing,
            clock,
            metrics,
            connections: Slab::new(),
            topics: Slab::new(),
            by_topic: HashMap::new(),
            by_session: HashMap::new(),
            ended_sessions: VecDeque::new(),
            ended: 0,
            active: VecDeque::new(),
            resting: Vec::new(),
            dirty: VecDeque::new(),
            pumps: VecDeque::new(),
            wishes: Vec::new(),
            dropped: Vec::new(),
            expected: HashMap::new(),
            own: Vec::new(),
            generation: 0,
            writes: 0,
            sweep_at: 0,
            leaving: None,
            work: Work::default(),
            #[cfg(test)]
            mutation: None,
        }
    }

    /// Takes a connection in.
    pub fn join(&mut self, new: NewConnection) -> ConnectionKey {
        let now = self.clock.mono();
        self.generation = self.generation.wrapping_add(1);
        let generation = self.generation;
        // The first beat comes somewhere inside the interval, so that connections made together do not beat together.
        let spread = u64::from(generation).wrapping_mul(7_919) % self.config.heartbeat_interval_ms.max(1);
        let mut connection = Connection::new(new, generation, now, now + 1 + spread);
        connection.ended_before = self.ended;
        let slot = self.connections.insert(connection);
        self.metrics.connections.inc();
        let key = ConnectionKey { slot: slot_number(slot), generation };
        self.came(key);
        key
    }

    /// Who is behind a connection. It may be said again with a later expiry.
    pub fn identify(&mut self, key: ConnectionKey, identity: Identity) {
        let Some(connection) = self.get(key) else { return };
        let before = connection.identity.replace(Box::new(identity));
        if before.is_none() {
            self.by_session.entry(identity.session).or_default().push(key.slot);
        }
        let Some(connection) = self.get(key) else { return };
        let since = connection.ended_before;
        // The session may have ended between the check of its token and now.
        if self.ended_sessions.contains(&identity.session) {
            self.end(key.slot, &Ending { code: CloseCode::SessionEnded, retry_after_ms: None });
        } else if self.ended - since > self.ended_sessions.len() as u64 {
            // More have ended meanwhile than are remembered: it may be one of those that were forgotten. It comes back and is checked anew.
            self.end(key.slot, &Ending { code: CloseCode::Internal, retry_after_ms: Some(0) });
        }
    }

    /// How many sessions have ended here so far: for [`Self::checked_since`].
    #[must_use]
    pub fn ended(&self) -> u64 {
        self.ended
    }

    /// The check of a connection's token begins.
    pub fn is_checked(&mut self, key: ConnectionKey) {
        let ended = self.ended;
        self.checked_since(key, ended);
    }

    /// The check of a connection's token began when so many sessions had ended.
    pub fn checked_since(&mut self, key: ConnectionKey, ended: u64) {
        if let Some(connection) = self.get(key) {
            connection.ended_before = ended;
        }
    }

    /// The identity of a connection.
    #[must_use]
    pub fn identity(&self, key: ConnectionKey) -> Option<Identity> {
        let connection = self.connections.get(key.slot as usize)?;
        (connection.generation == key.generation).then_some(connection.identity.as_deref().copied())?
    }

    /// What clients and the log call a connection.
    #[must_use]
    pub fn connection_id(&self, key: ConnectionKey) -> Option<ConnectionId> {
        let connection = self.connections.get(key.slot as usize)?;
        (connection.generation == key.generation).then_some(connection.id)
    }

    /// Whether the connection has not been closed.
    #[must_use]
    pub fn is_open(&self, key: ConnectionKey) -> bool {
        let connection = self.connections.get(key.slot as usize);
        connection.is_some_and(|connection| connection.generation == key.generation && connection.is_open())
    }

    /// Whether the connection is open and nothing waits for it.
    #[must_use]
    pub fn is_quiet(&self, key: ConnectionKey) -> bool {
        let connection = self.connections.get(key.slot as usize);
        let quiet = |connection: &Connection| connection.is_open() && connection.outbox.is_empty();
        connection.is_some_and(|connection| connection.generation == key.generation && quiet(connection))
    }

    /// The socket of a connection.
    pub(super) fn socket(&self, key: ConnectionKey) -> Option<Rc<dyn Socket>> {
        let connection = self.connections.get(key.slot as usize)?;
        (connection.generation == key.generation).then(|| connection.socket.clone())
    }

    /// Something was heard from the peer.
    pub fn heard(&mut self, key: ConnectionKey) {
        let now = self.clock.mono();
        if let Some(connection) = self.get(key) {
            connection.heard = now;
        }
    }

    /// Queues a frame for one connection.
    pub fn push(&mut self, key: ConnectionKey, frame: &ServerFrame) {
        let Some(connection) = self.get(key) else { return };
        let dialect = connection.dialect;
        let bytes = (self.framing.encode)(dialect, frame);
        // Empty: the dialect has no word for it.
        if !bytes.is_empty() {
            self.push_bytes(key, bytes);
        }
    }

    /// Queues bytes that are already framed (a pong, say).
    pub fn push_bytes(&mut self, key: ConnectionKey, bytes: Bytes) {
        if self.get(key).is_some_and(|connection| connection.is_open()) {
            self.queue(key.slot, Piece::own(bytes));
        }
    }

    /// The connection has gone.
    pub fn leave(&mut self, key: ConnectionKey) {
        if self.get(key).is_none() {
            return;
        }
        while let Some(subscription) = self.get(key).and_then(|connection| connection.subscriptions.last().copied()) {
            self.detach(key.slot, subscription.topic);
        }
        let connection = self.connections.remove(key.slot as usize);
        self.metrics.connections.dec();
        self.metrics.outbox_bytes.sub(gauge(connection.outbox.cost()));
        if let Some(identity) = connection.identity
            && let Some(slots) = self.by_session.get_mut(&identity.session)
        {
            slots.retain(|slot| *slot != key.slot);
            if slots.is_empty() {
                self.by_session.remove(&identity.session);
            }
        }
    }

    /// Says goodbye, with the advice of the code, and closes.
    pub fn close(&mut self, key: ConnectionKey, code: CloseCode, retry_after_ms: Option<u64>) {
        if self.get(key).is_some() {
            self.end(key.slot, &Ending { code, retry_after_ms });
        }
    }

    /// The peer has broken the transport's rules: `last` tells it how.
    pub fn breach(&mut self, key: ConnectionKey, last: Bytes, breach: Breach) {
        if self.is_open(key) {
            self.metrics.closed.with_label_values(&[breach.reason()]).inc();
        }
        self.finish(key, last, Shut::Linger);
    }

    /// The peer has closed (or the edge has its own last words): `last` goes out, and the socket ends. What waited is dropped.
    pub fn finish(&mut self, key: ConnectionKey, last: Bytes, then: Shut) {
        let (now, timeout) = (self.clock.mono(), self.config.close_timeout_ms);
        let Some(connection) = self.get(key) else { return };
        match connection.phase {
            Phase::Dead => {}
            // Our own close frame is out or on its way: the peer has answered it.
            Phase::Closing { .. } if connection.outbox.is_empty() => connection.socket.shut(then),
            Phase::Closing { until, .. } => connection.phase = Phase::Closing { until, then },
            Phase::Open => {
                let before = connection.outbox.cost();
                connection.outbox.drop_waiting();
                connection.phase = Phase::Closing { until: now + timeout, then };
                connection.outbox.push(Piece::own(last));
                let after = connection.outbox.cost();
                self.metrics.outbox_bytes.add(gauge(after) - gauge(before));
                self.mark_dirty(key.slot);
            }
        }
    }

    /// Closes every connection of these sessions.
    pub fn end_sessions(&mut self, sessions: &[SessionId]) {
        for session in sessions {
            if self.ended_sessions.len() >= self.config.ended_sessions {
                self.ended_sessions.pop_front();
            }
            self.ended_sessions.push_back(*session);
            self.ended += 1;
            for slot in self.by_session.get(session).cloned().unwrap_or_default() {
                self.end(slot, &Ending { code: CloseCode::SessionEnded, retry_after_ms: None });
            }
        }
    }

    /// Whoever is connected, one identity for each session.
    #[must_use]
    pub fn sessions(&self) -> Vec<Identity> {
        let first = |slots: &Vec<u32>| self.connections.get(*slots.first()? as usize)?.identity.as_deref().copied();
        self.by_session.values().filter_map(first).collect()
    }

    /// The socket has room again.
    pub fn writable(&mut self, key: ConnectionKey) {
        let Some(connection) = self.get(key) else { return };
        connection.blocked = false;
        self.mark_dirty(key.slot);
    }

    /// The connection goes on with another socket. What the one before was given must have left it, or leave before.
    pub fn go_on_with(&mut self, key: ConnectionKey, socket: Rc<dyn Socket>) {
        if let Some(connection) = self.get(key) {
            connection.socket = socket;
        }
    }

    /// What is to be done outside since the last call.
    pub fn take_wishes(&mut self) -> Vec<Wish> {
        std::mem::take(&mut self.wishes)
    }

    /// Topics without subscribers since the last call.
    pub fn take_dropped(&mut self) -> Vec<Topic> {
        std::mem::take(&mut self.dropped)
    }

    /// Whether a topic has subscribers here, or will have in a moment.
    #[must_use]
    pub fn wants(&self, topic: Topic) -> bool {
        self.by_topic.contains_key(&topic) || self.expected.contains_key(&topic)
    }

    /// Somebody is about to subscribe: publications of the topic must come here from now on.
    pub fn expect(&mut self, topic: Topic) {
        *self.expected.entry(topic).or_default() += 1;
    }

    /// That subscription has been made or refused.
    pub fn settle(&mut self, topic: Topic) {
        if let Some(count) = self.expected.get_mut(&topic) {
            *count -= 1;
            if *count == 0 {
                self.expected.remove(&topic);
                self.dropped.push(topic);
            }
        }
    }

    /// Whether a slice has anything to do.
    #[must_use]
    pub fn has_work(&self) -> bool {
        !(self.active.is_empty() && self.dirty.is_empty() && self.pumps.is_empty())
    }

    /// Open connections.
    #[must_use]
    pub fn len(&self) -> usize {
        self.connections.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.connections.is_empty()
    }

    /// All connections, for draining.
    #[must_use]
    pub fn keys(&self) -> Vec<ConnectionKey> {
        self.connections
            .iter()
            .map(|(slot, connection)| ConnectionKey { slot: slot_number(slot), generation: connection.generation })
            .collect()
    }

    pub(super) fn get(&mut self, key: ConnectionKey) -> Option<&mut Connection> {
        self.connections.get_mut(key.slot as usize).filter(|connection| connection.generation == key.generation)
    }

    pub(super) fn mark_dirty(&mut self, slot: u32) {
        if let Some(connection) = self.connections.get_mut(slot as usize)
            && !connection.dirty
        {
            connection.dirty = true;
            self.dirty.push_back(slot);
        }
    }

    /// Puts a piece into a connection's outbox, to be written in the next slice; closes it when there is no room.
    pub(super) fn queue(&mut self, slot: u32, piece: Piece) {
        if !self.has_room(slot, piece.cost()) {
            return self.end(slot, &Ending { code: CloseCode::SlowConsumer, retry_after_ms: Some(0) });
        }
        // The socket may have turned out to be broken.
        if self.connections.get(slot as usize).is_some_and(Connection::is_open) {
            self.put(slot, piece);
        }
    }

    /// The same without a limit.
    pub(super) fn put(&mut self, slot: u32, piece: Piece) {
        let Some(connection) = self.connections.get_mut(slot as usize) else { return };
        let before = connection.outbox.cost();
        connection.outbox.push(piece);
        let after = connection.outbox.cost();
        self.metrics.outbox_bytes.add(gauge(after) - gauge(before));
        self.mark_dirty(slot);
    }

    /// Reacts to how a write went.
    pub(super) fn after_write(&mut self, slot: u32, before: usize, written: Written) {
        let Some(connection) = self.connections.get_mut(slot as usize) else { return };
        let after = connection.outbox.cost();
        if after != before {
            self.metrics.outbox_bytes.add(gauge(after) - gauge(before));
        }
        match written {
            Written::Blocked => connection.blocked = true,
            Written::Failed => {
                connection.phase = Phase::Dead;
                connection.socket.shut(Shut::Now);
            }
            Written::All => match connection.phase {
                Phase::Closing { then, .. } => connection.socket.shut(then),
                _ if !connection.conflated.is_empty() => self.mark_dirty(slot),
                _ if connection.is_behind() => self.pumps.push_back(slot),
                _ => {}
            },
        }
    }
}

pub(super) fn slot_number(slot: usize) -> u32 {
    u32::try_from(slot).unwrap_or(u32::MAX)
}

pub(super) fn gauge(bytes: usize) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}
