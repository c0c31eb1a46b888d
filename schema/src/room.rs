//! Rooms: conversations that people find and join by themselves.

use crate::conversation::ConversationNow;
use crate::id::UserId;
use serde::{Deserialize, Serialize};

/// Longest description of a room, characters.
pub const ROOM_DESCRIPTION_CHARS: usize = 2_000;
/// Longest subject and logo address of a room, bytes.
pub const ROOM_LINK_BYTES: usize = 2_048;

/// What a room is, beside its name (its title).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RoomInfo {
    /// Everybody may find and join it; else admins and the owner add people.
    pub public: bool,
    /// What it is about, at most [`ROOM_DESCRIPTION_CHARS`] characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The subject it belongs to; what it names is the client's affair.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Address of its picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logo: Option<String>,
    /// Most members, its owner included.
    pub max_participants: u32,
    /// Nobody joins or writes while it is not active.
    pub active: bool,
}

/// A room's name or something else about it changed: this is how it is now.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RoomChanged {
    /// Its name.
    pub title: String,
    /// Everything else.
    pub room: RoomInfo,
    /// By whom.
    pub by: UserId,
    /// How the conversation stands then; absent in what was written before this stood here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub now: Option<Box<ConversationNow>>,
}

/// A room was closed for ever: nobody joins or writes any more, its members still read.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RoomClosed {
    /// By whom: its owner.
    pub by: UserId,
}
