//! What happens in a conversation, as it is stored in the log and sent to subscribers.

use crate::content::{Content, ContentKind};
use crate::id::{MessageId, UserId};
use crate::log::Offset;
use crate::room::{RoomChanged, RoomClosed, RoomInfo};
use serde::{Deserialize, Serialize};

/// Direct (two people, always the same conversation), group or room.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ConversationKind {
    /// Two people (or one, writing to themself).
    Direct,
    /// Any number up to the configured limit.
    Group,
    /// A group with places that people find and join by themselves, or are added to.
    Room,
}

/// What a member may do.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Role {
    /// Reads and writes.
    Member,
    /// Adds and removes members, changes the title.
    Admin,
    /// As admin; cannot be removed.
    Owner,
}

/// One durable event of a conversation. Each has an offset; all subscribers see all of them in offset order.
///
/// Stored for ever: only add variants and optional members, never change or remove one.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ConversationEvent {
    /// Always at offset 1.
    Created(Created),
    /// Somebody wrote.
    Message(Message),
    /// Somebody joined or was added.
    MemberAdded(MemberAdded),
    /// Somebody left or was removed.
    MemberRemoved(MemberRemoved),
    /// The title changed.
    TitleChanged(TitleChanged),
    /// A message's author gave it another text.
    MessageEdited(MessageEdited),
    /// A message was deleted: its content, and that of its edits, is handed out no more.
    MessageDeleted(MessageDeleted),
    /// Somebody reacted to a message.
    ReactionAdded(ReactionAdded),
    /// Somebody took a reaction back.
    ReactionRemoved(ReactionRemoved),
    /// A room's name or something else about it changed.
    RoomChanged(RoomChanged),
    /// A room was closed for ever.
    RoomClosed(RoomClosed),
    /// One of the two people of a direct conversation blocked the other, or took it back.
    BlockChanged(BlockChanged),
}

impl ConversationEvent {
    /// The offset of the earlier message that the event changes.
    #[must_use]
    pub fn target(&self) -> Option<Offset> {
        match self {
            Self::MessageEdited(edited) => Some(edited.target),
            Self::MessageDeleted(deleted) => Some(deleted.target),
            Self::ReactionAdded(added) => Some(added.target),
            Self::ReactionRemoved(removed) => Some(removed.target),
            Self::Created(_)
            | Self::Message(_)
            | Self::MemberAdded(_)
            | Self::MemberRemoved(_)
            | Self::TitleChanged(_)
            | Self::RoomChanged(_)
            | Self::RoomClosed(_)
            | Self::BlockChanged(_) => None,
        }
    }
}

/// The conversation exists from here on.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Created {
    /// Direct, group or room.
    pub kind: ConversationKind,
    /// Title; only groups have one, and rooms: their name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Who created it: the owner of a group.
    pub by: UserId,
    /// All first members, the creator among them.
    pub members: Vec<UserId>,
    /// What a room is; only rooms have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room: Option<RoomInfo>,
}

/// A message.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Message {
    /// The message's id: for one sent with a client ref it is derived from author and ref, so a retry has the same.
    pub id: MessageId,
    /// Who wrote it.
    pub author: UserId,
    /// 1 for the conversation's first message, counting messages only (offsets count every event).
    pub number: u64,
    /// What it says.
    pub content: Content,
    /// The author's own reference, given back so that their devices recognise what they sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_ref: Option<String>,
    /// Whether the conversation is a direct one: some clients tell such messages apart. False in what was written before this stood
    /// here.
    #[serde(default, skip_serializing_if = "is_false")]
    pub direct: bool,
}

/// What a change tells of the message it is about, for clients that do not have it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Original {
    /// Who wrote it.
    pub author: UserId,
    /// When, milliseconds since 1970. For display.
    pub at: i64,
    /// What it is, beside or instead of text.
    #[serde(default, skip_serializing_if = "ContentKind::is_text")]
    pub kind: ContentKind,
}

/// How a conversation stands after its people or its title changed, for clients whose lists show it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ConversationNow {
    /// Direct, group or room.
    pub kind: ConversationKind,
    /// Title of a group, name of a room.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// All members, where there are at most [`DIGEST_MEMBERS`]; nobody where there are more.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<UserId>,
    /// How many members there are.
    pub member_count: u64,
}

/// Somebody joined or was added.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MemberAdded {
    /// Who.
    pub user: UserId,
    /// With which role.
    pub role: Role,
    /// By whom.
    pub by: UserId,
    /// Whether they were a member already and only their role has changed. False in what was written before this stood here.
    #[serde(default, skip_serializing_if = "is_false")]
    pub known: bool,
    /// How the conversation stands then; absent in what was written before this stood here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub now: Option<Box<ConversationNow>>,
}

