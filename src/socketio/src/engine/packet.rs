//! Packets of Engine.IO v4 as text: the content of a WebSocket text message, or one record of a payload.
//!
//! A binary message is no packet of its own on a WebSocket: the binary frame is the message. In a payload it is the letter `b`
//! and base64.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bytes::{BufMut, Bytes};
use plenum_websocket::{FrameBuilder, Opcode};
use std::borrow::Cow;

/// Base64 as clients write it; some leave the padding out.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What a ping of a probing transport carries, and the pong that answers it.
pub const PROBE: &str = "probe";

/// One packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Packet<'a> {
    /// `0`: the session, as a JSON object; only servers send it.
    Open(Cow<'a, str>),
    /// `1`: the session ends.
    Close,
    /// `2`: a heart-beat of the server, or `2probe` of a client that tries a transport.
    Ping(Cow<'a, str>),
    /// `3`: the answer to a ping.
    Pong(Cow<'a, str>),
    /// `4`: a text message.
    Text(Cow<'a, str>),
    /// A binary message.
    Binary(Cow<'a, [u8]>),
    /// `5`: the probed transport takes over.
    Upgrade,
    /// `6`: nothing; it answers a poll.
    Noop,
}

/// Text that is no packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PacketError {
    /// No type at all.
    #[error("the packet is empty")]
    Empty,
    /// A first character that names no type.
    #[error("unknown packet type")]
    UnknownType,
    /// Content behind a type that has none.
    #[error("this packet type has no content")]
    UnexpectedContent,
    /// `b` and then no base64.
    #[error("binary content is not base64")]
    Base64,
}

impl<'a> Packet<'a> {
    /// Reads one packet: a text message of a WebSocket, or one record of a payload.
    ///
    /// # Errors
    /// [`PacketError`] for text that is no packet.
    pub fn decode(text: &'a str) -> Result<Self, PacketError> {
        let mut characters = text.chars();
        let kind = characters.next().ok_or(PacketError::Empty)?;
        let content = characters.as_str();
        let bare = |packet| if content.is_empty() { Ok(packet) } else { Err(PacketError::UnexpectedContent) };
        match kind {
            '0' => Ok(Self::Open(content.into())),
            '1' => bare(Self::Close),
            '2' => Ok(Self::Ping(content.into())),
            '3' => Ok(Self::Pong(content.into())),
            '4' => Ok(Self::Text(content.into())),
            '5' => bare(Self::Upgrade),
            '6' => bare(Self::Noop),
            'b' => bytes_of(content).map(|bytes| Self::Binary(bytes.into())),
            _ => Err(PacketError::UnknownType),
        }
    }

    /// Appends the packet as text; binary content as `b` and base64.
    pub fn put(&self, out: &mut Vec<u8>) {
        match self {
            Self::Open(content) => put_text(out, b'0', content),
            Self::Close => out.put_u8(b'1'),
            Self::Ping(content) => put_text(out, b'2', content),
            Self::Pong(content) => put_text(out, b'3', content),
            Self::Text(content) => put_text(out, b'4', content),
            Self::Binary(bytes) => put_base64(out, bytes),
            Self::Upgrade => out.put_u8(b'5'),
            Self::Noop => out.put_u8(b'6'),
        }
    }

    /// The packet as one WebSocket frame of a server.
    #[must_use]
    pub fn frame(&self) -> Bytes {
        if let Self::Binary(bytes) = self {
            return plenum_websocket::encode::binary_frame(bytes);
        }
        let mut builder = FrameBuilder::with_capacity(64);
        self.put(builder.payload_mut());
        builder.finish(Opcode::Text)
    }
}

fn put_text(out: &mut Vec<u8>, kind: u8, content: &str) {
    out.put_u8(kind);
    out.put_slice(content.as_bytes());
}

/// Reads base64. The client for Java breaks its lines after 76 characters.
fn bytes_of(text: &str) -> Result<Vec<u8>, PacketError> {
    let decoded = if text.contains(['\n', '\r']) {
        BASE64.decode(text.split(['\n', '\r']).collect::<String>())
    } else {
        BASE64.decode(text)
    };
    decoded.map_err(|_| PacketError::Base64)
}

/// Appends `b` and the bytes in base64.
pub(super) fn put_base64(out: &mut Vec<u8>, bytes: &[u8]) {
    out.put_u8(b'b');
    let start = out.len();
    // Four digits for each three bytes or part of them.
    out.resize(start.saturating_add(bytes.len().div_ceil(3).saturating_mul(4)), 0);
    let written = out.get_mut(start..).map_or(0, |room| BASE64.encode_slice(bytes, room).unwrap_or(0));
    out.truncate(start.saturating_add(written));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_packet_comes_back_as_it_was_written() {
        let packets = [
            Packet::Open("{}".into()),
            Packet::Close,
            Packet::Ping("probe".into()),
            Packet::Ping("".into()),
            Packet::Pong("probe".into()),
            Packet::Text("grüß dich".into()),
            Packet::Binary(vec![1, 2, 3, 4].into()),
            Packet::Binary(vec![].into()),
            Packet::Upgrade,
            Packet::Noop,
        ];
        for packet in packets {
            let mut out = Vec::new();
            packet.put(&mut out);
            assert_eq!(Packet::decode(std::str::from_utf8(&out).unwrap()), Ok(packet));
        }
    }

    #[test]
    fn binary_content_is_base64_with_or_without_padding() {
        assert_eq!(Packet::decode("bAQIDBA=="), Ok(Packet::Binary(vec![1, 2, 3, 4].into())));
        assert_eq!(Packet::decode("bAQIDBA"), Ok(Packet::Binary(vec![1, 2, 3, 4].into())));
        assert_eq!(Packet::decode("bAQ!"), Err(PacketError::Base64));
    }

    #[test]
    fn base64_may_be_broken_into_lines() {
        assert_eq!(Packet::decode("bAQID\nBA==\n"), Ok(Packet::Binary(vec![1, 2, 3, 4].into())));
        assert_eq!(Packet::decode("bAQID\r\nBA\r\n"), Ok(Packet::Binary(vec![1, 2, 3, 4].into())));
        assert_eq!(Packet::decode("bAQID BA=="), Err(PacketError::Base64));
    }

    #[test]
    fn what_is_no_packet_is_refused() {
        assert_eq!(Packet::decode(""), Err(PacketError::Empty));
        assert_eq!(Packet::decode("abc"), Err(PacketError::UnknownType));
        assert_eq!(Packet::decode("7"), Err(PacketError::UnknownType));
        assert_eq!(Packet::decode("ü"), Err(PacketError::UnknownType));
        assert_eq!(Packet::decode("5x"), Err(PacketError::UnexpectedContent));
    }

    #[test]
    fn a_packet_is_one_server_frame() {
        assert_eq!(Packet::Text("hi".into()).frame().as_ref(), b"\x81\x034hi");
        assert_eq!(Packet::Binary(vec![7].into()).frame().as_ref(), b"\x82\x01\x07");
    }
}
