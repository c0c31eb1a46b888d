//! Socket.IO v5 over an Engine.IO v4 WebSocket, JSON parser: what the generator says and understands of it.
//!
//! Only what a load needs: the default namespace, `auth: {token}`, events with acknowledgements, the hyphen vocabulary
//! of Plenum (`join-conversation`, `send-message`, `new-message`). Binary packets and other namespaces are not used, so one
//! that comes is malformed here.

use plenum_schema::id::ConversationId;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Where Socket.IO listens, WebSocket without the detour over polling.
pub const PATH: &str = "/socket.io/?EIO=4&transport=websocket";
/// The answer to an Engine.IO ping.
pub const PONG: &[u8] = b"3";

const JOIN: &str = "join-conversation";
const SEND: &str = "send-message";
const NEW_MESSAGE: &str = "new-message";

/// One message of the server.
#[derive(Debug)]
pub enum Packet {
    /// The Engine.IO session is open.
    Open,
    /// Wants [`PONG`].
    Ping,
    /// The namespace is connected.
    Connected,
    /// The namespace is refused: the packet's data.
    Refused(String),
    /// The answer to the event with this number.
    Ack(u32, Answer),
    /// A message in a conversation.
    Message(Box<Message>),
    /// Another event; a load does not need it.
    Other,
    /// The server ends the namespace or the session.
    End,
}

/// The first argument of an acknowledgement.
#[derive(Debug, Deserialize)]
pub struct Answer {
    /// Whether the event was carried out.
    pub ok: bool,
    /// Of `join-conversation`: the newest offset.
    pub head: Option<u64>,
    /// Of `send-message`: where it stands.
    pub offset: Option<u64>,
    /// Of `send-message`: it had been said before.
    #[serde(default)]
    pub duplicate: bool,
    /// Why not.
    pub error: Option<Value>,
}

/// What a load reads of a message.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Message {
    /// Where it was said.
    pub conversation_id: ConversationId,
    /// Its place there.
    pub offset: u64,
    /// Its text.
    pub content: String,
}

/// Not a packet of the protocol, or one this tool has no use for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct PacketError(String);

fn wrong(what: impl std::fmt::Display) -> PacketError {
    PacketError(what.to_string())
}

/// Reads one WebSocket text message.
///
/// # Errors
/// [`PacketError`] when it is no packet, or a binary one, or of another namespace.
pub fn read(payload: &[u8]) -> Result<Packet, PacketError> {
    let text = std::str::from_utf8(payload).map_err(wrong)?;
    match text.split_at_checked(1) {
        Some(("0", _)) => Ok(Packet::Open),
        Some(("1", _)) => Ok(Packet::End),
        Some(("2", "")) => Ok(Packet::Ping),
        Some(("4", packet)) => socket_packet(packet),
        Some(("6", "")) => Ok(Packet::Other),
        _ => Err(wrong("no packet of Engine.IO")),
    }
}

fn socket_packet(packet: &str) -> Result<Packet, PacketError> {
    let (kind, rest) = packet.split_at_checked(1).ok_or_else(|| wrong("an empty message"))?;
    if rest.starts_with('/') {
        return Err(wrong("a namespace nobody asked for"));
    }
    match kind {
        "0" => Ok(Packet::Connected),
        "1" => Ok(Packet::End),
        "2" => event(numbered(rest)?.1),
        "3" => match numbered(rest)? {
            (Some(id), data) => answer(id, data),
            (None, _) => Err(wrong("an acknowledgement without a number")),
        },
        "4" => Ok(Packet::Refused(rest.to_owned())),
        _ => Err(wrong("a binary or unknown packet")),
    }
}

/// The number in front of a packet's data.
fn numbered(rest: &str) -> Result<(Option<u32>, &str), PacketError> {
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let (digits, data) = rest.split_at(end);
    if digits.is_empty() {
        return Ok((None, data));
    }
    Ok((Some(digits.parse().map_err(wrong)?), data))
}

/// A message is `["new-message", {…}]`; servers may add arguments behind.
fn event(data: &str) -> Result<Packet, PacketError> {
    let mut arguments = serde_json::from_str::<Vec<Value>>(data).map_err(wrong)?.into_iter();
    let name = arguments.next();
    let name = name.as_ref().and_then(Value::as_str).ok_or_else(|| wrong("an event without a name"))?;
    match (name, arguments.next()) {
        (NEW_MESSAGE, Some(argument)) => Ok(Packet::Message(serde_json::from_value(argument).map_err(wrong)?)),
        _ => Ok(Packet::Other),
    }
}

