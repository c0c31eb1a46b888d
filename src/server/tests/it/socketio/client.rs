//! A Socket.IO client for tests: knows the packets, waits with a deadline, forgives nothing.

use crate::http;
use crate::socket::SOON;
use crate::socket::wire::{AnyStream, tcp, upgrade};
use plenum_websocket::Opcode;
use plenum_websocket::client::{frame, read_frame};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, timeout_at};

const MASK: [u8; 4] = [9, 8, 7, 6];
const WEBSOCKET: &str = "/socket.io/?EIO=4&transport=websocket";
const POLLING: &str = "/socket.io/?EIO=4&transport=polling";

/// How packets travel.
enum Way {
    Web { stream: AnyStream, incoming: Vec<u8> },
    Polling { sid: String },
}

/// One client.
pub struct Client {
    address: SocketAddr,
    way: Way,
    /// Packets that have come and were not asked for yet; those of Engine.IO as they are.
    kept: VecDeque<String>,
    /// Names and arguments of all events heard, in order.
    pub events: Vec<(String, Value)>,
    last_ack: u64,
    /// As a library keeps them for recovery.
    pub pid: Option<String>,
    pub offset: Option<String>,
    /// The open packet.
    pub open: Value,
    /// Who it is, as it was greeted.
    pub user: Value,
}

impl Client {
    fn new(address: SocketAddr, way: Way) -> Self {
        let (kept, events) = (VecDeque::new(), Vec::new());
        Self { address, way, kept, events, last_ack: 0, pid: None, offset: None, open: Value::Null, user: Value::Null }
    }

    /// Opens a session on a WebSocket.
    pub async fn web(address: SocketAddr) -> Self {
        Self::web_on(Box::new(tcp(address).await), address, WEBSOCKET).await
    }

    /// The same with something more in the query.
    pub async fn web_with(address: SocketAddr, query: &str) -> Self {
        Self::web_on(Box::new(tcp(address).await), address, &format!("{WEBSOCKET}&{query}")).await
    }

    async fn web_on(mut stream: AnyStream, address: SocketAddr, path: &str) -> Self {
        let incoming = upgrade(&mut stream, address, path, None).await;
        let mut client = Self::new(address, Way::Web { stream, incoming });
        let open = client.packet().await;
        client.open = serde_json::from_str(open.strip_prefix('0').expect("an open packet")).unwrap();
        client
    }

    /// Opens a session that polls.
    pub async fn polling(address: SocketAddr) -> Self {
        let answer = request(address, "GET", POLLING.to_owned(), String::new()).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let open: Value = serde_json::from_str(answer.body.strip_prefix('0').expect("an open packet")).unwrap();
        let sid = open["sid"].as_str().unwrap().to_owned();
        let mut client = Self::new(address, Way::Polling { sid });
        client.open = open;
        client
    }

    pub fn sid(&self) -> &str {
        self.open["sid"].as_str().unwrap()
    }

    /// The path of this session's polls and posts.
    pub fn path(&self) -> String {
        format!("{POLLING}&sid={}", self.sid())
    }

    /// Sends one packet of Engine.IO.
    pub async fn say(&mut self, text: &str) {
        match &mut self.way {
            Way::Web { stream, .. } => {
                let bytes = frame(Opcode::Text, MASK, text.as_bytes());
                timeout_at(Instant::now() + SOON, stream.write_all(&bytes)).await.expect("in time").unwrap();
            }
            Way::Polling { sid } => {
                let path = format!("{POLLING}&sid={sid}");
                let answer = request(self.address, "POST", path, text.to_owned()).await;
                assert_eq!((answer.status, answer.body.as_str()), (200, "ok"));
            }
        }
    }

    /// Sends a binary message.
    pub async fn say_binary(&mut self, payload: &[u8]) {
        let Way::Web { stream, .. } = &mut self.way else { panic!("on WebSockets only") };
        stream.write_all(&frame(Opcode::Binary, MASK, payload)).await.unwrap();
    }

