//! Random conversations and random bytes.

use plenum_websocket::{Limits, Opcode, client, mask};
use proptest::{collection::vec, prelude::*};

use super::{
    model,
    support::{Event, Heard, hear, hear_chunks, hear_with_breaks},
};

const LIMITS: Limits = Limits { max_message_bytes: 4096, max_fragments: 64 };

/// A message or a control frame, and how it travels.
#[derive(Clone, Debug)]
struct Said {
    event: Event,
    key: [u8; 4],
    cuts: Vec<usize>,
    ping_between: bool,
}

fn said() -> impl Strategy<Value = Said> {
    let event = prop_oneof![
        4 => "\\PC{0,60}".prop_map(Event::Text),
        3 => vec(any::<u8>(), 0..400).prop_map(Event::Binary),
        1 => vec(any::<u8>(), 0..=125).prop_map(Event::Ping),
        1 => vec(any::<u8>(), 0..=125).prop_map(Event::Pong),
    ];
    (event, any::<[u8; 4]>(), vec(0_usize..100, 0..5), any::<bool>())
        .prop_map(|(event, key, cuts, ping_between)| Said { event, key, cuts, ping_between })
}

/// The frames of one message, and what is to be heard of them.
fn travel(said: &Said, bytes: &mut Vec<u8>, expected: &mut Vec<Event>) {
    let (opcode, payload): (_, &[u8]) = match &said.event {
        Event::Text(text) => (Opcode::Text, text.as_bytes()),
        Event::Binary(data) => (Opcode::Binary, data),
        Event::Ping(data) => (Opcode::Ping, data),
        Event::Pong(data) => (Opcode::Pong, data),
        Event::Close(_) => return,
    };
    let (mut rest, mut opcode) = (payload, opcode);
    let cuts = if opcode.is_control() { &[][..] } else { &said.cuts };
    for cut in cuts {
        let (part, behind) = rest.split_at((*cut).min(rest.len()));
        client::put_frame(bytes, false, opcode, said.key, part);
        (rest, opcode) = (behind, Opcode::Continuation);
        if said.ping_between {
            client::put_frame(bytes, true, Opcode::Ping, said.key, b"between");
            expected.push(Event::Ping(b"between".to_vec()));
        }
    }
    client::put_frame(bytes, true, opcode, said.key, rest);
    expected.push(said.event.clone());
}

/// The input in reads at the given places.
fn split<'a>(bytes: &'a [u8], cuts: &[prop::sample::Index]) -> Vec<&'a [u8]> {
    let mut places: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).chain([0, bytes.len()]).collect();
    places.sort_unstable();
    places.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_said_is_heard_however_it_is_fragmented_and_split(
        conversation in vec(said(), 1..6),
        cuts in vec(any::<prop::sample::Index>(), 0..12),
    ) {
        let (mut bytes, mut expected) = (Vec::new(), Vec::new());
        conversation.iter().for_each(|said| travel(said, &mut bytes, &mut expected));
        let expected = Heard { events: expected, violation: None };
        prop_assert_eq!(&hear(LIMITS, &[&bytes]), &expected);
        prop_assert_eq!(&hear(LIMITS, &split(&bytes, &cuts)), &expected);
        prop_assert_eq!(&hear_chunks(LIMITS, &bytes, 1), &expected);
        prop_assert_eq!(&hear_with_breaks(LIMITS, &bytes), &expected);
    }

    #[test]
    fn a_message_split_in_two_at_every_byte_is_the_same_message(said in said()) {
        let (mut bytes, mut expected) = (Vec::new(), Vec::new());
        travel(&said, &mut bytes, &mut expected);
        for place in 0..=bytes.len() {
            let (first, second) = bytes.split_at(place);
            prop_assert_eq!(&hear(LIMITS, &[first, second]).events, &expected);
        }
    }

    #[test]
    fn arbitrary_bytes_are_heard_like_the_model_hears_them(
        bytes in vec(any::<u8>(), 0..300),
        cuts in vec(any::<prop::sample::Index>(), 0..8),
    ) {
        let expected = model::hear(LIMITS, &bytes);
        prop_assert_eq!(&hear(LIMITS, &split(&bytes, &cuts)), &expected);
    }

    #[test]
    fn text_frames_of_arbitrary_bytes_are_heard_like_the_model_hears_them(
        parts in vec(vec(prop_oneof![any::<u8>(), Just(0xce), Just(0xba), Just(0xf0), Just(0x9f), Just(0x80)], 0..6), 1..5),
        cuts in vec(any::<prop::sample::Index>(), 0..8),
    ) {
        let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
        let bytes = super::support::fragments(Opcode::Text, &parts);
        prop_assert_eq!(&hear(LIMITS, &split(&bytes, &cuts)), &model::hear(LIMITS, &bytes));
    }

    #[test]
    fn masking_is_the_xor_of_the_rfc_and_its_own_inverse(key in any::<[u8; 4]>(), data in vec(any::<u8>(), 0..200)) {
        let mut masked = data.clone();
        mask::apply(key, &mut masked);
        let plain: Vec<u8> = data.iter().enumerate().map(|(index, byte)| byte ^ key[index % 4]).collect();
        prop_assert_eq!(&masked, &plain);
        mask::apply(key, &mut masked);
        prop_assert_eq!(masked, data);
    }

    #[test]
    fn masking_in_two_pieces_is_masking_at_once(key in any::<[u8; 4]>(), data in vec(any::<u8>(), 0..200), at in 0_usize..200) {
        let (mut whole, mut pieces) = (data.clone(), data);
        mask::apply(key, &mut whole);
        let at = at.min(pieces.len());
        let (first, second) = pieces.split_at_mut(at);
        mask::apply(key, first);
        mask::apply(mask::rotate(key, at), second);
        prop_assert_eq!(pieces, whole);
    }
}
