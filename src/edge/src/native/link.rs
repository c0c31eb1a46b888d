//! A socket shared by its two users on one thread: the hub writes, the connection actor reads and waits for room.

use plenum_actors::connection::{Answer, Connection, Shared};
use plenum_actors::hub::{Shut, Socket};
use plenum_schema::wire::Signal;
use plenum_schema::{ConferenceId, QuestionId, Topic};
use plenum_websocket::transport::{AnyTransport, Transport};
use std::cell::{Cell, OnceCell, RefCell};
use std::io::{self, IoSlice};
use std::rc::{Rc, Weak};
use std::task::{Context, Poll, Waker};

/// The protocol at the end of a socket: the actor brings it what the peer says, the hub what the rest of Plenum answers.
pub(super) struct Protocol {
    pub connection: RefCell<Connection>,
    pub shared: Rc<Shared>,
}

/// Acts on what the hub tells a socket beside the bytes; see the methods of the same names of [`Socket`].
pub(crate) trait Listener {
    fn told(&self, signal: &Signal);
    fn caught_up(&self, topic: Topic);
    fn asked(&self, conference: ConferenceId, question: QuestionId);
}

/// Who stands behind a socket.
enum Behind {
    /// A protocol whose answers come by the hub.
    Protocol(Rc<Protocol>),
    /// One that is told. It holds the link, so the link does not hold it.
    Listener(Weak<dyn Listener>),
}

/// The shared socket. What a write needs comes first: it is cold for most receivers of a broadcast.
#[repr(C)]
pub(crate) struct Link {
    transport: RefCell<AnyTransport>,
    /// The hub was told `WouldBlock`: the actor waits for room on its behalf.
    blocked: Cell<bool>,
    shut: Cell<Option<Shut>>,
    waker: RefCell<Option<Waker>>,
    behind: OnceCell<Behind>,
}

/// What the actor learns when it asks for room.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Room {
    /// Nobody waits for room.
    NotWanted,
    /// There is room again.
    Made,
    /// Not yet; the waker is registered.
    None,
    /// The socket is broken.
    Broken,
}

impl Link {
    pub(crate) fn new(transport: AnyTransport) -> Rc<Self> {
        Rc::new(Self {
            transport: RefCell::new(transport),
            blocked: Cell::new(false),
            shut: Cell::new(None),
            waker: RefCell::new(None),
            behind: OnceCell::new(),
        })
    }

    /// Gives the hub's answers to this protocol from now on.
    pub(super) fn speak(&self, protocol: Rc<Protocol>) {
        // A socket has one protocol for life.
        let _already = self.behind.set(Behind::Protocol(protocol)).is_err();
    }

    /// Tells this listener from now on.
    pub(crate) fn tell(&self, listener: Weak<dyn Listener>) {
        // As above.
        let _already = self.behind.set(Behind::Listener(listener)).is_err();
    }

    fn listener(&self) -> Option<Rc<dyn Listener>> {
        match self.behind.get() {
            Some(Behind::Listener(listener)) => listener.upgrade(),
            Some(Behind::Protocol(_)) | None => None,
        }
    }

    /// Remembers whom to wake when the hub needs the actor.
    pub(crate) fn attend(&self, cx: &Context<'_>) {
        let mut waker = self.waker.borrow_mut();
        match waker.as_mut() {
            Some(known) => known.clone_from(cx.waker()),
            None => *waker = Some(cx.waker().clone()),
        }
    }

    /// How the socket is to end, if it is.
    pub(crate) fn shut_how(&self) -> Option<Shut> {
        self.shut.get()
    }

    /// Waits for room on behalf of the hub, and flushes what a TLS session holds back.
    pub(crate) fn poll_room(&self, cx: &mut Context<'_>) -> Room {
        let mut transport = self.transport.borrow_mut();
        if !self.blocked.get() && !transport.needs_flush() {
            return Room::NotWanted;
        }
        match transport.poll_writable(cx) {
            Poll::Pending => Room::None,
            Poll::Ready(Err(_)) => Room::Broken,
            Poll::Ready(Ok(())) if self.blocked.replace(false) => Room::Made,
            Poll::Ready(Ok(())) => Room::NotWanted,
        }
    }

    pub(crate) fn poll_read(&self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        self.transport.borrow_mut().poll_read(cx, buffer)
    }

    /// Ends our direction; `false` while bytes are still held back.
    pub(crate) fn end_output(&self) -> bool {
        match self.transport.borrow_mut().try_shutdown() {
            Err(error) => error.kind() != io::ErrorKind::WouldBlock,
            Ok(()) => true,
        }
    }

    /// Lets the actor have a turn.
    pub(crate) fn wake(&self) {
        if let Some(waker) = self.waker.borrow().as_ref() {
            waker.wake_by_ref();
        }
    }
}

/// The hub's end of the link.
impl Socket for Link {
    fn try_write(&self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        let mut transport = self.transport.borrow_mut();
        let written = match pieces {
            [piece] => transport.try_write(piece),
            pieces => transport.try_write_vectored(pieces),
        };
        let blocked = matches!(&written, Err(error) if error.kind() == io::ErrorKind::WouldBlock);
        if blocked {
            self.blocked.set(true);
        }
        if blocked || transport.needs_flush() {
            drop(transport);
            self.wake();
        }
        written
    }

    fn look(&self) -> bool {
        self.transport.borrow().look()
    }

    fn shut(&self, how: Shut) {
        self.shut.set(Some(self.shut.get().map_or(how, |before| before.max(how))));
        self.wake();
    }

    fn told(&self, signal: &Signal) {
        if let Some(listener) = self.listener() {
            listener.told(signal);
        }
    }

    fn caught_up(&self, topic: Topic) {
        if let Some(listener) = self.listener() {
            listener.caught_up(topic);
        }
    }

    fn asked(&self, conference: ConferenceId, question: QuestionId) {
        if let Some(listener) = self.listener() {
            listener.asked(conference, question);
        }
    }

    fn answer(&self, answer: Answer) {
        if let Some(Behind::Protocol(protocol)) = self.behind.get() {
            protocol.connection.borrow_mut().answer(&protocol.shared, answer);
        }
    }
}
