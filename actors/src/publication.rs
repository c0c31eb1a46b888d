//! Publications: an event or signal of a topic, encoded at most once for each dialect, shared by all who receive it.

mod dialect;

pub use dialect::{Dialect, Parser, Vocabulary};

use crate::hub::Shed;
use bytes::Bytes;
use plenum_schema::conference::ConferenceEvent;
use plenum_schema::conversation::ConversationEvent;
use plenum_schema::wire::{Event, EventFrame, ServerFrame, Signal, SignalFrame};
use plenum_schema::{ConferenceId, Content, Offset, QuestionId, Refusal, Topic, UserId};
use std::sync::{Arc, OnceLock};

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
#[expect(clippy::large_enum_variant, reason = "one for each publication, never one for each receiver")]
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

/// An event or signal of a topic. Shared as `Arc` between workers; encoded when the first receiver of a dialect needs it.
#[derive(Debug)]
pub struct Publication {
    /// The topic.
    pub topic: Topic,
    /// What happens under pressure.
    pub class: Class,
    body: Body,
    encoded: [OnceLock<Bytes>; Dialect::NATIVE],
    /// For the dialects that few publications are ever written in.
    foreign: OnceLock<Box<[OnceLock<Bytes>; Dialect::FOREIGN]>>,
}

impl Publication {
    /// A durable event.
    #[must_use]
    pub fn event(topic: Topic, offset: Offset, at: i64, event: Event) -> Arc<Self> {
        Arc::new(Self {
            topic,
            class: Class::Durable,
            body: Body::Event { offset, at, event },
            encoded: Default::default(),
            foreign: OnceLock::new(),
        })
    }

    /// A signal of a class.
    #[must_use]
    pub fn signal(topic: Topic, class: Class, signal: Signal) -> Arc<Self> {
        Arc::new(Self {
            topic,
            class,
            body: Body::Signal(signal),
            encoded: Default::default(),
            foreign: OnceLock::new(),
        })
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

    /// Who types, when it says that.
    #[must_use]
    pub fn typist(&self) -> Option<UserId> {
        match &self.body {
            Body::Signal(Signal::Typing(typing)) => Some(typing.user),
            _ => None,
        }
    }

    /// The question that is live from this event on, and whose it is.
    #[must_use]
    pub fn asked(&self) -> Option<(ConferenceId, QuestionId)> {
        match (self.topic, &self.body) {
            (
                Topic::Conference(id),
                Body::Event { event: Event::Conference(ConferenceEvent::QuestionLive(live)), .. },
            ) => Some((id, live.question)),
            _ => None,
        }
    }

    /// The message whose content must be handed out no more after this event.
    #[must_use]
    pub fn redacts(&self) -> Option<Offset> {
        match &self.body {
            Body::Event { event: Event::Conversation(ConversationEvent::MessageDeleted(deleted)), .. } => {
                Some(deleted.target)
            }
            _ => None,
        }
    }

    /// The message whose content is in this event: its own, or that of an edit.
    #[must_use]
    pub fn reveals(&self) -> Option<Offset> {
        match &self.body {
            Body::Event { offset, event: Event::Conversation(ConversationEvent::Message(_)), .. } => Some(*offset),
            Body::Event { event: Event::Conversation(ConversationEvent::MessageEdited(edited)), .. } => {
                Some(edited.target)
            }
            _ => None,
        }
    }

    /// The same event with another content in its message or edit.
    #[must_use]
    pub fn with_content(&self, content: Content) -> Arc<Self> {
        let mut body = self.body.clone();
        if let Body::Event { event: Event::Conversation(event), .. } = &mut body {
            match event {
                ConversationEvent::Message(message) => message.content = content,
                ConversationEvent::MessageEdited(edited) => edited.content = content,
                _ => {}
            }
        }
        let (encoded, foreign) = (Default::default(), OnceLock::new());
        Arc::new(Self { topic: self.topic, class: self.class, body, encoded, foreign })
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

    /// Its bytes in a dialect, made by the first caller. Empty when the dialect has no word for it.
    pub fn bytes(&self, dialect: Dialect, encoder: Encoder) -> &Bytes {
        let place = match dialect.index().checked_sub(Dialect::NATIVE) {
            None => &self.encoded[dialect.index()],
            Some(index) => &self.foreign.get_or_init(Box::default)[index],
        };
        place.get_or_init(|| encoder(dialect, &self.frame()))
    }
}

/// Takes the content of the message at `target` out of kept publications: of the message itself and of its edits.
pub(crate) fn redact<'a>(kept: impl Iterator<Item = &'a mut Arc<Publication>>, target: Offset) {
    for publication in kept {
        if publication.reveals() == Some(target) {
            *publication = publication.with_content(Content::deleted());
        }
    }
}

/// Its content and its frames: one for each codec of the native protocol, and one for somebody who speaks another.
const COPIES: usize = 4;

/// About how much memory a publication takes that has so many bytes when it is stored or written. Caches of publications count it so.
pub(crate) const fn held(bytes: usize) -> usize {
    COPIES * bytes + size_of::<Publication>()
}

/// Where owners hand publications to: the hubs of this node, later also the cluster's bus.
pub trait Publisher: Send + Sync + 'static {
    /// Publications of one topic in offset order. Never blocks.
    fn publish(&self, batch: Vec<Arc<Publication>>);

    /// Whether a publication of the topic would reach anybody. May say yes too often, never no too often.
    fn is_wanted(&self, topic: Topic) -> bool {
        let _ = topic;
        true
    }

    /// Whether somebody follows a topic of their own (`user:`). May say yes too often, never no too often.
    fn has_personal(&self) -> bool {
        true
    }

    /// Whether there is room for what somebody is about to do that leads to publications.
    ///
    /// # Errors
    /// `busy`, with the time to wait, while there is too much to deliver already.
    fn admit(&self, shed: Shed) -> Result<(), Refusal> {
        let _ = shed;
        Ok(())
    }

    /// The topic's log ends at `head`, though not everything up to there may have been published (after a panic or crash):
    /// hubs that are below read the log.
    fn announce(&self, topic: Topic, head: Offset);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dialects_that_are_not_native_cost_a_publication_two_words_until_they_are_used() {
        let foreign = size_of::<OnceLock<Box<[OnceLock<Bytes>; Dialect::FOREIGN]>>>();
        assert_eq!(foreign, 2 * size_of::<usize>());
        let native = size_of::<[OnceLock<Bytes>; Dialect::NATIVE]>();
        let said = size_of::<Topic>() + size_of::<Class>() + size_of::<Body>();
        let padding = size_of::<usize>();
        assert!(size_of::<Publication>() <= said + native + foreign + padding, "{}", size_of::<Publication>());
    }
}
