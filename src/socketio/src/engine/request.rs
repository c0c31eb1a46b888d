//! What an HTTP request asks of an Engine.IO endpoint, and how a wrong one is answered.

use super::EngineConfig;
use super::session::Transport;

/// The method of a request, as far as it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// GET.
    Get,
    /// POST.
    Post,
    /// OPTIONS, a preflight of CORS.
    Options,
    /// Any other.
    Other,
}

impl Method {
    /// From the name in the request.
    #[must_use]
    pub fn from_name(name: &str) -> Self {
        match name {
            "GET" => Self::Get,
            "POST" => Self::Post,
            "OPTIONS" => Self::Options,
            _ => Self::Other,
        }
    }
}

/// What a request asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// A new session on this transport.
    Open(Transport),
    /// What waits for the session.
    Poll(String),
    /// The body is for the session.
    Post(String),
    /// A WebSocket for a session that polls.
    Upgrade(String),
}

/// The reasons of the reference implementation, with its numbers and its words; the body of a refusal is
/// `{"code":1,"message":"Session ID unknown"}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// `transport` is absent, unknown or not offered.
    #[error("Transport unknown")]
    TransportUnknown,
    /// There is no such session (any more).
    #[error("Session ID unknown")]
    SessionUnknown,
    /// A session is opened with GET.
    #[error("Bad handshake method")]
    BadHandshakeMethod,
    /// Everything else that is wrong.
    #[error("Bad request")]
    BadRequest,
    /// Not for this caller (`Origin`, middleware).
    #[error("Forbidden")]
    Forbidden,
    /// `EIO` is not 4.
    #[error("Unsupported protocol version")]
    UnsupportedVersion,
}

impl Refusal {
    /// The number in the body.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::TransportUnknown => 0,
            Self::SessionUnknown => 1,
            Self::BadHandshakeMethod => 2,
            Self::BadRequest => 3,
            Self::Forbidden => 4,
            Self::UnsupportedVersion => 5,
        }
    }

    /// The HTTP status: 403 for [`Refusal::Forbidden`], else 400.
    #[must_use]
    pub const fn status(self) -> u16 {
        if matches!(self, Self::Forbidden) { 403 } else { 400 }
    }

    /// The JSON body.
    #[must_use]
    pub fn body(self) -> String {
        format!(r#"{{"code":{},"message":"{self}"}}"#, self.code())
    }
}

/// Longest session id that is looked at; ours are shorter. No setting: whatever is longer is unknown all the same (`docs/socketio.md`,
/// "Limits").
const MAX_SID: usize = 128;

/// Judges a request by its method, its query string and whether it wants to upgrade to WebSocket, in the order of the
/// reference: transport, session, method, version. Whether the session exists and uses the transport is the caller's to
/// find out ([`Refusal::SessionUnknown`], [`super::Session::check`]).
///
/// # Errors
/// The first reason to refuse it.
pub fn judge(method: Method, query: &str, upgrade: bool, config: &EngineConfig) -> Result<Asked, Refusal> {
    let transport = match parameter(query, "transport") {
        Some("polling") if config.polling => Transport::Polling,
        Some("websocket") if config.websocket => Transport::WebSocket,
        _ => return Err(Refusal::TransportUnknown),
    };
    let revision_4 = parameter(query, "EIO") == Some("4");
    let sid = parameter(query, "sid").filter(|sid| !sid.is_empty());
    if sid.is_none() && method != Method::Get {
        return Err(Refusal::BadHandshakeMethod);
    }
    if sid.is_some_and(|sid| sid.len() > MAX_SID) {
        return Err(Refusal::SessionUnknown);
    }
    if (transport == Transport::WebSocket) != upgrade {
        return Err(Refusal::BadRequest);
    }
    if !revision_4 {
        return Err(if sid.is_some() { Refusal::BadRequest } else { Refusal::UnsupportedVersion });
    }
    match (sid.map(str::to_owned), transport, method) {
        (None, transport, _) => Ok(Asked::Open(transport)),
        (Some(sid), Transport::WebSocket, Method::Get) => Ok(Asked::Upgrade(sid)),
        (Some(sid), Transport::Polling, Method::Get) => Ok(Asked::Poll(sid)),
        (Some(sid), Transport::Polling, Method::Post) => Ok(Asked::Post(sid)),
        _ => Err(Refusal::BadRequest),
    }
}

/// The first value of a query parameter. Names and values of this protocol need no percent-encoding; a value that has some
/// matches nothing.
#[must_use]
pub fn parameter<'q>(query: &'q str, name: &str) -> Option<&'q str> {
    query.split('&').filter_map(|pair| pair.split_once('=')).find(|(key, _)| *key == name).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(method: Method, query: &str, upgrade: bool) -> Result<Asked, Refusal> {
        judge(method, query, upgrade, &EngineConfig::default())
    }

    #[test]
    fn each_kind_of_request_is_told_apart() {
        let sid = || "abc".to_owned();
        assert_eq!(ask(Method::Get, "EIO=4&transport=polling", false), Ok(Asked::Open(Transport::Polling)));
        assert_eq!(ask(Method::Get, "EIO=4&transport=websocket", true), Ok(Asked::Open(Transport::WebSocket)));
        assert_eq!(ask(Method::Get, "EIO=4&transport=polling&t=x&sid=abc", false), Ok(Asked::Poll(sid())));
        assert_eq!(ask(Method::Post, "EIO=4&transport=polling&sid=abc", false), Ok(Asked::Post(sid())));
        assert_eq!(ask(Method::Get, "EIO=4&transport=websocket&sid=abc", true), Ok(Asked::Upgrade(sid())));
    }

    #[test]
    fn wrong_requests_are_refused_with_the_numbers_of_the_reference() {
        let cases = [
            (Method::Get, "EIO=4", false, 0),
            (Method::Get, "EIO=4&transport=abc", false, 0),
            (Method::Post, "EIO=4&transport=polling", false, 2),
            (Method::Other, "EIO=4&transport=polling", false, 2),
            (Method::Get, "EIO=4&transport=websocket", false, 3),
            (Method::Other, "EIO=4&transport=polling&sid=abc", false, 3),
            (Method::Get, "transport=polling", false, 5),
            (Method::Get, "EIO=abc&transport=polling", false, 5),
            (Method::Get, "EIO=3&transport=polling", false, 5),
        ];
        for (method, query, upgrade, code) in cases {
            assert_eq!(ask(method, query, upgrade).map_err(Refusal::code), Err(code), "{query}");
        }
    }

    #[test]
    fn a_transport_that_is_switched_off_is_unknown() {
        let config = EngineConfig { polling: false, ..EngineConfig::default() };
        let asked = judge(Method::Get, "EIO=4&transport=polling", false, &config);
        assert_eq!(asked, Err(Refusal::TransportUnknown));
    }

    #[test]
    fn a_refusal_is_the_json_of_the_reference() {
        assert_eq!(Refusal::SessionUnknown.body(), r#"{"code":1,"message":"Session ID unknown"}"#);
        assert_eq!(Refusal::Forbidden.status(), 403);
        assert_eq!(Refusal::BadRequest.status(), 400);
    }
}
