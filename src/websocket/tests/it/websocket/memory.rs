//! What a decoder keeps.

use std::mem::size_of;

use plenum_websocket::{Decoder, Limits, Opcode, transport::AnyTransport};

use super::support::{Listener, fragments, frame};

#[test]
fn an_idle_decoder_is_two_words_and_holds_no_heap() {
    assert!(size_of::<Decoder>() <= 2 * size_of::<usize>());
    assert_eq!(Decoder::new().heap_bytes(), 0);
}

#[test]
fn a_plain_transport_is_not_made_bigger_by_the_tls_one() {
    assert!(size_of::<AnyTransport>() <= 40, "{}", size_of::<AnyTransport>());
}

#[test]
fn a_declared_length_allocates_nothing() {
    let mut listener = Listener::new(Limits::echo());
    let head_of_16_mib = [&[0x82, 0xff][..], &(16_u64 << 20).to_be_bytes(), &[1, 2, 3, 4], b"ten bytes!"].concat();
    listener.read(&head_of_16_mib);
    assert_eq!(listener.heard.violation, None);
    assert!(listener.decoder.heap_bytes() < 1024, "{}", listener.decoder.heap_bytes());
}

#[test]
fn a_big_message_in_many_reads_never_holds_more_than_twice_what_came() {
    let bytes = frame(true, Opcode::Binary, &vec![0x5a; 1 << 20]);
    let mut listener = Listener::new(Limits::echo());
    // The listener itself compares what is held with what came, after each read.
    listener.read_in(1400, &bytes);
    assert_eq!(listener.heard.events.len(), 1);
}

#[test]
fn a_known_end_is_not_overshot() {
    let bytes = frame(true, Opcode::Binary, &vec![0x5a; 100_000]);
    let mut listener = Listener::new(Limits::echo());
    listener.read_in(4096, &bytes[..bytes.len() - 1]);
    assert!(listener.decoder.heap_bytes() <= 100_000 + 512);
}

#[test]
fn memory_is_given_back_with_the_message_that_needed_it() {
    let messages = [
        frame(true, Opcode::Binary, &vec![1; 60_000]),
        fragments(Opcode::Text, &[&[b'x'; 30_000], &[b'y'; 30_000]]),
        frame(true, Opcode::Ping, b"ping"),
    ];
    for bytes in messages {
        let mut listener = Listener::new(Limits::default());
        listener.read_in(3, &bytes);
        assert_eq!((listener.heard.events.len(), listener.decoder.heap_bytes()), (1, 0));
    }
}

#[test]
fn memory_is_given_back_by_a_violation_and_by_a_close() {
    for ending in [vec![0x83], frame(true, Opcode::Close, b"")] {
        let mut listener = Listener::new(Limits::default());
        listener.read(&frame(false, Opcode::Text, &[b'x'; 5000]));
        assert!(listener.decoder.heap_bytes() >= 5000);
        listener.read(&ending);
        assert_eq!(listener.decoder.heap_bytes(), 0);
    }
}
