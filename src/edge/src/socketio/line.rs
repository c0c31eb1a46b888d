//! Where a session's output goes: the buffer of a client that polls, or the link of a WebSocket. The hub writes the same frames to
//! either. Once nothing of a poll waits any more it writes to the link itself: of a thousand receivers the memory of each is cold,
//! and every object between the hub and the socket costs a broadcast its time.

use super::config::SocketIoConfig;
use crate::native::link::{Link, Listener};
use bytes::{Buf, Bytes};
use plenum_actors::hub::{Shut, Socket};
use plenum_schema::wire::Signal;
use plenum_schema::{ConferenceId, Offset, QuestionId, Topic};
use plenum_socketio::engine::polling::PollingBuffer;
use std::cell::{Cell, RefCell};
use std::io::{self, ErrorKind, IoSlice};
use std::rc::{Rc, Weak};
use std::task::{Context, Waker};

/// What a line was told and the session acts on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Told {
    /// The client has come into a conversation.
    Into(Topic),
    /// It is told that it has not read messages of a conversation up to this offset.
    Unread(Topic, Offset),
    /// It has heard everything that had happened in a conference.
    CaughtUp(ConferenceId),
    /// It has heard that a question is live.
    Asked(ConferenceId, QuestionId),
}

/// The output of a session.
pub(super) struct Line {
    output: RefCell<Output>,
    /// How the session is to end, if it is; of a client that polls.
    shut: Cell<Option<Shut>>,
    /// The hub was told that the buffer is full.
    is_full: Cell<bool>,
    waker: RefCell<Option<Waker>>,
    told: RefCell<Vec<Told>>,
    /// How much of that it remembers until the session looks.
    most_told: usize,
    /// Whether the session wants to know of questions: for clients that run a conference, or may.
    wants_questions: Cell<bool>,
    /// The hub writes to the link itself.
    stands_aside: Cell<bool>,
}

enum Output {
    Polling(Box<PollingBuffer>),
    /// `ahead`: what waited for a poll when the WebSocket took over; it goes out first.
    Web {
        link: Rc<Link>,
        ahead: Bytes,
    },
}

impl Line {
    fn new(output: Output, most_told: usize) -> Rc<Self> {
        Rc::new(Self {
            output: RefCell::new(output),
            shut: Cell::new(None),
            is_full: Cell::new(false),
            waker: RefCell::new(None),
            told: RefCell::default(),
            most_told,
            wants_questions: Cell::new(false),
            stands_aside: Cell::new(false),
        })
    }

    pub(super) fn polling(config: &SocketIoConfig) -> Rc<Self> {
        let buffer = PollingBuffer::new(config.poll_buffer_bytes);
        Self::new(Output::Polling(Box::new(buffer)), config.kept_hints)
    }

    pub(super) fn web(link: Rc<Link>, config: &SocketIoConfig) -> Rc<Self> {
        Self::new(Output::Web { link, ahead: Bytes::new() }, config.kept_hints)
    }

    /// The link, when the client does not poll.
    pub(super) fn link(&self) -> Option<Rc<Link>> {
        match &*self.output.borrow() {
            Output::Polling(_) => None,
            Output::Web { link, .. } => Some(link.clone()),
        }
    }

    /// What the hub is to write to.
    pub(super) fn socket(self: &Rc<Self>) -> Rc<dyn Socket> {
        match &*self.output.borrow() {
            Output::Web { link, ahead } if ahead.is_empty() => {
                let this: Weak<Self> = Rc::downgrade(self);
                link.tell(this);
                self.stands_aside.set(true);
                link.clone()
            }
            Output::Web { .. } | Output::Polling(_) => self.clone(),
        }
    }

    /// The link, once, when the hub can begin to write to it: nothing that waited for a poll waits any more.
    pub(super) fn step_aside(self: &Rc<Self>) -> Option<Rc<dyn Socket>> {
        if self.stands_aside.get() {
            return None;
        }
        let socket = self.socket();
        self.stands_aside.get().then_some(socket)
    }

    /// Remembers whom to wake.
    pub(super) fn attend(&self, cx: &Context<'_>) {
        if let Output::Web { link, .. } = &*self.output.borrow() {
            return link.attend(cx);
        }
        let mut waker = self.waker.borrow_mut();
        match waker.as_mut() {
            Some(known) => known.clone_from(cx.waker()),
            None => *waker = Some(cx.waker().clone()),
        }
    }

    /// How the session of a client that polls is to end, if it is.
    pub(super) fn shut_how(&self) -> Option<Shut> {
        self.shut.get()
    }

    /// What it was told since the last call.
    pub(super) fn take_told(&self) -> Vec<Told> {
        std::mem::take(&mut *self.told.borrow_mut())
    }

