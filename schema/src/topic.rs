//! Topics: what a connection subscribes to. Text form `kind:uuid`, at most 64 bytes.

use crate::id::{ConversationId, UserId};
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
}

impl Topic {
    /// The log behind the topic, or `None` where the topic carries signals only.
    #[must_use]
    pub fn log(self) -> Option<LogId> {
        match self {
            Self::Conversation(id) => Some(LogId { kind: AggregateKind::Conversation, id: id.0 }),
            Self::User(_) | Self::Presence(_) => None,
        }
    }

    /// The topic that an aggregate's log is published to.
    #[must_use]
    pub fn of_log(log: LogId) -> Self {
        match log.kind {
            AggregateKind::Conversation => Self::Conversation(ConversationId(log.id)),
        }
    }
}

/// The text is not `kind:uuid` of a known kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a topic is written conversation:<uuid>, user:<uuid> or presence:<uuid>")]
pub struct TopicError;

impl FromStr for Topic {
    type Err = TopicError;

    fn from_str(text: &str) -> Result<Self, TopicError> {
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
        for topic in [Topic::Conversation(ConversationId(id)), Topic::User(user), Topic::Presence(user)] {
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
            "conversation:0000000000000000000000000000000a",
            "conversation:00000000-0000-0000-0000-00000000000A",
        ] {
            assert_eq!(bad.parse::<Topic>(), Err(TopicError), "{bad}");
        }
    }
}