    /// The next packet of Engine.IO, whichever; pings are answered.
    pub async fn packet(&mut self) -> String {
        loop {
            let packet = self.any_packet().await;
            match packet.as_str() {
                "2" => self.say("3").await,
                // Nothing: it answers a poll.
                "6" => {}
                _ => return packet,
            }
        }
    }

    async fn any_packet(&mut self) -> String {
        if let Some(packet) = self.kept.pop_front() {
            return packet;
        }
        match &mut self.way {
            Way::Web { stream, incoming } => next_frame(stream, incoming).await,
            Way::Polling { sid } => {
                let path = format!("{POLLING}&sid={sid}");
                let answer = request(self.address, "GET", path, String::new()).await;
                if answer.status != 200 {
                    return format!("poll {}: {}", answer.status, answer.body);
                }
                self.kept.extend(answer.body.split('\x1e').map(str::to_owned));
                self.kept.pop_front().unwrap()
            }
        }
    }

    /// Comes in and has heard the greeting; answers the data of the CONNECT answer.
    pub async fn enter(&mut self, token: &str) -> Value {
        let data = self.connect(token).await;
        self.user = self.expect("authenticated").await["user"]["id"].clone();
        self.expect("online-users").await;
        data
    }

    /// Comes in; answers the data of the CONNECT answer.
    pub async fn connect(&mut self, token: &str) -> Value {
        let mut auth = json!({ "token": token });
        if let Some(pid) = &self.pid {
            auth["pid"] = json!(pid);
            auth["offset"] = json!(self.offset);
        }
        self.say(&format!("40{auth}")).await;
        let packet = self.packet().await;
        let data = packet.strip_prefix("40").unwrap_or_else(|| panic!("not let in: {packet}"));
        let data: Value = serde_json::from_str(data).unwrap();
        self.pid = data["pid"].as_str().map(str::to_owned);
        data
    }

    /// Tries to come in; answers the data of the error.
    pub async fn kept_out(&mut self, auth: &Value) -> Value {
        self.say(&format!("40{auth}")).await;
        let packet = self.packet().await;
        serde_json::from_str(packet.strip_prefix("44").unwrap_or_else(|| panic!("let in: {packet}"))).unwrap()
    }

    /// Emits without a callback.
    pub async fn emit(&mut self, name: &str, argument: &Value) {
        self.say(&format!("42{}", json!([name, argument]))).await;
    }

    /// Emits with a callback; answers what that gets.
    pub async fn ask(&mut self, name: &str, argument: &Value) -> Value {
        self.last_ack += 1;
        let id = self.last_ack;
        self.say(&format!("42{id}{}", json!([name, argument]))).await;
        let prefix = format!("43{id}");
        loop {
            let packet = self.packet().await;
            match packet.strip_prefix(&prefix) {
                Some(arguments) => {
                    let mut arguments: Vec<Value> = serde_json::from_str(arguments).unwrap();
                    return arguments.remove(0);
                }
                None => self.hear(&packet),
            }
        }
    }

    fn hear(&mut self, packet: &str) {
        // A noop ends a poll while a client goes over; it says nothing.
        if packet == "6" {
            return;
        }
        let text = packet.strip_prefix("42").unwrap_or_else(|| panic!("{packet} is no event"));
        let mut arguments: Vec<Value> = serde_json::from_str(text).unwrap();
        if let Some(Value::String(offset)) = arguments.last() {
            self.offset = Some(offset.clone());
        }
        let name = arguments.remove(0).as_str().unwrap().to_owned();
        self.events.push((name, arguments.into_iter().next().unwrap_or(Value::Null)));
    }

    /// The first argument of the next event of this name; those before it stay in `events`.
    pub async fn expect(&mut self, name: &str) -> Value {
        loop {
            if let Some(at) = self.events.iter().position(|(heard, _)| heard == name) {
                return self.events.remove(at).1;
            }
            let packet = self.packet().await;
            self.hear(&packet);
        }
    }

    /// The room's numbers, as soon as they are these.
    pub async fn expect_stats(&mut self, wanted: &Value) {
        while self.expect("room_stats_updated").await != *wanted {}
    }

