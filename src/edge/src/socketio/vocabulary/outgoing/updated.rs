//! `conversation-updated`: how a conversation stands.

use plenum_schema::conversation::{ConversationKind, ConversationNow, LastMessage};
use plenum_schema::moment::rfc3339;
use plenum_schema::wire::UnreadSignal;
use plenum_schema::{ConversationId, MessageId, Offset, Topic, UserId};
use serde::{Serialize, Serializer};

#[derive(Serialize)]
pub(super) struct Updated<'e> {
    pub conversation: Conversation<'e>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Conversation<'e> {
    pub id: ConversationId,
    pub topic: Topic,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<&'e str>,
    /// Absent where the event does not tell them all.
    #[serde(serialize_with = "people", skip_serializing_if = "<[UserId]>::is_empty")]
    pub participants: &'e [UserId],
    #[serde(skip_serializing_if = "Option::is_none")]
    pub participant_count: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_message: Option<Last<'e>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unread_count: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub change: Option<&'static str>,
}

/// The last message of a conversation, shortened.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Last<'e> {
    id: MessageId,
    offset: Offset,
    sender_id: UserId,
    content: &'e str,
    #[serde(serialize_with = "rfc3339")]
    created_at: i64,
    #[serde(rename = "deleted", skip_serializing_if = "std::ops::Not::not")]
    is_deleted: bool,
}

impl<'e> From<&'e LastMessage> for Last<'e> {
    fn from(last: &'e LastMessage) -> Self {
        let LastMessage { offset, id, author, at, text, deleted } = last;
        let (offset, id, sender_id, is_deleted) = (*offset, *id, *author, *deleted);
        Self { id, offset, sender_id, content: text, created_at: *at, is_deleted }
    }
}

impl Conversation<'_> {
    pub(super) fn of(id: ConversationId) -> Self {
        Self {
            id,
            topic: Topic::Conversation(id),
            kind: None,
            title: None,
            participants: &[],
            participant_count: None,
            last_message: None,
            unread_count: None,
            change: None,
        }
    }
}

/// Objects, as REST has them; the log knows no names.
fn people<S: Serializer>(ids: &&[UserId], serializer: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Person {
        id: UserId,
    }
    serializer.collect_seq(ids.iter().map(|id| Person { id: *id }))
}

pub(super) fn unread_in(id: ConversationId, signal: &UnreadSignal) -> Conversation<'_> {
    Conversation {
        participants: &signal.members,
        last_message: signal.last.as_deref().map(Last::from),
        unread_count: Some(signal.unread),
        change: Some("unread"),
        ..Conversation::of(id)
    }
}

pub(super) fn word_for(kind: ConversationKind) -> &'static str {
    match kind {
        ConversationKind::Direct => "direct",
        ConversationKind::Group => "group",
        ConversationKind::Room => "room",
    }
}

/// With what the event tells of how the conversation stands then; events of older versions tell nothing.
pub(super) fn changed_to<'e>(
    id: ConversationId,
    change: &'static str,
    now: Option<&'e ConversationNow>,
) -> Updated<'e> {
    let Some(ConversationNow { kind, title, members, member_count }) = now else { return changed(id, change) };
    let conversation = Conversation {
        kind: Some(word_for(*kind)),
        title: title.as_deref(),
        participants: members,
        participant_count: Some(*member_count),
        change: Some(change),
        ..Conversation::of(id)
    };
    Updated { conversation }
}

pub(super) fn changed(id: ConversationId, change: &'static str) -> Updated<'static> {
    Updated { conversation: Conversation { change: Some(change), ..Conversation::of(id) } }
}