    /// Whether questions are to be told from now on.
    pub(super) fn wants_questions(&self, wanted: bool) {
        self.wants_questions.set(wanted);
    }

    fn note(&self, told: Told) {
        let mut all = self.told.borrow_mut();
        // The hint of what is unread comes again; the others come once.
        let most = if matches!(told, Told::Unread(..)) { self.most_told / 2 } else { self.most_told };
        if all.len() < most {
            all.push(told);
            drop(all);
            self.wake();
        }
    }

    /// Whether a poll would get anything.
    pub(super) fn is_ready(&self) -> bool {
        matches!(&*self.output.borrow(), Output::Polling(buffer) if buffer.is_ready())
    }

    /// Whether what waited for a poll has not all left on the WebSocket yet.
    pub(super) fn is_behind(&self) -> bool {
        matches!(&*self.output.borrow(), Output::Web { ahead, .. } if !ahead.is_empty())
    }

    /// The payload for a poll, and whether the hub waits for room.
    pub(super) fn take_payload(&self, soft_limit: usize, records: usize) -> (Option<Vec<u8>>, bool) {
        match &mut *self.output.borrow_mut() {
            Output::Polling(buffer) => (buffer.take_payload(soft_limit, records), self.is_full.replace(false)),
            Output::Web { .. } => (None, false),
        }
    }

    /// The WebSocket takes over. What waits goes out on it before anything new; call [`Self::flush_ahead`] and tell the hub that
    /// there is room.
    pub(super) fn take_over(&self, link: Rc<Link>) {
        let mut output = self.output.borrow_mut();
        if let Output::Polling(buffer) = &mut *output {
            let ahead = buffer.take_frames();
            self.is_full.set(false);
            if let Some(how) = self.shut.get() {
                link.shut(how);
            }
            *output = Output::Web { link, ahead };
        }
    }

    /// Writes what waited for a poll; `false`: the socket is broken.
    pub(super) fn flush_ahead(&self) -> bool {
        match &mut *self.output.borrow_mut() {
            Output::Polling(_) => true,
            Output::Web { link, ahead } => match write_ahead(link, ahead) {
                Ok(()) => true,
                Err(error) => error.kind() == ErrorKind::WouldBlock,
            },
        }
    }

    fn wake(&self) {
        match &*self.output.borrow() {
            Output::Web { link, .. } => link.wake(),
            Output::Polling(_) => {
                if let Some(waker) = self.waker.borrow().as_ref() {
                    waker.wake_by_ref();
                }
            }
        }
    }
}

fn write_ahead(link: &Link, ahead: &mut Bytes) -> io::Result<()> {
    while !ahead.is_empty() {
        let count = link.try_write(&[IoSlice::new(ahead)])?;
        ahead.advance(count.min(ahead.len()));
    }
    // The memory of the buffer goes with the last byte.
    *ahead = Bytes::new();
    Ok(())
}

/// The hub's end of a line.
impl Socket for Line {
    fn try_write(&self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        let mut output = self.output.borrow_mut();
        match &mut *output {
            Output::Web { link, ahead } => {
                if !ahead.is_empty() {
                    write_ahead(link, ahead)?;
                }
                link.try_write(pieces)
            }
            Output::Polling(buffer) => {
                let taken = buffer.write(pieces);
                self.is_full.set(taken == 0);
                drop(output);
                self.wake();
                if taken == 0 { Err(ErrorKind::WouldBlock.into()) } else { Ok(taken) }
            }
        }
    }

    fn shut(&self, how: Shut) {
        if let Output::Web { link, .. } = &*self.output.borrow() {
            return link.shut(how);
        }
        self.shut.set(Some(self.shut.get().map_or(how, |before| before.max(how))));
        self.wake();
    }

    fn told(&self, signal: &Signal) {
        Listener::told(self, signal);
    }

    fn caught_up(&self, topic: Topic) {
        Listener::caught_up(self, topic);
    }

    fn asked(&self, conference: ConferenceId, question: QuestionId) {
        Listener::asked(self, conference, question);
    }
}

/// The same while the hub writes to the link.
impl Listener for Line {
    fn told(&self, signal: &Signal) {
        match signal {
            Signal::ConversationAdded(added) => self.note(Told::Into(added.conversation)),
            Signal::Unread(unread) if unread.unread > 0 => {
                if let Some(last) = &unread.last {
                    self.note(Told::Unread(unread.conversation, last.offset));
                }
            }
            _ => {}
        }
    }

    fn caught_up(&self, topic: Topic) {
        if let Topic::Conference(id) = topic {
            // Until it is known whether the client runs it.
            self.wants_questions(true);
            self.note(Told::CaughtUp(id));
        }
    }

    fn asked(&self, conference: ConferenceId, question: QuestionId) {
        if self.wants_questions.get() {
            self.note(Told::Asked(conference, question));
        }
    }
}
