//! The opening handshake, server side (RFC 6455 §4.2): judge the request, write the answer.

use bytes::BufMut;
use sha1::{Digest, Sha1};
use thiserror::Error;

use super::{
    origin::{OriginPolicy, OriginVerdict},
    request::UpgradeRequest,
};

/// Appended to the key before hashing (§1.3).
const ACCEPT_GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// What an endpoint asks of an upgrade request.
#[derive(Clone, Copy, Debug)]
pub struct HandshakePolicy<'p> {
    /// Pages that may connect.
    pub origins: &'p OriginPolicy,
    /// Sub-protocols the endpoint speaks.
    pub protocols: &'p [&'p str],
    /// Whether a request that offers none of them is refused.
    pub protocol_required: bool,
}

/// A request that passed: what to answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accepted<'p> {
    /// Value of `Sec-WebSocket-Accept`.
    pub accept: [u8; 28],
    /// The first sub-protocol of the client's list that the endpoint speaks.
    pub protocol: Option<&'p str>,
}

/// Why an upgrade is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum HandshakeError {
    /// Only GET upgrades.
    #[error("a websocket handshake uses the method get")]
    Method,
    /// HTTP/1.0 has no upgrade; HTTP/2 has another one.
    #[error("a websocket handshake uses http/1.1")]
    HttpVersion,
    /// `Upgrade` does not name websocket: an ordinary request that came to the wrong place.
    #[error("this endpoint speaks websocket: send an upgrade request")]
    NotUpgrade,
    /// `Connection` does not name upgrade.
    #[error("the connection header does not list upgrade")]
    NotConnectionUpgrade,
    /// `Sec-WebSocket-Version` is absent, given twice, or not 13.
    #[error("the websocket version is not 13")]
    WrongVersion,
    /// `Sec-WebSocket-Key` is absent, given twice, or not 16 bytes in base64.
    #[error("sec-websocket-key is not 16 bytes in base64")]
    BadKey,
    /// The request announces a body, which frames behind the head could be mistaken for.
    #[error("a websocket handshake has no body")]
    Body,
    /// No `Origin`, where the policy asks for one.
    #[error("origin is missing")]
    OriginMissing,
    /// A page that may not connect.
    #[error("origin is not allowed")]
    OriginRefused,
    /// None of the offered sub-protocols is spoken here.
    #[error("no common sub-protocol")]
    NoCommonProtocol,
}

impl HandshakeError {
    /// HTTP status of the refusal.
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Self::Method => 405,
            Self::HttpVersion => 505,
            Self::NotUpgrade | Self::WrongVersion => 426,
            Self::OriginMissing | Self::OriginRefused => 403,
            Self::NotConnectionUpgrade | Self::BadKey | Self::Body | Self::NoCommonProtocol => 400,
        }
    }

    /// Fields that the refusal must carry beside the ordinary ones.
    #[must_use]
    pub const fn headers(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Method => &[("Allow", "GET")],
            Self::NotUpgrade | Self::WrongVersion => &[("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13")],
            _ => &[],
        }
    }
}

/// Judges an upgrade request.
///
/// # Errors
/// The first rule it breaks; form before origin, origin before sub-protocol.
pub fn check<'p>(request: &impl UpgradeRequest, policy: &HandshakePolicy<'p>) -> Result<Accepted<'p>, HandshakeError> {
    check_form(request)?;
    let accept = request.single("sec-websocket-key").and_then(accept_key).ok_or(HandshakeError::BadKey)?;
    match policy.origins.judge(request) {
        OriginVerdict::Allowed => {}
        OriginVerdict::Missing => return Err(HandshakeError::OriginMissing),
        OriginVerdict::Foreign => return Err(HandshakeError::OriginRefused),
    }
    let protocol = negotiate(request, policy.protocols);
    if policy.protocol_required && protocol.is_none() {
        return Err(HandshakeError::NoCommonProtocol);
    }
    Ok(Accepted { accept, protocol })
}

