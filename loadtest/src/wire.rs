//! What the generator says and understands: the native protocol in both codecs, Socket.IO, and the yardstick's raw payloads.

pub mod socketio;

use crate::book::{Body, TopicIndex};
use crate::frame;
use crate::names;
use crate::yardstick;
use plenum_schema::codec::{self, Codec, DecodeError};
use plenum_schema::content::Content;
use plenum_schema::conversation::{ConversationEvent, Message};
use plenum_schema::id::{ConversationId, EntryId, QuestionId, UserId};
use plenum_schema::poll::Answer;
use plenum_schema::topic::Topic;
use plenum_schema::wire::{
    ClientFrame, ClientInfo, Command, Event, EventFrame, History, Identify, Send, ServerFrame, Subscribe, Vote,
};
use uuid::Uuid;

/// Hex digits in front of each text: the message's marker, unique in a run.
const MARKER_DIGITS: usize = 16;

/// How one connection talks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// `plenum.v1` in one of its codecs.
    Plenum(Codec),
    /// Socket.IO with its JSON parser, in the hyphen vocabulary.
    SocketIo,
    /// The yardstick's raw payloads; `member` also receives.
    Raw {
        /// Receives what is sent to its room.
        member: bool,
    },
}

impl Dialect {
    /// 0 or 1: which of the book's encodings this is.
    #[must_use]
    pub fn encoding(self) -> usize {
        usize::from(self == Self::Plenum(Codec::MessagePack))
    }

    /// The frame opcode of its messages.
    #[must_use]
    pub fn opcode(self) -> u8 {
        match self {
            Self::Plenum(Codec::Json) | Self::SocketIo => frame::TEXT,
            Self::Plenum(Codec::MessagePack) | Self::Raw { .. } => frame::BINARY,
        }
    }

    /// Its sub-protocol.
    #[must_use]
    pub fn protocol(self) -> Option<&'static str> {
        match self {
            Self::Plenum(Codec::Json) => Some(plenum_schema::wire::SUBPROTOCOL_JSON),
            Self::Plenum(Codec::MessagePack) => Some(plenum_schema::wire::SUBPROTOCOL_MSGPACK),
            Self::SocketIo | Self::Raw { .. } => None,
        }
    }

    /// Its path; the yardstick's names the room.
    #[must_use]
    pub fn path(self, room: TopicIndex) -> String {
        match self {
            Self::Plenum(_) => plenum_schema::wire::PATH.to_owned(),
            Self::SocketIo => socketio::PATH.to_owned(),
            Self::Raw { member: true } => format!("{}{room}", yardstick::MEMBER_PATH),
            Self::Raw { member: false } => format!("{}{room}", yardstick::SENDER_PATH),
        }
    }
}

/// A text of `bytes` bytes that starts with `marker`.
#[must_use]
pub fn text(marker: u64, bytes: usize) -> String {
    let mut text = format!("{marker:016x}");
    text.extend(
        "the quick brown fox jumps over the lazy dog ".chars().cycle().take(bytes.saturating_sub(MARKER_DIGITS)),
    );
    text
}

/// The marker a text starts with.
#[must_use]
pub fn marker_of(text: &str) -> Option<u64> {
    u64::from_str_radix(text.get(..MARKER_DIGITS)?, 16).ok()
}

/// The first of 16 million markers that no other run, and no other round of this run, uses: client refs are remembered
/// for ever, so a marker that comes again would be answered as a repetition.
#[must_use]
pub fn fresh_markers() -> u64 {
    let (random, _) = uuid::Uuid::new_v4().as_u64_pair();
    random & !0xFF_FFFF
}

/// The client reference of a marker.
#[must_use]
pub fn client_ref(marker: u64) -> String {
    format!("{marker:016x}")
}

fn command(codec: Codec, id: u32, command: Command) -> Result<Vec<u8>, DecodeError> {
    codec::encode(codec, &ClientFrame { id, command })
}

/// `identify`.
///
/// # Errors
/// Never in practice: our own types always encode.
pub fn identify(codec: Codec, id: u32, token: &str) -> Result<Vec<u8>, DecodeError> {
    let client = Some(ClientInfo { name: names::CLIENT.to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() });
    command(codec, id, Command::Identify(Identify { token: token.to_owned(), client }))
}

/// `subscribe`, from a position or from now.
///
/// # Errors
/// As [`identify`].
pub fn subscribe(codec: Codec, id: u32, topic: Topic, since: Option<u64>) -> Result<Vec<u8>, DecodeError> {
    command(codec, id, Command::Subscribe(Subscribe { topic, since }))
}

/// `vote` for one option.
///
/// # Errors
/// As [`identify`].
pub fn vote(codec: Codec, id: u32, question: QuestionId, option: u16, sequence: u32) -> Result<Vec<u8>, DecodeError> {
    let answer = Answer::Choice(vec![option]);
    command(codec, id, Command::Vote(Vote { question, answer, pressed_after_ms: None, sequence: Some(sequence) }))
}

/// `send` of a text with a marker, its client ref made of the same marker.
///
/// # Errors
/// As [`identify`].
pub fn send(codec: Codec, id: u32, topic: Topic, marker: u64, bytes: usize) -> Result<Vec<u8>, DecodeError> {
    let content = Content::text(text(marker, bytes));
    command(codec, id, Command::Send(Send { topic, client_ref: Some(client_ref(marker)), content }))
}

