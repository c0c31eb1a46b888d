//! A small server of the native protocol, in memory, that can be told to misbehave.

use plenum_loadtest::frame;
use plenum_schema::codec::{self, Codec};
use plenum_schema::conversation::{ConversationEvent, Message};
use plenum_schema::id::{ConnectionId, ConversationId, EntryId, SessionId, UserId};
use plenum_schema::topic::Topic;
use plenum_schema::wire::*;
use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use uuid::Uuid;

/// What goes wrong at offset [`FAULTY`] for the first subscriber.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    None,
    Lose,
    Double,
    Swap,
    Alter,
    AckWithoutAppending,
}

pub const FAULTY: u64 = 5;

#[derive(Default)]
struct State {
    logs: HashMap<Topic, Vec<EventFrame>>,
    subscribers: Vec<(Topic, Codec, TcpStream)>,
    refs: HashMap<(Topic, String), u64>,
    held: Option<EventFrame>,
}

pub struct Fake {
    pub address: SocketAddr,
}

impl Fake {
    pub fn start(fault: Fault) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(Mutex::new(State::default()));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let state = Arc::clone(&state);
                std::thread::spawn(move || serve(stream, &state, fault));
            }
        });
        Self { address }
    }
}

/// A token file of `count` accounts: the token is the user's id.
pub fn tokens(count: usize) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    for user in 1..=count {
        let id = Uuid::from_u128(user as u128);
        writeln!(file, "{id}\t{id}").unwrap();
    }
    file
}

