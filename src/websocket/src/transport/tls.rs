//! TLS over TCP, driven by hand: the session and the socket side by side.
//!
//! Going through `AsyncRead` and `AsyncWrite` would need a waker for every attempt and would replace the one of the task
//! that really waits. Here an attempt touches no waker.

use std::{
    fmt,
    io::{self, BufRead, IoSlice, Read, Write},
    task::{Context, Poll, ready},
};

use actix_tls::accept::rustls_0_23::TlsStream;
use tokio::net::TcpStream;
use tokio_rustls::rustls::ServerConnection;

use super::{Transport, TransportConfig, tcp};

/// An accepted TLS connection.
pub struct TlsTransport {
    stream: TlsStream<TcpStream>,
    close_notify_sent: bool,
}

impl TlsTransport {
    /// Takes over a stream whose handshake is done.
    #[must_use]
    pub fn new(mut stream: TlsStream<TcpStream>, config: &TransportConfig) -> Self {
        stream.get_mut().1.set_buffer_limit(Some(config.tls_write_bytes.max(TransportConfig::MIN_TLS_WRITE_BYTES)));
        Self { stream, close_notify_sent: false }
    }

    /// The socket below.
    #[must_use]
    pub fn tcp(&self) -> &TcpStream {
        self.stream.get_ref().0
    }

    fn parts(&mut self) -> (&mut TcpStream, &mut ServerConnection) {
        self.stream.get_mut()
    }

    /// Reads until there is plaintext or the end, or until `fill`, which reads ciphertext from the socket, fails.
    fn read_with<F>(&mut self, buf: &mut [u8], mut fill: F) -> io::Result<usize>
    where
        F: FnMut(&mut TcpStream, &mut [u8]) -> io::Result<usize>,
    {
        loop {
            let (tcp, session) = self.parts();
            match session.reader().read(buf) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                // A peer that leaves without close_notify: the close handshake of WebSocket tells a cut-off stream.
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(0),
                done => return done,
            }
            session.read_tls(&mut ReadFn(|bytes: &mut [u8]| fill(tcp, bytes)))?;
            let processed = session.process_new_packets();
            if session.wants_write() {
                // An alert or the answer to a key update. What the socket does not take now goes with the next write.
                unless_blocked(flush(tcp, session))?;
            }
            processed.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        }
    }
}

impl Transport for TlsTransport {
    fn try_read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.read_with(buf, |tcp, bytes| tcp.try_read(bytes))
    }

    fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        let read = self.read_with(buf, |tcp, bytes| match tcp.poll_read(cx, bytes) {
            Poll::Ready(read) => read,
            Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
        });
        match read {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Poll::Pending,
            done => Poll::Ready(done),
        }
    }

    fn try_write_vectored(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        let (tcp, session) = self.parts();
        // Ciphertext still held back means that the socket is full: taking more would only hide a queue in here.
        flush(tcp, session)?;
        let taken = session.writer().write_vectored(bufs)?;
        unless_blocked(flush(tcp, session))?;
        Ok(taken)
    }

    fn poll_readable(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let (tcp, session) = self.parts();
        match session.reader().fill_buf() {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => tcp.poll_read_ready(cx),
            // Plaintext, the end or an error is waiting although the socket may be silent.
            _ => Poll::Ready(Ok(())),
        }
    }

    fn poll_writable(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let (tcp, session) = self.parts();
        loop {
            match flush(tcp, session) {
                Ok(()) => return tcp.poll_write_ready(cx),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => ready!(tcp.poll_write_ready(cx))?,
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }

    fn needs_flush(&self) -> bool {
        self.stream.get_ref().1.wants_write()
    }

    fn try_shutdown(&mut self) -> io::Result<()> {
        let first = !std::mem::replace(&mut self.close_notify_sent, true);
        let (tcp, session) = self.parts();
        if first {
            session.send_close_notify();
        }
        flush(tcp, session)?;
        tcp::shutdown_write(tcp)
    }
}

impl fmt::Debug for TlsTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsTransport").field("tcp", self.tcp()).finish_non_exhaustive()
    }
}

/// Gives the socket the ciphertext that the session holds.
fn flush(tcp: &TcpStream, session: &mut ServerConnection) -> io::Result<()> {
    while session.wants_write() {
        if session.write_tls(&mut WriteTo(tcp))? == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
    }
    Ok(())
}

fn unless_blocked(flushed: io::Result<()>) -> io::Result<()> {
    flushed.or_else(|error| if error.kind() == io::ErrorKind::WouldBlock { Ok(()) } else { Err(error) })
}

/// A reader made of a function.
struct ReadFn<F>(F);

impl<F: FnMut(&mut [u8]) -> io::Result<usize>> Read for ReadFn<F> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        (self.0)(buf)
    }
}

struct WriteTo<'s>(&'s TcpStream);

impl Write for WriteTo<'_> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.0.try_write(buf)
    }

    fn write_vectored(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        self.0.try_write_vectored(bufs)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
