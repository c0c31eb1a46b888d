//! What stands in the messages: a format byte, then MessagePack, as in stored records. A node that meets a format it does not know
//! treats the message as lost, which every one of them may be; so nodes of two versions can run beside each other.

use plenum_actors::crowds::Crowd;
use plenum_actors::presence::Report;
use plenum_actors::publication::{Body, Class, Publication};
use plenum_schema::codec::{self, DecodeError};
use plenum_schema::wire::{Event, Signal};
use plenum_schema::{EntryId, NodeId, Offset, Refusal, SessionId, Topic};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use uuid::Uuid;

/// The format that is written.
const FORMAT: u8 = 1;

pub fn encode<T: Serialize>(value: &T) -> Result<bytes::Bytes, DecodeError> {
    codec::store(FORMAT, value)
}

pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, DecodeError> {
    codec::restore(&[FORMAT], bytes)
}

/// A node says how it is.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Beat {
    pub node: NodeId,
    pub state: NodeState,
}

/// How a node is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum NodeState {
    /// It takes commands.
    Serving,
    /// It is there but gives its aggregates away.
    Draining,
    /// It has ended.
    Gone,
}

/// What happened on a topic.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub enum TopicPacket {
    /// Publications, in order.
    Published(Vec<Item>),
    /// The topic's log reaches to here.
    Head(Offset),
}

/// A publication without its topic.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub enum Item {
    Event { offset: Offset, at: i64, event: Event },
    Signal { pressure: Pressure, signal: Signal },
}

/// What becomes of a signal for which a slow receiver has no room.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Pressure {
    Conflated(u64),
    Droppable,
}

impl Item {
    pub fn of(publication: &Publication) -> Self {
        match publication.body() {
            Body::Event { offset, at, event } => Self::Event { offset: *offset, at: *at, event: event.clone() },
            Body::Signal(signal) => {
                let pressure = match publication.class {
                    Class::Conflated(key) => Pressure::Conflated(key),
                    Class::Droppable | Class::Durable => Pressure::Droppable,
                };
                Self::Signal { pressure, signal: signal.clone() }
            }
        }
    }

    pub fn into_publication(self, topic: Topic) -> Arc<Publication> {
        match self {
            Self::Event { offset, at, event } => Publication::event(topic, offset, at, event),
            Self::Signal { pressure, signal } => {
                let class = match pressure {
                    Pressure::Conflated(key) => Class::Conflated(key),
                    Pressure::Droppable => Class::Droppable,
                };
                Publication::signal(topic, class, signal)
            }
        }
    }
}

/// A command for another node.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct CommandPacket<C> {
    pub id: Uuid,
    pub entry: EntryId,
    pub hops: u8,
    pub command: C,
}

/// Its answer.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub enum AnswerPacket<T> {
    Done(T),
    Refused(Refusal),
}

/// Sessions that are no more.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct EndedPacket {
    pub sessions: Vec<SessionId>,
}

/// A part of a report of presence: one report is one or more of these.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ReportPart {
    pub part: u32,
    pub parts: u32,
    pub report: Report,
}

/// How many are in audiences on a node.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct CrowdsPacket {
    pub from: NodeId,
    pub crowds: Vec<Crowd>,
}

/// A node asks for everybody on another one.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Question {
    pub from: NodeId,
}

#[cfg(test)]
mod tests {
    use super::*;
    use plenum_schema::UserId;
    use plenum_schema::conversation::{ConversationEvent, TitleChanged};
    use plenum_schema::wire::TypingSignal;

    #[test]
    fn publications_read_back() {
        let (topic, user) = (Topic::Conversation(Uuid::from_u128(1).into()), UserId(Uuid::from_u128(2)));
        let title = ConversationEvent::TitleChanged(TitleChanged { title: "t".into(), by: user, now: None });
        let event = Publication::event(topic, 7, 9, Event::Conversation(title));
        let typing = Signal::Typing(TypingSignal { user, active: true });
        let signals =
            [Class::Droppable, Class::Conflated(3)].map(|class| Publication::signal(topic, class, typing.clone()));
        for publication in signals.into_iter().chain([event]) {
            let packet = TopicPacket::Published(vec![Item::of(&publication)]);
            let TopicPacket::Published(items) = decode(&encode(&packet).unwrap()).unwrap() else { panic!() };
            let again = items.into_iter().next().unwrap().into_publication(topic);
            assert_eq!((again.body(), again.class), (publication.body(), publication.class));
        }
    }

    #[test]
    fn an_unknown_format_and_damaged_bytes_are_refused() {
        let mut bytes = encode(&TopicPacket::Head(3)).unwrap().to_vec();
        assert_eq!(decode::<TopicPacket>(&bytes), Ok(TopicPacket::Head(3)));
        bytes[0] = 9;
        assert!(decode::<TopicPacket>(&bytes).is_err());
        assert!(decode::<TopicPacket>(&[FORMAT]).is_err());
        assert!(decode::<TopicPacket>(&[]).is_err());
    }
}
