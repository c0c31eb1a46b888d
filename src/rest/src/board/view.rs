//! A question of the audience as REST shows it.

use crate::moment::rfc3339;
use plenum_schema::board::{BoardItem, ItemId, ItemStatus};
use plenum_services::conferences::ListedItem;
use serde::Serialize;

/// A question of the audience.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = BoardItem)]
pub(crate) struct ItemAnswer {
    id: ItemId,
    text: String,
    /// The name that whoever asked gave.
    author: Option<String>,
    /// `pending`, `approved`, `answered` or `dismissed`.
    #[schema(value_type = String)]
    status: ItemStatus,
    pinned: bool,
    votes: u64,
    /// Whether the caller has voted for it; absent after changes.
    mine: Option<bool>,
    /// Whether the caller has asked it; absent after changes.
    own: Option<bool>,
    answer: Option<String>,
    #[serde(serialize_with = "rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    at: i64,
}

impl From<BoardItem> for ItemAnswer {
    fn from(item: BoardItem) -> Self {
        let BoardItem { id, text, author, status, pinned, votes, answer, at } = item;
        Self { id, text, author, status, pinned, votes, mine: None, own: None, answer, at }
    }
}

impl From<ListedItem> for ItemAnswer {
    fn from(listed: ListedItem) -> Self {
        Self { mine: Some(listed.mine), own: Some(listed.own), ..Self::from(listed.item) }
    }
}
