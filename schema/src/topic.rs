//! Topics: what a connection subscribes to. Text form `kind:uuid`, at most 64 bytes; `status:all` is the one without an id.

use crate::id::{ConferenceId, ConversationId, QuestionId, UserId};
use crate::log::{AggregateKind, LogId};
use serde::de::{self, Deserializer, Visitor};
use serde::{Deserialize, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;
use uuid::Uuid;

/// Something that is published to and subscribed to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Topic {
    /// `conversation:<id>`: events with offsets from the conversation's log, and signals (typing, marks).
    Conversation(ConversationId),
    /// `user:<id>`: signals to one person's devices (a conversation was added). Has no log and no offsets.
    User(UserId),
    /// `presence:<id>`: signals about whether a person is online, to people who share a conversation with them.
    Presence(UserId),
    /// `conference:<id>`: what happens in a conference, with offsets, and signals about its audience.
    Conference(ConferenceId),
    /// `poll:<question>`: signals with the results that everybody may see.
    Poll(QuestionId),
    /// `pollVoted:<question>`: signals with the results that whoever has voted may see.
    PollVoted(QuestionId),
    /// `pollHost:<question>`: signals with the results as hosts see them.
    PollHost(QuestionId),
    /// `board:<conference>`: signals with the audience's questions that everybody may see.
    Board(ConferenceId),
    /// `boardHost:<conference>`: signals with all of the audience's questions.
    BoardHost(ConferenceId),
    /// `status:all`: signals about every domain of the status board.
    Status,
}

/// The one topic without an id.
const STATUS: &str = "status:all";

impl Topic {
    /// The log behind the topic, or `None` where the topic carries signals only.
    #[must_use]
    pub fn log(self) -> Option<LogId> {
        match self {
            Self::Conversation(id) => Some(LogId { kind: AggregateKind::Conversation, id: id.0 }),
            Self::Conference(id) => Some(LogId { kind: AggregateKind::Conference, id: id.0 }),
            Self::User(_)
            | Self::Presence(_)
            | Self::Poll(_)
            | Self::PollVoted(_)
            | Self::PollHost(_)
            | Self::Board(_)
            | Self::BoardHost(_)
            | Self::Status => None,
        }
    }

    /// The topic that an aggregate's log is published to, or where its audience hears of it.
    #[must_use]
    pub fn of_log(log: LogId) -> Self {
        match log.kind {
            AggregateKind::Conversation => Self::Conversation(ConversationId(log.id)),
            AggregateKind::Conference => Self::Conference(ConferenceId(log.id)),
            AggregateKind::Poll => Self::Poll(QuestionId(log.id)),
            AggregateKind::Board => Self::Board(ConferenceId(log.id)),
        }
    }
}

/// The text is not `kind:uuid` of a known kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a topic is written kind:<uuid>, as in conversation:<uuid> or user:<uuid>")]
pub struct TopicError;

impl FromStr for Topic {
    type Err = TopicError;

    fn from_str(text: &str) -> Result<Self, TopicError> {
        if text == STATUS {
            return Ok(Self::Status);
        }
        let (kind, id) = text.split_once(':').ok_or(TopicError)?;
        // One spelling per topic: hyphenated lower case, so that text can be compared byte by byte.
        if id.len() != 36 || id.bytes().any(|b| b.is_ascii_uppercase()) {
            return Err(TopicError);
        }
        let id = Uuid::try_parse(id).map_err(|_| TopicError)?;
        match kind {
            "conversation" => Ok(Self::Conversation(ConversationId(id))),
            "user" => Ok(Self::User(UserId(id))),
            "presence" => Ok(Self::Presence(UserId(id))),
            "conference" => Ok(Self::Conference(ConferenceId(id))),
            "poll" => Ok(Self::Poll(QuestionId(id))),
            "pollVoted" => Ok(Self::PollVoted(QuestionId(id))),
            "pollHost" => Ok(Self::PollHost(QuestionId(id))),
            "board" => Ok(Self::Board(ConferenceId(id))),
            "boardHost" => Ok(Self::BoardHost(ConferenceId(id))),
            _ => Err(TopicError),
        }
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Conversation(id) => write!(f, "conversation:{id}"),
            Self::User(id) => write!(f, "user:{id}"),
            Self::Presence(id) => write!(f, "presence:{id}"),
            Self::Conference(id) => write!(f, "conference:{id}"),
            Self::Poll(id) => write!(f, "poll:{id}"),
            Self::PollVoted(id) => write!(f, "pollVoted:{id}"),
            Self::PollHost(id) => write!(f, "pollHost:{id}"),
            Self::Board(id) => write!(f, "board:{id}"),
            Self::BoardHost(id) => write!(f, "boardHost:{id}"),
            Self::Status => f.write_str(STATUS),
        }
    }
}

impl fmt::Debug for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Topic {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Topic {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TopicText;
        impl Visitor<'_> for TopicText {
            type Value = Topic;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a topic such as conversation:<uuid>")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Topic, E> {
                text.parse().map_err(E::custom)
            }
        }
        deserializer.deserialize_str(TopicText)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_reads_back_what_it_writes() {
        let (id, user) = (Uuid::from_u128(7), UserId(Uuid::from_u128(8)));
        let (conference, question) = (ConferenceId(id), QuestionId(id));
        for topic in [
            Topic::Conversation(ConversationId(id)),
            Topic::User(user),
            Topic::Presence(user),
            Topic::Conference(conference),
            Topic::Poll(question),
            Topic::PollVoted(question),
            Topic::PollHost(question),
            Topic::Board(conference),
            Topic::BoardHost(conference),
            Topic::Status,
        ] {
            assert_eq!(topic.to_string().parse(), Ok(topic));
        }
    }

    #[test]
    fn a_topic_has_one_spelling() {
        for bad in [
            "",
            "conversation",
            "conversation:",
            "room:00000000-0000-0000-0000-000000000001",
            "status:",
            "status:All",
            "status:00000000-0000-0000-0000-000000000001",
            "conversation:0000000000000000000000000000000a",
            "conversation:00000000-0000-0000-0000-00000000000A",
        ] {
            assert_eq!(bad.parse::<Topic>(), Err(TopicError), "{bad}");
        }
    }
}
