//! The body of a close frame (RFC 6455 §5.5.1, §7.4).

use std::str;

use super::Violation;

/// Registered close codes that this server sends or tells apart.
pub mod code {
    /// The purpose of the connection is fulfilled.
    pub const NORMAL: u16 = 1000;
    /// The endpoint goes away: server shutdown or a page that was left.
    pub const GOING_AWAY: u16 = 1001;
    /// The peer broke the framing rules.
    pub const PROTOCOL_ERROR: u16 = 1002;
    /// A type of data the endpoint cannot accept (a binary message on a text-only protocol).
    pub const UNSUPPORTED_DATA: u16 = 1003;
    /// Text that is not UTF-8.
    pub const INVALID_PAYLOAD: u16 = 1007;
    /// A message that violates policy where no better code fits.
    pub const POLICY: u16 = 1008;
    /// A message too big to process.
    pub const TOO_BIG: u16 = 1009;
    /// The server met an unexpected condition.
    pub const INTERNAL: u16 = 1011;
    /// The server restarts; come back.
    pub const RESTART: u16 = 1012;
    /// The server is overloaded; come back later.
    pub const TRY_AGAIN_LATER: u16 = 1013;
}

/// Whether `code` may stand in a close frame: the registered codes that are meant for the wire, and 3000–4999.
/// 1004, 1005, 1006 and 1015 are reserved for local use, everything else is unassigned.
#[must_use]
pub const fn may_be_sent(code: u16) -> bool {
    matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999)
}

/// Reads the unmasked body of a close frame: nothing, or a code and a reason.
///
/// # Errors
/// A body of one byte, a code that may not be sent, a reason that is not UTF-8.
pub fn parse(body: &[u8]) -> Result<Option<(u16, &str)>, Violation> {
    let Some((code, reason)) = body.split_first_chunk::<2>() else {
        return if body.is_empty() { Ok(None) } else { Err(Violation::MalformedClose) };
    };
    let code = u16::from_be_bytes(*code);
    if !may_be_sent(code) {
        return Err(Violation::InvalidCloseCode);
    }
    let reason = str::from_utf8(reason).map_err(|_| Violation::InvalidUtf8)?;
    Ok(Some((code, reason)))
}
