//! The byte stream under a connection: plain TCP or TLS, non-blocking, driven by the tasks of one thread.

mod any;
mod tcp;
mod tls;

pub use any::AnyTransport;
pub use tls::TlsTransport;

use std::{
    io::{self, IoSlice},
    task::{Context, Poll, ready},
};

use serde::Deserialize;

/// Bounds of the transports themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TransportConfig {
    /// Bytes of plaintext that one write may hand to a TLS session, and so about the most ciphertext that it ever holds
    /// back for a socket that is full. Default 65,536; less than 1,024 counts as 1,024.
    pub tls_write_bytes: usize,
}

impl TransportConfig {
    const MIN_TLS_WRITE_BYTES: usize = 1024;
}

impl Default for TransportConfig {
    fn default() -> Self {
        Self { tls_write_bytes: 64 * 1024 }
    }
}

/// A non-blocking byte stream.
///
/// All methods return at once. `try_…` answer [`io::ErrorKind::WouldBlock`] where they cannot go on; `poll_…` remember the
/// waker instead. One waker is kept for reading and one for writing, so a reading and a writing task may share a transport.
///
/// A TLS stream may hold bytes that it has accepted and not yet sent: after every write ask [`Transport::needs_flush`], and
/// while it says yes wait for [`Transport::poll_writable`], also when nothing of your own is queued.
pub trait Transport {
    /// Reads what is there; 0 means that the peer has ended its direction.
    ///
    /// # Errors
    /// `WouldBlock` when nothing is there, `InvalidData` when TLS records are broken, else what the socket says.
    fn try_read(&mut self, buf: &mut [u8]) -> io::Result<usize>;

    /// Reads what is there or wakes `cx` when there is something. Cheaper than [`Transport::poll_readable`] followed by
    /// [`Transport::try_read`]: a short read is taken as the end of what is there, without asking the kernel again.
    ///
    /// # Errors
    /// As [`Transport::try_read`], without `WouldBlock`.
    fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>>;

    /// Writes from the buffers in order; returns how many bytes were taken, never 0 for non-empty buffers.
    ///
    /// # Errors
    /// `WouldBlock` when the stream takes nothing now, else what the socket says.
    fn try_write_vectored(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<usize>;

    /// Writes from one buffer.
    ///
    /// # Errors
    /// As [`Transport::try_write_vectored`].
    fn try_write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.try_write_vectored(&[IoSlice::new(buf)])
    }

    /// Ready when [`Transport::try_read`] is worth trying.
    ///
    /// # Errors
    /// What the socket says.
    fn poll_readable(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>>;

    /// Sends what the stream itself holds back, and is ready when that is gone and [`Transport::try_write`] is worth trying.
    ///
    /// # Errors
    /// What the socket says.
    fn poll_writable(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>>;

    /// Whether the stream holds bytes that it has accepted and not yet given to the kernel.
    fn needs_flush(&self) -> bool;

    /// Reads what the next write will read, so that it is in the processor's cache by then. The answer means nothing.
    fn look(&self) -> bool {
        self.needs_flush()
    }

    /// Ends our direction once everything accepted is sent: TLS close_notify, then FIN. Call it again when it would block,
    /// after [`Transport::poll_writable`]. Dropping the transport frees the socket; drop it with input unread and the kernel
    /// sends RST, which can destroy bytes still on their way to the peer, so see [`poll_linger`].
    ///
    /// # Errors
    /// `WouldBlock` when bytes are still held back, else what the socket says.
    fn try_shutdown(&mut self) -> io::Result<()>;
}

/// Reads and throws away until the peer has ended its direction or the stream fails, so that what we sent last arrives.
/// The caller bounds it by time and drops the transport afterwards.
pub fn poll_linger(transport: &mut impl Transport, cx: &mut Context<'_>, scratch: &mut [u8]) -> Poll<()> {
    while matches!(ready!(transport.poll_read(cx, scratch)), Ok(1..)) {}
    Poll::Ready(())
}
