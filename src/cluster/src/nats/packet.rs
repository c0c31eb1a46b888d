//! What stands in the messages: a format byte, then MessagePack, as in stored records. A node that meets a format it does not know
//! treats the message as lost, which every one of them may be; so nodes of two versions can run beside each other.

use plenum_actors::crowds::Crowd;
use plenum_actors::presence::Report;
use plenum_actors::publication::{Body, Class, Publication};
use plenum_actors::shared_limits::Spending;
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
    Event { offset: Offset, at: i64, event: Box<Event> },
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
            Body::Event { offset, at, event } => {
                Self::Event { offset: *offset, at: *at, event: Box::new(event.clone()) }
            }
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
            Self::Event { offset, at, event } => Publication::event(topic, offset, at, *event),
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

/// What was taken of the buckets of rate limits on a node since its last report.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SpentPacket {
    pub from: NodeId,
    /// Its monotonic time in milliseconds, which tells how late the report is.
    pub at: u64,
    pub spendings: Vec<Spending>,
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
    fn what_was_spent_reads_back() {
        let spending = |whom, amount| Spending { limit: 9, whom, amount };
        let spendings = vec![spending(u128::MAX, i64::MIN), spending(0, 1_000), spending(1 << 64, -1_000)];
        let packet = SpentPacket { from: NodeId(Uuid::from_u128(1)), at: u64::MAX, spendings };
        assert_eq!(decode(&encode(&packet).unwrap()), Ok(packet));
    }

    #[test]
    fn a_full_report_of_what_was_spent_fits_into_a_message_of_the_bus() {
        let largest = Spending { limit: 10, whom: u128::MAX, amount: i64::MAX };
        let packet = SpentPacket { from: NodeId(Uuid::nil()), at: u64::MAX, spendings: vec![largest; 16_384] };
        // What NATS takes unless it is told otherwise.
        assert!(encode(&packet).unwrap().len() < 1 << 20);
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

    /// What a long run chooses instead of the usual: `PLENUM_FUZZ_SEED` and `PLENUM_FUZZ_CASES`.
    fn chosen(name: &str, usual: u64) -> u64 {
        std::env::var(name).ok().map_or(usual, |text| text.parse().unwrap())
    }

    /// Decodes; what is read comes back the same.
    fn feed<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(bytes: &[u8]) {
        if let Ok(packet) = decode::<T>(bytes) {
            assert_eq!(decode::<T>(&encode(&packet).unwrap()), Ok(packet));
        }
    }

    #[test]
    fn broken_packets_are_refused_or_read_whatever_they_were() {
        let user = UserId(Uuid::from_u128(2));
        let title = ConversationEvent::TitleChanged(TitleChanged { title: "t".into(), by: user, now: None });
        let items = vec![
            Item::Event { offset: 7, at: 9, event: Box::new(Event::Conversation(title)) },
            Item::Signal {
                pressure: Pressure::Conflated(3),
                signal: Signal::Typing(TypingSignal { user, active: true }),
            },
        ];
        let node = NodeId(Uuid::from_u128(1));
        let spendings = vec![Spending { limit: 9, whom: 1 << 64, amount: -1_000 }];
        let saved = [
            encode(&TopicPacket::Published(items)).unwrap(),
            encode(&Beat { node, state: NodeState::Serving }).unwrap(),
            encode(&SpentPacket { from: node, at: 1, spendings }).unwrap(),
            encode(&AnswerPacket::<u64>::Done(4)).unwrap(),
            encode(&EndedPacket { sessions: vec![SessionId(Uuid::from_u128(5))] }).unwrap(),
        ];
        let mut state = chosen("PLENUM_FUZZ_SEED", 0x5EED).max(1);
        let mut roll = |sides: usize| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            usize::try_from(state % sides.max(1) as u64).unwrap()
        };
        for _ in 0..chosen("PLENUM_FUZZ_CASES", 20_000) {
            let mut bytes = saved[roll(saved.len())].to_vec();
            for _ in 0..=roll(4) {
                let at = roll(bytes.len());
                match roll(4) {
                    0 => bytes.truncate(at.max(1)),
                    1 => bytes.insert(at, u8::try_from(roll(256)).unwrap()),
                    2 => drop(bytes.drain(at..(at + roll(8)).min(bytes.len()))),
                    _ if at < bytes.len() => bytes[at] ^= 1 << roll(8),
                    _ => {}
                }
            }
            feed::<TopicPacket>(&bytes);
            feed::<Beat>(&bytes);
            feed::<SpentPacket>(&bytes);
            feed::<AnswerPacket<u64>>(&bytes);
            feed::<EndedPacket>(&bytes);
            feed::<CommandPacket<u64>>(&bytes);
            feed::<CrowdsPacket>(&bytes);
            feed::<ReportPart>(&bytes);
        }
    }
}
