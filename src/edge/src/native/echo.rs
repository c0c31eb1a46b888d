//! `/ws-echo`: sends every message back, for RFC 6455 test suites. Off unless configured.

use bytes::{Buf, Bytes};
use plenum_actors::connection::Admitted;
use plenum_websocket::close::code::GOING_AWAY;
use plenum_websocket::encode::{binary_frame, close_frame, close_reply, pong_frame, text_frame};
use plenum_websocket::transport::{AnyTransport, Transport, poll_linger};
use plenum_websocket::{Decoder, Incoming, Limits};
use prometheus::IntGauge;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::ops::ControlFlow;
use std::task::{Context, Poll};
use std::time::Duration;

/// While this much waits for the peer nothing more is read from it.
const WAITING_BYTES: usize = 32 * 1024 * 1024;
/// What a frame takes beside its bytes. Twice, because the queue grows by doubling.
const OVERHEAD: usize = 2 * size_of::<Waiting>();
/// How often an echo looks whether the node drains.
const DRAIN_LOOK: Duration = Duration::from_millis(100);
/// How long a peer may take to close after us.
const LINGER: Duration = Duration::from_secs(5);
/// The longest a test may take.
const LONGEST: Duration = Duration::from_secs(600);
/// Bytes read at once.
const READ_BYTES: usize = 64 * 1024;

/// A frame on its way to the peer.
struct Waiting {
    bytes: Bytes,
    is_pong: bool,
    is_begun: bool,
}

/// What waits for the peer.
#[derive(Default)]
struct Queue {
    frames: VecDeque<Waiting>,
    bytes: usize,
}

impl Queue {
    fn cost(&self) -> usize {
        self.bytes + self.frames.len() * OVERHEAD
    }

    fn push(&mut self, bytes: Bytes) {
        self.bytes += bytes.len();
        self.frames.push_back(Waiting { bytes, is_pong: false, is_begun: false });
    }

    /// Every ping has its pong as long as the peer takes them; of those that could not leave, the newest (RFC 6455 §5.5.3).
    fn pong(&mut self, bytes: Bytes, transport: &mut AnyTransport) -> io::Result<()> {
        if self.frames.iter().any(|frame| frame.is_pong) {
            self.write(transport)?;
        }
        match self.frames.iter_mut().find(|frame| frame.is_pong && !frame.is_begun) {
            Some(older) => {
                self.bytes = self.bytes - older.bytes.len() + bytes.len();
                older.bytes = bytes;
            }
            None => {
                self.bytes += bytes.len();
                self.frames.push_back(Waiting { bytes, is_pong: true, is_begun: false });
            }
        }
        Ok(())
    }

    /// Writes what the peer takes now; answers whether nothing waits any more.
    fn write(&mut self, transport: &mut AnyTransport) -> io::Result<bool> {
        while let Some(front) = self.frames.front_mut() {
            match transport.try_write_vectored(&[IoSlice::new(&front.bytes)]) {
                Ok(count) => {
                    self.bytes -= count;
                    front.bytes.advance(count);
                    front.is_begun = true;
                    if front.bytes.is_empty() {
                        self.frames.pop_front();
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }
}

struct Echo {
    transport: AnyTransport,
    decoder: Decoder,
    waiting: Queue,
    /// The last frame is queued; after it the connection ends, lingering or not.
    ending: Option<bool>,
}

/// An echo's place among the connections of the node: no hub knows of it.
pub(super) struct Counted {
    _admitted: Admitted,
    connections: IntGauge,
}

impl Counted {
    pub(super) fn new(admitted: Admitted, connections: &IntGauge) -> Self {
        connections.inc();
        Self { _admitted: admitted, connections: connections.clone() }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.connections.dec();
    }
}

/// Serves one connection until it ends, or the node drains. `first`: bytes that came behind the handshake.
pub(super) async fn serve(transport: AnyTransport, first: &mut [u8], is_draining: impl Fn() -> bool) {
    let mut echo = Echo { transport, decoder: Decoder::new(), waiting: Queue::default(), ending: None };
    if echo.feed(first).is_err() {
        return;
    }
    let mut buffer = vec![0; READ_BYTES];
    let drain = async {
        while !is_draining() {
            tokio::time::sleep(DRAIN_LOOK).await;
        }
    };
    let served = tokio::time::timeout(LONGEST, poll_fn(|cx| echo.poll(cx, &mut buffer)));
    let ended = tokio::select! {
        ended = served => Some(ended),
        () = drain => None,
    };
    let ended = match ended {
        Some(ended) => ended,
        None => {
            echo.go_away();
            tokio::time::timeout(LINGER, poll_fn(|cx| echo.poll(cx, &mut buffer))).await
        }
    };
    let linger = matches!(ended, Ok(Ok(true)));
    // Everything is flushed by now, or the socket is broken: ending our direction does not wait.
    let _broken = echo.transport.try_shutdown();
    if linger {
        let drain = poll_fn(|cx| poll_linger(&mut echo.transport, cx, &mut buffer));
        // A peer that does not close is cut off.
        let _timed_out = tokio::time::timeout(LINGER, drain).await;
    }
}

impl Echo {
    /// The last frame: the node drains.
    fn go_away(&mut self) {
        if self.ending.is_none() {
            self.waiting.push(close_frame(GOING_AWAY, "the server is draining"));
            self.ending = Some(true);
        }
    }

    /// Ready when the connection is over: whether to linger, or the socket's error.
    fn poll(&mut self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<bool>> {
        loop {
            let flushed = self.write(cx)?;
            if let Some(linger) = self.ending
                && flushed
            {
                return Poll::Ready(Ok(linger));
            }
            if self.ending.is_some() || self.waiting.cost() > WAITING_BYTES {
                return Poll::Pending;
            }
            match self.transport.poll_read(cx, buffer) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Ready(Ok(0)) => return Poll::Ready(Ok(false)),
                Poll::Ready(Ok(count)) => self.feed(buffer.get_mut(..count).unwrap_or_default())?,
            }
        }
    }

    /// Writes what waits; answers whether nothing waits any more.
    fn write(&mut self, cx: &mut Context<'_>) -> io::Result<bool> {
        while !self.waiting.write(&mut self.transport)? {
            if self.transport.poll_writable(cx)?.is_pending() {
                return Ok(false);
            }
        }
        Ok(!self.transport.needs_flush() || self.transport.poll_writable(cx)?.is_ready())
    }

    fn feed(&mut self, bytes: &mut [u8]) -> io::Result<()> {
        let Self { decoder, waiting, transport, ending } = self;
        let mut written = Ok(());
        let result = decoder.decode(&Limits::echo(), bytes, &mut |incoming| {
            match incoming {
                Incoming::Text(text) => waiting.push(text_frame(text.as_bytes())),
                Incoming::Binary(bytes) => waiting.push(binary_frame(bytes)),
                Incoming::Ping(bytes) => {
                    written = waiting.pong(pong_frame(bytes), transport);
                    if written.is_err() {
                        return ControlFlow::Break(());
                    }
                }
                Incoming::Pong(_) => {}
                Incoming::Close(with) => {
                    waiting.push(close_reply(with.map(|(code, _)| code)));
                    *ending = Some(false);
                }
            }
            ControlFlow::Continue(())
        });
        if let Err(violation) = result {
            waiting.push(close_frame(violation.close_code(), &violation.to_string()));
            *ending = Some(true);
        }
        written
    }
}