/// Somebody left or was removed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MemberRemoved {
    /// Who.
    pub user: UserId,
    /// By whom; the same as `user` when they left.
    pub by: UserId,
    /// How the conversation stands then; absent in what was written before this stood here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub now: Option<Box<ConversationNow>>,
}

/// The title changed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TitleChanged {
    /// The new title.
    pub title: String,
    /// By whom.
    pub by: UserId,
    /// How the conversation stands then; absent in what was written before this stood here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub now: Option<Box<ConversationNow>>,
}

/// A message's author gave it another text. The message keeps its offset, number and id.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MessageEdited {
    /// The message's offset.
    pub target: Offset,
    /// The message's id; absent in what was written before ids stood here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<MessageId>,
    /// Its author.
    pub by: UserId,
    /// What it says now.
    pub content: Content,
    /// What it is about; absent in what was written before this stood here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub original: Option<Original>,
}

/// A message was deleted.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MessageDeleted {
    /// The message's offset.
    pub target: Offset,
    /// The message's id; absent in what was written before ids stood here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<MessageId>,
    /// By whom: its author, or an admin or the owner of the conversation.
    pub by: UserId,
    /// What it is about; absent in what was written before this stood here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub original: Option<Original>,
}

/// Somebody reacted to a message. A person has each reaction once: a second one changes nothing.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReactionAdded {
    /// The message's offset.
    pub target: Offset,
    /// The message's id; absent in what was written before ids stood here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<MessageId>,
    /// Who.
    pub by: UserId,
    /// With what: 1 to [`EMOJI_BYTES`] bytes, compared byte by byte.
    pub emoji: String,
    /// What it is about; absent in what was written before this stood here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub original: Option<Original>,
}

/// Somebody took a reaction back.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReactionRemoved {
    /// The message's offset.
    pub target: Offset,
    /// The message's id; absent in what was written before ids stood here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<MessageId>,
    /// Who.
    pub by: UserId,
    /// Which.
    pub emoji: String,
    /// What it is about; absent in what was written before this stood here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub original: Option<Original>,
}

/// One of the two people of a direct conversation blocked the other, or took it back. While one of them blocks nobody writes.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BlockChanged {
    /// Who.
    pub by: UserId,
    /// From now on, or no longer.
    pub blocked: bool,
}

/// Longest reaction, bytes of UTF-8.
pub const EMOJI_BYTES: usize = 64;

/// What the log keeps beside an event's offset and id. The stored form is one format byte and this as a MessagePack map.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Stored<E> {
    /// Wall-clock time at the node that wrote it, milliseconds since 1970. For display only; order is the offset's.
    pub at: i64,
    /// What happened.
    pub event: E,
}

/// The summary kept atomically with a conversation's head, so that a list of conversations costs one read each.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Digest {
    /// Direct or group; `None` while the log is empty.
    pub kind: Option<ConversationKind>,
    /// Title of a group.
    pub title: Option<String>,
    /// The first members, at most [`DIGEST_MEMBERS`].
    pub members: Vec<UserId>,
    /// How many members there are.
    pub member_count: u64,
    /// How many messages there are: the `number` of the last one.
    pub messages: u64,
    /// The last message, its text cut to [`DIGEST_TEXT_BYTES`].
    pub last: Option<LastMessage>,
    /// The last [`DIGEST_AUTHORS`] different authors, latest last. Writing counts as having seen everything before it,
    /// so `unread = messages - max(number read, own last number)`; whoever is not named here and may have written
    /// (the list is full) is looked up at the owner.
    pub authors: Vec<AuthorNumber>,
    /// The newest event that changed an earlier message; 0 when none did. What readers keep of such changes is complete
    /// when it reaches up to here.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub changed: Offset,
}

fn is_zero(offset: &Offset) -> bool {
    *offset == 0
}

fn is_false(flag: &bool) -> bool {
    !flag
}

/// How many authors a digest names.
pub const DIGEST_AUTHORS: usize = 8;

/// An author and the `number` of their last message.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AuthorNumber {
    /// Who.
    pub author: UserId,
    /// The number of their last message.
    pub number: u64,
}

/// How many members a digest names.
pub const DIGEST_MEMBERS: usize = 10;
/// How much of the last message's text a digest keeps, in bytes (cut at a character).
pub const DIGEST_TEXT_BYTES: usize = 160;

/// The last message of a conversation, shortened.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LastMessage {
    /// Its offset.
    pub offset: u64,
    /// Its id.
    pub id: MessageId,
    /// Its author.
    pub author: UserId,
    /// When, milliseconds since 1970.
    pub at: i64,
    /// The beginning of its text; empty when it was deleted.
    pub text: String,
    /// Whether it was deleted.
    #[serde(default, skip_serializing_if = "is_false")]
    pub deleted: bool,
}
