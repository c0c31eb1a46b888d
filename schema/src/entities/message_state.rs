//! What became of messages since they were written: a view folded from a conversation's log, never the truth.

use crate::entity;
use crate::{ConversationId, UserId};
use bytes::Bytes;
use serde::{Deserialize, Serialize};

entity! {
    /// The sum of all changes of one message. The row at offset 0 is no message: its `revision` says how far the log has been
    /// folded into the rows of this conversation.
    pub struct MessageStateRow in "message_states" {
        partition { /// Which conversation.
            conversation_id: ConversationId }
        clustering { /// Which message: its offset.
            target: u64 }
        columns {
            /// Offset of the newest change inside: the condition of compare-and-set. A change at or below it is in it already.
            revision: u64,
            /// The text since the last edit; absent when it was never edited, or deleted.
            text: Option<String>,
            /// When it was edited last, milliseconds since 1970.
            edited_at: Option<i64>,
            /// When it was deleted, milliseconds since 1970.
            deleted_at: Option<i64>,
            /// Format byte and MessagePack list of [`Reaction`]; empty without any.
            reactions: Bytes
        }
    }
}

/// A reaction and who has it, in the order they came.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Reaction {
    /// Which.
    pub emoji: String,
    /// Who has it.
    pub users: Vec<UserId>,
}
