//! How the hub's output becomes WebSocket frames: server frames are unmasked, so the same bytes serve every receiver.

use crate::record;
use crate::websocket::encode::{close_frame, ping_frame};
use crate::websocket::{FrameBuilder, Opcode};
use bytes::Bytes;
use plenum_actors::hub::Framing;
use plenum_actors::publication::Dialect;
use plenum_schema::codec::{Codec, encode_into};
use plenum_schema::wire::ServerFrame;

/// The native protocol's framing in every dialect.
pub const FRAMING: Framing = Framing { encode: encode_frame, ping: ping_in, close: close_in };

/// Room that most frames fit in.
const USUAL_PAYLOAD: usize = 630;

/// The codec of a dialect.
pub(super) fn codec_of(dialect: Dialect) -> Codec {
    match dialect {
        Dialect::NativeJson | Dialect::HttpJson => Codec::Json,
        Dialect::NativeMessagePack => Codec::MessagePack,
    }
}

fn ping_in(dialect: Dialect) -> Bytes {
    match dialect {
        Dialect::NativeJson | Dialect::NativeMessagePack => ping_frame(b""),
        Dialect::HttpJson => record::PING,
    }
}

fn close_in(dialect: Dialect, code: u16, why: &str) -> Bytes {
    match dialect {
        Dialect::NativeJson | Dialect::NativeMessagePack => close_frame(code, why),
        Dialect::HttpJson => record::END,
    }
}

fn encode_frame(dialect: Dialect, frame: &ServerFrame) -> Bytes {
    let (codec, opcode) = match dialect {
        Dialect::NativeJson => (Codec::Json, Opcode::Text),
        Dialect::NativeMessagePack => (Codec::MessagePack, Opcode::Binary),
        Dialect::HttpJson => return record::encode(frame),
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
