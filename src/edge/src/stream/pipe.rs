//! Between the hub and the body of an answer: the hub writes records, the body takes server-sent events.
//!
//! The JSON of an event is made once for everybody. What is added here, per stream, is the `id:` line: it names the positions of all
//! topics of *this* stream, and stands inside the event it belongs to, so that a browser takes both or neither. A connection
//! cut anywhere leaves it with the exact position of what its page has seen.

use super::place::Places;
use crate::record::{self, Kind, Record};
use bytes::{Bytes, BytesMut};
use plenum_actors::hub::{Shut, Socket};
use std::cell::{Cell, RefCell};
use std::fmt::Write;
use std::io::{self, ErrorKind, IoSlice};
use std::rc::Rc;
use std::task::{Context, Waker};

/// A comment: keeps proxies from cutting a quiet stream, and shows whether the peer is still there.
pub(super) const COMMENT: &[u8] = b":\n\n";

/// One stream's pipe, used on one thread only.
pub(super) struct Pipe {
    events: RefCell<Events>,
    limit: usize,
    /// The hub was told `WouldBlock`.
    blocked: Cell<bool>,
    shut: Cell<Option<Shut>>,
    waker: RefCell<Option<Waker>>,
    /// The body is about to be asked for a reason we know.
    expected: Cell<bool>,
    /// The body may ask the peer for a sign of life; given again with each of our own.
    may_probe: Cell<bool>,
}

struct Events {
    out: BytesMut,
    places: Places,
    /// Heartbeats as events instead of comments.
    beats: bool,
}

impl Pipe {
    pub(super) fn new(places: Places, beats: bool, limit: usize) -> Rc<Self> {
        let events = RefCell::new(Events { out: BytesMut::new(), places, beats });
        Rc::new(Self {
            events,
            limit,
            blocked: Cell::new(false),
            shut: Cell::new(None),
            waker: RefCell::new(None),
            expected: Cell::new(true),
            may_probe: Cell::new(true),
        })
    }

    /// The first lines: how long to wait before coming back, and the position, which a browser keeps without showing it.
    pub(super) fn greet(&self, retry_ms: u64) {
        let mut events = self.events.borrow_mut();
        let Events { out, places, .. } = &mut *events;
        let _infallible = write!(out, "retry: {retry_ms}\nid: ");
        places.write(out);
        out.extend_from_slice(b"\n\n");
    }

    /// Remembers whom to wake.
    pub(super) fn attend(&self, cx: &Context<'_>) {
        let mut waker = self.waker.borrow_mut();
        match waker.as_mut() {
            Some(known) => known.clone_from(cx.waker()),
            None => *waker = Some(cx.waker().clone()),
        }
    }

    /// Everything that waits; the memory goes with it.
    pub(super) fn take(&self) -> Bytes {
        std::mem::take(&mut self.events.borrow_mut().out).freeze()
    }

    /// Whether the hub waits for room, which there is now.
    pub(super) fn made_room(&self) -> bool {
        self.blocked.replace(false)
    }

    /// Whether the stream ends when everything has been taken.
    pub(super) fn is_shut(&self) -> bool {
        self.shut.get().is_some()
    }

    /// Something is being handed out: whoever takes it asks again at once.
    pub(super) fn expect(&self) {
        self.expected.set(true);
    }

    /// Nobody of ours made the body be asked, so something has happened on the peer's side: perhaps it has closed. Answers whether to
    /// find out, once between two heartbeats.
    pub(super) fn is_asked_out_of_turn(&self) -> bool {
        !self.expected.replace(false) && self.may_probe.replace(false)
    }

    fn wake(&self) {
        self.expected.set(true);
        if let Some(waker) = self.waker.borrow().as_ref() {
            waker.wake_by_ref();
        }
    }
}

impl Events {
    fn put(&mut self, record: &Record<'_>) {
        match record.kind {
            Kind::End => {}
            Kind::Ping if self.beats => {}
            Kind::Ping => self.out.extend_from_slice(COMMENT),
            Kind::Beat if !self.beats => {}
            Kind::Frame | Kind::Beat => self.data(record.json),
            Kind::Goodbye => {
                let _infallible = writeln!(self.out, "retry: {}", record.number);
                self.data(record.json);
            }
            Kind::Position => {
                self.places.set(record.topic, record.number);
                self.out.reserve(record.json.len() + 64);
                self.out.extend_from_slice(b"data: ");
                self.out.extend_from_slice(record.json);
                // Behind the data: clients that take an id before its event is complete lose nothing either.
                self.out.extend_from_slice(b"\nid: ");
                self.places.write(&mut self.out);
                self.out.extend_from_slice(b"\n\n");
            }
        }
    }

    fn data(&mut self, json: &[u8]) {
        self.out.reserve(json.len() + 8);
        self.out.extend_from_slice(b"data: ");
        self.out.extend_from_slice(json);
        self.out.extend_from_slice(b"\n\n");
    }
}

/// The hub's end of the pipe.
pub(super) struct HubEnd(pub(super) Rc<Pipe>);

impl Socket for HubEnd {
    fn try_write(&self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        let pipe = &*self.0;
        if pipe.shut.get() == Some(Shut::Now) {
            return Err(ErrorKind::BrokenPipe.into());
        }
        let mut events = pipe.events.borrow_mut();
        let mut taken = 0;
        for piece in pieces {
            // Whole records only: what is taken ends where a record ends.
            let here = record::walk(piece, |record| {
                let has_room = events.out.len() < pipe.limit;
                if has_room {
                    events.put(record);
                    if record.kind == Kind::Ping {
                        pipe.may_probe.set(true);
                    }
                }
                has_room
            });
            taken += here;
            if here < piece.len() {
                break;
            }
        }
        drop(events);
        if taken == 0 {
            pipe.blocked.set(true);
            return Err(ErrorKind::WouldBlock.into());
        }
        pipe.wake();
        Ok(taken)
    }

    fn shut(&self, how: Shut) {
        let pipe = &*self.0;
        pipe.shut.set(Some(pipe.shut.get().map_or(how, |before| before.max(how))));
        pipe.wake();
    }
}

#[cfg(test)]
mod tests;
