//! A small Socket.IO server: namespaces, events, acknowledgements and rooms, on one port beside an actix-web `App`.
//!
//! ```no_run
//! use plenum_socketio::server::{Host, HostConfig, Io};
//!
//! # fn main() -> std::io::Result<()> {
//! let host = Host::new(HostConfig::default(), |mount| {
//!     let io = Io::new(mount, "/socket.io/", plenum_socketio::session::SessionConfig::default());
//!     let chat = io.of("/");
//!     chat.on("say", |socket, event| {
//!         let said = plenum_socketio::Arguments::new().with_args(event.args());
//!         socket.namespace().to("lobby").emit("said", &said);
//!     });
//!     chat.on_connection(|socket, _auth| socket.join("lobby"));
//! });
//! let listener = std::net::TcpListener::bind("127.0.0.1:3000")?;
//! actix_rt::System::new().block_on(async { host.listen(listener)?.await })
//! # }
//! ```
//!
//! Everything of a host runs on one thread: no locks, handlers need not be `Send`, and events of a connection are handled in
//! their order. Handlers are plain functions; one that has to wait starts a task (`actix_rt::spawn`) and answers through its
//! [`Reply`]. To use more cores run more hosts, with sessions that stick to theirs.
//!
//! Output is written to the socket at once; only what it does not take waits, bounded in bytes for each connection. A
//! connection that lets more wait is closed. A broadcast is encoded and framed once for each parser.

mod connection;
mod host;
mod io;
mod link;
mod mount;
mod namespace;
mod polling;
mod socket;
mod timers;
mod websocket;

pub use connection::{Connection, Handler, Peer};
pub use host::{Host, HostConfig};
pub use io::{Io, IoStats};
pub use mount::{Mount, MountStats, Protocol};
pub use namespace::{Broadcast, ConnectError, Handshake, Namespace, Recovered};
pub use socket::{AckError, DisconnectReason, Event, Gone, Reply, Socket};
