//! A host in process and the plainest of clients: blocking sockets, no library of the protocols.

use plenum_socketio::engine::{CloseReason, EngineConfig, Packet};
use plenum_socketio::server::{Connection, Handler, Host, HostConfig, Io, Mount, Namespace, Protocol};
use plenum_socketio::session::SessionConfig;
use plenum_socketio::{Arguments, Value};
use plenum_websocket::Opcode;
use plenum_websocket::client::{frame, read_frame, upgrade_request};
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::rc::{Rc, Weak};
use std::sync::mpsc;
use std::time::Duration;

/// The longest anything may take.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// Limits and times as the published test suites want them.
pub fn suite_config() -> HostConfig {
    let engine = EngineConfig { ping_interval_ms: 300, ping_timeout_ms: 200, ..EngineConfig::default() };
    HostConfig { engine, ..HostConfig::default() }
}

/// Limits and times under which nothing happens by itself.
pub fn patient_config() -> HostConfig {
    HostConfig::default()
}

/// A running host; it stops when dropped.
pub struct Running {
    pub address: SocketAddr,
    handle: actix_server::ServerHandle,
}

impl Running {
    pub fn start(config: HostConfig, set_up: impl Fn(&Mount) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, receiver) = mpsc::sync_channel(1);
        std::thread::spawn(move || {
            actix_rt::System::new().block_on(async move {
                let server = Host::new(config, set_up).listen(listener).unwrap();
                sender.send(server.handle()).unwrap();
                server.await.unwrap();
            });
        });
        Self { address, handle: receiver.recv_timeout(PATIENCE).unwrap() }
    }

    /// What the suites ask of a server.
    pub fn suite() -> Self {
        Self::start(suite_config(), suite)
    }

    /// The same without heart-beats on the way.
    pub fn patient() -> Self {
        Self::start(patient_config(), suite)
    }

    pub fn get(&self, path: &str) -> Answer {
        self.request("GET", path, &[], "")
    }

    pub fn post(&self, path: &str, body: &str) -> Answer {
        self.request("POST", path, &[], body)
    }

    pub fn request(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        Answer::read(self.send(method, path, headers, body))
    }

    /// Sends a request and leaves the answer on the stream.
    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> TcpStream {
        let mut stream = self.connect();
        let more: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n{more}Content-Length: {}\r\n\r\n",
            self.address,
            body.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(body.as_bytes()).unwrap();
        stream
    }

    /// Sends the head of a POST whose body is of `len` bytes, and `begun` of them.
    pub fn begin_post(&self, path: &str, len: usize, begun: &str) -> TcpStream {
        let mut stream = self.connect();
        let head = format!("POST {path} HTTP/1.1\r\nHost: {}\r\nContent-Length: {len}\r\n\r\n{begun}", self.address);
        stream.write_all(head.as_bytes()).unwrap();
        stream
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        stream
    }

    /// A WebSocket; an `Err` is the answer that is none.
    pub fn try_websocket(&self, path: &str, headers: &[(&str, &str)]) -> Result<Socket, Answer> {
        let mut stream = self.connect();
        let host = self.address.to_string();
        let request = upgrade_request(&host, path, "dGhlIHNhbXBsZSBub25jZQ==", headers);
        stream.write_all(request.as_bytes()).unwrap();
        let mut buffer = Vec::new();
        let head = loop {
            if let Some(end) = buffer.windows(4).position(|window| window == b"\r\n\r\n") {
                break end + 4;
            }
            let mut byte = [0];
            assert_eq!(stream.read(&mut byte).unwrap(), 1, "the server hung up: {buffer:?}");
            buffer.push(byte[0]);
        };
        assert_eq!(head, buffer.len());
        if buffer.starts_with(b"HTTP/1.1 101") {
            return Ok(Socket { stream, buffer: Vec::new() });
        }
        stream.read_to_end(&mut buffer).unwrap();
        Err(Answer::parse(&buffer))
    }

    pub fn websocket(&self, path: &str) -> Socket {
        self.try_websocket(path, &[]).expect("an upgrade")
    }

    /// A polling session; answers its id.
    pub fn poll_session(&self, path: &str) -> String {
        let answer = self.get(&format!("{path}?EIO=4&transport=polling"));
        assert_eq!(answer.status, 200);
        sid_of(&answer.body)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // The command is under way as soon as it is made; nobody waits for its end.
        drop(self.handle.stop(false));
    }
}

