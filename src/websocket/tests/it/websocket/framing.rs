//! Frames, fragments and control frames (RFC 6455 §5).

use plenum_websocket::{Limits, Opcode, Violation};

use super::support::{Event, KEY, fragments, frame, hear, hear_all, hear_chunks, hear_with_breaks, text};

/// The violation that a raw input ends with, the same in one read and byte by byte.
fn violation(bytes: &[u8]) -> Option<Violation> {
    let whole = hear_all(bytes);
    assert_eq!(whole, hear_chunks(Limits::default(), bytes, 1));
    whole.violation
}

#[test]
fn the_examples_of_the_rfc_are_read() {
    let masked_hello = [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58];
    assert_eq!(hear_all(&masked_hello).events, [text("Hello")]);
    let masked_pong = [0x8a, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58];
    assert_eq!(hear_all(&masked_pong).events, [Event::Pong(b"Hello".to_vec())]);
}

#[test]
fn messages_of_every_length_class_are_read_in_any_chunks() {
    for len in [0, 1, 125, 126, 127, 128, 65_535, 65_536, 65_537, 100_000] {
        let payload: Vec<u8> = (0..len).map(|index| (index % 251) as u8).collect();
        let bytes = frame(true, Opcode::Binary, &payload);
        for size in [1, 2, 3, 13, 14, 997, 1 << 20] {
            let heard = hear_chunks(Limits::echo(), &bytes, size);
            assert_eq!(heard.events, [Event::Binary(payload.clone())], "{len} bytes in reads of {size}");
        }
    }
}

#[test]
fn many_frames_in_one_read_come_out_in_order() {
    let bytes: Vec<u8> = (0..300).flat_map(|n: u32| frame(true, Opcode::Text, n.to_string().as_bytes())).collect();
    let expected: Vec<_> = (0..300).map(|n: u32| text(&n.to_string())).collect();
    assert_eq!(hear_all(&bytes).events, expected);
    assert_eq!(hear_with_breaks(Limits::default(), &bytes).events, expected);
}

#[test]
fn control_frames_between_fragments_come_out_before_the_message() {
    let bytes = [
        frame(false, Opcode::Text, b"one "),
        frame(true, Opcode::Ping, b"p1"),
        frame(false, Opcode::Continuation, b"two "),
        frame(true, Opcode::Pong, b""),
        frame(true, Opcode::Continuation, b"three"),
    ]
    .concat();
    let expected = [Event::Ping(b"p1".to_vec()), Event::Pong(vec![]), text("one two three")];
    for size in 1..bytes.len() + 1 {
        assert_eq!(hear_chunks(Limits::default(), &bytes, size).events, expected, "reads of {size}");
    }
    assert_eq!(hear_with_breaks(Limits::default(), &bytes).events, expected);
}

#[test]
fn empty_fragments_are_part_of_a_message() {
    let bytes = fragments(Opcode::Text, &[b"", b"", b"a", b"", b""]);
    assert_eq!(hear_all(&bytes).events, [text("a")]);
    assert_eq!(hear_all(&fragments(Opcode::Binary, &[b"", b"", b""])).events, [Event::Binary(vec![])]);
}

#[test]
fn an_unmasked_client_frame_is_refused_at_its_second_byte() {
    assert_eq!(violation(&[0x81, 0x05]), Some(Violation::NotMasked));
    assert_eq!(violation(&[0x89, 0x00]), Some(Violation::NotMasked));
}

#[test]
fn every_reserved_bit_is_refused_at_its_first_byte() {
    for bits in [0x40, 0x20, 0x10, 0x70] {
        for opcode in [0x81, 0x82, 0x88, 0x89, 0x8a] {
            assert_eq!(violation(&[opcode | bits]), Some(Violation::ReservedBit));
        }
    }
}

#[test]
fn every_reserved_opcode_is_refused_at_its_first_byte() {
    for opcode in [0x3, 0x4, 0x5, 0x6, 0x7, 0xb, 0xc, 0xd, 0xe, 0xf] {
        assert_eq!(violation(&[0x80 | opcode]), Some(Violation::ReservedOpcode));
        assert_eq!(violation(&[opcode]), Some(Violation::ReservedOpcode));
    }
}

#[test]
fn a_fragmented_control_frame_is_refused() {
    for opcode in [0x8, 0x9, 0xa] {
        assert_eq!(violation(&[opcode]), Some(Violation::FragmentedControl));
    }
}

#[test]
fn a_control_frame_of_125_bytes_is_read_and_one_of_126_is_refused() {
    for opcode in [Opcode::Ping, Opcode::Pong] {
        assert_eq!(violation(&frame(true, opcode, &[7; 125])), None);
        assert_eq!(violation(&frame(true, opcode, &[7; 126])), Some(Violation::LongControl));
        assert_eq!(violation(&frame(true, opcode, &vec![7; 70_000])), Some(Violation::LongControl));
    }
}

#[test]
fn a_length_that_is_not_minimal_is_refused() {
    let long_form = |len: u64| [&[0x82, 0xff][..], &len.to_be_bytes()].concat();
    let medium_form = |len: u16| [&[0x82, 0xfe][..], &len.to_be_bytes()].concat();
    for len in [0, 1, 125] {
        assert_eq!(violation(&medium_form(len)), Some(Violation::LengthEncoding));
    }
    assert_eq!(violation(&medium_form(126)), None);
    for len in [0, 125, 126, 65_535, 1 << 63, u64::MAX] {
        assert_eq!(violation(&long_form(len)), Some(Violation::LengthEncoding));
    }
    assert_eq!(violation(&long_form(65_536)), None);
}