fn serve(mut stream: TcpStream, state: &Mutex<State>, fault: Fault) -> Option<()> {
    let mut bytes = Vec::new();
    let end = loop {
        match frame::head_end(&bytes) {
            Some(end) => break end,
            None => more(&mut stream, &mut bytes)?,
        }
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    if head.starts_with("POST") {
        let topic = ConversationId(Uuid::new_v4());
        state.lock().unwrap().logs.insert(Topic::Conversation(topic), Vec::new());
        let body = format!("{{\"id\":\"{topic}\"}}");
        let _ = write!(stream, "HTTP/1.1 201 Created\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        return None;
    }
    let (codec, protocol) = if head.contains(SUBPROTOCOL_JSON) {
        (Codec::Json, SUBPROTOCOL_JSON)
    } else {
        (Codec::MessagePack, SUBPROTOCOL_MSGPACK)
    };
    let accept = frame::ACCEPT;
    let answer =
        format!("HTTP/1.1 101 x\r\nSec-WebSocket-Accept: {accept}\r\nSec-WebSocket-Protocol: {protocol}\r\n\r\n");
    stream.write_all(answer.as_bytes()).ok()?;
    say(&mut stream, codec, &hello());
    bytes.drain(..end);
    loop {
        while let Some(found) = frame::parse(&bytes, 0, 1 << 20).unwrap() {
            let mut payload = bytes[found.start..found.end].to_vec();
            frame::apply_mask(&mut payload, found.mask.unwrap());
            bytes.drain(..found.end);
            match found.opcode {
                frame::TEXT | frame::BINARY => command(&mut stream, codec, &payload, state, fault),
                // A subscriber's copy of the stream keeps the socket open: end the connection itself.
                frame::CLOSE => return stream.shutdown(std::net::Shutdown::Both).ok(),
                _ => {}
            }
        }
        more(&mut stream, &mut bytes)?;
    }
}

fn more(stream: &mut TcpStream, bytes: &mut Vec<u8>) -> Option<()> {
    let mut buffer = [0; 4096];
    let read = stream.read(&mut buffer).ok().filter(|&read| read > 0)?;
    bytes.extend_from_slice(&buffer[..read]);
    Some(())
}

fn say(stream: &mut TcpStream, codec: Codec, said: &ServerFrame) {
    let opcode = if codec == Codec::Json { frame::TEXT } else { frame::BINARY };
    let mut out = Vec::new();
    frame::push_server(&mut out, opcode, &codec::encode(codec, said).unwrap());
    let _ = stream.write_all(&out);
}

fn hello() -> ServerFrame {
    ServerFrame::Hello(Hello {
        protocol: PROTOCOL.to_owned(),
        server: "fake".to_owned(),
        connection: ConnectionId(Uuid::new_v4()),
        limits: Limits {
            message_bytes: 65_536,
            text_bytes: 16_384,
            topics: 10,
            commands_in_flight: 64,
            page_events: 200,
            commands_per_second: 1_000_000,
            identify_within_ms: 1_000,
        },
        heartbeat: HeartbeatAdvice { interval_ms: 25_000, timeout_ms: 60_000 },
        reconnect: ReconnectAdvice { min_delay_ms: 1, max_delay_ms: 1 },
    })
}

fn command(stream: &mut TcpStream, codec: Codec, payload: &[u8], state: &Mutex<State>, fault: Fault) {
    let ClientFrame { id, command } = codec::decode(codec, payload).unwrap();
    let mut state = state.lock().unwrap();
    let ack = |result| ServerFrame::Ack(Ack { id, result });
    match command {
        Command::Identify(identify) => {
            let user = UserId(identify.token.parse().unwrap());
            let session = SessionId(Uuid::new_v4());
            say(stream, codec, &ack(AckResult::Identified(Identified { user, session, expires_at: 1 << 50 })));
        }
        Command::Subscribe(subscribe) => {
            let topic = subscribe.topic;
            let log = state.logs.entry(topic).or_default().clone();
            let head = log.len() as u64;
            let since = subscribe.since.unwrap_or(head);
            say(stream, codec, &ack(AckResult::Subscribed(Subscribed { topic, head, since })));
            for event in log.into_iter().skip(since as usize) {
                say(stream, codec, &ServerFrame::Event(event));
            }
            state.subscribers.push((topic, codec, stream.try_clone().unwrap()));
        }
        Command::Send(send) => {
            let sent = append(&mut state, send, fault);
            say(stream, codec, &ack(AckResult::Sent(sent)));
        }
        Command::History(history) => {
            let log = state.logs.entry(history.topic).or_default();
            let after = history.after.unwrap_or(0) as usize;
            let events: Vec<EventFrame> =
                log.iter().skip(after).take(history.limit.unwrap_or(50) as usize).cloned().collect();
            let page = Page { topic: history.topic, events, head: log.len() as u64, first: 1, states: Vec::new() };
            say(stream, codec, &ack(AckResult::Page(page)));
        }
        other => panic!("the generator does not send {other:?}"),
    }
}

fn append(state: &mut State, send: Send, fault: Fault) -> Sent {
    let topic = send.topic;
    let reference = send.client_ref.clone().unwrap();
    let log = state.logs.entry(topic).or_default();
    let offset = log.len() as u64 + 1;
    let message = EntryId(Uuid::from_u128(u128::from(offset)));
    if let Some(&offset) = state.refs.get(&(topic, reference.clone())) {
        return Sent { topic, offset, message, duplicate: true };
    }
    if fault == Fault::AckWithoutAppending && offset == FAULTY {
        return Sent { topic, offset, message, duplicate: false };
    }
    state.refs.insert((topic, reference), offset);
    let author = UserId(Uuid::from_u128(1));
    let said = Message {
        id: message,
        author,
        number: offset,
        content: send.content,
        client_ref: send.client_ref,
        direct: false,
    };
    let event = EventFrame { topic, offset, at: 1, event: Event::Conversation(ConversationEvent::Message(said)) };
    log.push(event.clone());
    deliver(state, &event, fault);
    Sent { topic, offset, message, duplicate: false }
}

fn deliver(state: &mut State, event: &EventFrame, fault: Fault) {
    let mut first = true;
    for (topic, codec, stream) in &mut state.subscribers {
        if *topic != event.topic {
            continue;
        }
        let frame = ServerFrame::Event(event.clone());
        let faulty = std::mem::take(&mut first) && event.offset == FAULTY;
        match fault {
            Fault::Lose if faulty => {}
            Fault::Swap if faulty => state.held = Some(event.clone()),
            Fault::Alter if faulty => say(stream, *codec, &ServerFrame::Event(altered(event.clone()))),
            _ => say(stream, *codec, &frame),
        }
        if fault == Fault::Double && faulty {
            say(stream, *codec, &frame);
        }
        if event.offset == FAULTY + 1
            && let Some(held) = state.held.take()
        {
            say(stream, *codec, &ServerFrame::Event(held));
        }
    }
}

fn altered(mut event: EventFrame) -> EventFrame {
    if let Event::Conversation(ConversationEvent::Message(message)) = &mut event.event {
        message.content.text.push('!');
    }
    event
}
