//! What an acknowledgement callback gets: `{ok: true, …}` or `{ok: false, error: {code, message, …}}`.

use plenum_schema::board::BoardItem;
use plenum_schema::wire::AckResult;
use plenum_schema::{ConferenceId, ConversationId, MessageId, Offset, QuestionId, Refusal, Topic};
use serde::Serialize;

/// The argument after success. Which members are there depends on what was asked.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Done {
    ok: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    conversation_id: Option<ConversationId>,
    /// The same, for study rooms.
    #[serde(skip_serializing_if = "Option::is_none")]
    room_id: Option<ConversationId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message_id: Option<MessageId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    offset: Option<Offset>,
    /// The message that was changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<Offset>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duplicate: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    head: Option<Offset>,
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<Offset>,
    #[serde(skip_serializing_if = "Option::is_none")]
    delivered: Option<Offset>,
    #[serde(skip_serializing_if = "Option::is_none")]
    read: Option<Offset>,
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    conference_id: Option<ConferenceId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    question_id: Option<QuestionId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    receipt: Option<String>,
    /// The question of the audience.
    #[serde(skip_serializing_if = "Option::is_none")]
    item: Option<BoardItem>,
}

impl Done {
    /// Where something was done, and no more.
    #[must_use]
    pub fn at(topic: Topic) -> Self {
        let id = match topic {
            Topic::Conversation(id) => Some(id),
            _ => None,
        };
        let conference_id = if let Topic::Conference(id) = topic { Some(id) } else { None };
        Self { ok: true, conversation_id: id, room_id: id, conference_id, ..Self::default() }
    }

    /// What came of a command.
    #[must_use]
    pub fn of(result: &AckResult) -> Self {
        match result {
            AckResult::Subscribed(subscribed) => {
                Self { head: Some(subscribed.head), since: Some(subscribed.since), ..Self::at(subscribed.topic) }
            }
            AckResult::Unsubscribed(unsubscribed) => Self::at(unsubscribed.topic),
            AckResult::Sent(sent) => Self {
                message_id: Some(sent.message),
                offset: Some(sent.offset),
                duplicate: Some(sent.duplicate),
                ..Self::at(sent.topic)
            },
            AckResult::Changed(changed) => Self {
                target: Some(changed.target),
                offset: Some(changed.offset),
                duplicate: Some(changed.duplicate),
                ..Self::at(changed.topic)
            },
            AckResult::Marked(marked) => {
                Self { delivered: Some(marked.delivered), read: Some(marked.read), ..Self::at(marked.topic) }
            }
            AckResult::Voted(voted) => Self {
                ok: true,
                question_id: Some(voted.question),
                offset: Some(voted.offset),
                duplicate: Some(voted.duplicate),
                receipt: voted.receipt.clone(),
                ..Self::default()
            },
            AckResult::ConferenceChanged(changed) => Self {
                ok: true,
                conference_id: Some(changed.conference),
                offset: Some(changed.offset),
                ..Self::default()
            },
            AckResult::BoardChanged(changed) => Self {
                ok: true,
                conference_id: Some(changed.conference),
                item: Some(changed.item.clone()),
                ..Self::default()
            },
            AckResult::Pong(pong) => Self { ok: true, at: Some(pong.at), ..Self::default() },
            // No event asks for these; who does all the same learns that it was done.
            AckResult::Identified(_) | AckResult::Page(_) => Self { ok: true, ..Self::default() },
        }
    }
}

/// Why something was not done.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Why<'r> {
    /// A code of the one table of refusals.
    pub code: &'static str,
    /// For developers.
    pub message: &'r str,
    /// The member that is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<&'r str>,
    /// When to try again, milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
}

impl<'r> From<&'r Refusal> for Why<'r> {
    fn from(refusal: &'r Refusal) -> Self {
        let Refusal { code, message, field, retry_after_ms } = refusal;
        Self { code: code.as_str(), message, field: field.as_deref(), retry_after_ms: *retry_after_ms }
    }
}

/// The argument after a refusal.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct NotDone<'r> {
    ok: bool,
    error: Why<'r>,
}

impl<'r> NotDone<'r> {
    /// For a reason.
    #[must_use]
    pub fn of(error: Why<'r>) -> Self {
        Self { ok: false, error }
    }
}

/// The argument of `error`, which tells a failure to whoever gave no callback.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Failed<'r> {
    /// What went wrong.
    #[serde(flatten)]
    pub why: Why<'r>,
    /// The event that was refused; absent when it could not be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<&'r str>,
}
