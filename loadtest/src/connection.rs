//! One connection of the generator: handshake, identity, subscriptions, exact checking of what arrives.

mod protocol;
mod socketio;

use crate::book::{Book, TopicIndex};
use crate::checker::{Checks, Position, Verdict};
use crate::clock::{Clock, Nanos};
use crate::frame::{self, Frame};
use crate::net;
use crate::wire::Dialect;
use mio::net::TcpStream;
use plenum_schema::codec::DecodeError;
use plenum_schema::refusal::Refusal;
use plenum_schema::wire::{Page, Sent, Signal, Voted};
use std::io::{ErrorKind, Read, Write};
use std::rc::Rc;

/// Largest frame accepted from a server.
const MAX_FRAME_BYTES: usize = 1024 * 1024;
/// Buffers larger than this are given back when empty.
const KEEP_BYTES: usize = 4_096;
/// The first command id: of `identify` in the native protocol; subscriptions follow, then what the scenario sends.
const FIRST_ID: u32 = 1;

/// Number of a connection in its swarm.
pub type ConnectionNumber = usize;

/// How far a connection has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// TCP or HTTP handshake.
    Opening,
    /// Waits for `hello`.
    Greeting,
    /// Waits for the answer to `identify`.
    Identifying,
    /// Waits for this many answers to `subscribe`.
    Subscribing(u32),
    /// In service.
    Ready,
    /// Over.
    Closed,
}

/// What one connection shall be.
#[derive(Debug, Clone)]
pub struct Plan {
    /// How it talks.
    pub dialect: Dialect,
    /// Its access token (empty for the yardstick).
    pub token: Rc<str>,
    /// Topics it subscribes to, with the position it has.
    pub topics: Vec<(TopicIndex, Option<u64>)>,
    /// Special wishes for its socket.
    pub socket: net::SocketOptions,
    /// Set to stop reading once it is in service.
    pub deaf: bool,
}

/// One checked event that a connection received.
#[derive(Debug, Clone, Copy)]
pub struct Delivery {
    /// Which topic.
    pub topic: TopicIndex,
    /// At which offset.
    pub offset: u64,
    /// The marker in its text, if the tool wrote it.
    pub marker: Option<u64>,
    /// What the checker says of it.
    pub verdict: Verdict,
    /// When its bytes were read.
    pub at: Nanos,
}

/// An answer to a command of the scenario.
#[derive(Debug)]
pub enum Answer {
    /// A message is durable.
    Sent(Sent),
    /// A page of history.
    Page(Page),
    /// A ballot is durable.
    Voted(Voted),
    /// Refused.
    Refused(Refusal),
}

/// What a scenario hears from its swarm.
pub trait Sink {
    /// A connection is identified and subscribed.
    fn ready(&mut self, _connection: ConnectionNumber) {}
    /// An event arrived and was checked.
    fn delivered(&mut self, _connection: ConnectionNumber, _delivery: &Delivery) {}
    /// A command was answered.
    fn answered(&mut self, _connection: ConnectionNumber, _id: u32, _answer: Answer, _at: Nanos) {}
    /// A signal arrived.
    fn signalled(&mut self, _connection: ConnectionNumber, _signal: &Signal, _at: Nanos) {}
    /// The server says that it will end a connection, and when to come back: after so many milliseconds.
    fn dismissed(&mut self, _connection: ConnectionNumber, _retry_after_ms: Option<u64>) {}
    /// The server ended a connection (close code, if it said one).
    fn closed(&mut self, _connection: ConnectionNumber, _code: Option<u16>) {}
}

/// What connections of a swarm share.
#[derive(Debug)]
pub struct Shared {
    /// Known frames.
    pub book: Book,
    /// What was checked.
    pub checks: Checks,
    /// The tool's clock.
    pub clock: Clock,
    /// Received bytes, all connections.
    pub bytes_in: u64,
    /// Payload bytes of the last decoded event.
    pub payload_bytes: usize,
    /// The last answer to a handshake that said "not now" (503).
    pub turned_away: Option<String>,
    mask: u32,
}

