//! What the hub knows of a connection.

use super::outbox::Outbox;
use super::trail::Trail;
use crate::clock::MonoMillis;
use crate::connection::Answer;
use crate::identity::Identity;
use crate::publication::Dialect;
use plenum_schema::wire::{CloseCode, Signal};
use plenum_schema::{ConferenceId, ConnectionId, Offset, QuestionId, Topic};
use std::io::{self, IoSlice};
use std::mem::offset_of;
use std::rc::Rc;

/// The writing side of a socket, non-blocking, on the hub's own thread.
pub trait Socket {
    /// Writes what fits now. After `WouldBlock` the socket sees to it that [`super::HubHandle::writable`] is called when there is
    /// room again.
    ///
    /// # Errors
    /// `WouldBlock` when there is no room; anything else means that the socket is broken.
    fn try_write(&self, pieces: &[IoSlice<'_>]) -> io::Result<usize>;

    /// Ends the socket.
    fn shut(&self, how: Shut);

    /// Reads what the next write will read, so that it is near by then. The answer means nothing.
    fn look(&self) -> bool {
        false
    }

    /// A signal of a topic without a log has been handed over; for edges that act on what they are told.
    fn told(&self, _signal: &Signal) {}

    /// Everything that a topic with a log had said before has been handed over; for edges that tell how it stands beside that.
    fn caught_up(&self, _topic: Topic) {}

    /// The event of a question that is live has been handed over; for edges that follow its results for their clients.
    fn asked(&self, _conference: ConferenceId, _question: QuestionId) {}

    /// An answer that came by [`ReplyTo::Hub`](crate::connection::ReplyTo::Hub). Called while the hub is free: whoever takes it may
    /// use the hub.
    fn answer(&self, _answer: Answer) {}
}

/// How a socket ends.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Shut {
    /// Our close frame is out: the peer may answer it. The hub cuts it off when it does not.
    AwaitPeer,
    /// No more to send; what the peer still sends is read and thrown away, so that our last bytes reach it.
    Linger,
    /// Now.
    Now,
}

/// Names a connection in its hub; a key that is out of date names nothing, as the default does.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct ConnectionKey {
    pub(super) slot: u32,
    pub(super) generation: u32,
}

/// A connection that joins a hub.
pub struct NewConnection {
    /// Its id.
    pub id: ConnectionId,
    /// Its socket.
    pub socket: Rc<dyn Socket>,
    /// How frames are written to it.
    pub dialect: Dialect,
}

/// How a subscription stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Stand {
    /// In the roster at this place: gets every round.
    Live { place: u32 },
    /// Catching up: this offset comes next.
    Behind { next: Offset, reading: bool, attempts: u32 },
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Subscription {
    pub topic: u32,
    pub stand: Stand,
    /// The offset at which the right to the topic was checked: a removal after it ends the subscription.
    pub checked: Offset,
}

/// Where a connection is in its life.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Phase {
    Open,
    /// A close frame has been queued; once it is out the socket ends like this, at the latest at this time.
    Closing {
        until: MonoMillis,
        then: Shut,
    },
    Dead,
}

/// The first two lines of memory are what a broadcast needs of each of its receivers; a thousand of them are cold every time.
#[repr(C, align(64))]
pub(super) struct Connection {
    pub socket: Rc<dyn Socket>,
    pub phase: Phase,
    /// Its positions, if it is told them.
    pub trail: Trail,
    pub generation: u32,
    pub dialect: Dialect,
    /// The socket takes nothing until it says so.
    pub blocked: bool,
    /// In the list of connections with something to write.
    pub dirty: bool,
    pub outbox: Outbox,
    pub identity: Option<Box<Identity>>,
    pub id: ConnectionId,
    pub subscriptions: Vec<Subscription>,
    /// Newest conflated signals that found no room: topic index and key.
    pub conflated: Vec<(u32, u64)>,
    pub since: MonoMillis,
    pub heard: MonoMillis,
    pub next_beat: MonoMillis,
    /// How many sessions had ended on this node when the check of its token began.
    pub ended_before: u64,
}

/// The first line ends before the outbox, and the outbox is all in the second one.
const _: () =
    assert!(offset_of!(Connection, outbox) == 64 && size_of::<Outbox>() <= 64 && size_of::<Connection>() <= 256);

impl Connection {
    pub(super) fn new(new: NewConnection, generation: u32, now: MonoMillis, next_beat: MonoMillis) -> Self {
        Self {
            id: new.id,
            generation,
            dialect: new.dialect,
            phase: Phase::Open,
            blocked: false,
            dirty: false,
            socket: new.socket,
            outbox: Outbox::default(),
            subscriptions: Vec::new(),
            conflated: Vec::new(),
            trail: Trail::default(),
            identity: None,
            since: now,
            heard: now,
            next_beat,
            ended_before: 0,
        }
    }

    pub(super) fn is_open(&self) -> bool {
        self.phase == Phase::Open
    }

    pub(super) fn subscription(&mut self, topic: u32) -> Option<&mut Subscription> {
        self.subscriptions.iter_mut().find(|subscription| subscription.topic == topic)
    }

    pub(super) fn is_behind(&self) -> bool {
        self.subscriptions.iter().any(|subscription| matches!(subscription.stand, Stand::Behind { .. }))
    }
}

/// Why the hub ends a connection, and what it says first.
#[derive(Clone, Debug)]
pub(super) struct Ending {
    pub code: CloseCode,
    pub retry_after_ms: Option<u64>,
}

#[cfg(test)]
pub(super) mod testing {
    use super::*;
    use std::cell::{Cell, RefCell};
    use std::rc::Rc;

    /// A socket with a bounded amount of room.
    #[derive(Clone, Default)]
    pub struct Sink {
        pub room: Rc<Cell<usize>>,
        pub out: Rc<RefCell<Vec<u8>>>,
        pub shut: Rc<Cell<Option<Shut>>>,
        pub broken: Rc<Cell<bool>>,
        pub writes: Rc<Cell<usize>>,
        /// It has said `WouldBlock`: only then does a real socket tell when there is room again.
        pub refused: Rc<Cell<bool>>,
    }

    impl Sink {
        pub fn with_room(room: usize) -> Self {
            let sink = Self::default();
            sink.room.set(room);
            sink
        }
        pub fn make_room(&self, room: usize) {
            self.room.set(room);
        }
        pub fn text(&self) -> String {
            String::from_utf8_lossy(&self.out.borrow()).into_owned()
        }
        pub fn take(&self) -> String {
            let text = self.text();
            self.out.borrow_mut().clear();
            text
        }
    }

    impl Socket for Sink {
        fn try_write(&self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
            self.writes.set(self.writes.get() + 1);
            if self.broken.get() {
                return Err(io::ErrorKind::BrokenPipe.into());
            }
            let mut written = 0;
            for piece in pieces {
                let take = piece.len().min(self.room.get());
                self.out.borrow_mut().extend_from_slice(&piece[..take]);
                self.room.set(self.room.get() - take);
                written += take;
            }
            self.refused.set(written == 0);
            if written == 0 { Err(io::ErrorKind::WouldBlock.into()) } else { Ok(written) }
        }
        fn shut(&self, how: Shut) {
            self.shut.set(Some(self.shut.get().map_or(how, |before| before.max(how))));
        }
    }
}
