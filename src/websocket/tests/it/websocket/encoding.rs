//! Server frames.

use std::io::Write;

use plenum_websocket::{
    FrameBuilder, Opcode,
    client::{ServerFrame, read_frame},
    encode::{self, ServerHead},
};

const LENGTHS: [usize; 9] = [0, 1, 125, 126, 127, 65_535, 65_536, 65_537, 200_000];

#[test]
fn frames_carry_the_shortest_length_and_no_mask() {
    for len in LENGTHS {
        let payload = vec![b'z'; len];
        let bytes = encode::text_frame(&payload);
        let head = if len < 126 {
            2
        } else if len < 65_536 {
            4
        } else {
            10
        };
        assert_eq!(bytes.len(), head + len);
        assert_eq!(bytes[1] & 0x80, 0);
        let expected = ServerFrame { fin: true, opcode: Opcode::Text, payload: &payload };
        assert_eq!(read_frame(&bytes), Some((expected, bytes.len())));
    }
}

#[test]
fn a_head_alone_is_the_start_of_the_whole_frame() {
    for len in LENGTHS {
        let bytes = encode::binary_frame(&vec![1; len]);
        assert!(bytes.starts_with(ServerHead::new(Opcode::Binary, len).as_slice()));
    }
}

#[test]
fn a_frame_built_around_its_payload_equals_one_built_from_it() {
    for len in LENGTHS {
        for hint in [0, 10, len] {
            let mut builder = FrameBuilder::with_capacity(hint);
            builder.write_all(&vec![b'q'; len / 2]).unwrap();
            builder.payload_mut().extend(vec![b'q'; len - len / 2]);
            assert_eq!(builder.payload_len(), len);
            assert_eq!(builder.finish(Opcode::Text), encode::text_frame(&vec![b'q'; len]));
        }
    }
}

#[test]
fn frames_joined_in_one_buffer_are_read_one_by_one() {
    let mut joined = Vec::new();
    for payload in [&b"one"[..], b"", b"three"] {
        encode::put_frame(&mut joined, Opcode::Binary, payload);
    }
    let (first, used) = read_frame(&joined).unwrap();
    let (second, more) = read_frame(&joined[used..]).unwrap();
    let (third, rest) = read_frame(&joined[used + more..]).unwrap();
    assert_eq!([first.payload, second.payload, third.payload], [&b"one"[..], b"", b"three"]);
    assert_eq!(used + more + rest, joined.len());
}

#[test]
fn a_pong_repeats_its_ping_and_never_exceeds_a_control_frame() {
    assert_eq!(encode::pong_frame(b"abc")[..], [0x8a, 3, b'a', b'b', b'c']);
    assert_eq!(encode::ping_frame(&[0; 125]).len(), 127);
    assert_eq!(encode::ping_frame(&[0; 126]).len(), 127);
    assert_eq!(encode::pong_frame(&[0; 9999]).len(), 127);
}

#[test]
fn the_example_frames_of_the_rfc_are_written() {
    assert_eq!(encode::text_frame(b"Hello")[..], [0x81, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f]);
    assert_eq!(encode::binary_frame(&[0; 256])[..4], [0x82, 0x7e, 0x01, 0x00]);
    assert_eq!(encode::binary_frame(&vec![0; 65_536])[..10], [0x82, 0x7f, 0, 0, 0, 0, 0, 1, 0, 0]);
}
