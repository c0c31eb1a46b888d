//! One question of the audience as the board holds it.

use super::Board;
use crate::clock::WallMillis;
use plenum_schema::board::{BoardItem, BoardReply, ItemId, ItemStatus, ReplyId};
use plenum_schema::poll::Number;
use plenum_schema::{Offset, ParticipantId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The quantile of the normal distribution for an interval of 95 %.
const Z: f64 = 1.959_963_985;

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Item {
    pub by: ParticipantId,
    pub author: Option<String>,
    pub text: String,
    pub status: ItemStatus,
    pub pinned: bool,
    pub answer: Option<String>,
    pub at: WallMillis,
    /// Where it was asked.
    pub offset: Offset,
    pub voters: BTreeSet<ParticipantId>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<String>,
    /// In the order they were given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub replies: Vec<Reply>,
    /// The number of the newest reply that was ever given.
    #[serde(default)]
    pub last_reply: ReplyId,
    /// Who asked what was merged into it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<ParticipantId>,
    /// What it was merged into.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub into: Option<ItemId>,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Reply {
    pub id: ReplyId,
    pub by: Option<ParticipantId>,
    pub author: Option<String>,
    pub text: String,
    pub at: WallMillis,
    pub offset: Offset,
}

impl Reply {
    pub fn view(&self) -> BoardReply {
        BoardReply {
            id: self.id,
            text: self.text.clone(),
            author: self.author.clone(),
            host: self.by.is_none(),
            at: self.at,
        }
    }
}

impl Item {
    pub fn is_public(&self) -> bool {
        matches!(self.status, ItemStatus::Approved | ItemStatus::Answered)
    }

    pub fn is_listed(&self) -> bool {
        self.status != ItemStatus::Merged
    }

    /// Whether somebody asked it, or what was merged into it.
    pub fn is_of(&self, who: ParticipantId) -> bool {
        self.by == who || self.also.contains(&who)
    }

    /// The item, when everybody sees it.
    pub fn seen(&self) -> Option<&Self> {
        self.is_public().then_some(self)
    }

    /// As it looks, with so many of its replies; with a score when the crowd is known.
    pub fn view(&self, id: ItemId, crowd: Option<&Crowd>, replies: usize) -> BoardItem {
        let first = self.replies.len().saturating_sub(replies);
        BoardItem {
            id,
            text: self.text.clone(),
            author: self.author.clone(),
            status: self.status,
            pinned: self.pinned,
            votes: self.voters.len() as u64,
            score: crowd.map(|crowd| crowd.score(self)),
            answer: self.answer.clone(),
            labels: self.labels.clone(),
            merged: self.also.len() as u64,
            replies: self.replies.len() as u64,
            newest_replies: self.replies.iter().skip(first).map(Reply::view).collect(),
            at: self.at,
        }
    }
}

/// When each of the audience took part last, sorted: who did after an item was asked could have wanted it answered. Making it walks
/// the audience, so it is not made for each vote.
#[derive(Debug)]
pub(super) struct Crowd(Vec<Offset>);

impl Crowd {
    pub fn of(board: &Board) -> Self {
        let mut last: Vec<Offset> = board.active.values().copied().collect();
        last.sort_unstable();
        Self(last)
    }

    pub fn score(&self, item: &Item) -> Number {
        let could = self.0.len() - self.0.partition_point(|last| *last < item.offset);
        wilson(item.voters.len(), could)
    }
}

/// The lower bound of Wilson's interval for `wanted` of `could` (E. B. Wilson, 1927), in millionths.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "numbers of people; the bound is 0 to 1"
)]
pub(super) fn wilson(wanted: usize, could: usize) -> Number {
    // What was merged into an item brings voters from before it was asked.
    let n = could.max(wanted) as f64;
    if n == 0.0 {
        return Number::default();
    }
    let share = wanted as f64 / n;
    let spread = Z * ((share * (1.0 - share) + Z * Z / (4.0 * n)) / n).sqrt();
    let low = (share + Z * Z / (2.0 * n) - spread) / (1.0 + Z * Z / n);
    Number::from_millionths((low.clamp(0.0, 1.0) * 1_000_000.0).round() as i128)
}