    /// The conversation of the next `conversation-updated` with this change.
    pub async fn expect_change(&mut self, change: &str) -> Value {
        loop {
            let conversation = self.expect("conversation-updated").await["conversation"].take();
            if conversation["change"] == change {
                return conversation;
            }
        }
    }

    /// The contents of the next messages under this name.
    pub async fn messages(&mut self, name: &str, count: usize) -> Vec<String> {
        let mut all = Vec::new();
        for _ in 0..count {
            all.push(self.expect(name).await["content"].as_str().unwrap().to_owned());
        }
        all
    }

    /// Hears everything that has been sent up to now.
    pub async fn catch_up(&mut self) {
        self.ask("echo", &Value::Null).await;
    }

    /// A WebSocket that probes for this session, until it may upgrade.
    pub async fn probe(&self) -> (AnyStream, Vec<u8>) {
        let mut stream: AnyStream = Box::new(tcp(self.address).await);
        let path = format!("{WEBSOCKET}&sid={}", self.sid());
        let mut incoming = upgrade(&mut stream, self.address, &path, None).await;
        stream.write_all(&frame(Opcode::Text, MASK, b"2probe")).await.unwrap();
        assert_eq!(next_frame(&mut stream, &mut incoming).await, "3probe");
        (stream, incoming)
    }

    /// Goes over to a WebSocket that has probed.
    pub async fn go_over(&mut self, (mut stream, incoming): (AnyStream, Vec<u8>)) {
        stream.write_all(&frame(Opcode::Text, MASK, b"5")).await.unwrap();
        self.way = Way::Web { stream, incoming };
    }

    /// Until the connection ends; answers the last packets.
    pub async fn end(mut self) -> Vec<String> {
        let mut last = Vec::new();
        loop {
            let packet = self.any_packet().await;
            if packet == "end" || packet.starts_with("poll ") {
                return last;
            }
            last.push(packet);
        }
    }
}

/// A WebSocket of a session that began with polling.
pub struct Raw {
    stream: AnyStream,
    incoming: Vec<u8>,
}

impl Raw {
    pub async fn open(address: SocketAddr, sid: &str) -> Self {
        let mut stream: AnyStream = Box::new(tcp(address).await);
        let incoming = upgrade(&mut stream, address, &format!("{WEBSOCKET}&sid={sid}"), None).await;
        Self { stream, incoming }
    }

    pub async fn say(&mut self, text: &str) {
        self.stream.write_all(&frame(Opcode::Text, MASK, text.as_bytes())).await.unwrap();
    }

    pub async fn next(&mut self) -> String {
        next_frame(&mut self.stream, &mut self.incoming).await
    }

    /// Everything until the server ends the connection.
    pub async fn rest(&mut self) -> Vec<String> {
        let mut all = Vec::new();
        loop {
            match self.next().await.as_str() {
                "end" => return all,
                other => all.push(other.to_owned()),
            }
        }
    }
}

/// A request on a connection of its own, off the test's thread.
pub async fn request(address: SocketAddr, method: &'static str, path: String, body: String) -> http::Answer {
    tokio::task::spawn_blocking(move || http::ask(address, method, &path, &[], &body)).await.unwrap()
}

async fn next_frame(stream: &mut AnyStream, incoming: &mut Vec<u8>) -> String {
    let deadline = Instant::now() + SOON;
    loop {
        if let Some((frame, len)) = read_frame(incoming) {
            let text = match frame.opcode {
                Opcode::Text => String::from_utf8(frame.payload.to_vec()).unwrap(),
                Opcode::Binary => format!("binary {:?}", frame.payload),
                Opcode::Close => "close".to_owned(),
                other => format!("{other:?}"),
            };
            incoming.drain(..len);
            return text;
        }
        match timeout_at(deadline, stream.read_buf(incoming)).await.expect("something in time") {
            Ok(0) | Err(_) => return "end".to_owned(),
            Ok(_) => {}
        }
    }
}
