//! What can be asked of a conversation, and what it answers.

use plenum_schema::conversation::{ConversationKind, Digest, Role};
use plenum_schema::wire::Sent;
use plenum_schema::{Content, Offset, UserId};
use serde::Deserialize;

/// What can be asked of a conversation. Whoever is not a member gets `notFound`, so that nothing tells whether it exists.
#[derive(Clone, PartialEq, Eq, Debug)]
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
                Self::SetTitle { title, .. } => title.len(),
                Self::AddMember { .. }
                | Self::RemoveMember { .. }
                | Self::Access { .. }
                | Self::Digest
                | Self::Members { .. } => 0,
            }
    }
}

/// What an accepted command answers.
#[derive(Clone, PartialEq, Eq, Debug)]
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
    /// Answers `AddMember`, `RemoveMember`, `SetTitle`.
    Changed {
        /// Where the change stands; the head when there was nothing to change.
        offset: Offset,
    },
    /// Answers `Access`.
    Access(Access),
    /// Answers `Digest`.
    Digest(Box<Digest>),
    /// Answers `Members`.
    Members(Vec<Member>),
}

/// What a member may do and where the conversation stands.
#[derive(Clone, PartialEq, Eq, Debug)]
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
}

/// A member as listed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
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
}

impl Default for ConversationLimits {
    fn default() -> Self {
        Self { text_bytes: plenum_schema::content::MAX_TEXT_BYTES, group_members: 1_000, title_chars: 120 }
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
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}
