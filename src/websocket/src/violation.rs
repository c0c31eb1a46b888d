//! Why a connection is failed, and the close code that tells the peer (RFC 6455 §7.4.1).

use thiserror::Error;

use super::close::code;

/// A rule of RFC 6455, or a limit of ours, that the peer broke. The connection must be closed with [`Violation::close_code`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Violation {
    /// RSV1–RSV3 set although no extension was negotiated (§5.2).
    #[error("reserved bit set")]
    ReservedBit,
    /// Opcode 3–7 or 11–15 (§5.2).
    #[error("reserved opcode")]
    ReservedOpcode,
    /// A client frame without mask (§5.1).
    #[error("frame is not masked")]
    NotMasked,
    /// Close, ping or pong with FIN clear (§5.5).
    #[error("control frame is fragmented")]
    FragmentedControl,
    /// Close, ping or pong with more than 125 bytes (§5.5).
    #[error("control frame is too long")]
    LongControl,
    /// A length written in more bytes than needed, or with the top bit of the 64-bit form set (§5.2).
    #[error("length is not minimally encoded")]
    LengthEncoding,
    /// A continuation frame with no message to continue (§5.4).
    #[error("continuation without a message")]
    UnexpectedContinuation,
    /// A text or binary frame inside an unfinished message (§5.4).
    #[error("new message inside an unfinished one")]
    UnfinishedMessage,
    /// Text that is not UTF-8, noticed at the first byte that cannot be (§8.1).
    #[error("text is not utf-8")]
    InvalidUtf8,
    /// The message is, or announces to become, longer than [`super::Limits::max_message_bytes`].
    #[error("message is too big")]
    MessageTooBig,
    /// The message consists of more frames than [`super::Limits::max_fragments`].
    #[error("message has too many fragments")]
    TooManyFragments,
    /// A close frame with a body of one byte (§5.5.1).
    #[error("close frame is malformed")]
    MalformedClose,
    /// A close code that must not be sent on the wire (§7.4).
    #[error("close code is not allowed")]
    InvalidCloseCode,
}

impl Violation {
    /// The code of the close frame that answers this violation: 1007 for text that is not UTF-8, 1009 for messages beyond
    /// the limits, 1002 for everything else.
    #[must_use]
    pub const fn close_code(self) -> u16 {
        match self {
            Self::InvalidUtf8 => code::INVALID_PAYLOAD,
            Self::MessageTooBig | Self::TooManyFragments => code::TOO_BIG,
            _ => code::PROTOCOL_ERROR,
        }
    }
}
