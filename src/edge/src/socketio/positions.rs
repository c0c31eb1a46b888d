//! Where a client stands, in words it can keep: the strings behind connection state recovery.
//!
//! * The *trail* is the last argument of an event: `name.offset`, joined with commas. An event tells its own topic; to a client that
//!   has got events of several topics each event tells all of them. `name.-` is a topic that the client has left. A name is the
//!   id of a conversation, or `c` and that of a conference.
//! * The *pid* is given with the CONNECT answer: the account and where its topics stood at that moment (the *base*).
//!
//! Behind its positions a trail may say which vocabulary its client hears, so that it hears the same one when it comes back.
//!
//! Base and trail together are an exact resume point that needs nothing on the server, so that it serves after any time, on any
//! node. Neither is a secret or proof of anything: rights are checked as for any other connection, and what the two ask for is charged to
//! the client (`chat::pacing`).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use plenum_actors::hub::Place;
use plenum_actors::publication::Vocabulary;
use plenum_schema::log::MAX_OFFSET;
use plenum_schema::{ConferenceId, ConversationId, Offset, Topic, UserId};
use std::collections::BTreeMap;
use std::fmt::Write;
use uuid::Uuid;

/// The most topics that a trail or a base can be allowed to name: what is put into an event has a length of 16 bits in MessagePack
/// (`str 16` of its specification), and this many topics fit into it.
pub const MOST_TOPICS: usize = 1_000;
/// The most that one topic takes in a trail or a pid, and more: a longer string is not looked at.
const BYTES_A_TOPIC: usize = 64;

/// The longest trail or pid that can name so many topics, bytes.
const fn most_bytes(topics: usize) -> usize {
    // A pid without topics has a head.
    topics.saturating_add(1).saturating_mul(BYTES_A_TOPIC)
}

/// First byte of a pid's content.
const VERSION: u8 = 1;
/// Marks the offset of a conversation that was not followed.
const NOT_FOLLOWED: Offset = 1 << 63;

/// What a conference's name begins with; one of a conversation has its 22 characters alone.
const OF_CONFERENCE: char = 'c';
/// Stands for the offset of a topic that the client has left.
const LEFT: &str = "-";

/// Appends the place in each topic that has a log of its own.
pub(super) fn put_trail<'p>(out: &mut String, positions: impl Iterator<Item = &'p Place>) {
    for (topic, place) in positions {
        let (prefix, id) = match topic {
            Topic::Conversation(id) => (None, id.0),
            Topic::Conference(id) => (Some(OF_CONFERENCE), id.0),
            _ => continue,
        };
        if !out.is_empty() {
            out.push(',');
        }
        out.extend(prefix);
        BASE64.encode_string(id.as_bytes(), out);
        // Writing to a string does not fail.
        let _written = match place {
            Some(offset) => write!(out, ".{offset}"),
            None => write!(out, ".{LEFT}"),
        };
    }
}

/// The trail of one event.
pub(super) fn trail(topic: Topic, offset: Offset, vocabulary: Vocabulary) -> String {
    let mut out = String::with_capacity(40);
    put_trail(&mut out, std::iter::once(&(topic, Some(offset))));
    put_vocabulary(&mut out, vocabulary);
    out
}

/// The mark behind a trail's positions: in which vocabulary the client was spoken to. It has no point, so it is no position.
fn mark(vocabulary: Vocabulary) -> &'static str {
    match vocabulary {
        Vocabulary::Both => "",
        Vocabulary::Hyphen => ",h",
        Vocabulary::Underscore => ",u",
    }
}

/// Appends the vocabulary that the trail is told in.
pub(super) fn put_vocabulary(out: &mut String, vocabulary: Vocabulary) {
    out.push_str(mark(vocabulary));
}

/// Whether bytes can be a trail; no argument of ours that is no trail looks like one.
pub(super) fn is_trail(bytes: &[u8]) -> bool {
    bytes.contains(&b'.') && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_.,".contains(byte))
}

/// The vocabulary that a trail was told in, when it was only one.
pub(super) fn read_vocabulary(text: &str) -> Option<Vocabulary> {
    [Vocabulary::Hyphen, Vocabulary::Underscore].into_iter().find(|vocabulary| text.ends_with(mark(*vocabulary)))
}

/// Reads a trail of at most so many topics; `None` when it is none of ours.
#[must_use]
pub fn read_trail(text: &str, most_topics: usize) -> Option<BTreeMap<Topic, Option<Offset>>> {
    if text.len() > most_bytes(most_topics) {
        return None;
    }
    let text = read_vocabulary(text).and_then(|vocabulary| text.strip_suffix(mark(vocabulary))).unwrap_or(text);
    let mut positions = BTreeMap::new();
    for part in text.split(',') {
        let (name, place) = part.split_once('.')?;
        let place = match place {
            LEFT => None,
            offset => Some(offset.parse().ok().filter(|offset| *offset <= MAX_OFFSET)?),
        };
        positions.insert(read_name(name)?, place);
        if positions.len() > most_topics {
            return None;
        }
    }
    Some(positions)
}

