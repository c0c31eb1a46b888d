//! The audience's own questions: what is stored of them, and how they look.

use crate::id::ParticipantId;
use crate::log::Offset;
use serde::{Deserialize, Serialize};

/// Longest answer of a host in a board, characters.
pub const ANSWER_CHARS: usize = 1_000;

/// An item's number within its conference: 1, 2, 3, … in the order they were asked.
pub type ItemId = u32;

/// Where a question of the audience stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ItemStatus {
    /// Waits for a moderator: hosts and whoever asked it see it.
    Pending,
    /// Everybody sees it and may vote for it.
    Approved,
    /// It was answered: everybody sees it.
    Answered,
    /// Hosts alone see it.
    Dismissed,
}

/// One entry of a board's log.
///
/// Stored for ever: only add variants and optional members, never change or remove one.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum BoardEvent {
    /// Somebody asked.
    Asked(Asked),
    /// Somebody wants it answered, or no longer.
    #[serde(rename = "u")]
    Upvoted(Upvoted),
    /// A moderator has looked at it.
    Moderated(Moderated),
}

/// Somebody asked.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Asked {
    /// Its number.
    pub item: ItemId,
    /// Who asked.
    pub by: ParticipantId,
    /// The name they gave.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    /// What.
    pub text: String,
    /// Where it begins.
    pub status: ItemStatus,
}

/// Somebody wants it answered, or no longer.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Upvoted {
    /// Which.
    #[serde(rename = "i")]
    pub item: ItemId,
    /// Who.
    #[serde(rename = "v")]
    pub by: ParticipantId,
    /// From now on, or no longer.
    #[serde(rename = "u")]
    pub up: bool,
}

/// What a moderator made of it; absent members stay.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Moderated {
    /// Which.
    pub item: ItemId,
    /// Where it stands now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<ItemStatus>,
    /// Whether it stands before all others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pinned: Option<bool>,
    /// What is answered; empty: nothing any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
}

/// A question of the audience, as somebody sees it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BoardItem {
    /// Its number.
    pub id: ItemId,
    /// What is asked.
    pub text: String,
    /// The name that whoever asked gave.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    /// Where it stands.
    pub status: ItemStatus,
    /// Whether it stands before all others.
    pub pinned: bool,
    /// How many want it answered.
    pub votes: u64,
    /// The answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
    /// When it was asked, milliseconds since 1970.
    pub at: i64,
}

/// On `board:<id>` and `boardHost:<id>`: the questions of the audience, pinned ones first, then by votes.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BoardSignal {
    /// Grows with every change: of two the one with the higher is newer.
    pub revision: Offset,
    /// How many there are in all.
    pub total: u64,
    /// The first ones.
    pub items: Vec<BoardItem>,
}
