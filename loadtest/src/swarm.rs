//! Many connections in one thread and one epoll set.

use crate::book::{Book, TopicIndex};
use crate::checker::Checks;
use crate::clock::{Clock, Nanos};
use crate::connection::{Connection, ConnectionNumber, Phase, Plan, Shared, Sink};
use crate::net;
use mio::{Events, Interest, Poll, Token};
use plenum_schema::codec::DecodeError;
use plenum_schema::topic::Topic;
use std::collections::HashMap;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::time::Duration;

const SCRATCH_BYTES: usize = 2 * 1024 * 1024;
const EVENTS: usize = 4_096;
/// Connections that may be on their way at the same time.
const OPENING: usize = 128;

/// How long the generator rests when nothing is ready. It polls instead of sleeping in epoll: a generator that sleeps
/// there is woken by the server's sends, and the server pays for waking it.
pub const REST: Duration = Duration::from_micros(300);

/// The connections were not in service in time.
#[derive(Debug, thiserror::Error)]
pub enum SwarmError {
    /// The kernel refused something.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// Some connections never became ready.
    #[error("{ready} of {wanted} connections were in service after {seconds} s; first problems: {problems:?}")]
    NotReady {
        /// In service.
        ready: usize,
        /// Wanted.
        wanted: usize,
        /// Waited.
        seconds: u64,
        /// What went wrong.
        problems: Vec<String>,
    },
}

/// Many connections to one server.
pub struct Swarm {
    poll: Poll,
    events: Events,
    connections: Vec<Option<Connection>>,
    scratch: Vec<u8>,
    shared: Shared,
    server: SocketAddr,
    /// Connections that go to another server.
    elsewhere: HashMap<ConnectionNumber, SocketAddr>,
    host: String,
    opened: usize,
    closing: bool,
}

impl Swarm {
    /// A swarm without connections.
    ///
    /// # Errors
    /// When epoll is not available.
    pub fn new(server: SocketAddr, topics: &[Topic], clock: Clock) -> io::Result<Self> {
        Ok(Self {
            poll: Poll::new()?,
            events: Events::with_capacity(EVENTS),
            connections: Vec::new(),
            scratch: vec![0; SCRATCH_BYTES],
            shared: Shared::new(Book::new(topics), clock),
            server,
            elsewhere: HashMap::new(),
            host: server.to_string(),
            opened: 0,
            closing: false,
        })
    }

    /// The clock.
    #[must_use]
    pub fn clock(&self) -> Clock {
        self.shared.clock
    }

    /// What was checked so far.
    pub fn checks(&mut self) -> &mut Checks {
        &mut self.shared.checks
    }

    /// Bytes received so far.
    #[must_use]
    pub fn bytes_in(&self) -> u64 {
        self.shared.bytes_in
    }

    /// Bytes of the last decoded message's payload.
    #[must_use]
    pub fn payload_bytes(&self) -> usize {
        self.shared.payload_bytes
    }

    /// Connections ever opened here: numbers are below it.
    #[must_use]
    pub fn count(&self) -> usize {
        self.connections.len()
    }

    /// A connection that is not over.
    #[must_use]
    pub fn get(&self, number: ConnectionNumber) -> Option<&Connection> {
        self.connections.get(number).and_then(Option::as_ref)
    }

    /// How many connections are not over.
    #[must_use]
    pub fn live(&self) -> usize {
        self.connections.iter().flatten().count()
    }

    /// Where a connection goes from its next opening on.
    pub fn direct(&mut self, number: ConnectionNumber, server: SocketAddr) {
        self.elsewhere.insert(number, server);
    }

    /// Starts one more connection; answers its number.
    ///
    /// # Errors
    /// When the kernel refuses a socket.
    pub fn open(&mut self, plan: Plan) -> io::Result<ConnectionNumber> {
        let number = self.connections.len();
        self.connections.push(None);
        self.reopen(number, plan)?;
        Ok(number)
    }

    /// Starts a connection under a number whose connection is over.
    ///
    /// # Errors
    /// When the kernel refuses a socket.
    pub fn reopen(&mut self, number: ConnectionNumber, plan: Plan) -> io::Result<()> {
        self.opened += 1;
        let server = self.elsewhere.get(&number).copied().unwrap_or(self.server);
        let mut stream = net::connect(server, self.opened, plan.socket)?;
        let wanted = Interest::READABLE | Interest::WRITABLE;
        self.poll.registry().register(&mut stream, Token(number), wanted)?;
        if let Some(slot) = self.connections.get_mut(number) {
            *slot = Some(Connection::new(stream, number, &self.host, plan));
        }
        Ok(())
    }