/// A message in the dialect of its sender.
///
/// # Errors
/// As [`identify`]; also for the yardstick, whose messages are made with [`raw`].
pub fn say(dialect: Dialect, id: u32, topic: Topic, marker: u64, bytes: usize) -> Result<Vec<u8>, DecodeError> {
    match (dialect, topic) {
        (Dialect::Plenum(codec), _) => send(codec, id, topic, marker, bytes),
        (Dialect::SocketIo, Topic::Conversation(conversation)) => {
            socketio::send(id, conversation, marker, bytes).map_err(|error| DecodeError::Shape(error.to_string()))
        }
        _ => Err(DecodeError::Shape(format!("{dialect:?} says nothing to {topic}"))),
    }
}

/// `send` whose payload is exactly `total` bytes long (where that is more than an empty message).
///
/// # Errors
/// As [`identify`].
pub fn send_of_size(codec: Codec, id: u32, topic: Topic, marker: u64, total: usize) -> Result<Vec<u8>, DecodeError> {
    let first = send(codec, id, topic, marker, total)?;
    // A second try with the text shortened by what was around it; headers may shrink with it, hence the third.
    let second = total.saturating_sub(first.len() - total);
    let third = second + total.saturating_sub(send(codec, id, topic, marker, second)?.len());
    send(codec, id, topic, marker, third)
}

/// `history` after an offset.
///
/// # Errors
/// As [`identify`].
pub fn history(codec: Codec, id: u32, topic: Topic, after: u64, limit: u32) -> Result<Vec<u8>, DecodeError> {
    command(codec, id, Command::History(History { topic, before: None, after: Some(after), limit: Some(limit) }))
}

/// A yardstick payload: room, offset and marker, filled up to `bytes`.
#[must_use]
pub fn raw(room: TopicIndex, offset: u64, marker: u64, bytes: usize) -> Vec<u8> {
    let mut payload = format!("{room:08x}{offset:016x}{marker:016x}").into_bytes();
    payload.resize(bytes.max(payload.len()), b'.');
    payload
}

/// What a yardstick payload says: room, offset, marker.
#[must_use]
pub fn read_raw(payload: &[u8]) -> Option<(TopicIndex, u64, u64)> {
    let head = std::str::from_utf8(payload.get(..40)?).ok()?;
    let room = u32::from_str_radix(head.get(..8)?, 16).ok()?;
    let offset = u64::from_str_radix(head.get(8..24)?, 16).ok()?;
    Some((room, offset, u64::from_str_radix(head.get(24..40)?, 16).ok()?))
}

/// The message in an event, if it is one.
#[must_use]
pub fn message_of(event: &EventFrame) -> Option<&Message> {
    match &event.event {
        Event::Conversation(ConversationEvent::Message(message)) => Some(message),
        Event::Conversation(_) | Event::Conference(_) => None,
    }
}

/// The body the book keeps of an event, and its marker.
#[must_use]
pub fn body_of(event: EventFrame) -> (Body, Option<u64>) {
    let marker = message_of(&event).and_then(|message| marker_of(&message.content.text));
    (Body::Event(Box::new(event)), marker)
}

/// Payload bytes of the event frame that a message with a text of `text_bytes` becomes: the yardstick sends frames of
/// this size, so that both servers move the same bytes.
#[must_use]
pub fn event_bytes(codec: Codec, text_bytes: usize) -> usize {
    let id = Uuid::from_u128(u128::MAX / 3);
    let message = Message {
        id: EntryId(id),
        author: UserId(id),
        number: 1_000,
        content: Content::text(text(1, text_bytes)),
        client_ref: Some(client_ref(1)),
        direct: false,
    };
    let event = Event::Conversation(ConversationEvent::Message(message));
    let topic = Topic::Conversation(ConversationId(id));
    let frame = ServerFrame::Event(EventFrame { topic, offset: 1_001, at: 1_700_000_000_000, event });
    codec::encode(codec, &frame).map_or(0, |bytes| bytes.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_has_its_size_and_its_marker() {
        assert_eq!(text(77, 128).len(), 128);
        assert_eq!(marker_of(&text(77, 128)), Some(77));
        assert_eq!(marker_of("short"), None);
    }

    #[test]
    fn a_raw_payload_reads_back() {
        let payload = raw(3, 4, 5, 200);
        assert_eq!(payload.len(), 200);
        assert_eq!(read_raw(&payload), Some((3, 4, 5)));
        assert_eq!(read_raw(&payload[..39]), None);
    }

    #[test]
    fn a_send_command_is_what_the_schema_reads() {
        let topic = Topic::Conversation(ConversationId(Uuid::from_u128(1)));
        for codec in [Codec::Json, Codec::MessagePack] {
            let bytes = send(codec, 7, topic, 9, 128).unwrap();
            let frame: ClientFrame = codec::decode(codec, &bytes).unwrap();
            assert_eq!(frame.id, 7);
            assert!(matches!(frame.command, Command::Send(send) if marker_of(&send.content.text) == Some(9)));
        }
    }

    #[test]
    fn a_send_of_a_size_has_that_size() {
        let topic = Topic::Conversation(ConversationId(Uuid::from_u128(1)));
        for codec in [Codec::Json, Codec::MessagePack] {
            assert_eq!(send_of_size(codec, 7, topic, 9, 65_536).unwrap().len(), 65_536);
        }
    }

    #[test]
    fn an_event_frame_is_larger_than_its_text_and_smaller_in_messagepack() {
        assert!(event_bytes(Codec::Json, 128) > event_bytes(Codec::MessagePack, 128));
        assert!(event_bytes(Codec::MessagePack, 128) > 128);
    }
}
