//! What an operator may set about HTTP.

use crate::address::ForwardedHeader;
use crate::limiter::Rate;
use serde::Deserialize;

/// Settings of every HTTP surface.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HttpConfig {
    /// Largest body of a request, bytes (default 10 MiB).
    pub body_bytes: usize,
    /// Milliseconds within which a body must have arrived (default 30,000).
    pub body_within_ms: u64,
    /// How deep the JSON of a body may nest (default 32).
    pub json_depth: usize,
    /// Origins whose pages may call the API from a browser, exact (`https://app.example.org`). Default none: same origin only.
    pub cors_origins: Vec<String>,
    /// Addresses or blocks (`10.0.0.0/8`) of the proxies in front; only their forwarding headers are believed. Default none.
    pub trusted_proxies: Vec<String>,
    /// Which header those proxies write: `x-forwarded-for` (default) or `forwarded`.
    pub forwarded_header: ForwardedHeader,
    /// Seconds browsers shall insist on TLS after an answer over TLS (default 31,536,000: a year), for this host and all below it
    /// (`includeSubDomains`); 0 sends no HSTS.
    pub hsts_seconds: u64,
    /// Requests of one client address (one /64 for IPv6). A coarse guard: many people share an address.
    pub address_rate: Rate,
    /// Requests of one signed-in person.
    pub caller_rate: Rate,
    /// How many addresses and how many callers are counted one by one (default 65,536 each).
    pub limited_keys: usize,
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self {
            body_bytes: 10 * 1024 * 1024,
            body_within_ms: 30_000,
            json_depth: 32,
            cors_origins: Vec::new(),
            trusted_proxies: Vec::new(),
            forwarded_header: ForwardedHeader::default(),
            hsts_seconds: 31_536_000,
            address_rate: Rate { per_second: 200.0, burst: 1_000.0 },
            caller_rate: Rate { per_second: 50.0, burst: 200.0 },
            limited_keys: 65_536,
        }
    }
}

/// A setting that cannot be used.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{key}: {reason}")]
pub struct HttpConfigError {
    /// The key within the section.
    pub key: &'static str,
    /// What is wrong.
    pub reason: String,
}

impl HttpConfig {
    /// Everything that is wrong, for the configuration check.
    #[must_use]
    pub fn problems(&self) -> Vec<HttpConfigError> {
        let wrong = |key, reason: String| HttpConfigError { key, reason };
        let mut found = Vec::new();
        if !(1_024..=1 << 30).contains(&self.body_bytes) {
            found.push(wrong("body_bytes", "must be 1,024 to 1,073,741,824".to_owned()));
        }
        if !(1..=128).contains(&self.json_depth) {
            found.push(wrong("json_depth", "must be 1 to 128".to_owned()));
        }
        if self.body_within_ms == 0 {
            found.push(wrong("body_within_ms", "must be at least 1".to_owned()));
        }
        let proxies = self.trusted_proxies.iter().filter_map(|text| text.parse::<crate::address::Block>().err());
        found.extend(proxies.map(|error| wrong("trusted_proxies", error.to_string())));
        let origins = self.cors_origins.iter().filter(|origin| !is_origin(origin));
        found.extend(origins.map(|origin| wrong("cors_origins", format!("`{origin}` is not scheme://host[:port]"))));
        for (keys, rate) in [
            (["address_rate.per_second", "address_rate.burst"], self.address_rate),
            (["caller_rate.per_second", "caller_rate.burst"], self.caller_rate),
        ] {
            if let Some((member, reason)) = rate.problem() {
                let [per_second, burst] = keys;
                found.push(wrong(if member == "burst" { burst } else { per_second }, reason.to_owned()));
            }
        }
        found
    }
}

/// Scheme, host and perhaps a port, nothing else; `*` is none.
fn is_origin(text: &str) -> bool {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    host.is_some_and(|host| !host.is_empty() && !host.contains(['/', '*', '?', '#', ' ', '@']))
}
