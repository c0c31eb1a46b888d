//! A WebSocket with its bounded queue of output: written at once, queued only when the socket takes no more.

use bytes::{Buf, Bytes};
use plenum_websocket::transport::{AnyTransport, Transport};
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::task::{Context, Poll, Waker};

/// Pieces handed to the kernel in one call.
const PIECES_A_WRITE: usize = 16;

/// How a link ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum End {
    /// Once everything queued is out, and the peer has closed or the time is over.
    Linger,
    /// Now; what is queued is thrown away.
    Now,
}

/// What became of output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sent {
    /// Written or queued.
    Ok,
    /// There is no room: the peer is too slow.
    Slow,
    /// The socket is broken or ending.
    Broken,
}

pub(super) struct Link {
    transport: RefCell<AnyTransport>,
    queue: RefCell<VecDeque<Bytes>>,
    queued: Cell<usize>,
    end: Cell<Option<End>>,
    waker: RefCell<Option<Waker>>,
}

impl Link {
    pub(super) fn new(transport: AnyTransport) -> Self {
        Self {
            transport: RefCell::new(transport),
            queue: RefCell::default(),
            queued: Cell::new(0),
            end: Cell::new(None),
            waker: RefCell::new(None),
        }
    }

    /// Writes what the socket takes now and queues the rest, up to `limit` bytes.
    pub(super) fn send(&self, mut bytes: Bytes, limit: usize) -> Sent {
        if self.end.get().is_some() {
            return Sent::Broken;
        }
        if self.queue.borrow().is_empty() {
            match self.transport.borrow_mut().try_write(&bytes) {
                Ok(count) => bytes.advance(count.min(bytes.len())),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(_) => return Sent::Broken,
            }
        }
        if bytes.is_empty() {
            return Sent::Ok;
        }
        if self.queued.get().saturating_add(bytes.len()) > limit {
            return Sent::Slow;
        }
        self.queued.set(self.queued.get() + bytes.len());
        self.queue.borrow_mut().push_back(bytes);
        self.wake();
        Sent::Ok
    }

    /// Bytes that wait.
    pub(super) fn queued(&self) -> usize {
        self.queued.get()
    }

    /// Nothing more is sent.
    pub(super) fn end(&self, how: End) {
        self.end.set(Some(self.end.get().map_or(how, |before| before.max(how))));
        self.wake();
    }

    pub(super) fn ending(&self) -> Option<End> {
        self.end.get()
    }

    /// Remembers whom to wake, and writes what waits. Ready when nothing waits any more.
    pub(super) fn poll_flush(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.attend(cx);
        let mut transport = self.transport.borrow_mut();
        let mut queue = self.queue.borrow_mut();
        while !queue.is_empty() {
            let written = {
                let pieces: Vec<IoSlice<'_>> =
                    queue.iter().take(PIECES_A_WRITE).map(|piece| IoSlice::new(piece)).collect();
                transport.try_write_vectored(&pieces)
            };
            match written {
                Ok(count) => {
                    self.queued.set(self.queued.get().saturating_sub(count));
                    drop_written(&mut queue, count);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => match transport.poll_writable(cx) {
                    Poll::Ready(Ok(())) => {}
                    other => return other,
                },
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
        if queue.capacity() > 0 {
            *queue = VecDeque::new();
        }
        if transport.needs_flush() { transport.poll_writable(cx) } else { Poll::Ready(Ok(())) }
    }

    pub(super) fn poll_read(&self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        self.transport.borrow_mut().poll_read(cx, buffer)
    }

    /// Ends our direction of the stream.
    pub(super) fn shut(&self) {
        // A peer that is gone does not hear it.
        let _gone = self.transport.borrow_mut().try_shutdown();
    }

    fn attend(&self, cx: &Context<'_>) {
        let mut waker = self.waker.borrow_mut();
        match waker.as_mut() {
            Some(known) => known.clone_from(cx.waker()),
            None => *waker = Some(cx.waker().clone()),
        }
    }

    fn wake(&self) {
        if let Some(waker) = self.waker.borrow().as_ref() {
            waker.wake_by_ref();
        }
    }
}

fn drop_written(queue: &mut VecDeque<Bytes>, mut count: usize) {
    while let Some(front) = queue.front_mut() {
        if front.len() > count {
            front.advance(count);
            return;
        }
        count -= front.len();
        queue.pop_front();
    }
}
