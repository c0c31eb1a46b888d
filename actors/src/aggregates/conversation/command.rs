//! What can be asked of a conversation, and what it answers.

use plenum_schema::conversation::{ConversationKind, Digest, Role};
use plenum_schema::room::RoomInfo;
use plenum_schema::wire::{Changed, Sent};
use plenum_schema::{Content, ContentKind, MessageId, Offset, UserId};
use serde::{Deserialize, Serialize};

/// What can be asked of a conversation. Whoever is not a member gets `notFound`, so that nothing tells whether it exists.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Command {
    /// Start it. Repeated by a member it answers `existing: true`.
    Create {
        /// Direct or group.
        kind: ConversationKind,
        /// Only for groups; a direct conversation has none.
        title: Option<String>,
        /// Who creates it: the owner of a group.
        by: UserId,
        /// All first members; the creator is added when missing. Direct: exactly the pair (or the creator alone).
        members: Vec<UserId>,
    },
    /// Write a message.
    Send {
        /// Who writes.
        author: UserId,
        /// Makes a repetition recognisable.
        client_ref: Option<String>,
        /// What it says.
        content: Content,
    },
    /// Make a room. Repeated by a member it answers `existing: true`.
    CreateRoom {
        /// Who makes it: its owner.
        by: UserId,
        /// Its name.
        title: String,
        /// What it is.
        info: RoomInfo,
    },
    /// Change what a room is.
    ChangeRoom {
        /// Who: an admin or the owner.
        by: UserId,
        /// Its name from now on.
        title: String,
        /// What it is from now on.
        info: RoomInfo,
        /// Only if it has this version: else `conflict` naming `version`.
        expected: Option<u64>,
    },
    /// Close a room for ever.
    CloseRoom {
        /// Who: its owner.
        by: UserId,
    },
    /// Block the other person of a direct conversation, or take it back.
    SetBlocked {
        /// Who.
        by: UserId,
        /// From now on, or no longer.
        blocked: bool,
    },
    /// Join a public room.
    Join {
        /// Who.
        user: UserId,
    },
    /// Ask what a room is.
    Room {
        /// Who asks; public rooms answer anybody.
        user: Option<UserId>,
    },
    /// Change a message: edit, delete, react.
    Change {
        /// Who.
        by: UserId,
        /// Makes a repetition of an edit recognisable.
        client_ref: Option<String>,
        /// What.
        change: Change,
        /// Which message, and what the log says about it.
        target: Target,
    },
    /// Add somebody to a group, or change the role of a member (never the owner's).
    AddMember {
        /// Who adds: an admin or the owner.
        by: UserId,
        /// Who is added.
        user: UserId,
        /// With which role; only the owner may name admins, nobody may name a second owner.
        role: Role,
    },
    /// Remove somebody from a group, or leave it.
    RemoveMember {
        /// Who removes: the member themself, or somebody with a higher role.
        by: UserId,
        /// Who goes.
        user: UserId,
    },
    /// Change a group's title.
    SetTitle {
        /// Who changes it: an admin or the owner.
        by: UserId,
        /// The new title.
        title: String,
    },
    /// Ask what a member may do and where the conversation stands.
    Access {
        /// Whose rights.
        user: UserId,
        /// The caller has heard of this offset: the answer is at least as new, if the log is. 0: of none.
        known: Offset,
    },
    /// Ask for the digest of now. For the node itself: whoever shows it to a person checks that they are a member.
    Digest,
    /// Ask for the members in order of their ids.
    Members {
        /// Who asks.
        user: UserId,
        /// Only members with a higher id.
        after: Option<UserId>,
        /// At most this many.
        limit: usize,
    },
}

impl Command {
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Create { .. } => "create",
            Self::Send { .. } => "send",
            Self::CreateRoom { .. } => "createRoom",
            Self::ChangeRoom { .. } => "changeRoom",
            Self::CloseRoom { .. } => "closeRoom",
            Self::Join { .. } => "join",
            Self::SetBlocked { .. } => "setBlocked",
            Self::Room { .. } => "room",
            Self::Change { change, .. } => match change {
                Change::Edit { .. } => "edit",
                Change::Delete => "delete",
                Change::React { .. } => "react",
                Change::Unreact { .. } => "unreact",
            },
            Self::AddMember { .. } => "addMember",
            Self::RemoveMember { .. } => "removeMember",
            Self::SetTitle { .. } => "setTitle",
            Self::Access { .. } => "access",
            Self::Digest => "digest",
            Self::Members { .. } => "members",
        }
    }

    pub(super) fn weight(&self) -> usize {
        size_of::<Self>()
            + match self {
                Self::Create { title, members, .. } => {
                    title.as_ref().map_or(0, String::len) + members.len() * size_of::<UserId>()
                }
                Self::Send { client_ref, content, .. } => {
                    client_ref.as_ref().map_or(0, String::len) + content.text.len()
                }
                Self::Change { client_ref, change, .. } => {
                    let text = match change {
                        Change::Edit { content } => content.text.len(),
                        Change::React { emoji } | Change::Unreact { emoji } => emoji.len(),
                        Change::Delete => 0,
                    };
                    client_ref.as_ref().map_or(0, String::len) + text
                }
                Self::SetTitle { title, .. } => title.len(),
                Self::CreateRoom { title, info, .. } | Self::ChangeRoom { title, info, .. } => {
                    title.len() + info.description.as_ref().map_or(0, String::len)
                }
                Self::AddMember { .. }
                | Self::RemoveMember { .. }
                | Self::CloseRoom { .. }
                | Self::SetBlocked { .. }
                | Self::Join { .. }
                | Self::Room { .. }
                | Self::Access { .. }
                | Self::Digest
                | Self::Members { .. } => 0,
            }
    }
}