impl Shared {
    /// Fresh state for a swarm over these topics.
    #[must_use]
    pub fn new(book: Book, clock: Clock) -> Self {
        Self {
            book,
            checks: Checks::default(),
            clock,
            bytes_in: 0,
            payload_bytes: 0,
            turned_away: None,
            mask: 0x9E37_79B9,
        }
    }

    // Masks only have to differ here: they protect proxies (RFC 6455 §10.3), of which loopback has none.
    fn next_mask(&mut self) -> [u8; 4] {
        self.mask = self.mask.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        self.mask.to_be_bytes()
    }
}

struct Subscription {
    topic: TopicIndex,
    position: Position,
}

/// One connection.
pub struct Connection {
    pub(crate) stream: TcpStream,
    number: ConnectionNumber,
    phase: Phase,
    plan: Plan,
    subscriptions: Vec<Subscription>,
    rest: Vec<u8>,
    out: Vec<u8>,
    next_id: u32,
    code: Option<u16>,
}

impl Connection {
    /// A connection whose TCP connect has been started.
    #[must_use]
    pub fn new(stream: TcpStream, number: ConnectionNumber, host: &str, plan: Plan) -> Self {
        let room = plan.topics.first().map_or(0, |&(topic, _)| topic);
        let out = frame::request(host, &plan.dialect.path(room), plan.dialect.protocol());
        let (subscriptions, rest) = (Vec::new(), Vec::new());
        Self { stream, number, phase: Phase::Opening, plan, subscriptions, rest, out, next_id: FIRST_ID, code: None }
    }