/// The session id in an open packet.
pub fn sid_of(open: &str) -> String {
    let value: serde_json::Value = serde_json::from_str(open.strip_prefix('0').unwrap()).unwrap();
    value["sid"].as_str().unwrap().to_owned()
}

/// An HTTP answer.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Answer {
    pub fn read(mut stream: TcpStream) -> Self {
        let mut bytes = Vec::new();
        // A server that answers before it has read everything may reset the connection behind its answer.
        if let Err(error) = stream.read_to_end(&mut bytes) {
            assert_eq!(error.kind(), ErrorKind::ConnectionReset, "{error}");
        }
        Self::parse(&bytes)
    }

    fn parse(bytes: &[u8]) -> Self {
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {text:?}"));
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Self { status, head: head.to_lowercase(), body: body.to_owned() }
    }
}

/// What comes on a WebSocket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    Text(String),
    Binary(Vec<u8>),
    /// A close frame or the end of the stream.
    Closed,
}

pub struct Socket {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Socket {
    pub fn send(&mut self, text: &str) {
        self.send_frame(Opcode::Text, text.as_bytes());
    }

    pub fn send_binary(&mut self, bytes: &[u8]) {
        self.send_frame(Opcode::Binary, bytes);
    }

    pub fn send_frame(&mut self, opcode: Opcode, payload: &[u8]) {
        // A server that has closed already resets: what comes back is looked at by the next read.
        let _closed = self.stream.write_all(&frame(opcode, [1, 2, 3, 4], payload));
    }

    /// The next message, pings of Engine.IO included.
    pub fn next(&mut self) -> Message {
        loop {
            if let Some((frame, len)) = read_frame(&self.buffer) {
                let message = match frame.opcode {
                    Opcode::Text => Message::Text(String::from_utf8(frame.payload.to_vec()).unwrap()),
                    Opcode::Binary => Message::Binary(frame.payload.to_vec()),
                    Opcode::Close => Message::Closed,
                    other => panic!("an unexpected {other:?} frame"),
                };
                self.buffer.drain(..len);
                return message;
            }
            let mut bytes = [0; 4096];
            match self.stream.read(&mut bytes) {
                Ok(0) => return Message::Closed,
                Ok(count) => self.buffer.extend_from_slice(&bytes[..count]),
                Err(error) if error.kind() == ErrorKind::ConnectionReset => return Message::Closed,
                Err(error) => panic!("nothing came: {error}"),
            }
        }
    }

    /// The next message that is text, answering pings on the way.
    pub fn text(&mut self) -> String {
        loop {
            match self.next() {
                Message::Text(text) if text == "2" => self.send("3"),
                Message::Text(text) => return text,
                other => panic!("{other:?} where text was expected"),
            }
        }
    }

    /// Reads until the server has closed.
    pub fn until_closed(&mut self) {
        while self.next() != Message::Closed {}
    }
}

struct Echo;

impl Protocol for Echo {
    fn open(&self, connection: &Rc<Connection>) -> Rc<dyn Handler> {
        Rc::new(EchoSession(Rc::downgrade(connection)))
    }
}

struct EchoSession(Weak<Connection>);

impl Handler for EchoSession {
    fn text(&self, text: &str) {
        let connection = self.0.upgrade().unwrap();
        if text == "close me" {
            return connection.close();
        }
        connection.send(Packet::Text(text.into()).frame());
    }

    fn binary(&self, bytes: &[u8]) {
        self.0.upgrade().unwrap().send(Packet::Binary(bytes.into()).frame());
    }

    fn closed(&self, _reason: CloseReason) {}
}

pub fn suite(mount: &Mount) {
    mount.serve("/engine.io/", Rc::new(Echo));
    let config = SessionConfig { connect_timeout_ms: 400, ..SessionConfig::default() };
    let io = Io::new(mount, "/socket.io/", config);
    behave(&io.of("/"));
    behave(&io.of("/custom"));
}

/// What the suite of Socket.IO asks of a namespace.
pub fn behave(namespace: &Namespace) {
    namespace.on_connection(|socket, auth| {
        let sent = match auth {
            Some(auth) => Arguments::new().with_args(&auth.as_args()),
            None => Arguments::new().with_value(Value::Object(Vec::new())),
        };
        socket.emit("auth", &sent).unwrap();
    });
    namespace.on("message", |socket, event| {
        socket.emit("message-back", &Arguments::new().with_args(event.args())).unwrap();
    });
    namespace.on("message-with-ack", |_, event| {
        let same = Arguments::new().with_args(event.args());
        event.reply(&same);
    });
}
