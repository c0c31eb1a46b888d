//! What can be asked of a board, and what it answers.

use plenum_schema::ParticipantId;
use plenum_schema::board::{BoardItem, ItemId, ItemStatus};
use plenum_schema::wire::Signal;
use serde::{Deserialize, Serialize};

/// In which order items are listed; pinned ones always come first.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub enum Order {
    /// Those that most want answered.
    #[default]
    Votes,
    /// The newest.
    Newest,
}

/// What can be asked of a board. Who is of the audience and who moderates is checked before.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Command {
    /// Ask something.
    Ask {
        /// Who.
        by: ParticipantId,
        /// The name they gave.
        author: Option<String>,
        /// What.
        text: String,
        /// Makes a repetition recognisable.
        client_ref: Option<String>,
        /// Whether a moderator looks at it first.
        moderated: bool,
    },
    /// Want an item answered, or no longer. Again it changes nothing.
    Upvote {
        /// Who.
        by: ParticipantId,
        /// Which.
        item: ItemId,
        /// From now on, or no longer.
        up: bool,
    },
    /// Approve, answer, pin, dismiss; absent members stay.
    Moderate {
        /// Which.
        item: ItemId,
        /// Where it stands now.
        status: Option<ItemStatus>,
        /// Whether it stands before all others.
        pinned: Option<bool>,
        /// What is answered; empty: nothing any more.
        answer: Option<String>,
    },
    /// Ask for items.
    List {
        /// Who asks; `None`: somebody who moderates.
        by: Option<ParticipantId>,
        /// In which order.
        order: Order,
        /// How many to pass over.
        skip: usize,
        /// At most so many.
        limit: usize,
    },
    /// Ask whether it is there: it is, and its signals are kept from then on.
    Ready,
    /// Ask for the newest signal.
    Signal {
        /// As somebody who moderates.
        as_host: bool,
    },
}

impl Command {
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Ask { .. } => "ask",
            Self::Upvote { .. } => "upvote",
            Self::Moderate { .. } => "moderate",
            Self::List { .. } => "list",
            Self::Ready => "ready",
            Self::Signal { .. } => "signal",
        }
    }

    pub(super) fn weight(&self) -> usize {
        let said = match self {
            Self::Ask { text, .. } => text.len(),
            Self::Moderate { answer, .. } => answer.as_ref().map_or(0, String::len),
            _ => 0,
        };
        128 + said
    }
}

/// An item in a list.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Listed {
    /// The item.
    pub item: BoardItem,
    /// Whether who asks has voted for it.
    pub mine: bool,
    /// Whether who asks has asked it.
    pub own: bool,
}

/// What a board answers.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Answered {
    /// To every change: the item after it.
    Item(Box<BoardItem>),
    /// To `List`: the items, and whether more follow.
    Items(Vec<Listed>, bool),
    /// To `Ready`.
    Ready,
    /// To `Signal`.
    Signal(Box<Signal>),
}

/// Limits of boards.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BoardLimits {
    /// Most items of one conference.
    pub items: usize,
    /// Most items that one participant may have waiting or approved.
    pub items_per_participant: usize,
    /// Longest question of the audience, characters.
    pub text_chars: usize,
    /// Items in a signal.
    pub shown_items: usize,
    /// Boards are sent at most this often, milliseconds.
    pub signal_every_ms: u64,
}

impl Default for BoardLimits {
    fn default() -> Self {
        Self { items: 5_000, items_per_participant: 10, text_chars: 300, shown_items: 50, signal_every_ms: 500 }
    }
}

impl BoardLimits {
    /// What is wrong with the values, by key.
    #[must_use]
    pub fn problems(&self) -> Vec<(&'static str, String)> {
        let between = |key, value: u64, low: u64, high: u64| {
            (!(low..=high).contains(&value)).then(|| (key, format!("must be between {low} and {high}, not {value}")))
        };
        [
            between("items", self.items as u64, 1, 100_000),
            between("items_per_participant", self.items_per_participant as u64, 1, 1_000),
            between("text_chars", self.text_chars as u64, 1, 4_000),
            between("shown_items", self.shown_items as u64, 1, 200),
            between("signal_every_ms", self.signal_every_ms, 50, 60_000),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}