    /// How far it has come.
    #[must_use]
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// How it talks.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        self.plan.dialect
    }

    /// The last offset it has of a topic without a hole before it was judged.
    #[must_use]
    pub fn position(&self, topic: TopicIndex) -> Option<u64> {
        self.subscriptions.iter().find(|one| one.topic == topic).map(|one| one.position.next.saturating_sub(1))
    }

    /// Offsets up to `head` of `topic` that never came.
    #[must_use]
    pub fn lost(&self, topic: TopicIndex, head: u64) -> u64 {
        self.subscriptions.iter().filter(|one| one.topic == topic).map(|one| one.position.lost(head)).sum()
    }

    /// Stops or starts reading; whoever starts again should call [`Self::read`].
    pub fn set_deaf(&mut self, deaf: bool) {
        self.plan.deaf = deaf;
    }

    /// Queues a command frame made for the next command id and writes what the socket takes; answers the id.
    ///
    /// # Errors
    /// When the payload cannot be encoded.
    pub fn command(
        &mut self,
        shared: &mut Shared,
        make: impl FnOnce(u32) -> Result<Vec<u8>, DecodeError>,
    ) -> Result<u32, DecodeError> {
        let id = self.next_id;
        self.next_id = self.next_id.wrapping_add(1);
        let payload = make(id)?;
        self.message(shared, &payload);
        Ok(id)
    }

    /// Queues one message and writes what the socket takes.
    pub fn message(&mut self, shared: &mut Shared, payload: &[u8]) {
        frame::push_client(&mut self.out, self.plan.dialect.opcode(), payload, shared.next_mask());
        self.write();
    }

    /// Asks for an orderly close.
    pub fn close(&mut self, shared: &mut Shared) {
        frame::push_client(&mut self.out, frame::CLOSE, &1000_u16.to_be_bytes(), shared.next_mask());
        self.write();
    }

    /// Writes what waits.
    pub fn write(&mut self) {
        let mut at = 0;
        while let Some(rest) = self.out.get(at..).filter(|rest| !rest.is_empty()) {
            match self.stream.write(rest) {
                Ok(sent) => at += sent,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // Not connected yet, full, or broken: the next event tells which.
                Err(_) => break,
            }
        }
        self.out.drain(..at);
        if self.out.is_empty() && self.out.capacity() > KEEP_BYTES {
            self.out = Vec::new();
        }
    }

    /// Reads and handles everything the socket has; false when the connection is over. `ends`: the peer has closed, and no
    /// further edge will tell, so the end itself must be read.
    pub fn read<S: Sink>(&mut self, scratch: &mut [u8], shared: &mut Shared, sink: &mut S, ends: bool) -> bool {
        if self.plan.deaf && self.phase == Phase::Ready {
            return true;
        }
        loop {
            let kept = self.rest.len();
            let Some(front) = scratch.get_mut(..kept) else {
                return self.violation(shared, "a frame too long to hold");
            };
            front.copy_from_slice(&self.rest);
            match self.stream.read(&mut scratch[kept..]) {
                Ok(0) => return false,
                Ok(read) => {
                    shared.bytes_in += read as u64;
                    let bytes = &scratch[..kept + read];
                    let Some(used) = self.take(bytes, shared, sink) else { return false };
                    self.keep(bytes.get(used..).unwrap_or_default());
                    // A short read means the socket is drained (epoll(7)): the next edge will tell.
                    if bytes.len() < scratch.len() && !ends {
                        return true;
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return true,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return false,
            }
        }
    }

    /// The close code the server sent, if it did.
    #[must_use]
    pub fn close_code(&self) -> Option<u16> {
        self.code
    }

    fn keep(&mut self, rest: &[u8]) {
        self.rest.clear();
        if rest.is_empty() && self.rest.capacity() > KEEP_BYTES {
            self.rest = Vec::new();
        }
        self.rest.extend_from_slice(rest);
    }

    /// Handles what is complete in `bytes`; answers how much that was, `None` when the connection is over.
    fn take<S: Sink>(&mut self, bytes: &[u8], shared: &mut Shared, sink: &mut S) -> Option<usize> {
        let mut at = 0;
        if self.phase == Phase::Opening {
            let Some(end) = frame::head_end(bytes) else { return Some(0) };
            if !frame::is_upgrade(bytes.get(..end)?, self.plan.dialect.protocol()) {
                let head = String::from_utf8_lossy(bytes.get(..end)?).into_owned();
                if head.starts_with("HTTP/1.1 503") {
                    shared.turned_away = Some(head);
                    return None;
                }
                self.violation(shared, &format!("no upgrade: {head:?}"));
                return None;
            }
            self.upgraded(sink);
            at = end;
        }
        let now = shared.clock.now();
        loop {
            match frame::parse(bytes, at, MAX_FRAME_BYTES) {
                Ok(Some(found)) => {
                    let payload = bytes.get(found.start..found.end)?;
                    if !self.frame(found, payload, shared, sink, now) {
                        return None;
                    }
                    at = found.end;
                }
                Ok(None) => return Some(at),
                Err(error) => {
                    self.violation(shared, &error.to_string());
                    return None;
                }
            }
        }
    }

    fn upgraded<S: Sink>(&mut self, sink: &mut S) {
        self.phase = match self.plan.dialect {
            Dialect::Plenum(_) | Dialect::SocketIo => Phase::Greeting,
            Dialect::Raw { member } => {
                let topics = self.plan.topics.iter().filter(|_| member);
                let after = |&(topic, since): &(u32, Option<u64>)| (topic, Position::after(since.unwrap_or(0)));
                self.subscriptions =
                    topics.map(after).map(|(topic, position)| Subscription { topic, position }).collect();
                sink.ready(self.number);
                Phase::Ready
            }
        };
    }

    fn frame<S: Sink>(&mut self, found: Frame, payload: &[u8], shared: &mut Shared, sink: &mut S, now: Nanos) -> bool {
        if found.mask.is_some() || !found.fin {
            return self.violation(shared, "a masked or fragmented frame from the server");
        }
        match found.opcode {
            frame::PING => {
                frame::push_client(&mut self.out, frame::PONG, payload, shared.next_mask());
                self.write();
                true
            }
            frame::PONG => true,
            frame::CLOSE => {
                self.code = frame::close_code(payload);
                self.close(shared);
                false
            }
            opcode if opcode == self.plan.dialect.opcode() => self.payload(payload, shared, sink, now),
            _ => self.violation(shared, "a message of the other kind (text or binary)"),
        }
    }

    /// Counts a protocol violation; always false: the connection is over.
    fn violation(&mut self, shared: &mut Shared, what: &str) -> bool {
        shared.checks.malformed += 1;
        let number = self.number;
        shared.checks.example(|| format!("connection {number}: {what}"));
        self.phase = Phase::Closed;
        false
    }
}
