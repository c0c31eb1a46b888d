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
/// How often an echo looks whether the node drains.
const DRAIN_LOOK: Duration = Duration::from_millis(100);
/// How long a peer may take to close after us.
const LINGER: Duration = Duration::from_secs(5);
/// The longest a test may take.
const LONGEST: Duration = Duration::from_secs(600);
/// Bytes read at once.
const READ_BYTES: usize = 64 * 1024;

struct Echo {
    transport: AnyTransport,
    decoder: Decoder,
    waiting: VecDeque<Bytes>,
    bytes: usize,
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
    let mut echo = Echo { transport, decoder: Decoder::new(), waiting: VecDeque::new(), bytes: 0, ending: None };
    echo.feed(first);
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
            let frame = close_frame(GOING_AWAY, "the server is draining");
            self.bytes += frame.len();
            self.waiting.push_back(frame);
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
            if self.ending.is_some() || self.bytes > WAITING_BYTES {
                return Poll::Pending;
            }
            match self.transport.poll_read(cx, buffer) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Ready(Ok(0)) => return Poll::Ready(Ok(false)),
                Poll::Ready(Ok(count)) => self.feed(buffer.get_mut(..count).unwrap_or_default()),
            }
        }
    }

    /// Writes what waits; answers whether nothing waits any more.
    fn write(&mut self, cx: &mut Context<'_>) -> io::Result<bool> {
        while let Some(front) = self.waiting.front_mut() {
            match self.transport.try_write_vectored(&[IoSlice::new(front)]) {
                Ok(count) => {
                    self.bytes -= count;
                    front.advance(count);
                    if front.is_empty() {
                        self.waiting.pop_front();
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    if self.transport.poll_writable(cx)?.is_pending() {
                        return Ok(false);
                    }
                }
                Err(error) => return Err(error),
            }
        }
        Ok(!self.transport.needs_flush() || self.transport.poll_writable(cx)?.is_ready())
    }

    fn feed(&mut self, bytes: &mut [u8]) {
        let Self { decoder, waiting, bytes: count, ending, .. } = self;
        let mut send = |frame: Bytes| {
            *count += frame.len();
            waiting.push_back(frame);
        };
        let result = decoder.decode(&Limits::echo(), bytes, &mut |incoming| {
            match incoming {
                Incoming::Text(text) => send(text_frame(text.as_bytes())),
                Incoming::Binary(bytes) => send(binary_frame(bytes)),
                Incoming::Ping(bytes) => send(pong_frame(bytes)),
                Incoming::Pong(_) => {}
                Incoming::Close(with) => {
                    send(close_reply(with.map(|(code, _)| code)));
                    *ending = Some(false);
                }
            }
            ControlFlow::Continue(())
        });
        if let Err(violation) = result {
            send(close_frame(violation.close_code(), &violation.to_string()));
            *ending = Some(true);
        }
    }
}