fn check_form(request: &impl UpgradeRequest) -> Result<(), HandshakeError> {
    let announces_body = || {
        request.header("transfer-encoding").next().is_some()
            || request.header("content-length").any(|length| length.trim_ascii() != b"0")
    };
    let rules = [
        (request.method() == "GET", HandshakeError::Method),
        (request.is_http_11(), HandshakeError::HttpVersion),
        (request.lists("upgrade", "websocket"), HandshakeError::NotUpgrade),
        (request.lists("connection", "upgrade"), HandshakeError::NotConnectionUpgrade),
        (request.single("sec-websocket-version") == Some(b"13"), HandshakeError::WrongVersion),
        (!announces_body(), HandshakeError::Body),
    ];
    rules.into_iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, broken)| Err(broken))
}

/// The first sub-protocol the client lists that is among the supported ones. Names are compared exactly.
fn negotiate<'p>(request: &impl UpgradeRequest, supported: &'p [&'p str]) -> Option<&'p str> {
    request
        .list("sec-websocket-protocol")
        .find_map(|offered| supported.iter().find(|name| name.as_bytes() == offered).copied())
}

/// The value of `Sec-WebSocket-Accept` for a key, if the key is 16 bytes in base64: 22 characters and two of padding.
#[must_use]
pub fn accept_key(key: &[u8]) -> Option<[u8; 28]> {
    let digits = key.strip_suffix(b"==").filter(|digits| digits.len() == 22)?;
    if !digits.iter().all(|digit| digit.is_ascii_alphanumeric() || matches!(digit, b'+' | b'/')) {
        return None;
    }
    let hash: [u8; 20] = Sha1::new().chain_update(key).chain_update(ACCEPT_GUID).finalize().into();
    Some(base64_of_hash(hash))
}

fn base64_of_hash(hash: [u8; 20]) -> [u8; 28] {
    // One zero byte more makes seven whole groups; the digit that is only made of it becomes the padding.
    let mut padded = [0; 21];
    padded.iter_mut().zip(hash).for_each(|(to, from)| *to = from);
    let mut out = [b'='; 28];
    let (groups, _) = padded.as_chunks::<3>();
    let (digits, _) = out.as_chunks_mut::<4>();
    for (digits, &[a, b, c]) in digits.iter_mut().zip(groups) {
        let bits = u32::from_be_bytes([0, a, b, c]);
        *digits = [bits >> 18, bits >> 12, bits >> 6, bits].map(base64_digit);
    }
    let [.., last] = &mut out;
    *last = b'=';
    out
}

const fn base64_digit(bits: u32) -> u8 {
    match (bits & 63) as u8 {
        value @ 0..=25 => b'A' + value,
        value @ 26..=51 => b'a' + value - 26,
        value @ 52..=61 => b'0' + value - 52,
        62 => b'+',
        _ => b'/',
    }
}

/// Appends the `101 Switching Protocols` head. Frames may follow at once.
pub fn put_switching_protocols(out: &mut impl BufMut, accepted: &Accepted<'_>) {
    out.put_slice(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ",
    );
    out.put_slice(&accepted.accept);
    if let Some(protocol) = accepted.protocol {
        out.put_slice(b"\r\nSec-WebSocket-Protocol: ");
        out.put_slice(protocol.as_bytes());
    }
    out.put_slice(b"\r\n\r\n");
}

/// Appends a complete refusal, after which the connection is to be closed: status, the fields it must carry, and the reason
/// as a problem document (RFC 9457).
pub fn put_refusal(out: &mut impl BufMut, refused: HandshakeError) {
    let (status, detail) = (refused.status(), refused.to_string());
    let title =
        actix_http::StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason()).unwrap_or("Refused");
    let body = format!(
        r#"{{"type":"about:blank","title":"{title}","status":{status},"detail":"{detail}","success":false,"message":"{detail}"}}"#
    );
    out.put_slice(format!("HTTP/1.1 {status} {title}\r\n").as_bytes());
    for (name, value) in refused.headers() {
        out.put_slice(format!("{name}: {value}\r\n").as_bytes());
    }
    let length = body.len();
    out.put_slice(b"Content-Type: application/problem+json\r\nCache-Control: no-store\r\nConnection: close\r\n");
    out.put_slice(format!("Content-Length: {length}\r\n\r\n{body}").as_bytes());
}
