//! The Socket.IO dialect against a small fake server that can be told to misbehave.

use crate::fake::Fault;
use plenum_loadtest::clock::Clock;
use plenum_loadtest::frame;
use plenum_loadtest::load::{self, Codecs, Pace, Round, Shape, Side, Speech};
use plenum_loadtest::swarm::SwarmError;
use plenum_loadtest::target::Account;
use plenum_schema::id::{ConversationId, UserId};
use plenum_schema::topic::Topic;
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use uuid::Uuid;

/// The offset at which faults happen.
const FAULTY: u64 = 7;
const MEMBERS: usize = 3;

#[derive(Default)]
struct Room {
    head: u64,
    members: Vec<TcpStream>,
    held: Option<Value>,
}

fn start(fault: Fault) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let room = Arc::new(Mutex::new(Room::default()));
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let room = Arc::clone(&room);
            std::thread::spawn(move || serve(stream, &room, fault));
        }
    });
    address
}

fn serve(mut stream: TcpStream, room: &Mutex<Room>, fault: Fault) -> Option<()> {
    let mut bytes = Vec::new();
    let end = loop {
        match frame::head_end(&bytes) {
            Some(end) => break end,
            None => more(&mut stream, &mut bytes)?,
        }
    };
    assert!(bytes.starts_with(b"GET /socket.io/?EIO=4&transport=websocket "));
    bytes.drain(..end);
    write!(stream, "HTTP/1.1 101 x\r\nSec-WebSocket-Accept: {}\r\n\r\n", frame::ACCEPT).ok()?;
    say(&mut stream, &format!("0{}", json!({"sid": "a", "upgrades": [], "pingInterval": 25000})));
    say(&mut stream, "2");
    loop {
        while let Some(found) = frame::parse(&bytes, 0, 1 << 20).unwrap() {
            let mut payload = bytes[found.start..found.end].to_vec();
            frame::apply_mask(&mut payload, found.mask.unwrap());
            bytes.drain(..found.end);
            match found.opcode {
                frame::TEXT => packet(&mut stream, &String::from_utf8(payload).unwrap(), room, fault)?,
                _ => return stream.shutdown(std::net::Shutdown::Both).ok(),
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

fn say(stream: &mut TcpStream, text: &str) {
    let mut out = Vec::new();
    frame::push_server(&mut out, frame::TEXT, text.as_bytes());
    let _ = stream.write_all(&out);
}

fn packet(stream: &mut TcpStream, text: &str, room: &Mutex<Room>, fault: Fault) -> Option<()> {
    if text == "3" {
        return Some(());
    }
    if let Some(auth) = text.strip_prefix("40") {
        let auth: Value = serde_json::from_str(auth).unwrap();
        let known = auth["token"] != "wrong";
        let refused = json!({"message": "no", "data": {"code": "unauthenticated"}});
        say(stream, &if known { "40{\"sid\":\"b\"}".to_owned() } else { format!("44{refused}") });
        say(stream, "42[\"online-users\",[]]");
        return Some(());
    }
    let rest = text.strip_prefix("42").unwrap();
    let id: String = rest.chars().take_while(char::is_ascii_digit).collect();
    let event: Value = serde_json::from_str(&rest[id.len()..]).unwrap();
    let mut room = room.lock().unwrap();
    let answer = match event[0].as_str().unwrap() {
        "join-conversation" => {
            room.members.push(stream.try_clone().unwrap());
            json!({"ok": true, "head": room.head})
        }
        "send-message" => sent(&mut room, &event[1], fault),
        other => panic!("the generator does not say {other}"),
    };
    say(stream, &format!("43{id}{}", json!([answer])));
    Some(())
}

fn sent(room: &mut Room, said: &Value, fault: Fault) -> Value {
    room.head += 1;
    let message = json!({"conversationId": said["conversationId"], "offset": room.head, "content": said["content"]});
    let held = room.held.take();
    for (member, stream) in room.members.iter_mut().enumerate() {
        let faulty = member == 1 && room.head == FAULTY;
        let text = format!("42{}", json!(["new-message", message]));
        match fault {
            Fault::Lose if faulty => {}
            Fault::Swap if faulty => room.held = Some(message.clone()),
            Fault::Alter if faulty => say(stream, &text.replace("quick", "quiet")),
            _ => say(stream, &text),
        }
        if fault == Fault::Double && faulty {
            say(stream, &text);
        }
        if let (Some(held), 1) = (&held, member) {
            say(stream, &format!("42{}", json!(["new-message", held])));
        }
    }
    json!({"ok": true, "offset": room.head})
}

fn round(fault: Fault, token: &str, pace: Pace) -> Result<Round, SwarmError> {
    let shape = Shape {
        topics: 1,
        members: MEMBERS,
        member_sends: true,
        zero_window: 0,
        bytes: 128,
        codecs: Codecs::Json,
        pace,
        warmup: Duration::ZERO,
        duration: Duration::from_millis(300),
        quiet: true,
    };
    let accounts = [Account { user: UserId(Uuid::from_u128(1)), token: token.into() }];
    let topics = [Topic::Conversation(ConversationId(Uuid::from_u128(2)))];
    let (name, speech, address) = ("fake", Speech::SocketIo, start(fault));
    let side = Side { name, speech, address, pid: None, topics: &topics, accounts: &accounts };
    load::round(&side, &shape, Clock::start())
}

fn paced(fault: Fault) -> Round {
    round(fault, "right", Pace::Open(100.0)).unwrap()
}

#[test]
fn an_exact_room_passes_with_every_delivery_and_acknowledgement_counted() {
    let round = paced(Fault::None);
    assert!(round.checks.passed(), "{:?}", round.checks);
    assert!(round.sent >= 20 && round.checks.events == round.sent * MEMBERS as u64, "{round:?}");
    assert!(round.ack_latencies.count() >= 15 && round.payload_bytes > 128, "{round:?}");
}

#[test]
fn a_closed_loop_keeps_its_window_full() {
    let round = round(Fault::None, "right", Pace::Closed(4)).unwrap();
    assert!(round.checks.passed() && round.sent > 50, "{:?}", round.checks);
}

#[test]
fn a_message_that_one_member_lacks_is_found() {
    let checks = paced(Fault::Lose).checks;
    assert_eq!((checks.lost, checks.duplicates, checks.reordered), (1, 0, 0), "{checks:?}");
}

#[test]
fn a_message_that_comes_twice_is_found() {
    let checks = paced(Fault::Double).checks;
    assert_eq!((checks.lost, checks.duplicates, checks.reordered), (0, 1, 0), "{checks:?}");
}

#[test]
fn a_message_that_comes_late_is_found() {
    let checks = paced(Fault::Swap).checks;
    assert_eq!((checks.lost, checks.duplicates, checks.reordered), (0, 0, 1), "{checks:?}");
}

#[test]
fn a_message_that_differs_between_members_is_found() {
    assert!(paced(Fault::Alter).checks.diverged >= 1);
}

#[test]
fn a_refused_token_is_said_and_not_waited_for() {
    let error = round(Fault::None, "wrong", Pace::Open(1.0)).unwrap_err().to_string();
    assert!(error.contains("unauthenticated"), "{error}");
}