    /// Opens all planned connections, a bounded number at a time, and waits until they are in service.
    ///
    /// # Errors
    /// [`SwarmError::NotReady`] after `limit`.
    pub fn open_all<S: Sink>(&mut self, plans: Vec<Plan>, limit: Duration, sink: &mut S) -> Result<(), SwarmError> {
        let (first, wanted) = (self.connections.len(), plans.len());
        let deadline = self.clock().deadline(limit);
        let mut plans = plans.into_iter();
        let mut started = 0;
        loop {
            let ready = self.ready_from(first);
            if ready == wanted {
                return Ok(());
            }
            let failed = started > 0 && self.live_from(first) < started;
            if failed || self.clock().now() > deadline {
                let mut problems = self.shared.checks.examples.clone();
                problems.extend(self.shared.turned_away.take());
                return Err(SwarmError::NotReady { ready, wanted, seconds: limit.as_secs(), problems });
            }
            for plan in plans.by_ref().take((ready + OPENING).saturating_sub(started)) {
                self.open(plan)?;
                started += 1;
            }
            self.turn(sink)?;
        }
    }

    fn ready_from(&self, first: ConnectionNumber) -> usize {
        let slots = self.connections.iter().skip(first).flatten();
        slots.filter(|one| one.phase() == Phase::Ready).count()
    }

    fn live_from(&self, first: ConnectionNumber) -> usize {
        self.connections.iter().skip(first).flatten().count()
    }

    /// Handles what is ready; rests a moment when nothing is.
    ///
    /// # Errors
    /// When epoll fails.
    pub fn turn<S: Sink>(&mut self, sink: &mut S) -> io::Result<()> {
        match self.poll.poll(&mut self.events, Some(Duration::ZERO)) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            other => other?,
        }
        if self.events.is_empty() {
            std::thread::sleep(REST);
            return Ok(());
        }
        for event in &self.events {
            let number = event.token().0;
            let Some(slot) = self.connections.get_mut(number) else { continue };
            let Some(connection) = slot.as_mut() else { continue };
            if event.is_writable() {
                connection.write();
            }
            let ends = event.is_read_closed() || event.is_error();
            if (event.is_readable() || ends) && !connection.read(&mut self.scratch, &mut self.shared, sink, ends) {
                let code = connection.close_code();
                *slot = None;
                if !self.closing {
                    sink.closed(number, code);
                }
            }
        }
        Ok(())
    }

    /// Turns for `time`, or until `done` says so; true when it did.
    ///
    /// # Errors
    /// When epoll fails.
    pub fn turn_until<S: Sink>(
        &mut self,
        time: Duration,
        sink: &mut S,
        mut done: impl FnMut(&mut Self, &mut S) -> bool,
    ) -> io::Result<bool> {
        let deadline = self.clock().deadline(time);
        while !done(self, sink) {
            if self.clock().now() > deadline {
                return Ok(false);
            }
            self.turn(sink)?;
        }
        Ok(true)
    }

    /// Sends a command on a connection in service; `None` when there is no such connection.
    pub fn command(
        &mut self,
        number: ConnectionNumber,
        make: impl FnOnce(u32) -> Result<Vec<u8>, DecodeError>,
    ) -> Option<u32> {
        let connection = self.connections.get_mut(number).and_then(Option::as_mut)?;
        (connection.phase() == Phase::Ready).then_some(())?;
        connection.command(&mut self.shared, make).ok()
    }

    /// Lets a deaf connection hear again; handles what waits for it.
    pub fn hear<S: Sink>(&mut self, number: ConnectionNumber, sink: &mut S) {
        let Some(slot) = self.connections.get_mut(number) else { return };
        let Some(connection) = slot.as_mut() else { return };
        connection.set_deaf(false);
        if !connection.read(&mut self.scratch, &mut self.shared, sink, true) {
            let code = connection.close_code();
            *slot = None;
            sink.closed(number, code);
        }
    }

    /// Drops one connection without a word (a reset on the wire).
    pub fn cut(&mut self, number: ConnectionNumber) {
        if let Some(connection) = self.connections.get_mut(number).and_then(Option::take) {
            net::reset_on_close(&connection.stream);
        }
    }

    /// Asks the server for an orderly close of one connection; the connection is over when the server has answered.
    pub fn close(&mut self, number: ConnectionNumber) {
        if let Some(connection) = self.connections.get_mut(number).and_then(Option::as_mut) {
            connection.close(&mut self.shared);
        }
    }

    /// From now on the end of a connection is expected, and the sink does not hear of it.
    pub fn expect_closes(&mut self, expected: bool) {
        self.closing = expected;
    }

    /// Counts what every live subscriber of `topic` lacks up to `head` as lost.
    pub fn settle(&mut self, topic: TopicIndex, head: u64) {
        for (number, slot) in self.connections.iter().enumerate() {
            let lost = slot.as_ref().map_or(0, |one| one.lost(topic, head));
            if lost > 0 {
                self.shared.checks.lost += lost;
                self.shared.checks.example(|| format!("connection {number}, topic {topic}: {lost} lost up to {head}"));
            }
        }
    }

    /// Whether every live subscriber of `topic` has everything up to `head`.
    #[must_use]
    pub fn everyone_has(&self, topic: TopicIndex, head: u64) -> bool {
        self.connections.iter().flatten().all(|one| one.lost(topic, head) == 0)
    }

    /// Cuts every connection.
    pub fn cut_all(&mut self) {
        (0..self.connections.len()).for_each(|number| self.cut(number));
    }

    /// When the swarm's clock reads.
    #[must_use]
    pub fn now(&self) -> Nanos {
        self.shared.clock.now()
    }
}