fn read_name(name: &str) -> Option<Topic> {
    let id = |name: &str| Some(Uuid::from_bytes(BASE64.decode(name).ok()?.try_into().ok()?));
    match name.strip_prefix(OF_CONFERENCE) {
        // A conversation's name may begin with the letter, too; the lengths tell them apart.
        Some(rest) if rest.len() == NAME_LETTERS => Some(Topic::Conference(ConferenceId(id(rest)?))),
        _ => Some(Topic::Conversation(ConversationId(id(name)?))),
    }
}

/// An id in base64.
const NAME_LETTERS: usize = 22;

/// What a pid says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Base {
    /// Whose connection it was.
    pub user: UserId,
    /// Tells two connections of the same account apart.
    pub nonce: u32,
    /// Whether the account had no other conversations at that moment: then what is not named here is newer.
    pub is_complete: bool,
    /// Where its topics stood that were followed.
    pub positions: BTreeMap<Topic, Offset>,
    /// Where those stood that were not: when the client comes back, they may be.
    pub others: BTreeMap<Topic, Offset>,
}

impl Base {
    /// As a pid.
    #[must_use]
    pub fn encode(&self) -> String {
        let places = self.positions.iter().map(|(topic, offset)| (topic, *offset));
        let others = self.others.iter().map(|(topic, offset)| (topic, *offset | NOT_FOLLOWED));
        let mut bytes = Vec::with_capacity(24 + (self.positions.len() + self.others.len()) * 24);
        bytes.push(VERSION);
        bytes.push(u8::from(self.is_complete));
        bytes.extend_from_slice(&self.nonce.to_be_bytes());
        bytes.extend_from_slice(self.user.0.as_bytes());
        for (topic, offset) in places.chain(others) {
            let Topic::Conversation(id) = topic else { continue };
            bytes.extend_from_slice(id.0.as_bytes());
            bytes.extend_from_slice(&offset.to_be_bytes());
        }
        BASE64.encode(bytes)
    }

