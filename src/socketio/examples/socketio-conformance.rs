//! A server for the published test suites of Engine.IO v4 and Socket.IO v5.
//!
//! `cargo run --release --example socketio-conformance -- --bind 127.0.0.1:3000`
//!
//! * `/engine.io/` sends each message back, text as text, binary as binary, in order.
//! * `/socket.io/` has the namespaces `/` and `/custom`, without authentication. On connection it emits `auth` with the payload of
//!   the client's CONNECT; `message` is answered by `message-back` with the same arguments, `message-with-ack` is acknowledged
//!   with them.

use clap::Parser;
use plenum_socketio::engine::packet::Packet;
use plenum_socketio::engine::{CloseReason, EngineConfig, Transport};
use plenum_socketio::server::{Connection, Handler, Host, HostConfig, Io, Mount, Namespace, Protocol, Socket};
use plenum_socketio::session::SessionConfig;
use plenum_socketio::{Arguments, Value};
use std::cell::RefCell;
use std::net::TcpListener;
use std::rc::{Rc, Weak};
use std::time::Duration;

/// A server for the test suites of Engine.IO v4 and Socket.IO v5.
#[derive(Clone, Debug, Parser)]
struct Flags {
    /// Where to listen.
    #[arg(long, default_value = "127.0.0.1:3000")]
    bind: String,
    /// Milliseconds between two pings.
    #[arg(long = "pingInterval", alias = "ping-interval", default_value_t = 300)]
    ping_interval: u64,
    /// Milliseconds after which an unanswered ping ends a session.
    #[arg(long = "pingTimeout", alias = "ping-timeout", default_value_t = 200)]
    ping_timeout: u64,
    /// Largest message and payload in bytes.
    #[arg(long = "maxPayload", alias = "max-payload", default_value_t = 1_000_000)]
    max_payload: usize,
    /// Milliseconds until a connection without a namespace is closed.
    #[arg(long = "connectTimeout", alias = "connect-timeout", default_value_t = 1_000)]
    connect_timeout: u64,
}

/// How long behind the answer to CONNECT `auth` goes out on a WebSocket, unless something else has to be said before. The suite's
/// clients listen for one message, then for the next, and miss the second of two that one read brings: they never see a greeting
/// that is written together with the answer, and the reference server, which writes it a moment later, loses the race often.
const GREET_AFTER: Duration = Duration::from_millis(5);

/// Raw Engine.IO: each message comes back.
struct Echo;

impl Protocol for Echo {
    fn open(&self, connection: &Rc<Connection>) -> Rc<dyn Handler> {
        Rc::new(EchoSession(Rc::downgrade(connection)))
    }
}

struct EchoSession(Weak<Connection>);

impl EchoSession {
    fn send(&self, packet: &Packet<'_>) {
        if let Some(connection) = self.0.upgrade() {
            connection.send(packet.frame());
        }
    }
}

impl Handler for EchoSession {
    fn text(&self, text: &str) {
        self.send(&Packet::Text(text.into()));
    }

    fn binary(&self, bytes: &[u8]) {
        self.send(&Packet::Binary(bytes.into()));
    }

    fn closed(&self, _reason: CloseReason) {}
}

/// What `auth` will say, until it has been said.
struct Greeting(RefCell<Option<Arguments>>);

/// Says `auth`, once. A client that has gone already needs none.
fn greet(socket: &Socket) {
    if let Some(sent) = socket.data::<Greeting>().and_then(|greeting| greeting.0.take()) {
        let _gone = socket.emit("auth", &sent);
    }
}

fn behave(namespace: &Namespace) {
    namespace.on_connection(|socket, auth| {
        let sent = match auth {
            Some(auth) => Arguments::new().with_args(&auth.as_args()),
            None => Arguments::new().with_value(Value::Object(Vec::new())),
        };
        socket.set_data(Greeting(RefCell::new(Some(sent))));
        if socket.transport() == Transport::Polling {
            return greet(socket);
        }
        let socket = socket.clone();
        actix_rt::spawn(async move {
            tokio::time::sleep(GREET_AFTER).await;
            greet(&socket);
        });
    });
    namespace.on("message", |socket, event| {
        greet(socket);
        let _gone = socket.emit("message-back", &Arguments::new().with_args(event.args()));
    });
    namespace.on("message-with-ack", |socket, event| {
        greet(socket);
        let same = Arguments::new().with_args(event.args());
        event.reply(&same);
    });
}

fn main() -> std::io::Result<()> {
    let flags = Flags::parse();
    let engine = EngineConfig {
        ping_interval_ms: flags.ping_interval,
        ping_timeout_ms: flags.ping_timeout,
        max_payload_bytes: flags.max_payload,
        // The echoes of one POST come in one poll, however many there are: what bounds them is the payload alone.
        max_payload_packets: usize::MAX,
        poll_records: usize::MAX,
        poll_buffer_bytes: flags.max_payload.saturating_mul(4).max(1024 * 1024),
        ..EngineConfig::default()
    };
    let listener = TcpListener::bind(&flags.bind)?;
    println!("listening on http://{}", listener.local_addr()?);
    let host = Host::new(HostConfig { engine, ..HostConfig::default() }, move |mount: &Mount| {
        mount.serve("/engine.io/", Rc::new(Echo));
        let config = SessionConfig { connect_timeout_ms: flags.connect_timeout, ..SessionConfig::default() };
        let io = Io::new(mount, "/socket.io/", config);
        behave(&io.of("/"));
        behave(&io.of("/custom"));
    });
    actix_rt::System::new().block_on(async move { host.listen(listener)?.await })
}
