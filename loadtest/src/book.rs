//! The book of known frames: what makes an exact check cheap.
//!
//! The first receiver of an event decodes its frame strictly; the bytes are kept. Every other receiver who expects that
//! offset compares bytes: equal bytes are the same event. Anything else is decoded and compared as a value.

use plenum_schema::topic::Topic;
use plenum_schema::wire::EventFrame;
use std::collections::HashMap;

/// Index of a topic in the book.
pub type TopicIndex = u32;

/// How many frames the book keeps over all topics.
const FRAMES: usize = 8_192;

/// What an event's content says to this tool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// An event of the native protocol.
    Event(Box<EventFrame>),
    /// A payload of the yardstick: compared as bytes.
    Raw(Vec<u8>),
}

#[derive(Debug, Default)]
struct Known {
    offset: u64,
    marker: Option<u64>,
    body: Option<Body>,
    bytes: [Vec<u8>; 2],
}

/// A ring of recent frames per topic.
#[derive(Debug)]
pub struct Book {
    rings: Vec<Vec<Known>>,
    topics: Vec<Topic>,
    index: HashMap<Topic, TopicIndex>,
    ring: u64,
}

/// The same offset with another content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Diverged;

impl Book {
    /// A book of these topics.
    #[must_use]
    pub fn new(topics: &[Topic]) -> Self {
        let ring = (FRAMES / topics.len().max(1)).clamp(8, 512) as u64;
        let rings = topics.iter().map(|_| (0..ring).map(|_| Known::default()).collect()).collect();
        let index = topics.iter().zip(0..).map(|(&topic, at)| (topic, at)).collect();
        Self { rings, topics: topics.to_vec(), index, ring }
    }

    /// The topic's index.
    #[must_use]
    pub fn index_of(&self, topic: Topic) -> Option<TopicIndex> {
        self.index.get(&topic).copied()
    }

    /// The topic at an index.
    #[must_use]
    pub fn topic(&self, index: TopicIndex) -> Option<Topic> {
        self.topics.get(index as usize).copied()
    }

    fn slot(&self, topic: TopicIndex, offset: u64) -> Option<&Known> {
        self.rings.get(topic as usize)?.get((offset % self.ring) as usize)
    }

    /// Whether `payload` is the frame already known at this offset; if so the marker its text carries.
    #[must_use]
    pub fn recognise(&self, codec: usize, topic: TopicIndex, offset: u64, payload: &[u8]) -> Option<Option<u64>> {
        let known = self.slot(topic, offset)?;
        let same = known.offset == offset && known.bytes.get(codec)? == payload;
        (same && !payload.is_empty()).then_some(known.marker)
    }

    /// Keeps a decoded frame.
    ///
    /// # Errors
    /// [`Diverged`] when the book knows another content for this offset.
    pub fn learn(
        &mut self,
        codec: usize,
        topic: TopicIndex,
        offset: u64,
        marker: Option<u64>,
        body: Body,
        payload: &[u8],
    ) -> Result<(), Diverged> {
        let ring = self.ring;
        let slot = self.rings.get_mut(topic as usize).and_then(|slots| slots.get_mut((offset % ring) as usize));
        let Some(known) = slot else { return Ok(()) };
        // A replay of something old must not push out what live receivers compare with.
        if known.offset > offset {
            return Ok(());
        }
        if known.offset == offset {
            if known.body.as_ref() != Some(&body) {
                return Err(Diverged);
            }
        } else {
            known.bytes.iter_mut().for_each(Vec::clear);
            (known.offset, known.marker, known.body) = (offset, marker, Some(body));
        }
        if let Some(bytes) = known.bytes.get_mut(codec) {
            bytes.clear();
            bytes.extend_from_slice(payload);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use plenum_schema::id::ConversationId;

    fn book() -> Book {
        Book::new(&[Topic::Conversation(ConversationId(uuid::Uuid::from_u128(1)))])
    }

    fn raw(text: &str) -> Body {
        Body::Raw(text.as_bytes().to_vec())
    }

    #[test]
    fn a_learnt_frame_is_recognised_only_byte_for_byte_and_at_its_offset() {
        let mut book = book();
        assert_eq!(book.learn(0, 0, 5, Some(9), raw("a"), b"frame"), Ok(()));
        assert_eq!(book.recognise(0, 0, 5, b"frame"), Some(Some(9)));
        assert_eq!(book.recognise(0, 0, 5, b"framE"), None);
        assert_eq!(book.recognise(0, 0, 6, b"frame"), None);
        assert_eq!(book.recognise(1, 0, 5, b"frame"), None);
    }

    #[test]
    fn another_content_at_the_same_offset_is_a_divergence() {
        let mut book = book();
        assert_eq!(book.learn(0, 0, 5, None, raw("a"), b"x"), Ok(()));
        assert_eq!(book.learn(1, 0, 5, None, raw("a"), b"y"), Ok(()), "the other codec's bytes of the same event");
        assert_eq!(book.learn(0, 0, 5, None, raw("b"), b"z"), Err(Diverged));
    }

    #[test]
    fn an_old_replay_does_not_push_out_the_present() {
        let mut book = book();
        assert_eq!(book.learn(0, 0, 1_000, None, raw("new"), b"new"), Ok(()));
        assert_eq!(book.learn(0, 0, 1_000 - 512, None, raw("old"), b"old"), Ok(()));
        assert!(book.recognise(0, 0, 1_000, b"new").is_some());
    }
}
