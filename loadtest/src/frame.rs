//! RFC 6455 frames and the opening handshake, as little of it as a client of one known server needs.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest, Sha1};

/// Opcode of a text message (RFC 6455 §5.2).
pub const TEXT: u8 = 0x1;
/// Opcode of a binary message.
pub const BINARY: u8 = 0x2;
/// Opcode of a close frame.
pub const CLOSE: u8 = 0x8;
/// Opcode of a ping.
pub const PING: u8 = 0x9;
/// Opcode of a pong.
pub const PONG: u8 = 0xA;

/// Every connection of the generator uses the key of RFC 6455 §1.3: the answer is then known without hashing.
pub const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
/// What a server answers to [`KEY`].
pub const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// Bytes that are not a frame this tool accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// Reserved bits or a reserved opcode.
    #[error("reserved bits or opcode in a frame header")]
    Reserved,
    /// Longer than the caller accepts.
    #[error("a frame of {0} bytes is longer than accepted")]
    TooLong(u64),
}

/// One complete frame inside a buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame {
    /// Last (or only) frame of its message.
    pub fin: bool,
    /// What it is.
    pub opcode: u8,
    /// The mask; frames from a server have none.
    pub mask: Option<[u8; 4]>,
    /// Where the payload starts in the buffer.
    pub start: usize,
    /// One past the payload's (and the frame's) last byte.
    pub end: usize,
}

/// Reads the frame that starts at `from`; `None` while it is not complete.
///
/// # Errors
/// [`FrameError`] for reserved bits and for payloads longer than `max` bytes.
pub fn parse(buffer: &[u8], from: usize, max: usize) -> Result<Option<Frame>, FrameError> {
    let Some(&[first, second]) = buffer.get(from..from + 2) else { return Ok(None) };
    let opcode = first & 0x0F;
    if first & 0x70 != 0 || !matches!(opcode, 0x0..=0x2 | 0x8..=0xA) {
        return Err(FrameError::Reserved);
    }
    let (length, mut at) = match second & 0x7F {
        126 => match buffer.get(from + 2..from + 4) {
            Some(&[a, b]) => (u64::from(u16::from_be_bytes([a, b])), from + 4),
            _ => return Ok(None),
        },
        127 => match buffer.get(from + 2..from + 10).and_then(|bytes| bytes.try_into().ok()) {
            Some(bytes) => (u64::from_be_bytes(bytes), from + 10),
            None => return Ok(None),
        },
        short => (u64::from(short), from + 2),
    };
    let length = usize::try_from(length).ok().filter(|&length| length <= max).ok_or(FrameError::TooLong(length))?;
    let mut mask = None;
    if second & 0x80 != 0 {
        let Some(&[a, b, c, d]) = buffer.get(at..at + 4) else { return Ok(None) };
        mask = Some([a, b, c, d]);
        at += 4;
    }
    let end = at + length;
    Ok((end <= buffer.len()).then_some(Frame { fin: first & 0x80 != 0, opcode, mask, start: at, end }))
}

/// Appends an unmasked frame, as servers send.
pub fn push_server(out: &mut Vec<u8>, opcode: u8, payload: &[u8]) {
    push_header(out, opcode, payload.len(), 0);
    out.extend_from_slice(payload);
}

/// Appends a masked frame, as clients send.
pub fn push_client(out: &mut Vec<u8>, opcode: u8, payload: &[u8], mask: [u8; 4]) {
    push_header(out, opcode, payload.len(), 0x80);
    out.extend_from_slice(&mask);
    let from = out.len();
    out.extend_from_slice(payload);
    if let Some(written) = out.get_mut(from..) {
        apply_mask(written, mask);
    }
}

fn push_header(out: &mut Vec<u8>, opcode: u8, length: usize, mask_bit: u8) {
    out.push(0x80 | opcode);
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(short), _) if short < 126 => out.push(mask_bit | short),
        (_, Ok(medium)) => {
            out.push(mask_bit | 126);
            out.extend_from_slice(&medium.to_be_bytes());
        }
        _ => {
            out.push(mask_bit | 127);
            out.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
}

