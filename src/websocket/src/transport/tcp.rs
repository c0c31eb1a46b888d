//! Plain TCP.

use std::{
    io::{self, IoSlice},
    os::fd::AsRawFd,
    pin::Pin,
    task::{Context, Poll, Waker, ready},
};

use rustix::{io::Errno, net::SendFlags};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};

use super::Transport;

impl Transport for TcpStream {
    fn try_read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        Self::try_read(self, buf)
    }

    fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        let mut buf = ReadBuf::new(buf);
        ready!(AsyncRead::poll_read(Pin::new(self), cx, &mut buf))?;
        Poll::Ready(Ok(buf.filled().len()))
    }

    fn try_write_vectored(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        Self::try_write_vectored(self, bufs)
    }

    fn try_write(&mut self, buf: &[u8]) -> io::Result<usize> {
        // Straight to the socket. The runtime keeps its readiness in memory that is cold for most of ten thousand connections;
        // only a socket without room needs it, to be woken.
        // And straight to the kernel: the C library's `send` is a point where a thread may be cancelled, which it marks before and
        // after each call.
        match rustix::net::send(&*self, buf, SendFlags::NOSIGNAL) {
            Err(Errno::AGAIN | Errno::INTR) => Self::try_write(self, buf),
            done => Ok(done?),
        }
    }

    fn poll_readable(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_read_ready(cx)
    }

    fn poll_writable(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_write_ready(cx)
    }

    fn needs_flush(&self) -> bool {
        false
    }

    fn look(&self) -> bool {
        self.as_raw_fd() < 0
    }

    fn try_shutdown(&mut self) -> io::Result<()> {
        shutdown_write(self)
    }
}

/// Sends FIN behind everything written. A peer that is gone already counts as done.
pub(super) fn shutdown_write(stream: &mut TcpStream) -> io::Result<()> {
    // Shutting down a TCP stream never waits, so the waker is not used.
    match AsyncWrite::poll_shutdown(Pin::new(stream), &mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Err(error)) if error.kind() == io::ErrorKind::NotConnected => Ok(()),
        Poll::Ready(done) => done,
        Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
    }
}
