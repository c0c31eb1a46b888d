//! Where a stream stands in all its topics, and how `id:` and `Last-Event-ID` say it.
//!
//! ```text
//! 5b1f09c2.41.0.-        digest of the topics · one position for each topic that has a log, in the order of the request
//! ```
//!
//! `-` stands for a topic that was refused. The digest keeps a position from being taken for that of another topic when a page
//! changes its list and brings an old id along.

use bytes::BytesMut;
use plenum_schema::log::MAX_OFFSET;
use plenum_schema::{Offset, Refusal, RefusalCode, Topic};
use std::fmt::Write;

/// The longest number of an id, with its dot.
const LONGEST_NUMBER: usize = 17;

/// One topic of a stream.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Place {
    topic: Box<str>,
    /// Absent for a topic that was refused.
    position: Option<Offset>,
}

/// The positions of a stream: only of topics with a log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Places {
    digest: u32,
    places: Box<[Place]>,
}

impl Places {
    /// Nowhere yet.
    pub(super) fn new(topics: &[Topic]) -> Self {
        let with_log = topics.iter().filter(|topic| topic.log().is_some());
        let places: Box<[Place]> =
            with_log.map(|topic| Place { topic: topic.to_string().into(), position: None }).collect();
        Self { digest: digest(&places), places }
    }

    /// Everything up to `position` has been handed over.
    pub(super) fn set(&mut self, topic: &str, position: Offset) {
        if let Some(place) = self.places.iter_mut().find(|place| &*place.topic == topic) {
            place.position = Some(position);
        }
    }

    /// Writes the id, without a line end.
    pub(super) fn write(&self, out: &mut BytesMut) {
        // Writing to memory does not fail.
        let _infallible = write!(out, "{:08x}", self.digest);
        for place in &self.places {
            let _infallible = match place.position {
                Some(position) => write!(out, ".{position}"),
                None => out.write_str(".-"),
            };
        }
    }

    /// Reads an id for these same topics.
    ///
    /// # Errors
    /// `invalid` (`lastEventId`) when it is none, or of other topics.
    pub(super) fn read(&mut self, id: &str) -> Result<(), Refusal> {
        let wrong = |why: &str| Refusal::field(RefusalCode::Invalid, "lastEventId", why);
        let other = || wrong("it belongs to a stream of other topics, or of the same in another order");
        if id.len() > 8 + self.places.len() * LONGEST_NUMBER {
            return Err(other());
        }
        let mut parts = id.split('.');
        let digest = parts.next().filter(|part| part.len() == 8).and_then(|part| u32::from_str_radix(part, 16).ok());
        let digest = digest.ok_or_else(|| wrong("it is not the id of an event of a stream"))?;
        let positions: Vec<Option<Offset>> =
            parts.map(position).collect::<Option<_>>().ok_or_else(|| wrong("a position in it is no offset"))?;
        if digest != self.digest || positions.len() != self.places.len() {
            return Err(other());
        }
        for (place, position) in self.places.iter_mut().zip(positions) {
            place.position = position;
        }
        Ok(())
    }

    /// The position of a topic, if one is known.
    pub(super) fn position(&self, topic: Topic) -> Option<Offset> {
        let text = topic.to_string();
        self.places.iter().find(|place| *place.topic == text)?.position
    }
}

/// `-` is no position; anything else must be an offset as we write it.
fn position(text: &str) -> Option<Option<Offset>> {
    if text == "-" {
        return Some(None);
    }
    let is_ours = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    text.parse().ok().filter(|offset| is_ours && *offset <= MAX_OFFSET).map(Some)
}

/// FNV-1a of the topics' names: it detects mistakes, it is no protection against anybody.
fn digest(places: &[Place]) -> u32 {
    let bytes = places.iter().flat_map(|place| place.topic.bytes().chain([b',']));
    bytes.fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::*;
    use plenum_schema::{ConversationId, UserId};
    use uuid::Uuid;

    fn topics(numbers: &[u128]) -> Vec<Topic> {
        numbers.iter().map(|number| Topic::Conversation(ConversationId(Uuid::from_u128(*number)))).collect()
    }

    fn id(places: &Places) -> String {
        let mut out = BytesMut::new();
        places.write(&mut out);
        String::from_utf8(out.to_vec()).unwrap()
    }

    #[test]
    fn an_id_reads_back_into_the_same_positions() {
        let mut topics = topics(&[1, 2, 3]);
        topics.insert(1, Topic::User(UserId(Uuid::from_u128(9))));
        let mut places = Places::new(&topics);
        places.set(&topics[0].to_string(), 41);
        places.set(&topics[2].to_string(), MAX_OFFSET);
        let written = id(&places);
        assert!(written.ends_with(".41.9007199254740991.-"), "{written}");
        let mut again = Places::new(&topics);
        again.read(&written).unwrap();
        assert_eq!(again, places);
        assert_eq!(
            (again.position(topics[0]), again.position(topics[1]), again.position(topics[3])),
            (Some(41), None, None)
        );
    }

    #[test]
    fn an_id_of_other_topics_or_another_order_is_refused_by_name() {
        let written = id(&Places::new(&topics(&[1, 2])));
        for others in [&[1][..], &[2, 1], &[1, 2, 3], &[1, 4]] {
            let refusal = Places::new(&topics(others)).read(&written).unwrap_err();
            assert_eq!(refusal.field.as_deref(), Some("lastEventId"), "{others:?}");
        }
    }

    #[test]
    fn what_is_no_id_is_refused_and_changes_nothing() {
        let before = Places::new(&topics(&[1]));
        let digest = id(&before);
        let digest = digest.strip_suffix(".-").unwrap();
        let bad = ["", "41", ".41", "zzzzzzzz.1", "+0000001.1"].map(str::to_owned).into_iter();
        let bad = bad.chain(
            ["", ".", ".x", ".-1", ".01", ".+1", ".1.2", ".9007199254740992", ".99999999999999999999999"]
                .map(|rest| format!("{digest}{rest}")),
        );
        for text in bad {
            let mut places = before.clone();
            assert!(places.read(&text).is_err(), "{text}");
            assert_eq!(places, before);
        }
    }

    #[test]
    fn broken_ids_are_refused_or_are_the_id_of_other_positions() {
        let topics = topics(&[1, 2, 3]);
        let mut places = Places::new(&topics);
        places.set(&topics[0].to_string(), 41);
        places.set(&topics[2].to_string(), 1_700_000);
        let whole = id(&places);
        for place in 0..whole.len() {
            let (before, behind) = (&whole[..place], &whole[place..]);
            for letter in ('\0'..='\u{7f}').chain(['é', '\u{1f600}']) {
                let replaced = format!("{before}{letter}{}", &behind[1..]);
                let inserted = format!("{before}{letter}{behind}");
                for changed in [replaced, inserted, before.to_owned(), format!("{before}{}", &behind[1..])] {
                    let mut read = Places::new(&topics);
                    match read.read(&changed) {
                        Ok(()) => assert_eq!(id(&read), changed.to_ascii_lowercase(), "one text for one place"),
                        Err(refusal) => {
                            assert_eq!(refusal.field.as_deref(), Some("lastEventId"), "{changed:?}");
                            assert_eq!(read, Places::new(&topics), "{changed:?}");
                        }
                    }
                }
            }
        }
    }
}