fn answer(id: u32, data: &str) -> Result<Packet, PacketError> {
    let (answer,): (Answer,) = serde_json::from_str(data).map_err(wrong)?;
    Ok(Packet::Ack(id, answer))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Join {
    conversation_id: ConversationId,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Send<'a> {
    conversation_id: ConversationId,
    content: &'a str,
    r#type: &'a str,
    client_ref: &'a str,
}

/// CONNECT with a token.
///
/// # Errors
/// Never in practice: our own types always encode.
pub fn connect(token: &str) -> Result<Vec<u8>, serde_json::Error> {
    let auth = serde_json::json!({ "token": token });
    Ok(format!("40{auth}").into_bytes())
}

fn numbered_event(id: u32, name: &str, argument: &impl Serialize) -> Result<Vec<u8>, serde_json::Error> {
    let mut payload = format!("42{id}").into_bytes();
    serde_json::to_writer(&mut payload, &(name, argument))?;
    Ok(payload)
}

/// `join-conversation`.
///
/// # Errors
/// As [`connect`].
pub fn join(id: u32, conversation_id: ConversationId) -> Result<Vec<u8>, serde_json::Error> {
    numbered_event(id, JOIN, &Join { conversation_id })
}

/// `send-message` of a text with a marker, its client ref made of the same marker.
///
/// # Errors
/// As [`connect`].
pub fn send(id: u32, conversation_id: ConversationId, marker: u64, bytes: usize) -> Result<Vec<u8>, serde_json::Error> {
    let (content, client_ref) = (super::text(marker, bytes), super::client_ref(marker));
    numbered_event(id, SEND, &Send { conversation_id, content: &content, r#type: "text", client_ref: &client_ref })
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    const ROOM: &str = "0190b5a0-0000-7000-8000-000000000001";

    fn room() -> ConversationId {
        ROOM.parse().unwrap()
    }

    #[test]
    fn what_is_said_is_an_event_with_a_number() {
        assert_eq!(String::from_utf8(connect("a\"b").unwrap()).unwrap(), r#"40{"token":"a\"b"}"#);
        let joined = String::from_utf8(join(12, room()).unwrap()).unwrap();
        assert_eq!(joined, format!(r#"4212["join-conversation",{{"conversationId":"{ROOM}"}}]"#));
        let sent = String::from_utf8(send(3, room(), 9, 20).unwrap()).unwrap();
        let data: serde_json::Value = serde_json::from_str(sent.strip_prefix("423").unwrap()).unwrap();
        assert_eq!(data[0], "send-message");
        assert_eq!((&data[1]["type"], data[1]["content"].as_str().map(str::len)), (&"text".into(), Some(20)));
        assert_eq!(data[1]["clientRef"], "0000000000000009");
    }

    #[test]
    fn a_message_is_read_whatever_else_is_said() {
        let text =
            format!(r#"42["new-message",{{"id":"x","conversationId":"{ROOM}","offset":7,"content":"hello"}},"x"]"#);
        let Ok(Packet::Message(message)) = read(text.as_bytes()) else { panic!("{text}") };
        assert_eq!((message.conversation_id, message.offset, message.content.as_str()), (room(), 7, "hello"));
    }

    #[test]
    fn acknowledgements_carry_their_number_and_what_they_say() {
        let Ok(Packet::Ack(41, joined)) = read(br#"4341[{"ok":true,"head":5}]"#) else { panic!() };
        assert_eq!((joined.ok, joined.head), (true, Some(5)));
        let Ok(Packet::Ack(2, sent)) = read(br#"432[{"ok":true,"offset":6,"messageId":"x"}]"#) else { panic!() };
        assert_eq!((sent.offset, sent.duplicate), (Some(6), false));
        let Ok(Packet::Ack(2, refused)) = read(br#"432[{"ok":false,"error":{"code":"busy"}}]"#) else { panic!() };
        assert_eq!(refused.error.unwrap()["code"], "busy");
    }

    #[test]
    fn the_frame_of_a_session_is_read() {
        assert!(matches!(read(br#"0{"sid":"a"}"#), Ok(Packet::Open)));
        assert!(matches!(read(br#"40{"sid":"a","pid":"b"}"#), Ok(Packet::Connected)));
        assert!(matches!(read(br#"44{"message":"no"}"#), Ok(Packet::Refused(_))));
        assert!(matches!(read(b"2"), Ok(Packet::Ping)));
        assert!(matches!(read(b"41"), Ok(Packet::End)));
        assert!(matches!(read(br#"42["online-users",[]]"#), Ok(Packet::Other)));
    }

    #[test]
    fn what_is_no_packet_is_refused() {
        let bad = [
            "",
            "9",
            "4",
            "2x",
            "42",
            "42[]",
            "42{}",
            "42[1]",
            "43[{}]",
            "4399999999999[]",
            "42/a,[\"b\"]",
            "451-[]",
            "47",
        ];
        for bad in bad {
            assert!(read(bad.as_bytes()).is_err(), "{bad}");
        }
        assert!(read(&[0xFF]).is_err());
        let missing = format!(r#"42["new-message",{{"conversationId":"{}"}}]"#, Uuid::nil());
        assert!(read(missing.as_bytes()).is_err());
    }
}