    /// Reads a pid of at most so many topics; `None` when it is none of ours.
    #[must_use]
    pub fn decode(pid: &str, most_topics: usize) -> Option<Self> {
        if pid.len() > most_bytes(most_topics) {
            return None;
        }
        let bytes = BASE64.decode(pid).ok()?;
        let (head, rest) = bytes.split_at_checked(22)?;
        let (places, []) = rest.as_chunks::<24>() else { return None };
        if *head.first()? != VERSION || places.len() > most_topics {
            return None;
        }
        let nonce = u32::from_be_bytes(head.get(2..6)?.try_into().ok()?);
        let user = UserId(Uuid::from_slice(head.get(6..)?).ok()?);
        let (mut positions, mut others) = (BTreeMap::new(), BTreeMap::new());
        for place in places {
            let (id, offset) = place.split_at(16);
            let marked = Offset::from_be_bytes(offset.try_into().ok()?);
            let offset = marked & !NOT_FOLLOWED;
            if offset > MAX_OFFSET {
                return None;
            }
            let into = if marked == offset { &mut positions } else { &mut others };
            into.insert(Topic::Conversation(ConversationId(Uuid::from_slice(id).ok()?)), offset);
        }
        Some(Self { user, nonce, is_complete: *head.get(1)? == 1, positions, others })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn topic(number: u128) -> Topic {
        Topic::Conversation(ConversationId(Uuid::from_u128(number)))
    }

    proptest! {
        #[test]
        fn a_base_and_a_trail_read_back_as_they_were_written(
            places in proptest::collection::btree_map(any::<u128>(), 0..=MAX_OFFSET, 0..40),
            user: u128, nonce: u32, is_complete: bool, followed in 0_usize..40,
        ) {
            let positions: BTreeMap<_, _> = places.into_iter().map(|(id, offset)| (topic(id), offset)).collect();
            let (first, others): (Vec<_>, Vec<_>) =
                positions.iter().enumerate().partition(|(at, _)| *at < followed);
            let places = |some: Vec<(usize, (&Topic, &u64))>| some.into_iter().map(|(_, (topic, at))| (*topic, *at)).collect();
            let user = UserId(Uuid::from_u128(user));
            let base = Base { user, nonce, is_complete, positions: places(first), others: places(others) };
            prop_assert_eq!(Base::decode(&base.encode(), 512), Some(base));
            if !positions.is_empty() {
                // Each third is left, each second a conference.
                let place = |(at, (topic, offset)): (usize, (&Topic, &u64))| match topic {
                    Topic::Conversation(id) if at % 2 == 1 => (Topic::Conference(ConferenceId(id.0)), Some(*offset)),
                    topic => (*topic, (at % 3 > 0).then_some(*offset)),
                };
                let list: Vec<_> = positions.iter().enumerate().map(place).collect();
                let mut text = String::new();
                put_trail(&mut text, list.iter());
                prop_assert_eq!(read_trail(&text, 512), Some(list.into_iter().collect()));
            }
        }

        #[test]
        fn what_is_nearly_a_pid_or_a_trail_is_refused_or_read_as_something_that_could_have_been_written(
            places in proptest::collection::btree_map(any::<u128>(), 0..=MAX_OFFSET, 1..8), followed in 0_usize..8,
            changes in proptest::collection::vec((any::<prop::sample::Index>(), 0_u8..3, any::<u8>()), 1..6),
            is_text: bool,
        ) {
            let positions: BTreeMap<_, _> = places.into_iter().map(|(id, offset)| (topic(id), offset)).collect();
            let others = positions.iter().skip(followed).map(|(topic, offset)| (*topic, *offset)).collect();
            let base = Base { user: UserId(Uuid::from_u128(7)), nonce: 1, is_complete: true, positions, others };
            let mut told = String::new();
            put_trail(&mut told, base.positions.iter().map(|(topic, at)| (*topic, Some(*at))).collect::<Vec<_>>().iter());
            put_vocabulary(&mut told, Vocabulary::Hyphen);
            // In the letters that are written, or in the bytes that they stand for.
            let letters = b"ABCXYZabcxyz019-_.,cuh=+/ ";
            let mutate = |mut bytes: Vec<u8>, in_letters: bool| {
                for (at, how, with) in &changes {
                    let with = if in_letters { letters[usize::from(*with) % letters.len()] } else { *with };
                    let at = at.index(bytes.len() + 1);
                    match how {
                        0 => bytes.insert(at, with),
                        1 if at < bytes.len() => bytes[at] = with,
                        _ if at < bytes.len() => { bytes.remove(at); }
                        _ => {}
                    }
                }
                bytes
            };
            let pid = base.encode();
            let pid = if is_text {
                String::from_utf8(mutate(pid.into_bytes(), true)).unwrap()
            } else {
                BASE64.encode(mutate(BASE64.decode(pid).unwrap(), false))
            };
            if let Some(read) = Base::decode(&pid, 512) {
                prop_assert!(read.positions.values().chain(read.others.values()).all(|offset| *offset <= MAX_OFFSET));
                prop_assert_eq!(Base::decode(&read.encode(), 512), Some(read));
            }
            let told = String::from_utf8(mutate(told.into_bytes(), true)).unwrap();
            if let Some(read) = read_trail(&told, 512) {
                let mut again = String::new();
                put_trail(&mut again, read.iter().map(|(topic, place)| (*topic, *place)).collect::<Vec<_>>().iter());
                prop_assert_eq!(read_trail(&again, 512), Some(read));
            }
        }

        #[test]
        fn any_text_is_read_or_refused_without_a_panic(text: String) {
            let _read = (read_trail(&text, 512), Base::decode(&text, 512));
        }
    }

    #[test]
    fn a_trail_says_in_which_vocabulary_it_was_told() {
        for (vocabulary, read) in [
            (Vocabulary::Both, None),
            (Vocabulary::Hyphen, Some(Vocabulary::Hyphen)),
            (Vocabulary::Underscore, Some(Vocabulary::Underscore)),
        ] {
            let text = trail(topic(7), 42, vocabulary);
            assert_eq!(read_vocabulary(&text), read);
            assert_eq!(read_trail(&text, 512).unwrap().get(&topic(7)), Some(&Some(42)));
        }
        assert_eq!((read_trail(",h", 512), read_trail("h", 512), read_vocabulary("")), (None, None, None));
    }

    #[test]
    fn what_is_too_long_or_no_position_is_not_read() {
        let one = trail(topic(7), 42, Vocabulary::Both);
        assert_eq!(read_trail(&one, 512).unwrap().get(&topic(7)), Some(&Some(42)));
        assert_eq!(read_trail("", 512), None);
        assert_eq!(read_trail("abc.1", 512), None);
        assert_eq!(read_trail(&format!("{}9007199254740992", one.strip_suffix("42").unwrap()), 512), None);
        assert_eq!(read_trail(&"x".repeat(most_bytes(512) + 1), 512), None);
        assert_eq!(Base::decode("AQ", 512), None);
        assert_eq!(Base::decode(&"A".repeat(most_bytes(512) + 4), 512), None);
    }
    #[test]
    fn as_many_topics_as_are_allowed_are_read_and_as_many_as_can_be_fit_into_a_text_of_messagepack() {
        let positions: BTreeMap<_, _> = (0..MOST_TOPICS as u128).map(|number| (topic(number), MAX_OFFSET)).collect();
        let places: Vec<_> = positions.keys().map(|topic| (*topic, Some(MAX_OFFSET))).collect();
        let mut told = String::new();
        put_trail(&mut told, places.iter());
        assert!(told.len() <= usize::from(u16::MAX) && told.len() <= most_bytes(MOST_TOPICS));
        assert!(read_trail(&told, MOST_TOPICS).is_some() && read_trail(&told, MOST_TOPICS - 1).is_none());
        let user = UserId(Uuid::from_u128(7));
        let pid = Base { user, nonce: 1, is_complete: true, positions, others: BTreeMap::new() }.encode();
        assert!(Base::decode(&pid, MOST_TOPICS).is_some() && Base::decode(&pid, MOST_TOPICS - 1).is_none());
    }
}
