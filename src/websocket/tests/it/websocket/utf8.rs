//! Text is checked byte by byte as it arrives (RFC 6455 §8.1).

use plenum_websocket::{Limits, Opcode, Violation};

use super::support::{Listener, fragments, frame, hear_all, hear_chunks, text};

const GREEK: &[u8] = b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5";

/// Byte strings that are not UTF-8, with the index of the first byte at which that is certain.
const INVALID: &[(&[u8], usize)] = &[
    (b"\x80", 0),
    (b"\xbf\xbf", 0),
    (b"a\x80", 1),
    (b"\xc0\xaf", 0),
    (b"\xc1\xbf", 0),
    (b"\xc3(", 1),
    (b"\xe0\x80\xaf", 1),
    (b"\xe0\x9f\xbf", 1),
    (b"\xed\xa0\x80", 1),
    (b"\xed\xbf\xbf", 1),
    (b"\xf0\x8f\xbf\xbf", 1),
    (b"\xf4\x90\x80\x80", 1),
    (b"\xf5\x80\x80\x80", 0),
    (b"\xf8\x88\x80\x80\x80", 0),
    (b"\xfc\x84\x80\x80\x80\x80", 0),
    (b"\xfe", 0),
    (b"\xff", 0),
    (b"\xe2\x82", 2),
    (b"\xf0\x9f\x98", 3),
];

const VALID: &[&str] = &[
    "",
    "Hello",
    "κόσμε",
    "\u{0}",
    "\u{7f}\u{80}\u{7ff}\u{800}\u{d7ff}\u{e000}\u{fffd}\u{ffff}\u{10000}\u{10ffff}",
    "\u{feff}bom",
    "👩‍👩‍👧‍👦",
];

#[test]
fn valid_text_is_read_whole_in_pieces_and_in_fragments_of_one_byte() {
    for valid in VALID {
        let whole = frame(true, Opcode::Text, valid.as_bytes());
        let parts: Vec<&[u8]> = if valid.is_empty() { vec![b"", b""] } else { valid.as_bytes().chunks(1).collect() };
        let fragmented = fragments(Opcode::Text, &parts);
        for size in [1, 2, 3, 5, 1000] {
            assert_eq!(hear_chunks(Limits::default(), &whole, size).events, [text(valid)]);
            assert_eq!(hear_chunks(Limits::default(), &fragmented, size).events, [text(valid)]);
        }
    }
}

#[test]
fn invalid_text_is_refused_whole_in_pieces_and_in_fragments() {
    for (invalid, _) in INVALID {
        for payload in [invalid.to_vec(), [GREEK, invalid].concat()] {
            let parts: Vec<&[u8]> = payload.chunks(1).collect();
            for bytes in [frame(true, Opcode::Text, &payload), fragments(Opcode::Text, &parts)] {
                for size in [1, 4, 1000] {
                    let heard = hear_chunks(Limits::default(), &bytes, size);
                    assert_eq!((heard.events.len(), heard.violation), (0, Some(Violation::InvalidUtf8)));
                }
            }
        }
    }
}

#[test]
fn text_fails_at_the_very_byte_that_is_wrong_within_a_frame() {
    for (invalid, certain_at) in INVALID.iter().filter(|(invalid, at)| at < &invalid.len()) {
        let payload = [GREEK, invalid, b"more that never arrives"].concat();
        let bytes = frame(true, Opcode::Text, &payload);
        let head = bytes.len() - payload.len();
        let good = head + GREEK.len() + certain_at;
        let mut listener = Listener::new(Limits::default());
        listener.read_in(1, &bytes[..good]);
        assert_eq!(listener.heard.violation, None, "{invalid:x?} before the wrong byte");
        listener.read(&bytes[good..=good]);
        assert_eq!(listener.heard.violation, Some(Violation::InvalidUtf8), "{invalid:x?} at the wrong byte");
    }
}

#[test]
fn text_fails_in_the_fragment_that_is_wrong_before_the_message_ends() {
    let parts: [&[u8]; 3] = [GREEK, b"\xf4\x90\x80\x80", b"edited"];
    let first = frame(false, Opcode::Text, parts[0]);
    let second = frame(false, Opcode::Continuation, parts[1]);
    let mut listener = Listener::new(Limits::default());
    assert_eq!(listener.read(&first).heard.violation, None);
    assert_eq!(listener.read(&second).heard.violation, Some(Violation::InvalidUtf8));
}

#[test]
fn a_message_that_ends_inside_a_character_is_refused() {
    let bytes = fragments(Opcode::Text, &[b"ok \xe2", b"\x82"]);
    assert_eq!(hear_all(&bytes).violation, Some(Violation::InvalidUtf8));
    assert_eq!(hear_all(&frame(true, Opcode::Text, b"\xe2\x82")).violation, Some(Violation::InvalidUtf8));
}

#[test]
fn a_character_may_be_split_over_fragments_with_a_ping_between() {
    let bytes = [
        frame(false, Opcode::Text, b"\xf0\x9f"),
        frame(true, Opcode::Ping, b"\xff\xff"),
        frame(true, Opcode::Continuation, b"\x98\x80"),
    ]
    .concat();
    assert_eq!(hear_chunks(Limits::default(), &bytes, 1).events.last(), Some(&text("😀")));
}

#[test]
fn binary_messages_may_hold_any_bytes() {
    for (invalid, _) in INVALID {
        assert_eq!(hear_all(&frame(true, Opcode::Binary, invalid)).violation, None);
        assert_eq!(hear_all(&fragments(Opcode::Binary, &[invalid, invalid])).violation, None);
    }
}
