//! What can be asked of a board, and what it answers.

use plenum_schema::board::{BoardItem, ItemId, ItemStatus, ReplyId};
use plenum_schema::wire::Signal;
use plenum_schema::{ParticipantId, UserId};
use serde::{Deserialize, Serialize};

/// In which order items are listed; pinned ones always come first.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub enum Order {
    /// Those that most want answered.
    #[default]
    Votes,
    /// The newest.
    Newest,
    /// Those that the largest share of who could want it wants answered, with the doubt that few votes leave.
    Wilson,
}

/// Who replies.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Speaker {
    /// Somebody of the audience.
    Audience(ParticipantId),
    /// Somebody who moderates.
    Host(UserId),
}

impl Speaker {
    pub(super) fn user(self) -> UserId {
        match self {
            Self::Audience(participant) => UserId(participant.0),
            Self::Host(user) => user,
        }
    }

    pub(super) fn participant(self) -> Option<ParticipantId> {
        match self {
            Self::Audience(participant) => Some(participant),
            Self::Host(_) => None,
        }
    }
}

/// Which items somebody wants to see.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Listing {
    /// Who asks; `None`: somebody who moderates.
    pub by: Option<ParticipantId>,
    /// In which order.
    pub order: Order,
    /// Only those with this label.
    pub label: Option<String>,
    /// Only those that everybody sees and that are not answered yet.
    pub is_open: bool,
    /// How many to pass over.
    pub skip: usize,
    /// At most so many.
    pub limit: usize,
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
        /// What it is about: all of its labels.
        labels: Option<Vec<String>>,
    },
    /// Let one item have the votes and replies of another that says the same. Again it changes nothing.
    Merge {
        /// Which is listed no more.
        item: ItemId,
        /// Which stays.
        into: ItemId,
    },
    /// Reply to an item.
    Reply {
        /// Who.
        by: Speaker,
        /// The name they gave.
        author: Option<String>,
        /// To which.
        item: ItemId,
        /// What.
        text: String,
        /// Makes a repetition recognisable.
        client_ref: Option<String>,
    },
    /// Take a reply away. Again it changes nothing.
    DropReply {
        /// Of which item.
        item: ItemId,
        /// Which.
        reply: ReplyId,
    },
    /// Forget who asked, voted and replied. Again it changes nothing.
    Erase {
        /// And what they said.
        texts: bool,
    },
    /// Ask for items.
    List(Listing),
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
            Self::Merge { .. } => "merge",
            Self::Reply { .. } => "reply",
            Self::DropReply { .. } => "dropReply",
            Self::Erase { .. } => "erase",
            Self::List(_) => "list",
            Self::Ready => "ready",
            Self::Signal { .. } => "signal",
        }
    }

    pub(super) fn weight(&self) -> usize {
        let said = match self {
            Self::Ask { text, .. } | Self::Reply { text, .. } => text.len(),
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
    /// To `Ready` and `Erase`.
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
    /// Most replies to one item.
    pub replies: usize,
    /// Most replies of one participant to one item.
    pub replies_per_participant: usize,
    /// Items in a signal.
    pub shown_items: usize,
    /// Replies of each item in a signal, the newest ones.
    pub shown_replies: usize,
    /// Boards are sent at most this often, milliseconds.
    pub signal_every_ms: u64,
}

impl Default for BoardLimits {
    fn default() -> Self {
        Self {
            items: 5_000,
            items_per_participant: 10,
            text_chars: 300,
            replies: 100,
            replies_per_participant: 5,
            shown_items: 50,
            shown_replies: 3,
            signal_every_ms: 500,
        }
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
            between("replies", self.replies as u64, 0, 1_000),
            between("replies_per_participant", self.replies_per_participant as u64, 1, 1_000),
            between("shown_items", self.shown_items as u64, 1, 200),
            between("shown_replies", self.shown_replies as u64, 0, 20),
            between("signal_every_ms", self.signal_every_ms, 50, 60_000),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}