/// Masks or unmasks in place (RFC 6455 §5.3: the same operation).
pub fn apply_mask(payload: &mut [u8], mask: [u8; 4]) {
    for (byte, key) in payload.iter_mut().zip(mask.iter().cycle()) {
        *byte ^= key;
    }
}

/// The close code a close frame carries, if any.
#[must_use]
pub fn close_code(payload: &[u8]) -> Option<u16> {
    match payload {
        [a, b, ..] => Some(u16::from_be_bytes([*a, *b])),
        _ => None,
    }
}

/// The opening request for `path`; `protocol` is the sub-protocol, if the server wants one.
#[must_use]
pub fn request(host: &str, path: &str, protocol: Option<&str>) -> Vec<u8> {
    let protocol = protocol.map(|name| format!("Sec-WebSocket-Protocol: {name}\r\n")).unwrap_or_default();
    format!(
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n{protocol}\r\n"
    )
    .into_bytes()
}

/// The end of an HTTP head in `buffer`, one past the empty line; `None` while it is not there.
#[must_use]
pub fn head_end(buffer: &[u8]) -> Option<usize> {
    buffer.windows(4).position(|four| four == b"\r\n\r\n").map(|at| at + 4)
}

/// Whether a head is the 101 that [`request`] wants: status, accept hash, sub-protocol.
#[must_use]
pub fn is_upgrade(head: &[u8], protocol: Option<&str>) -> bool {
    let text = String::from_utf8_lossy(head);
    let header = |name: &str| {
        text.lines().skip(1).find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    };
    text.starts_with("HTTP/1.1 101")
        && header("sec-websocket-accept") == Some(ACCEPT)
        && header("sec-websocket-protocol") == protocol
}

/// What a server answers to a key (RFC 6455 §4.2.2).
#[must_use]
pub fn accept_of(key: &str) -> String {
    let mut hash = Sha1::new();
    hash.update(key.as_bytes());
    hash.update(b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    STANDARD.encode(hash.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_key_of_the_standard_has_the_answer_of_the_standard() {
        assert_eq!(accept_of(KEY), ACCEPT);
    }

    #[test]
    fn an_upgrade_with_another_subprotocol_is_not_accepted() {
        let head = format!("HTTP/1.1 101 x\r\nSec-WebSocket-Accept: {ACCEPT}\r\nsec-websocket-protocol: a\r\n\r\n");
        assert!(is_upgrade(head.as_bytes(), Some("a")));
        assert!(!is_upgrade(head.as_bytes(), Some("b")));
        assert!(!is_upgrade(head.as_bytes(), None));
    }

    #[test]
    fn lengths_use_the_shortest_form() {
        for (length, header) in [(0, 2), (125, 2), (126, 4), (65_535, 4), (65_536, 10)] {
            let mut out = Vec::new();
            push_server(&mut out, BINARY, &vec![7; length]);
            assert_eq!(out.len(), header + length);
        }
    }

    #[test]
    fn reserved_bits_and_long_frames_are_errors() {
        assert_eq!(parse(&[0xC1, 0], 0, 10), Err(FrameError::Reserved));
        assert_eq!(parse(&[0x83, 0], 0, 10), Err(FrameError::Reserved));
        assert_eq!(parse(&[0x81, 11], 0, 10), Err(FrameError::TooLong(11)));
    }

    proptest! {
        #[test]
        fn a_frame_reads_back_wherever_it_is_cut(payload in prop::collection::vec(any::<u8>(), 0..300), mask: [u8; 4], cut in 0usize..320) {
            let mut out = Vec::new();
            push_client(&mut out, TEXT, &payload, mask);
            let cut = cut.min(out.len() - 1);
            prop_assert_eq!(parse(&out[..cut], 0, 1_000), Ok(None));
            let frame = parse(&out, 0, 1_000).unwrap().unwrap();
            prop_assert_eq!(frame.end, out.len());
            let mut read = out[frame.start..frame.end].to_vec();
            apply_mask(&mut read, frame.mask.unwrap());
            prop_assert_eq!(read, payload);
        }

        #[test]
        fn any_bytes_parse_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..40), from in 0usize..50) {
            let _ = parse(&bytes, from, 1_000);
        }
    }
}
