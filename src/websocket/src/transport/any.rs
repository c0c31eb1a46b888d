//! Either transport behind one type, without a virtual call and small for the common case.

use std::{
    io::{self, IoSlice},
    net::SocketAddr,
    task::{Context, Poll},
};

use actix_tls::accept::rustls_0_23::TlsStream;
use tokio::net::TcpStream;

use super::{TlsTransport, Transport, TransportConfig};

/// Plain TCP in place, TLS behind a pointer: a TLS session is over a kilobyte and must not make plain connections bigger.
#[derive(Debug)]
pub enum AnyTransport {
    /// Plain TCP.
    Plain(TcpStream),
    /// TLS over TCP.
    Tls(Box<TlsTransport>),
}

macro_rules! delegate {
    ($self:ident, $inner:ident => $call:expr) => {
        match $self {
            Self::Plain($inner) => $call,
            Self::Tls($inner) => {
                let $inner = &mut **$inner;
                $call
            }
        }
    };
}

impl AnyTransport {
    /// Takes over a TLS stream whose handshake is done. (`From` does the same for a plain one.)
    #[must_use]
    pub fn tls(stream: TlsStream<TcpStream>, config: &TransportConfig) -> Self {
        Self::Tls(Box::new(TlsTransport::new(stream, config)))
    }

    /// The socket below.
    #[must_use]
    pub fn tcp(&self) -> &TcpStream {
        match self {
            Self::Plain(tcp) => tcp,
            Self::Tls(tls) => tls.tcp(),
        }
    }

    /// Address of the peer of the socket, which may be a proxy.
    ///
    /// # Errors
    /// What the socket says, such as that it is not connected any more.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.tcp().peer_addr()
    }

    /// Sends small writes at once (TCP_NODELAY).
    ///
    /// # Errors
    /// What the socket says.
    pub fn set_nodelay(&self) -> io::Result<()> {
        self.tcp().set_nodelay(true)
    }
}

impl From<TcpStream> for AnyTransport {
    fn from(tcp: TcpStream) -> Self {
        Self::Plain(tcp)
    }
}

impl Transport for AnyTransport {
    fn try_read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        delegate!(self, inner => Transport::try_read(inner, buf))
    }

    fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        delegate!(self, inner => Transport::poll_read(inner, cx, buf))
    }

    fn try_write_vectored(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        delegate!(self, inner => Transport::try_write_vectored(inner, bufs))
    }

    fn try_write(&mut self, buf: &[u8]) -> io::Result<usize> {
        delegate!(self, inner => Transport::try_write(inner, buf))
    }

    fn poll_readable(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        delegate!(self, inner => Transport::poll_readable(inner, cx))
    }

    fn poll_writable(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        delegate!(self, inner => Transport::poll_writable(inner, cx))
    }

    fn look(&self) -> bool {
        match self {
            Self::Plain(tcp) => tcp.look(),
            Self::Tls(tls) => tls.look(),
        }
    }

    fn needs_flush(&self) -> bool {
        match self {
            Self::Plain(_) => false,
            Self::Tls(tls) => tls.needs_flush(),
        }
    }

    fn try_shutdown(&mut self) -> io::Result<()> {
        delegate!(self, inner => Transport::try_shutdown(inner))
    }
}
