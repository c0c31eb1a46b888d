//! How the hub's output becomes packets of Socket.IO.

use super::vocabulary::outgoing;
use super::{packet, positions};
use bytes::{Bytes, BytesMut};
use plenum_actors::hub::Place;
use plenum_actors::publication::{Parser, Vocabulary};
use plenum_schema::Topic;
use plenum_schema::wire::{CloseCode, ServerFrame};
use plenum_websocket::client::read_frame;
use plenum_websocket::close::code;
use plenum_websocket::encode::close_frame;

/// The heart-beat of Engine.IO: a text frame with the packet `2`.
const PING: &[u8] = b"\x81\x012";

/// The events of a frame.
pub(crate) fn encode(parser: Parser, vocabulary: Vocabulary, frame: &ServerFrame) -> Bytes {
    outgoing::encode(parser, vocabulary, frame)
}

/// The server's ping.
pub(crate) fn ping() -> Bytes {
    Bytes::from_static(PING)
}

/// The end. A client whose session was ended is put out of the namespace, so that its library does not come back by itself;
/// for any other end the transport closes, and the library comes back with a new token if it has one.
pub(crate) fn close(parser: Parser, close_code: u16, why: &str) -> Bytes {
    let last = close_frame(close_code, why);
    if close_code != CloseCode::SessionEnded.code() {
        return last;
    }
    let mut out = BytesMut::from(packet::disconnect(parser).as_ref());
    out.extend_from_slice(&last);
    out.freeze()
}

/// The close frame for a client that has said that it leaves.
pub(super) fn leaving() -> Bytes {
    close_frame(code::NORMAL, "")
}

/// The close frame for a client that is to come back a little later.
pub(super) fn later() -> Bytes {
    close_frame(code::TRY_AGAIN_LATER, "try again later")
}

/// The positions of one connection.
pub(crate) fn trail((parser, vocabulary): (Parser, Vocabulary), positions: &[Place], out: &mut Vec<u8>) {
    let mut text = String::with_capacity(positions.len() * 32);
    positions::put_trail(&mut text, positions.iter());
    if !text.is_empty() {
        positions::put_vocabulary(&mut text, vocabulary);
        out.extend_from_slice(&packet::event_of_text(parser, "position", &text));
    }
}

/// Events of a topic for one connection: in front of each one's own position stand those of the other topics, so that the string of
/// whichever event is the last that its client gets is complete.
pub(crate) fn trailed(positions: &[Place], topic: Topic, shared: &[u8], out: &mut Vec<u8>) {
    let mut others = String::with_capacity(positions.len() * 32);
    positions::put_trail(&mut others, positions.iter().filter(|(seen, _)| *seen != topic));
    if others.is_empty() {
        return;
    }
    others.push(',');
    let mut rest = shared;
    while let Some((frame, len)) = read_frame(rest) {
        packet::put_trailed(out, &frame, &others);
        rest = rest.get(len..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
}
