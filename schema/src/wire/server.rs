//! What the server says.

use super::conference::{BoardChange, ConferenceChange, LiveReactions, Voted};
use super::market::OrderUpdated;
use super::notices::{ConversationUpdated, Notification, PresenceSignal, UnreadSignal};
use super::status_board::{DomainChecked, StatusListChanged};
use crate::board::BoardSignal;
use crate::conference::{Audience, ConferenceEvent};
use crate::conversation::ConversationEvent;
use crate::id::{ConnectionId, MessageId, SessionId, UserId};
use crate::log::Offset;
use crate::poll::Results;
use crate::refusal::Refusal;
use crate::topic::Topic;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A frame from the server.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ServerFrame {
    /// First frame on every connection.
    Hello(Hello),
    /// A command was carried out.
    Ack(Ack),
    /// A command was not carried out, or a frame could not be read.
    Refusal(RefusalFrame),
    /// A durable event of a topic, with its offset.
    Event(EventFrame),
    /// Something short-lived on a topic: no offset, not stored, dropped first under load.
    Signal(SignalFrame),
    /// Offsets that can no longer be delivered.
    Gap(Gap),
    /// Everything missed on a topic has been delivered; what follows is live.
    CaughtUp(CaughtUp),
    /// Still here, with the top offset of each subscribed topic.
    Heartbeat(Heartbeat),
    /// The server is about to close, with advice when to come back.
    Goodbye(Goodbye),
}

/// First frame on every connection.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Hello {
    /// `plenum.v1`.
    pub protocol: String,
    /// The server's name and version.
    pub server: String,
    /// This connection's id; quote it in support requests.
    pub connection: ConnectionId,
    /// What the server accepts.
    pub limits: Limits,
    /// How liveness works.
    pub heartbeat: HeartbeatAdvice,
    /// How to come back.
    pub reconnect: ReconnectAdvice,
}

/// What the server accepts on this connection.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Limits {
    /// Largest message from the client, bytes.
    pub message_bytes: u32,
    /// Largest text of a sent message, bytes of UTF-8.
    pub text_bytes: u32,
    /// Topics one connection may subscribe to.
    pub topics: u32,
    /// Commands without an answer one connection may have.
    pub commands_in_flight: u32,
    /// Events per history page.
    pub page_events: u32,
    /// Sustained commands a second; bursts of twice as many are accepted.
    pub commands_per_second: u32,
    /// Milliseconds after which a connection without `identify` is closed.
    pub identify_within_ms: u32,
}

/// How liveness works: the server sends a WebSocket ping and a `heartbeat` every interval.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HeartbeatAdvice {
    /// Milliseconds between heart-beats of the server.
    pub interval_ms: u32,
    /// A peer silent for this many milliseconds is taken for dead, on both sides.
    pub timeout_ms: u32,
}

/// How to come back after an unexpected end: wait a random time between `minDelayMs` and twice that, doubling up to `maxDelayMs`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReconnectAdvice {
    /// First delay, milliseconds.
    pub min_delay_ms: u32,
    /// Longest delay, milliseconds.
    pub max_delay_ms: u32,
}

/// A command was carried out.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Ack {
    /// The command's id.
    pub id: u32,
    /// What came of it.
    pub result: AckResult,
}

/// What came of a command: one variant a command.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum AckResult {
    /// Answers `identify`.
    Identified(Identified),
    /// Answers `subscribe`. Comes before the topic's first event.
    Subscribed(Subscribed),
    /// Answers `unsubscribe`. No event of the topic follows.
    Unsubscribed(Unsubscribed),
    /// Answers `send` and `sendDirect`: the message is on disk.
    Sent(Sent),
    /// Answers `edit`, `delete`, `react` and `unreact`: the change is on disk.
    Changed(Changed),
    /// Answers `history`.
    Page(Page),
    /// Answers `mark`.
    Marked(Marked),
    /// Answers `vote` and `withdraw`: it is on disk and counts.
    Voted(Voted),
    /// Answers `pushQuestion`, `closeQuestion` and `showResults`.
    ConferenceChanged(ConferenceChange),
    /// Answers `ask`, `upvote` and `reply`.
    BoardChanged(BoardChange),
    /// Answers `ping` and `typing`.
    Pong(Pong),
}

/// Who you are now.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Identified {
    /// Your account.
    pub user: UserId,
    /// Your session; when it ends the connection ends within a second.
    pub session: SessionId,
    /// When the token expires, milliseconds since 1970; the connection is closed then.
    pub expires_at: i64,
}

/// You receive a topic.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Subscribed {
    /// The topic.
    pub topic: Topic,
    /// The topic's newest offset at this moment; 0 when it has none.
    pub head: Offset,
    /// Delivery continues after this offset: your `since`, or the head.
    pub since: Offset,
}

/// You no longer receive a topic.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Unsubscribed {
    /// The topic.
    pub topic: Topic,
}

/// Your message is on disk.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Sent {
    /// The topic.
    pub topic: Topic,
    /// Its offset: the first one, when this was a repetition.
    pub offset: Offset,
    /// Its id.
    pub message: MessageId,
    /// True when this `clientRef` had been sent before.
    pub duplicate: bool,
}

/// A message has been changed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Changed {
    /// The topic.
    pub topic: Topic,
    /// The message's offset.
    pub target: Offset,
    /// Where the change stands. When there was nothing to change: the message's newest change, or the message itself.
    pub offset: Offset,
    /// True when this had been done before, or was so already.
    pub duplicate: bool,
}

/// What became of a message since it was written, as the caller sees it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MessageState {
    /// The message's offset.
    pub target: Offset,
    /// When it was edited last, milliseconds since 1970; the page shows the text of then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edited_at: Option<i64>,
    /// When it was deleted, milliseconds since 1970; the page shows no content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted_at: Option<i64>,
    /// Its reactions, in the order of their first appearance.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reactions: Vec<ReactionCount>,
}

