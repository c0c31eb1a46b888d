//! Sockets of the generator: many connections to one port, spread over several loopback source addresses.

use mio::net::{TcpListener, TcpStream};
use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream as StdStream};
use std::time::Duration;

/// How many source addresses connections are spread over: 127.0.0.1 to 127.0.0.16.
pub const SOURCES: u8 = 16;
const BACKLOG: i32 = 4_096;

/// Special wishes for one socket.
#[derive(Debug, Clone, Copy, Default)]
pub struct SocketOptions {
    /// Receive buffer in bytes, for clients that stop reading; the kernel's own choice when absent.
    pub receive_buffer: Option<usize>,
}

/// Starts a non-blocking connect from the `n`th source address.
///
/// # Errors
/// When no local port is free or the kernel refuses a socket.
pub fn connect(to: SocketAddr, n: usize, options: SocketOptions) -> io::Result<TcpStream> {
    let socket = Socket::new(Domain::for_address(to), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_nonblocking(true)?;
    socket.set_tcp_nodelay(true)?;
    if let Some(bytes) = options.receive_buffer {
        socket.set_recv_buffer_size(bytes)?;
    }
    if let IpAddr::V4(address) = to.ip()
        && address.is_loopback()
    {
        let last = u8::try_from(n % usize::from(SOURCES)).unwrap_or(0) + 1;
        socket.set_reuse_address(true)?;
        socket.bind(&SocketAddr::from((Ipv4Addr::new(127, 0, 0, last), 0)).into())?;
    }
    match socket.connect(&to.into()) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::WouldBlock || in_progress(&error) => {}
        Err(error) => return Err(error),
    }
    Ok(TcpStream::from_std(StdStream::from(socket)))
}

fn in_progress(error: &io::Error) -> bool {
    error.raw_os_error() == Some(rustix::io::Errno::INPROGRESS.raw_os_error())
}

/// Makes the coming close a reset: no TIME_WAIT remains, and the server sees an abrupt end.
pub fn reset_on_close(stream: &TcpStream) {
    let _ = socket2::SockRef::from(stream).set_linger(Some(Duration::ZERO));
}

/// A listening socket with a long backlog.
///
/// # Errors
/// When the address cannot be bound.
pub fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(TcpListener::from_std(socket.into()))
}

/// A loopback port that was free a moment ago, below the range that clients' ports come from: a client that tries again
/// while its server is away must not be given the server's port and find itself there.
///
/// # Errors
/// When none of many is free.
pub fn free_port() -> io::Result<u16> {
    let tries = (0..200).map(|_| 20_000 + u16::from_be_bytes(random_bytes()) % 12_000);
    let free = |port: &u16| std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok();
    tries.into_iter().find(free).ok_or_else(|| io::Error::from(io::ErrorKind::AddrInUse))
}

fn random_bytes() -> [u8; 2] {
    let [a, b, ..] = uuid::Uuid::new_v4().into_bytes();
    [a, b]
}