#[test]
fn a_continuation_without_a_message_is_refused() {
    assert_eq!(violation(&frame(true, Opcode::Continuation, b"x")), Some(Violation::UnexpectedContinuation));
    assert_eq!(violation(&[0x00]), Some(Violation::UnexpectedContinuation));
    let after_a_whole_message = [frame(true, Opcode::Text, b"a"), frame(false, Opcode::Continuation, b"b")].concat();
    assert_eq!(violation(&after_a_whole_message), Some(Violation::UnexpectedContinuation));
    let after_the_last_fragment =
        [fragments(Opcode::Text, &[b"a", b"b"]), frame(true, Opcode::Continuation, b"c")].concat();
    assert_eq!(hear_all(&after_the_last_fragment).events, [text("ab")]);
    assert_eq!(violation(&after_the_last_fragment), Some(Violation::UnexpectedContinuation));
}

#[test]
fn a_new_message_inside_an_unfinished_one_is_refused() {
    for opcode in [Opcode::Text, Opcode::Binary] {
        for fin in [true, false] {
            let bytes = [frame(false, Opcode::Text, b"a"), frame(fin, opcode, b"b")].concat();
            assert_eq!(violation(&bytes), Some(Violation::UnfinishedMessage));
        }
    }
}

#[test]
fn a_message_too_big_is_refused_from_its_declared_length() {
    let limits = Limits { max_message_bytes: 1000, max_fragments: 10 };
    assert_eq!(hear(limits, &[&frame(true, Opcode::Binary, &[0; 1000])]).violation, None);
    let head_of_1001 = [0x82, 0xfe, 0x03, 0xe9];
    assert_eq!(hear(limits, &[&head_of_1001]).violation, Some(Violation::MessageTooBig));
    let huge = [&[0x81, 0xff][..], &(u64::MAX >> 1).to_be_bytes()].concat();
    assert_eq!(hear(limits, &[&huge]).violation, Some(Violation::MessageTooBig));
}

#[test]
fn fragments_that_together_are_too_big_are_refused_at_the_head_that_says_so() {
    let limits = Limits { max_message_bytes: 1000, max_fragments: 10 };
    let fitting = fragments(Opcode::Binary, &[&[1; 600], &[2; 400]]);
    assert_eq!(hear(limits, &[&fitting]).violation, None);
    let first = frame(false, Opcode::Binary, &[1; 600]);
    let second_head = [0x80, 0xfe, 0x01, 0x91];
    assert_eq!(hear(limits, &[&first, &second_head]).violation, Some(Violation::MessageTooBig));
}

#[test]
fn pings_do_not_count_towards_the_message_limits() {
    let limits = Limits { max_message_bytes: 2, max_fragments: 2 };
    let ping = frame(true, Opcode::Ping, &[9; 125]);
    let bytes =
        [frame(false, Opcode::Text, b"a"), ping.clone(), ping, frame(true, Opcode::Continuation, b"b")].concat();
    let heard = hear(limits, &[&bytes]);
    assert_eq!((heard.violation, heard.events.last()), (None, Some(&text("ab"))));
}

#[test]
fn one_fragment_too_many_is_refused() {
    let limits = Limits { max_message_bytes: 1000, max_fragments: 3 };
    assert_eq!(hear(limits, &[&fragments(Opcode::Text, &[b"a", b"b", b"c"])]).violation, None);
    let bytes = fragments(Opcode::Text, &[b"a", b"b", b"c", b"d"]);
    assert_eq!(hear(limits, &[&bytes]).violation, Some(Violation::TooManyFragments));
    assert_eq!(hear_chunks(limits, &bytes, 1).violation, Some(Violation::TooManyFragments));
}

#[test]
fn the_echo_limits_take_a_message_of_65536_fragments() {
    let parts = [&b"\xce"[..], b"\xba"].repeat(32_768);
    let heard = hear(Limits::echo(), &[&fragments(Opcode::Text, &parts)]);
    assert_eq!(heard.events, [text(&"κ".repeat(32_768))]);
}

#[test]
fn violations_are_answered_with_1002_1007_or_1009() {
    for (violation, code) in [
        (Violation::NotMasked, 1002),
        (Violation::ReservedBit, 1002),
        (Violation::InvalidCloseCode, 1002),
        (Violation::InvalidUtf8, 1007),
        (Violation::MessageTooBig, 1009),
        (Violation::TooManyFragments, 1009),
    ] {
        assert_eq!(violation.close_code(), code);
    }
}

#[test]
fn after_a_violation_everything_is_swallowed() {
    let mut listener = super::support::Listener::new(Limits::default());
    listener.read(&[0x83]);
    listener.heard.violation = None;
    listener.read(&frame(true, Opcode::Text, b"late"));
    assert!(listener.heard.events.is_empty() && listener.decoder.is_ended());
}

#[test]
fn a_handler_that_breaks_leaves_the_bytes_behind_its_frame_untouched() {
    let first = frame(true, Opcode::Text, b"a");
    let mut bytes = [first.clone(), frame(true, Opcode::Text, b"b")].concat();
    let before = bytes.clone();
    let mut decoder = plenum_websocket::Decoder::new();
    let used = decoder.decode(&Limits::default(), &mut bytes, &mut |_| std::ops::ControlFlow::Break(())).unwrap();
    assert_eq!(used, first.len());
    assert_eq!(bytes[used..], before[used..]);
}

#[test]
fn a_mask_of_zeros_and_a_mask_of_ones_are_masks_like_any_other() {
    for key in [[0; 4], [0xff; 4], KEY] {
        let bytes = plenum_websocket::client::frame(Opcode::Text, key, "Grüße".as_bytes());
        assert_eq!(hear_all(&bytes).events, [text("Grüße")]);
    }
}
