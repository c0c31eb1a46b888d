//! The client side of the wire for tests and benches: masked frames out, unmasked frames in.

use bytes::BufMut;

use super::{
    header::{FIN, Opcode},
    mask,
};

/// Appends one masked frame. Nothing is checked, so that a test can break any rule it wants to.
pub fn put_frame(out: &mut Vec<u8>, fin: bool, opcode: Opcode, key: [u8; 4], payload: &[u8]) {
    out.put_u8(if fin { FIN } else { 0 } | opcode as u8);
    match payload.len() {
        len @ 0..126 => out.put_u8(0x80 | len as u8),
        len @ 126..65_536 => {
            out.put_u8(0x80 | 126);
            out.put_u16(len as u16);
        }
        len => {
            out.put_u8(0x80 | 127);
            out.put_u64(len as u64);
        }
    }
    out.put_slice(&key);
    let start = out.len();
    out.put_slice(payload);
    mask::apply(key, out.get_mut(start..).unwrap_or_default());
}

/// One masked, unfragmented frame.
#[must_use]
pub fn frame(opcode: Opcode, key: [u8; 4], payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(payload.len().saturating_add(14));
    put_frame(&mut out, true, opcode, key, payload);
    out
}

/// A frame as a server sent it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerFrame<'a> {
    /// Last frame of its message.
    pub fin: bool,
    /// Kind of frame.
    pub opcode: Opcode,
    /// Payload.
    pub payload: &'a [u8],
}

/// Reads one server frame from the start of `bytes`. Returns it and the number of bytes it took; `None` while it is
/// incomplete, and also if it is masked, has a reserved bit or an unknown opcode, which this server never writes.
#[must_use]
pub fn read_frame(bytes: &[u8]) -> Option<(ServerFrame<'_>, usize)> {
    let (&[first, second], rest) = bytes.split_first_chunk::<2>()?;
    let opcode = Opcode::from_bits(first & 0x7f)?;
    let (payload_len, rest) = match second {
        126 => rest.split_first_chunk::<2>().map(|(len, rest)| (u64::from(u16::from_be_bytes(*len)), rest))?,
        127 => rest.split_first_chunk::<8>().map(|(len, rest)| (u64::from_be_bytes(*len), rest))?,
        short @ 0..126 => (u64::from(short), rest),
        _ => return None,
    };
    let (payload, rest) = rest.split_at_checked(usize::try_from(payload_len).ok()?)?;
    Some((ServerFrame { fin: first & FIN != 0, opcode, payload }, bytes.len() - rest.len()))
}

/// The head of an upgrade request.
#[must_use]
pub fn upgrade_request(host: &str, path: &str, key: &str, extra: &[(&str, &str)]) -> String {
    let mut head = format!(
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n"
    );
    for (name, value) in extra {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    head
}
