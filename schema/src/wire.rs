//! The native protocol `plenum.v1`: one frame is one JSON document or one MessagePack map with the same members.
//!
//! Enums are tagged externally (`{"send": {…}}`): the form that decodes fastest and the only one that is strict in both
//! codecs. Unknown members are refused. `docs/protocol.md` explains every frame; its examples are read by a test.

mod client;
mod close;
mod conference;
mod market;
mod notices;
mod server;
mod status_board;

pub use client::{
    ClientFrame, ClientInfo, Command, Delete, Edit, History, Identify, Mark, Ping, React, Send, SendDirect, Subscribe,
    Typing, Unreact, Unsubscribe,
};
pub use close::CloseCode;
pub use conference::{
    AskQuestion, BoardChange, ConferenceChange, ConferenceQuestion, LiveReaction, LiveReactions, ModerateQuestion,
    ReactLive, ReplyTo, ShowResults, Upvote, Vote, Voted, Withdraw,
};
pub use market::{OrderState, OrderUpdated};
pub use notices::{ConversationChange, ConversationUpdated, Notification, PresenceSignal, UnreadSignal};
pub use server::{
    Ack, AckResult, CaughtUp, Changed, ConversationAdded, Event, EventFrame, Gap, GapReason, Goodbye, Heartbeat,
    HeartbeatAdvice, Hello, Identified, Limits, Marked, MarksSignal, MessageState, Page, Pong, ReactionCount,
    ReconnectAdvice, RefusalFrame, RoomStats, Sent, ServerFrame, Signal, SignalFrame, Subscribed, TypingSignal,
    Unsubscribed,
};
pub use status_board::{DomainChecked, StatusListChanged};

/// The sub-protocol that speaks JSON in text frames.
pub const SUBPROTOCOL_JSON: &str = "plenum.v1.json";
/// The sub-protocol that speaks MessagePack in binary frames.
pub const SUBPROTOCOL_MSGPACK: &str = "plenum.v1.msgpack";
/// What `hello` calls this protocol.
pub const PROTOCOL: &str = "plenum.v1";
/// Where the native protocol listens.
pub const PATH: &str = "/ws";
