//! How the hub's output becomes bytes of sockets, in every dialect.

use crate::{native, record, socketio};
use bytes::Bytes;
use plenum_actors::hub::{Framing, Place};
use plenum_actors::publication::Dialect;
use plenum_schema::Topic;
use plenum_schema::codec::Codec;
use plenum_schema::wire::ServerFrame;
use plenum_websocket::encode::{close_frame, ping_frame};

/// The framing of all protocols of the edge.
pub const FRAMING: Framing = Framing { encode, ping, close, trail, trailed };

fn encode(dialect: Dialect, frame: &ServerFrame) -> Bytes {
    match (dialect, dialect.as_socket_io()) {
        (_, Some((parser, vocabulary))) => socketio::framing::encode(parser, vocabulary, frame),
        (Dialect::HttpJson, None) => record::encode(frame),
        (Dialect::NativeMessagePack, None) => native::framing::encode(Codec::MessagePack, frame),
        (_, None) => native::framing::encode(Codec::Json, frame),
    }
}

fn ping(dialect: Dialect) -> Bytes {
    match (dialect, dialect.as_socket_io()) {
        (_, Some(_)) => socketio::framing::ping(),
        (Dialect::HttpJson, None) => record::PING,
        (_, None) => ping_frame(b""),
    }
}

fn close(dialect: Dialect, code: u16, why: &str) -> Bytes {
    match (dialect, dialect.as_socket_io()) {
        (_, Some((parser, _))) => socketio::framing::close(parser, code, why),
        (Dialect::HttpJson, None) => record::END,
        (_, None) => close_frame(code, why),
    }
}

/// As [`trail`].
fn trailed(dialect: Dialect, positions: &[Place], topic: Topic, shared: &[u8], out: &mut Vec<u8>) {
    if dialect.as_socket_io().is_some() {
        socketio::framing::trailed(positions, topic, shared, out);
    }
}

/// Clients of the native protocol keep their own positions.
fn trail(dialect: Dialect, positions: &[Place], out: &mut Vec<u8>) {
    if let Some((parser, vocabulary)) = dialect.as_socket_io() {
        socketio::framing::trail((parser, vocabulary), positions, out);
    }
}
