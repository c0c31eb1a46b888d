//! Which pages may open a socket (RFC 6455 §10.2).
//!
//! A browser sends the page's origin and no page can forge it, so an allow-list stops foreign pages from using a visitor's
//! network position. It is no authentication: programs send what they like.

use serde::Deserialize;

use super::request::UpgradeRequest;

/// Who may open a socket, judged by the `Origin` header.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OriginPolicy {
    /// Origins that are allowed, compared as a whole without regard to case: `https://chat.example.org`, with the port where
    /// it is not the default one of the scheme. No patterns.
    pub allowed: Vec<String>,
    /// Whether a request without `Origin` is allowed; no browser sends one, programs do. Default true.
    pub allow_absent: bool,
    /// Whether a page may connect that was loaded from the host and port named in the `Host` header. Default true.
    pub allow_same_host: bool,
}

impl Default for OriginPolicy {
    fn default() -> Self {
        Self { allowed: Vec::new(), allow_absent: true, allow_same_host: true }
    }
}

/// The judgement on an origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OriginVerdict {
    /// The handshake may go on.
    Allowed,
    /// No `Origin`, and the policy asks for one.
    Missing,
    /// An origin that is neither listed nor our own, or more than one.
    Foreign,
}

impl OriginPolicy {
    /// Judges the `Origin` of a request.
    #[must_use]
    pub fn judge(&self, request: &impl UpgradeRequest) -> OriginVerdict {
        let allowed = if request.header("origin").next().is_none() {
            return if self.allow_absent { OriginVerdict::Allowed } else { OriginVerdict::Missing };
        } else if let Some(origin) = request.single("origin") {
            self.lists(origin) || (self.allow_same_host && is_same_host(origin, request))
        } else {
            false
        };
        if allowed { OriginVerdict::Allowed } else { OriginVerdict::Foreign }
    }

    fn lists(&self, origin: &[u8]) -> bool {
        self.allowed.iter().any(|allowed| allowed.as_bytes().eq_ignore_ascii_case(origin))
    }
}

/// Whether the authority of the origin is the one in `Host`. The scheme decides only the default port: behind a proxy that
/// ends TLS we cannot know by which scheme the page was loaded.
fn is_same_host(origin: &[u8], request: &impl UpgradeRequest) -> bool {
    let (Some(host), Ok(origin)) = (request.single("host"), str::from_utf8(origin)) else { return false };
    let Ok(host) = str::from_utf8(host) else { return false };
    let (authority, default_port) = match origin.split_once("://") {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https") => (rest, "443"),
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => (rest, "80"),
        _ => return false,
    };
    let (name, port) = split_port(authority, default_port);
    let (own_name, own_port) = split_port(host, default_port);
    !name.is_empty() && name.eq_ignore_ascii_case(own_name) && port == own_port
}

/// Host and port of an authority; an IPv6 literal keeps its brackets, inside which a colon is no port.
fn split_port<'a>(authority: &'a str, default_port: &'a str) -> (&'a str, &'a str) {
    match authority.rsplit_once(':') {
        Some((name, port)) if !port.contains(']') => (name, if port.is_empty() { default_port } else { port }),
        _ => (authority, default_port),
    }
}