/// A change of a message.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Change {
    /// Another text; only by its author.
    Edit {
        /// What it says from now on.
        content: Content,
    },
    /// Its content goes; by its author, or an admin or the owner.
    Delete,
    /// React to it.
    React {
        /// With what.
        emoji: String,
    },
    /// Take a reaction back.
    Unreact {
        /// Which.
        emoji: String,
    },
}

/// A message and what the log says about it up to `as_of`. The conversation keeps nothing for each of its messages, so whoever
/// asks for a change brings these facts; outdated ones are answered with [`Answer::Stale`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Target {
    /// The message's offset.
    pub offset: Offset,
    /// Its id.
    pub id: MessageId,
    /// Who wrote it.
    pub author: UserId,
    /// When, milliseconds since 1970.
    pub at: i64,
    /// What it is.
    pub kind: ContentKind,
    /// Every change of messages up to this offset is in the facts below.
    pub as_of: Offset,
    /// The newest change of the message; 0 without any.
    pub revision: Offset,
    /// It was deleted.
    pub is_deleted: bool,
    /// The change would change nothing: the text is that one, the caller has that reaction already (or has it not).
    pub is_so: bool,
    /// How many different reactions it has.
    pub kinds: usize,
    /// The wanted one is among them.
    pub has_kind: bool,
    /// How many reactions it has in all.
    pub reactions: usize,
}

/// What an accepted command answers.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Answer {
    /// Answers `Create`.
    Created {
        /// It had been created before; nothing changed.
        existing: bool,
        /// Who its members are now that it was found or made: at most the digest's first ten.
        members: Vec<UserId>,
    },
    /// Answers `Send`.
    Sent(Sent),
    /// Answers `Change`.
    MessageChanged {
        /// Where the change stands.
        changed: Changed,
        /// The newest change of any message before it.
        before: Offset,
    },
    /// Answers `Change`: the facts about the message are outdated. Read them again, up to `changed`, and repeat the command.
    Stale {
        /// The newest change of any message.
        changed: Offset,
    },
    /// Answers `AddMember`, `RemoveMember`, `SetTitle`, `SetBlocked`, `ChangeRoom`, `CloseRoom`, `Join`.
    Changed {
        /// Where the change stands; the head when there was nothing to change.
        offset: Offset,
    },
    /// Answers `Room`.
    Room(Box<RoomView>),
    /// Answers `Access`.
    Access(Access),
    /// Answers `Digest`.
    Digest(Box<Digest>),
    /// Answers `Members`.
    Members(Vec<Member>),
}

/// What a member may do and where the conversation stands.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Access {
    /// Direct or group.
    pub kind: ConversationKind,
    /// The title of a group.
    pub title: Option<String>,
    /// The member's role.
    pub role: Role,
    /// How many members there are.
    pub member_count: u64,
    /// The newest durable offset.
    pub head: Offset,
    /// How many messages there are: the `number` of the last one.
    pub messages: u64,
    /// The `number` of the member's own last message; 0 when they wrote none.
    /// Unread = `messages - max(number read, own_number)`.
    pub own_number: u64,
    /// The newest event that changed an earlier message; 0 when none did.
    pub changed: Offset,
    /// Place and id of the newest message.
    pub last: Option<(Offset, MessageId)>,
}

/// What a room is.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RoomView {
    /// Its name.
    pub title: String,
    /// Everything else that can be changed.
    pub info: RoomInfo,
    /// 1 when it was made, one more with each change.
    pub version: u64,
    /// Whether it was closed for ever.
    pub is_closed: bool,
    /// Offset of the newest change.
    pub revision: Offset,
    /// The role of whoever asked; `None`: no member.
    pub role: Option<Role>,
    /// How many members there are.
    pub member_count: u64,
}

/// A member as listed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Member {
    /// Who.
    pub user: UserId,
    /// With which role.
    pub role: Role,
}

/// Limits of conversations.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ConversationLimits {
    /// Largest text of a message, bytes of UTF-8, at most 16,384.
    pub text_bytes: usize,
    /// Most members of a group, at most 10,000.
    pub group_members: usize,
    /// Longest title, characters.
    pub title_chars: usize,
    /// Most kinds of reactions to one message, at most 32.
    pub reaction_kinds: usize,
    /// Most reactions to one message in all, at most 10,000. Those decided in the same moment may go beyond it by a few.
    pub message_reactions: usize,
}

impl Default for ConversationLimits {
    fn default() -> Self {
        Self {
            text_bytes: plenum_schema::content::MAX_TEXT_BYTES,
            group_members: 1_000,
            title_chars: 120,
            reaction_kinds: 20,
            message_reactions: 2_000,
        }
    }
}

impl ConversationLimits {
    /// What is wrong with the values, by key.
    #[must_use]
    pub fn problems(&self) -> Vec<(&'static str, String)> {
        let between = |key, value: usize, low: usize, high: usize| {
            (!(low..=high).contains(&value)).then(|| (key, format!("must be between {low} and {high}, not {value}")))
        };
        [
            between("text_bytes", self.text_bytes, 1, plenum_schema::content::MAX_TEXT_BYTES),
            between("group_members", self.group_members, 2, 10_000),
            between("title_chars", self.title_chars, 1, 1_000),
            between("reaction_kinds", self.reaction_kinds, 1, 32),
            between("message_reactions", self.message_reactions, 1, 10_000),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}
