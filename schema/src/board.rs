//! The audience's own questions: what is stored of them, and how they look.

use crate::id::ParticipantId;
use crate::log::Offset;
use crate::poll::Number;
use serde::{Deserialize, Serialize};

/// Longest answer of a host in a board, characters.
pub const ANSWER_CHARS: usize = 1_000;

/// Most labels of an item.
pub const LABELS: usize = 5;
/// Longest label, characters.
pub const LABEL_CHARS: usize = 30;

/// An item's number within its conference: 1, 2, 3, … in the order they were asked.
pub type ItemId = u32;

/// A reply's number within its item: 1, 2, 3, … in the order they were given.
pub type ReplyId = u32;

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
    /// It said the same as another one, which has its votes: it is listed to nobody.
    Merged,
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
    /// Two items said the same: votes and replies of the one are the other's from now on.
    Merged(Merged),
    /// Somebody replied.
    Replied(Replied),
    /// A moderator took a reply away.
    ReplyDropped(ReplyDropped),
    /// Who asked, voted and replied is not known any more: everything before it is removed from the log.
    Erased(Erased),
}

/// The people of a board are forgotten; nothing is asked there any more.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Erased {
    /// And what they said.
    #[serde(default, skip_serializing_if = "is_false")]
    pub texts: bool,
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
    /// What it is about, in the words of whoever moderates: all of its labels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub labels: Option<Vec<String>>,
}

/// Two items said the same.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Merged {
    /// Which is listed no more.
    pub item: ItemId,
    /// Which has its votes and replies from now on.
    pub into: ItemId,
}

/// Somebody replied to an item.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Replied {
    /// To which.
    pub item: ItemId,
    /// The reply's number.
    pub reply: ReplyId,
    /// Who of the audience; absent: somebody who runs the conference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<ParticipantId>,
    /// The name they gave.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    /// What.
    pub text: String,
}

/// A reply is gone.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReplyDropped {
    /// Of which item.
    pub item: ItemId,
    /// Which.
    pub reply: ReplyId,
}

/// A reply, as everybody sees it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BoardReply {
    /// Its number.
    pub id: ReplyId,
    /// What it says.
    pub text: String,
    /// The name that whoever replied gave.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    /// Whether it is of somebody who runs the conference.
    #[serde(default, skip_serializing_if = "is_false")]
    pub host: bool,
    /// When, milliseconds since 1970.
    pub at: i64,
}

fn is_false(flag: &bool) -> bool {
    !flag
}

fn is_zero(number: &u64) -> bool {
    *number == 0
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
    /// The lower bound of the 95 % interval of Wilson for the share of those who want it answered, among those who have taken part since
    /// it was asked: 0 to 1. Younger items have a chance by it that the number of votes does not give them. In signals, and in lists in
    /// its order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<Number>,
    /// The answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
    /// What it is about.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<String>,
    /// How many others said the same and were merged into it.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub merged: u64,
    /// How many replies there are.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub replies: u64,
    /// The newest replies, oldest first: a few in signals, all in answers and lists.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub newest_replies: Vec<BoardReply>,
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
