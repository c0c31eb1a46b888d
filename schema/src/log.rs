//! Names of logs and places in them.

use serde::{Deserialize, Serialize};
use std::fmt;
use uuid::Uuid;

/// A place in a log: 1 is the first entry, 0 means "before everything". Stays below 2^53, so JavaScript reads it exactly.
pub type Offset = u64;

/// The largest offset the wire carries: JavaScript's `Number.MAX_SAFE_INTEGER`.
pub const MAX_OFFSET: Offset = (1 << 53) - 1;

/// What kind of aggregate a log belongs to. Codes are stored: never change or reuse one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum AggregateKind {
    /// A direct or group conversation.
    Conversation,
    /// A conference: its questions going live, closing, its end.
    Conference,
    /// A poll: the ballots about one question. Its log is not published.
    Poll,
    /// The audience's own questions in a conference. Its log is not published.
    Board,
}

impl AggregateKind {
    /// The byte stored in keys.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Conversation => 1,
            Self::Conference => 2,
            Self::Poll => 3,
            Self::Board => 4,
        }
    }

    /// The word for it, in topics, logs and metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Conversation => "conversation",
            Self::Conference => "conference",
            Self::Poll => "poll",
            Self::Board => "board",
        }
    }

    /// The kind of a stored byte.
    #[must_use]
    pub fn from_code(code: u8) -> Option<Self> {
        [Self::Conversation, Self::Conference, Self::Poll, Self::Board].into_iter().find(|kind| kind.code() == code)
    }
}

/// The name of one append-only log: the aggregate's kind and id.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogId {
    /// The aggregate's kind.
    pub kind: AggregateKind,
    /// The aggregate's id.
    pub id: Uuid,
}

impl LogId {
    /// The 17 bytes that stand in front of every stored key of this log.
    #[must_use]
    pub fn to_bytes(self) -> [u8; 17] {
        let mut bytes = [0; 17];
        bytes[0] = self.kind.code();
        bytes[1..].copy_from_slice(self.id.as_bytes());
        bytes
    }
}

impl fmt::Display for LogId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.kind.as_str(), self.id)
    }
}

impl fmt::Debug for LogId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
