//! Server frames: unmasked, unfragmented, ready to be shared by every receiver (RFC 6455 §5.2).

use bytes::{BufMut, Bytes, BytesMut};

use super::{
    close,
    header::{FIN, MAX_CONTROL_PAYLOAD, Opcode},
};

/// Longest head of a server frame: two bytes and eight of length.
pub const MAX_SERVER_HEAD: usize = 10;
/// Longest reason of a close frame in bytes: a control payload without the code.
pub const MAX_CLOSE_REASON: usize = MAX_CONTROL_PAYLOAD - 2;

/// The head of an unfragmented server frame, for writing it before a payload that lies elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServerHead {
    bytes: [u8; MAX_SERVER_HEAD],
    len: u8,
}

impl ServerHead {
    /// The head for `payload_len` bytes, with the shortest length encoding.
    #[must_use]
    pub const fn new(opcode: Opcode, payload_len: usize) -> Self {
        let first = FIN | opcode as u8;
        let [.., g, h] = (payload_len as u64).to_be_bytes();
        let (bytes, len) = if payload_len < 126 {
            ([first, h, 0, 0, 0, 0, 0, 0, 0, 0], 2)
        } else if payload_len < 1 << 16 {
            ([first, 126, g, h, 0, 0, 0, 0, 0, 0], 4)
        } else {
            let [a, b, c, d, e, f, g, h] = (payload_len as u64).to_be_bytes();
            ([first, 127, a, b, c, d, e, f, g, h], 10)
        };
        Self { bytes, len }
    }

    /// The bytes that go on the wire: 2, 4 or 10.
    #[must_use]
    pub fn as_slice(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or_default()
    }
}

/// Appends one whole frame. Control payloads are the caller's to keep within 125 bytes; see [`ping_frame`] and its siblings.
pub fn put_frame(out: &mut impl BufMut, opcode: Opcode, payload: &[u8]) {
    out.put_slice(ServerHead::new(opcode, payload.len()).as_slice());
    out.put_slice(payload);
}

/// One whole frame of its own.
#[must_use]
pub fn frame(opcode: Opcode, payload: &[u8]) -> Bytes {
    let mut out = BytesMut::with_capacity(MAX_SERVER_HEAD + payload.len());
    put_frame(&mut out, opcode, payload);
    out.freeze()
}

/// A text message. The caller promises UTF-8; bytes are taken because encoders produce bytes.
#[must_use]
pub fn text_frame(payload: &[u8]) -> Bytes {
    frame(Opcode::Text, payload)
}

/// A binary message.
#[must_use]
pub fn binary_frame(payload: &[u8]) -> Bytes {
    frame(Opcode::Binary, payload)
}

/// A ping; a payload beyond 125 bytes is cut.
#[must_use]
pub fn ping_frame(payload: &[u8]) -> Bytes {
    frame(Opcode::Ping, control_payload(payload))
}

/// A pong, which repeats the payload of the ping it answers; a payload beyond 125 bytes is cut.
#[must_use]
pub fn pong_frame(payload: &[u8]) -> Bytes {
    frame(Opcode::Pong, control_payload(payload))
}

/// A close frame; the reason is cut at the last character that fits into 123 bytes. A code that may not be sent becomes
/// 1011 so that no caller can break the protocol.
#[must_use]
pub fn close_frame(code: u16, reason: &str) -> Bytes {
    let code = if close::may_be_sent(code) { code } else { close::code::INTERNAL };
    let reason = &reason.as_bytes().get(..reason.floor_char_boundary(MAX_CLOSE_REASON)).unwrap_or_default();
    let mut out = BytesMut::with_capacity(4 + reason.len());
    out.put_slice(ServerHead::new(Opcode::Close, 2 + reason.len()).as_slice());
    out.put_u16(code);
    out.put_slice(reason);
    out.freeze()
}

/// The answer to a peer's close frame: its own code without a reason, or an empty frame if it gave none.
#[must_use]
pub fn close_reply(received: Option<u16>) -> Bytes {
    received.map_or_else(|| Bytes::from_static(&[FIN | Opcode::Close as u8, 0]), |code| close_frame(code, ""))
}

fn control_payload(payload: &[u8]) -> &[u8] {
    payload.get(..MAX_CONTROL_PAYLOAD).unwrap_or(payload)
}

/// Builds a frame around a payload whose length is known only after it has been encoded, without copying it: room for the
/// head is left in front. Write the payload through [`std::io::Write`] or [`FrameBuilder::payload_mut`].
#[derive(Debug)]
pub struct FrameBuilder {
    bytes: Vec<u8>,
}

impl FrameBuilder {
    /// An empty frame with room for `payload_hint` bytes of payload.
    #[must_use]
    pub fn with_capacity(payload_hint: usize) -> Self {
        let mut bytes = Vec::with_capacity(MAX_SERVER_HEAD.saturating_add(payload_hint));
        bytes.resize(MAX_SERVER_HEAD, 0);
        Self { bytes }
    }

    /// Where the payload is to be appended; the room for the head is already in it and must stay in front.
    pub const fn payload_mut(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    /// Bytes of payload written so far.
    #[must_use]
    pub const fn payload_len(&self) -> usize {
        self.bytes.len().saturating_sub(MAX_SERVER_HEAD)
    }

    /// The finished frame.
    #[must_use]
    pub fn finish(mut self, opcode: Opcode) -> Bytes {
        let head = ServerHead::new(opcode, self.payload_len());
        if self.bytes.len() < MAX_SERVER_HEAD {
            self.bytes.resize(MAX_SERVER_HEAD, 0);
        }
        let start = MAX_SERVER_HEAD - head.as_slice().len();
        self.bytes.iter_mut().skip(start).zip(head.as_slice()).for_each(|(to, from)| *to = *from);
        Bytes::from(self.bytes).slice(start..)
    }
}

impl std::io::Write for FrameBuilder {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
