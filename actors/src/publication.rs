//! Publications: an event or signal of a topic, encoded at most once for each dialect, shared by all who receive it.

use bytes::Bytes;
use plenum_schema::conversation::ConversationEvent;
use plenum_schema::wire::{Event, EventFrame, ServerFrame, Signal, SignalFrame};
use plenum_schema::{Offset, Topic, UserId};
use std::sync::{Arc, OnceLock};

/// A way a frame is written on a socket: codec and framing together. The number is an index into every per-dialect table.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum Dialect {
    /// `plenum.v1.json`: JSON in WebSocket text frames.
    NativeJson = 0,
    /// `plenum.v1.msgpack`: MessagePack in WebSocket binary frames.
    NativeMessagePack = 1,
    /// JSON in records that the edge turns into server-sent events or into the answers of long polls.
    HttpJson = 2,
}

impl Dialect {
    /// Every dialect.
    pub const ALL: [Dialect; 3] = [Dialect::NativeJson, Dialect::NativeMessagePack, Dialect::HttpJson];
    /// How many there are.
    pub const COUNT: usize = Self::ALL.len();
    /// The first so many are in use nearly everywhere; publications make room for the others when one is needed.
    const USUAL: usize = 2;

    /// Its place in per-dialect tables.
    #[must_use]
    pub fn index(self) -> usize {
        self as usize
    }
}

/// Turns a frame into the bytes a socket of the dialect gets, framing included. Given by the edge.
pub type Encoder = fn(Dialect, &ServerFrame) -> Bytes;

/// What happens to a publication that a slow receiver has no room for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Class {
    /// Has an offset, is in the log: the receiver is closed with a resume point rather than skip one.
    Durable,
    /// Only the newest value of a key matters (a tally, read marks): kept until there is room.
    Conflated(u64),
    /// Dropped first (typing).
    Droppable,
}

/// What a publication says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Body {
    /// A durable event at an offset.
    Event {
        /// Its place.
        offset: Offset,
        /// Wall-clock milliseconds when it was written.
        at: i64,
        /// What happened.
        event: Event,
    },
    /// A signal.
    Signal(Signal),
}

/// The bytes of a publication in each dialect.
#[derive(Debug, Default)]
struct Encoded {
    usual: [OnceLock<Bytes>; Dialect::USUAL],
    others: OnceLock<Box<[OnceLock<Bytes>; Dialect::COUNT - Dialect::USUAL]>>,
}

impl Encoded {
    fn cell(&self, dialect: Dialect) -> &OnceLock<Bytes> {
        match dialect.index().checked_sub(Dialect::USUAL) {
            None => &self.usual[dialect.index()],
            Some(rare) => &self.others.get_or_init(Box::default)[rare],
        }
    }
}

/// An event or signal of a topic. Shared as `Arc` between workers; encoded when the first receiver of a dialect needs it.
#[derive(Debug)]
pub struct Publication {
    /// The topic.
    pub topic: Topic,
    /// What happens under pressure.
    pub class: Class,
    body: Body,
    encoded: Encoded,
}

impl Publication {
    /// A durable event.
    #[must_use]
    pub fn event(topic: Topic, offset: Offset, at: i64, event: Event) -> Arc<Self> {
        Arc::new(Self {
            topic,
            class: Class::Durable,
            body: Body::Event { offset, at, event },
            encoded: Encoded::default(),
        })
    }

    /// A signal of a class.
    #[must_use]
    pub fn signal(topic: Topic, class: Class, signal: Signal) -> Arc<Self> {
        Arc::new(Self { topic, class, body: Body::Signal(signal), encoded: Encoded::default() })
    }

    /// What it says.
    #[must_use]
    pub fn body(&self) -> &Body {
        &self.body
    }

    /// Its offset, when it is an event.
    #[must_use]
    pub fn offset(&self) -> Option<Offset> {
        match self.body {
            Body::Event { offset, .. } => Some(offset),
            Body::Signal(_) => None,
        }
    }

    /// Who may not receive the topic any more after this event: their subscriptions end with it.
    #[must_use]
    pub fn revoked(&self) -> Option<UserId> {
        match &self.body {
            Body::Event { event: Event::Conversation(ConversationEvent::MemberRemoved(removed)), .. } => {
                Some(removed.user)
            }
            _ => None,
        }
    }

    /// As a frame of the native protocol.
    #[must_use]
    pub fn frame(&self) -> ServerFrame {
        match &self.body {
            Body::Event { offset, at, event } => {
                ServerFrame::Event(EventFrame { topic: self.topic, offset: *offset, at: *at, event: event.clone() })
            }
            Body::Signal(signal) => ServerFrame::Signal(SignalFrame { topic: self.topic, signal: signal.clone() }),
        }
    }

    /// Its bytes in a dialect, made by the first caller.
    pub fn bytes(&self, dialect: Dialect, encoder: Encoder) -> &Bytes {
        self.encoded.cell(dialect).get_or_init(|| encoder(dialect, &self.frame()))
    }
}

/// Where owners hand publications to: the hubs of this node, later also the cluster's bus.
pub trait Publisher: Send + Sync + 'static {
    /// Publications of one topic in offset order. Never blocks.
    fn publish(&self, batch: Vec<Arc<Publication>>);

    /// The topic's log ends at `head`, though not everything up to there may have been published (after a panic or crash):
    /// hubs that are below read the log.
    fn announce(&self, topic: Topic, head: Offset);
}

#[cfg(test)]
mod tests {
    use super::*;
    use plenum_schema::wire::TypingSignal;

    #[test]
    fn a_rare_dialect_costs_a_publication_nothing_before_somebody_needs_it() {
        let user = UserId(uuid::Uuid::from_u128(1));
        let signal = Signal::Typing(TypingSignal { user, active: true });
        let publication = Publication::signal(Topic::User(user), Class::Droppable, signal);
        let encode: Encoder = |dialect, _| Bytes::copy_from_slice(&[dialect as u8]);
        for dialect in [Dialect::NativeJson, Dialect::NativeMessagePack] {
            assert_eq!(publication.bytes(dialect, encode)[..], [dialect as u8]);
        }
        assert!(publication.encoded.others.get().is_none());
        for dialect in Dialect::ALL {
            assert_eq!(publication.bytes(dialect, encode)[..], [dialect as u8]);
        }
        assert!(size_of::<Encoded>() <= Dialect::USUAL * size_of::<OnceLock<Bytes>>() + 16);
    }
}
