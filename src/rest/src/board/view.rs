//! A question of the audience as REST shows it.

use crate::moment::rfc3339;
use plenum_schema::board::{BoardItem, BoardReply, ItemId, ItemStatus, ReplyId};
use plenum_schema::poll::Number;
use plenum_services::conferences::ListedItem;
use serde::Serialize;

/// A reply to a question of the audience.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = BoardReply)]
pub(crate) struct ReplyAnswer {
    id: ReplyId,
    text: String,
    /// The name that whoever replied gave.
    author: Option<String>,
    /// Whether it is of somebody who runs the conference.
    host: bool,
    #[serde(serialize_with = "rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    at: i64,
}

impl From<BoardReply> for ReplyAnswer {
    fn from(reply: BoardReply) -> Self {
        let BoardReply { id, text, author, host, at } = reply;
        Self { id, text, author, host, at }
    }
}

/// A question of the audience.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = BoardItem)]
pub(crate) struct ItemAnswer {
    id: ItemId,
    text: String,
    /// The name that whoever asked gave.
    author: Option<String>,
    /// `pending`, `approved`, `answered`, `dismissed` or `merged`.
    #[schema(value_type = String)]
    status: ItemStatus,
    pinned: bool,
    votes: u64,
    /// Whether the caller has voted for it; absent after changes.
    mine: Option<bool>,
    /// Whether the caller has asked it; absent after changes.
    own: Option<bool>,
    /// The lower bound of Wilson's interval, 0 to 1; in lists that are sorted by it.
    #[schema(value_type = Option<f64>)]
    score: Option<Number>,
    answer: Option<String>,
    labels: Vec<String>,
    /// How many others said the same and were merged into it.
    merged: u64,
    /// How many replies there are.
    replies: u64,
    /// The replies, in the order they were given.
    newest_replies: Vec<ReplyAnswer>,
    #[serde(serialize_with = "rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    at: i64,
}

impl From<BoardItem> for ItemAnswer {
    fn from(item: BoardItem) -> Self {
        Self {
            id: item.id,
            text: item.text,
            author: item.author,
            status: item.status,
            pinned: item.pinned,
            votes: item.votes,
            mine: None,
            own: None,
            score: item.score,
            answer: item.answer,
            labels: item.labels,
            merged: item.merged,
            replies: item.replies,
            newest_replies: item.newest_replies.into_iter().map(ReplyAnswer::from).collect(),
            at: item.at,
        }
    }
}

impl From<ListedItem> for ItemAnswer {
    fn from(listed: ListedItem) -> Self {
        Self { mine: Some(listed.mine), own: Some(listed.own), ..Self::from(listed.item) }
    }
}
