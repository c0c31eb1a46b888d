//! Socket.IO packets of the server, framed for a WebSocket and ready to be shared by every receiver. (A polling client's buffer
//! takes the frames apart again.)

use super::positions;
use bytes::Bytes;
use plenum_actors::publication::Parser;
use plenum_schema::codec::{Codec, encode_into};
use plenum_websocket::client::ServerFrame;
use plenum_websocket::encode::{ServerHead, put_frame};
use plenum_websocket::{FrameBuilder, Opcode};
use serde::Serialize;
use std::io::Write;

/// The namespace that clients use when they name none; the only one here.
pub(super) const ROOT: &str = "/";

/// Room that most packets fit in.
const USUAL_PAYLOAD: usize = 500;

/// Types of packets (Socket.IO protocol revision 5), as far as the server writes them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    Connect = 0,
    Disconnect = 1,
    Event = 2,
    Ack = 3,
    ConnectError = 4,
}

/// A packet as `socket.io-msgpack-parser` writes it.
#[derive(Serialize)]
struct Map<'p, T> {
    #[serde(rename = "type")]
    kind: u8,
    nsp: &'p str,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'p T>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<u64>,
}

/// One packet in one frame. Empty, and logged, for data that cannot be written: a bug, since our own types always can.
pub(super) fn packet<T: Serialize>(
    parser: Parser,
    (kind, namespace): (Kind, &str),
    id: Option<u64>,
    data: Option<&T>,
) -> Bytes {
    let mut builder = FrameBuilder::with_capacity(USUAL_PAYLOAD);
    let out = builder.payload_mut();
    let (written, opcode) = match parser {
        Parser::Json => (put_json(out, (kind, namespace), id, data), Opcode::Text),
        Parser::MessagePack => {
            let map = Map { kind: kind as u8, nsp: namespace, data, id };
            (encode_into(Codec::MessagePack, &map, out).map_err(|error| error.to_string()), Opcode::Binary)
        }
    };
    match written {
        Ok(()) => builder.finish(opcode),
        Err(error) => {
            tracing::error!(%error, "a packet could not be encoded");
            Bytes::new()
        }
    }
}

fn put_json<T: Serialize>(
    out: &mut Vec<u8>,
    (kind, namespace): (Kind, &str),
    id: Option<u64>,
    data: Option<&T>,
) -> Result<(), String> {
    out.extend_from_slice(&[b'4', b'0' + kind as u8]);
    if namespace != ROOT {
        out.extend_from_slice(namespace.as_bytes());
        out.push(b',');
    }
    if let Some(id) = id {
        write!(out, "{id}").map_err(|error| error.to_string())?;
    }
    match data {
        Some(data) => encode_into(Codec::Json, data, out).map_err(|error| error.to_string()),
        None => Ok(()),
    }
}

/// An event with one argument; with `trail`, a string that recovery goes by follows it as another one.
pub(super) fn event<T: Serialize>(parser: Parser, name: &str, argument: &T, trail: Option<&str>) -> Bytes {
    match trail {
        None => packet(parser, (Kind::Event, ROOT), None, Some(&(name, argument))),
        Some(trail) => packet(parser, (Kind::Event, ROOT), None, Some(&(name, argument, trail))),
    }
}

/// An event whose only argument is the string that recovery goes by.
pub(super) fn event_of_text(parser: Parser, name: &str, text: &str) -> Bytes {
    packet(parser, (Kind::Event, ROOT), None, Some(&(name, text)))
}

/// Appends an event with `others` in front of its trail; as it is when it has none.
pub(super) fn put_trailed(out: &mut Vec<u8>, frame: &ServerFrame<'_>, others: &str) {
    let ServerFrame { opcode, payload, .. } = *frame;
    let Some((before, trail, after)) = split_at_trail(opcode, payload) else { return put_frame(out, opcode, payload) };
    let length = others.len() + trail.len();
    let marker = if opcode == Opcode::Binary { text_marker(length) } else { Marker::default() };
    let head = ServerHead::new(opcode, before.len() + marker.as_slice().len() + length + after.len());
    for part in [head.as_slice(), before, marker.as_slice(), others.as_bytes(), trail, after] {
        out.extend_from_slice(part);
    }
}

/// What stands before the trail of an event, the trail, and what stands behind it. In MessagePack the marker of its length is left out.
fn split_at_trail(opcode: Opcode, payload: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let (start, marked, end) = match opcode {
        Opcode::Text => {
            let end = payload.strip_suffix(b"\"]")?.len();
            let quote = payload.get(..end)?.iter().rposition(|byte| *byte == b'"')?;
            (quote + 1, quote + 1, end)
        }
        Opcode::Binary => {
            // A trail is ASCII, and so is the length of one behind the marker.
            let marker = payload.iter().rposition(|byte| *byte >= 0x80)?;
            let skipped = if *payload.get(marker)? == STR_8 { 2 } else { 1 };
            (marker, marker + skipped, payload.len())
        }
        _ => return None,
    };
    let trail = payload.get(marked..end)?;
    positions::is_trail(trail).then_some((payload.get(..start)?, trail, payload.get(end..)?))
}