/// How many people have a reaction.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReactionCount {
    /// Which.
    pub emoji: String,
    /// How many people.
    pub count: u32,
    /// Whether you are one of them.
    pub mine: bool,
}

/// A page of events, oldest first.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Page {
    /// The topic.
    pub topic: Topic,
    /// Events in offset order.
    pub events: Vec<EventFrame>,
    /// The topic's newest offset.
    pub head: Offset,
    /// The oldest offset that still exists; 1 unless retention removed some.
    pub first: Offset,
    /// What became of those messages of the page that were changed since they were written, in offset order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub states: Vec<MessageState>,
}

/// Your marks after the command.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Marked {
    /// The topic.
    pub topic: Topic,
    /// Delivered up to here.
    pub delivered: Offset,
    /// Read up to here.
    pub read: Offset,
}

/// The answer to `ping` and `typing`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Pong {
    /// The server's clock, milliseconds since 1970.
    pub at: i64,
}

/// A command was not carried out, or a frame could not be read.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RefusalFrame {
    /// The command's id; absent when the frame was unreadable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<u32>,
    /// Why.
    pub refusal: Refusal,
}

/// A durable event.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EventFrame {
    /// The topic.
    pub topic: Topic,
    /// Its place; every topic counts from 1 without holes.
    pub offset: Offset,
    /// When it was written, milliseconds since 1970. For display: order is the offset's.
    pub at: i64,
    /// What happened.
    pub event: Event,
}

/// What happened, by the kind of topic.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Event {
    /// In a conversation.
    Conversation(ConversationEvent),
    /// In a conference.
    Conference(ConferenceEvent),
}

/// Something short-lived.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SignalFrame {
    /// The topic.
    pub topic: Topic,
    /// What.
    pub signal: Signal,
}

/// The short-lived things.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Signal {
    /// Somebody is typing, or stopped.
    Typing(TypingSignal),
    /// Somebody received or read up to an offset.
    Marks(MarksSignal),
    /// How many people are in a room, after somebody has come or gone.
    RoomStats(RoomStats),
    /// On `user:<id>`: you are now in this conversation.
    ConversationAdded(ConversationAdded),
    /// On `user:<id>`: title, members or your being in it have changed.
    ConversationUpdated(ConversationUpdated),
    /// On `user:<id>`: how much of a conversation you have not read.
    Unread(UnreadSignal),
    /// On `user:<id>`: something worth telling.
    Notification(Notification),
    /// On `presence:<id>`: somebody came or went. Also sent to whoever subscribes, right behind the ack.
    Presence(PresenceSignal),
    /// On `poll:<id>`, `pollVoted:<id>` and `pollHost:<id>`: how a question stands. Also right behind the ack of `subscribe`.
    Results(Box<Results>),
    /// On `conference:<id>`: how many people are there.
    Audience(Audience),
    /// On `conference:<id>`: how often the audience has just reacted.
    Reactions(LiveReactions),
    /// On `board:<id>` and `boardHost:<id>`: the audience's questions. Also right behind the ack of `subscribe`.
    Board(Box<BoardSignal>),
    /// On `status:all`: a domain was checked.
    DomainChecked(DomainChecked),
    /// On `status:all`: brands or domains were made, changed or removed.
    StatusListChanged(StatusListChanged),
    /// On `user:<id>`: an order that you made or received has another state.
    OrderUpdated(OrderUpdated),
}

/// Somebody is typing, or stopped.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TypingSignal {
    /// Who.
    pub user: UserId,
    /// Typing now, or stopped.
    pub active: bool,
}

/// Somebody received or read up to an offset.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MarksSignal {
    /// Who.
    pub user: UserId,
    /// Delivered up to here.
    pub delivered: Offset,
    /// Read up to here.
    pub read: Offset,
    /// The newest message that was delivered. Absent when there is none, or when this mark was not the one that moved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivered_message: Option<MessageId>,
    /// The newest message that was read; absent as `delivered_message` is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_message: Option<MessageId>,
    /// When one of them moved, milliseconds since 1970.
    pub at: i64,
}

/// How many people are in a room.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RoomStats {
    /// Its members.
    pub members: u32,
    /// How many of them were online at that moment; absent in rooms of more than 1,000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub online: Option<u32>,
}

/// You are now in this conversation.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ConversationAdded {
    /// Its topic.
    pub conversation: Topic,
}

/// Offsets that can no longer be delivered.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Gap {
    /// The topic.
    pub topic: Topic,
    /// First missing offset.
    pub from: Offset,
    /// Last missing offset; delivery continues after it.
    pub to: Offset,
    /// Why they are missing.
    pub reason: GapReason,
}

/// Why offsets are missing.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum GapReason {
    /// Removed by the retention the operator configured.
    Retention,
}

/// Everything missed has been delivered.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CaughtUp {
    /// The topic.
    pub topic: Topic,
    /// Delivered up to here.
    pub position: Offset,
}

/// Still here.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Heartbeat {
    /// The server's clock, milliseconds since 1970.
    pub at: i64,
    /// Topic → newest offset. A client that is below asks again with `subscribe` and `since`.
    pub tops: BTreeMap<Topic, Offset>,
}

/// The server is about to close.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Goodbye {
    /// The close code that follows.
    pub code: u16,
    /// One sentence.
    pub reason: String,
    /// Come back after this many milliseconds; absent: do not come back with the same token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
    /// Topic → the last offset handed to this connection: `subscribe` with it as `since`.
    pub positions: BTreeMap<Topic, Offset>,
}
