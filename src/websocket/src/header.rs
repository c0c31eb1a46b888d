//! The head of a client frame: opcode, length, mask (RFC 6455 §5.2).

use super::Violation;

/// Longest possible head: two bytes, eight of length, four of mask.
pub const MAX_CLIENT_HEAD: usize = 14;
/// Longest payload of a close, ping or pong frame.
pub const MAX_CONTROL_PAYLOAD: usize = 125;

pub(super) const FIN: u8 = 0x80;
const RESERVED: u8 = 0x70;
const OPCODE: u8 = 0x0f;
const MASKED: u8 = 0x80;
const LENGTH: u8 = 0x7f;

/// What a frame carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Opcode {
    /// Goes on with the message of the frames before it.
    Continuation = 0x0,
    /// Starts a message of UTF-8 text.
    Text = 0x1,
    /// Starts a message of bytes.
    Binary = 0x2,
    /// Starts or answers the closing handshake.
    Close = 0x8,
    /// Asks for a pong.
    Ping = 0x9,
    /// Answers a ping, or comes unasked as a sign of life.
    Pong = 0xa,
}

impl Opcode {
    /// The opcode with this number, if it is assigned.
    #[must_use]
    pub const fn from_bits(bits: u8) -> Option<Self> {
        Some(match bits {
            0x0 => Self::Continuation,
            0x1 => Self::Text,
            0x2 => Self::Binary,
            0x8 => Self::Close,
            0x9 => Self::Ping,
            0xa => Self::Pong,
            _ => return None,
        })
    }

    /// Whether this is close, ping or pong: short, never fragmented, allowed between fragments.
    #[must_use]
    pub const fn is_control(self) -> bool {
        self as u8 & 0x8 != 0
    }
}

/// A checked head of a client frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientHead {
    /// Last frame of its message.
    pub fin: bool,
    /// Kind of frame.
    pub opcode: Opcode,
    /// Key the payload is masked with.
    pub mask: [u8; 4],
    /// Bytes of payload that follow the head.
    pub payload_len: usize,
}

/// What the state of the connection allows the next frame to be.
#[derive(Clone, Copy, Debug)]
pub struct Expectation {
    /// A fragmented message is unfinished.
    pub in_message: bool,
    /// Bytes the message (the unfinished or a new one) may still grow.
    pub room: usize,
    /// Frames the message may still get.
    pub fragments_left: u32,
}

impl ClientHead {
    /// Reads a head from the start of `bytes`; `None` while it is incomplete. Every rule is checked as soon as the byte that
    /// breaks it is there. Returns the head and the number of bytes it took.
    ///
    /// # Errors
    /// The rule of framing or the limit that the head breaks.
    pub fn parse(bytes: &[u8], expect: Expectation) -> Result<Option<(Self, usize)>, Violation> {
        let Some((&first, rest)) = bytes.split_first() else { return Ok(None) };
        let (fin, opcode) = check_first(first, expect)?;
        let Some((&second, rest)) = rest.split_first() else { return Ok(None) };
        check_second(second, opcode)?;
        let Some((payload_len, rest)) = length(second & LENGTH, rest)? else { return Ok(None) };
        let payload_len = check_room(payload_len, opcode, expect)?;
        let Some((mask, rest)) = rest.split_first_chunk::<4>() else { return Ok(None) };
        Ok(Some((Self { fin, opcode, mask: *mask, payload_len }, bytes.len() - rest.len())))
    }
}

fn check_first(first: u8, expect: Expectation) -> Result<(bool, Opcode), Violation> {
    let fin = first & FIN != 0;
    if first & RESERVED != 0 {
        return Err(Violation::ReservedBit);
    }
    let opcode = Opcode::from_bits(first & OPCODE).ok_or(Violation::ReservedOpcode)?;
    let broken = match opcode {
        Opcode::Close | Opcode::Ping | Opcode::Pong => (!fin).then_some(Violation::FragmentedControl),
        Opcode::Continuation if !expect.in_message => Some(Violation::UnexpectedContinuation),
        Opcode::Text | Opcode::Binary if expect.in_message => Some(Violation::UnfinishedMessage),
        _ => (expect.fragments_left == 0).then_some(Violation::TooManyFragments),
    };
    broken.map_or(Ok((fin, opcode)), Err)
}

fn check_second(second: u8, opcode: Opcode) -> Result<(), Violation> {
    if second & MASKED == 0 {
        return Err(Violation::NotMasked);
    }
    if opcode.is_control() && usize::from(second & LENGTH) > MAX_CONTROL_PAYLOAD {
        return Err(Violation::LongControl);
    }
    Ok(())
}

/// The payload length and what follows it; `None` while bytes of it are missing.
fn length(short: u8, rest: &[u8]) -> Result<Option<(u64, &[u8])>, Violation> {
    let (length, minimum, rest) = match short {
        126 => {
            let Some((bytes, rest)) = rest.split_first_chunk::<2>() else { return Ok(None) };
            (u64::from(u16::from_be_bytes(*bytes)), 126, rest)
        }
        127 => {
            let Some((bytes, rest)) = rest.split_first_chunk::<8>() else { return Ok(None) };
            (u64::from_be_bytes(*bytes), 1 << 16, rest)
        }
        short => (u64::from(short), 0, rest),
    };
    if length < minimum || length >> 63 != 0 {
        return Err(Violation::LengthEncoding);
    }
    Ok(Some((length, rest)))
}

fn check_room(length: u64, opcode: Opcode, expect: Expectation) -> Result<usize, Violation> {
    let length = usize::try_from(length).map_err(|_| Violation::MessageTooBig)?;
    if !opcode.is_control() && length > expect.room {
        return Err(Violation::MessageTooBig);
    }
    Ok(length)
}
