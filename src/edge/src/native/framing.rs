//! How the hub's output becomes WebSocket frames: server frames are unmasked, so the same bytes serve every receiver.

use bytes::Bytes;
use plenum_actors::hub::Framing;
use plenum_actors::publication::Dialect;
use plenum_schema::codec::{Codec, encode_into};
use plenum_schema::wire::ServerFrame;
use plenum_websocket::encode::{close_frame, ping_frame};
use plenum_websocket::{FrameBuilder, Opcode};

/// Sub-protocol of the native protocol in JSON, in text frames.
pub const PROTOCOL_JSON: &str = "plenum.v1.json";
/// Sub-protocol of the native protocol in MessagePack, in binary frames.
pub const PROTOCOL_MSGPACK: &str = "plenum.v1.msgpack";
/// Both encodings of the native protocol.
pub const NATIVE_PROTOCOLS: [&str; 2] = [PROTOCOL_JSON, PROTOCOL_MSGPACK];

/// The native protocol's framing in both codecs.
pub const FRAMING: Framing =
    Framing { encode: encode_frame, ping: |_| ping_frame(b""), close: |_, code, why| close_frame(code, why) };

/// Room that most frames fit in.
const USUAL_PAYLOAD: usize = 630;

/// The codec of a dialect.
pub(super) fn codec_of(dialect: Dialect) -> Codec {
    match dialect {
        Dialect::NativeJson => Codec::Json,
        Dialect::NativeMessagePack => Codec::MessagePack,
    }
}

fn encode_frame(dialect: Dialect, frame: &ServerFrame) -> Bytes {
    let (codec, opcode) = match dialect {
        Dialect::NativeJson => (Codec::Json, Opcode::Text),
        Dialect::NativeMessagePack => (Codec::MessagePack, Opcode::Binary),
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
