//! Shapes of things as REST and Socket.IO show them. The native protocol shows events instead.

use crate::content::{Attachment, ContentKind};
use crate::conversation::Message;
use crate::id::{ConversationId, MessageId, UserId};
use crate::log::Offset;
use crate::moment::{rfc3339, rfc3339_option};
use crate::wire::{MessageState, ReactionCount};
use serde::Serialize;

/// The words of checkers and status boards for what a check has found.
#[must_use]
pub fn nawala_status(blocked: bool) -> &'static str {
    if blocked { "ada" } else { "tidak ada" }
}

/// Whether these words mean blocked, in either spelling and whatever the case; `None` for others.
#[must_use]
pub fn is_nawala_blocked(words: &str) -> Option<bool> {
    let lower = words.trim().to_ascii_lowercase();
    match lower.as_str() {
        "blocked" | "ada" => Some(true),
        "accessible" | "tidak ada" => Some(false),
        _ => None,
    }
}

/// A message.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MessageView<'m> {
    /// Its id.
    pub id: MessageId,
    /// The conversation or room it stands in.
    pub conversation_id: ConversationId,
    /// The same under the name that study rooms know.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub room_id: Option<ConversationId>,
    /// Its place in the conversation.
    pub offset: Offset,
    /// 1 for the conversation's first message, counting messages only.
    pub number: u64,
    /// Who wrote it.
    pub sender_id: UserId,
    /// Its text.
    pub content: &'m str,
    /// How to show it.
    #[serde(rename = "type")]
    pub kind: ContentKind,
    /// The same under the name that study rooms know.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_type: Option<ContentKind>,
    /// What belongs to it.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub attachments: &'m [Attachment],
    /// The author's own reference.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_ref: Option<&'m str>,
    /// When it was written.
    #[serde(serialize_with = "rfc3339")]
    pub created_at: i64,
    /// When it was edited last.
    #[serde(serialize_with = "rfc3339_option", skip_serializing_if = "Option::is_none")]
    pub edited_at: Option<i64>,
    /// When it was deleted.
    #[serde(serialize_with = "rfc3339_option", skip_serializing_if = "Option::is_none")]
    pub deleted_at: Option<i64>,
    /// Its reactions.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub reactions: &'m [ReactionCount],
}

impl<'m> MessageView<'m> {
    /// A message at its place.
    #[must_use]
    pub fn new(conversation_id: ConversationId, offset: Offset, at: i64, message: &'m Message) -> Self {
        Self {
            id: message.id,
            conversation_id,
            room_id: None,
            offset,
            number: message.number,
            sender_id: message.author,
            content: &message.content.text,
            kind: message.content.kind,
            message_type: None,
            attachments: &message.content.attachments,
            client_ref: message.client_ref.as_deref(),
            created_at: at,
            edited_at: None,
            deleted_at: None,
            reactions: &[],
        }
    }

    /// The same with what became of it.
    #[must_use]
    pub fn with_state(mut self, state: &'m MessageState) -> Self {
        (self.edited_at, self.deleted_at) = (state.edited_at, state.deleted_at);
        self.reactions = &state.reactions;
        self
    }

    /// The same with the names that study rooms know.
    #[must_use]
    pub fn in_a_room(mut self) -> Self {
        self.room_id = Some(self.conversation_id);
        self.message_type = Some(self.kind);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings_of_what_a_check_found_are_read() {
        for (words, blocked) in [("blocked", true), ("Accessible", false), (" ADA ", true), ("tidak ada", false)] {
            assert_eq!(is_nawala_blocked(words), Some(blocked), "{words}");
            assert_eq!(is_nawala_blocked(nawala_status(blocked)), Some(blocked));
        }
        assert_eq!((is_nawala_blocked("timeout"), is_nawala_blocked("")), (None, None));
    }
}
