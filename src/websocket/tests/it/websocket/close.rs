//! Close frames (RFC 6455 §5.5.1, §7.4).

use plenum_websocket::{Limits, Opcode, Violation, client, close::may_be_sent, encode};

use super::support::{Event, frame, hear_all, hear_chunks, text};

fn close_body(code: u16, reason: &[u8]) -> Vec<u8> {
    frame(true, Opcode::Close, &[&code.to_be_bytes()[..], reason].concat())
}

#[test]
fn an_empty_close_frame_has_no_code() {
    assert_eq!(hear_all(&frame(true, Opcode::Close, b"")).events, [Event::Close(None)]);
}

#[test]
fn a_close_frame_of_one_byte_is_refused() {
    assert_eq!(hear_all(&frame(true, Opcode::Close, b"\x03")).violation, Some(Violation::MalformedClose));
}

#[test]
fn codes_meant_for_the_wire_are_read() {
    for code in [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999] {
        assert_eq!(hear_all(&close_body(code, b"bye")).events, [Event::Close(Some((code, "bye".to_owned())))]);
    }
}

#[test]
fn codes_not_meant_for_the_wire_are_refused() {
    for code in [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535] {
        assert_eq!(hear_all(&close_body(code, b"")).violation, Some(Violation::InvalidCloseCode), "{code}");
    }
}

#[test]
fn a_reason_may_fill_the_frame_but_not_exceed_it() {
    assert_eq!(hear_all(&close_body(1000, &[b'*'; 123])).violation, None);
    assert_eq!(hear_all(&close_body(1000, &[b'*'; 124])).violation, Some(Violation::LongControl));
}

#[test]
fn a_reason_that_is_not_utf8_is_refused_with_1007() {
    let violation = hear_all(&close_body(1000, b"\xce\xba\xe1\xbd\xb9\xcf\x83\xed\xa0\x80")).violation;
    assert_eq!(violation.map(Violation::close_code), Some(1007));
    assert_eq!(hear_all(&close_body(1000, b"cut \xe2\x82")).violation, Some(Violation::InvalidUtf8));
}

#[test]
fn nothing_is_heard_after_a_close_frame() {
    let bytes =
        [frame(true, Opcode::Text, b"a"), close_body(1000, b""), frame(true, Opcode::Text, b"b"), vec![0xff; 9]]
            .concat();
    let expected = [text("a"), Event::Close(Some((1000, String::new())))];
    for size in 1..bytes.len() + 1 {
        let heard = hear_chunks(Limits::default(), &bytes, size);
        assert_eq!((heard.events.as_slice(), heard.violation), (&expected[..], None));
    }
}

#[test]
fn a_close_frame_inside_a_fragmented_message_ends_the_stream() {
    let bytes =
        [frame(false, Opcode::Text, b"a"), close_body(1001, b""), frame(true, Opcode::Continuation, b"b")].concat();
    assert_eq!(hear_all(&bytes).events, [Event::Close(Some((1001, String::new())))]);
}

#[test]
fn the_reply_repeats_the_code_it_answers() {
    assert_eq!(encode::close_reply(Some(4001))[..], [0x88, 2, 0x0f, 0xa1]);
    assert_eq!(encode::close_reply(None)[..], [0x88, 0]);
}

#[test]
fn a_long_reason_is_cut_between_characters() {
    let bytes = encode::close_frame(1000, &"é".repeat(100));
    let (sent, _) = client::read_frame(&bytes).unwrap();
    assert_eq!(sent.payload.len(), 2 + 122);
    assert_eq!(std::str::from_utf8(&sent.payload[2..]), Ok("é".repeat(61).as_str()));
}

#[test]
fn a_code_that_must_not_be_sent_is_never_sent() {
    for code in [0, 1005, 1006, 1015, 2999, 5000] {
        assert!(!may_be_sent(code));
        assert_eq!(encode::close_frame(code, "")[2..], 1011_u16.to_be_bytes());
    }
}
