//! How frames of the native protocol become WebSocket frames: server frames are unmasked, so the same bytes serve every receiver.

use bytes::Bytes;
use plenum_schema::codec::{Codec, encode_into};
use plenum_schema::wire::ServerFrame;
use plenum_websocket::{FrameBuilder, Opcode};

/// Sub-protocol of the native protocol in JSON, in text frames.
pub const PROTOCOL_JSON: &str = "plenum.v1.json";
/// Sub-protocol of the native protocol in MessagePack, in binary frames.
pub const PROTOCOL_MSGPACK: &str = "plenum.v1.msgpack";
/// Both encodings of the native protocol.
pub const NATIVE_PROTOCOLS: [&str; 2] = [PROTOCOL_JSON, PROTOCOL_MSGPACK];

/// Room that most frames fit in.
const USUAL_PAYLOAD: usize = 630;

pub(crate) fn encode(codec: Codec, frame: &ServerFrame) -> Bytes {
    let opcode = match codec {
        Codec::Json => Opcode::Text,
        Codec::MessagePack => Opcode::Binary,
    };
    let mut builder = FrameBuilder::with_capacity(USUAL_PAYLOAD);
    match encode_into(codec, frame, builder.payload_mut()) {
        Ok(()) => builder.finish(opcode),
        Err(error) => {
            // Our own types always encode; a bug here must be seen and must not take the worker down.
            tracing::error!(%error, "a frame could not be encoded");
            Bytes::new()
        }
    }
}