const STR_8: u8 = 0xd9;
const STR_16: u8 = 0xda;

/// What MessagePack writes in front of a text.
#[derive(Default)]
struct Marker {
    bytes: [u8; 3],
    len: usize,
}

impl Marker {
    fn as_slice(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}

/// For a text of up to 65,535 bytes: trails are shorter (`positions::MOST_TOPICS`).
fn text_marker(length: usize) -> Marker {
    let [.., high, low] = length.to_be_bytes();
    match length {
        0..32 => Marker { bytes: [0xa0 | low, 0, 0], len: 1 },
        32..256 => Marker { bytes: [STR_8, low, 0], len: 2 },
        _ => Marker { bytes: [STR_16, high, low], len: 3 },
    }
}

/// The answer to an event with a callback.
pub(super) fn ack<T: Serialize>(parser: Parser, id: u64, argument: &T) -> Bytes {
    packet(parser, (Kind::Ack, ROOT), Some(id), Some(&(argument,)))
}

/// What the client learns when it is let in.
#[derive(Serialize)]
struct Let<'p> {
    sid: &'p str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pid: Option<&'p str>,
}

/// The client is let in.
pub(super) fn connect(parser: Parser, sid: &str, pid: Option<&str>) -> Bytes {
    packet(parser, (Kind::Connect, ROOT), None, Some(&Let { sid, pid }))
}

/// Why a client is not let in.
#[derive(Serialize)]
struct Kept<'p, T> {
    message: &'p str,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'p T>,
}

/// The client is not let in.
pub(super) fn connect_error<T: Serialize>(parser: Parser, namespace: &str, message: &str, data: Option<&T>) -> Bytes {
    packet(parser, (Kind::ConnectError, namespace), None, Some(&Kept { message, data }))
}

/// The server ends the namespace; the client does not come back by itself.
pub(super) fn disconnect(parser: Parser) -> Bytes {
    packet::<()>(parser, (Kind::Disconnect, ROOT), None, None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use plenum_websocket::client::read_frame;

    #[test]
    fn packets_are_written_as_the_protocol_says() {
        assert_eq!(event(Parser::Json, "a", &1, None).as_ref(), b"\x81\x0942[\"a\",1]");
        assert_eq!(event(Parser::Json, "a", &1, Some("t")).as_ref(), b"\x81\x0d42[\"a\",1,\"t\"]");
        assert_eq!(ack(Parser::Json, 12, &"x").as_ref(), b"\x81\x094312[\"x\"]");
        assert_eq!(disconnect(Parser::Json).as_ref(), b"\x81\x0241");
        assert_eq!(connect(Parser::Json, "s", None).as_ref(), b"\x81\x0d40{\"sid\":\"s\"}");
        let refused = connect_error::<()>(Parser::Json, "/x", "no", None);
        assert_eq!(refused.as_ref(), b"\x81\x1544/x,{\"message\":\"no\"}");
    }

    #[test]
    fn the_other_positions_are_put_in_front_of_an_events_own() {
        for others in ["a.1,", &"b.2,".repeat(20), &"c.-,".repeat(100)] {
            for parser in [Parser::Json, Parser::MessagePack] {
                let shared = event(parser, "x", &("é", 7), Some("own.42,h"));
                let (frame, len) = read_frame(&shared).unwrap();
                assert_eq!(len, shared.len());
                let mut out = Vec::new();
                put_trailed(&mut out, &frame, others);
                assert_eq!(out, event(parser, "x", &("é", 7), Some(&format!("{others}own.42,h"))));
            }
        }
    }

    #[test]
    fn an_event_without_a_trail_stays_as_it_is() {
        for parser in [Parser::Json, Parser::MessagePack] {
            for shared in [event(parser, "x", &"text", None), event(parser, "x", &1, None), disconnect(parser)] {
                let (frame, _) = read_frame(&shared).unwrap();
                let mut out = Vec::new();
                put_trailed(&mut out, &frame, "a.1,");
                assert_eq!(out, shared);
            }
        }
    }

    #[test]
    fn the_messagepack_parser_gets_one_map_a_packet() {
        let bytes = ack(Parser::MessagePack, 7, &true);
        assert_eq!(&bytes[..2], b"\x82\x18");
        assert_eq!(&bytes[2..], b"\x84\xa4type\x03\xa3nsp\xa1/\xa4data\x91\xc3\xa2id\x07");
    }
}
