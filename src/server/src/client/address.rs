//! Where a server is: `ws://host:port`, `wss://host`, also written with `http` and `https`.

use plenum_schema::wire::PATH;
use std::str::FromStr;

/// The address of a server.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Address {
    /// Whether by TLS.
    pub is_tls: bool,
    /// Name or number of the host, without brackets.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Path of the native protocol.
    pub path: String,
}

/// The text is no address.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("`{0}` is not written like ws://host:port or wss://host")]
pub struct AddressError(String);

impl Address {
    /// Host and port as in the `Host` header.
    #[must_use]
    pub fn authority(&self) -> String {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        format!("{host}:{}", self.port)
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let wrong = || AddressError(text.to_owned());
        let (scheme, rest) = text.split_once("://").ok_or_else(wrong)?;
        let is_tls = match scheme {
            "ws" | "http" => false,
            "wss" | "https" => true,
            _ => return Err(wrong()),
        };
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let path = if path.is_empty() { PATH.to_owned() } else { format!("/{path}") };
        let (host, port) = match authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((host, port)) => (host, port.strip_prefix(':')),
            None => authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port))),
        };
        let default = if is_tls { 443 } else { 80 };
        let port = port.map_or(Ok(default), |port| port.parse().map_err(|_| wrong()))?;
        // Both are written into the head of a request.
        let is_clean = |text: &str| text.chars().all(|c| c.is_ascii_graphic());
        if host.is_empty() || !is_clean(host) || !is_clean(&path) || host.contains('@') {
            return Err(wrong());
        }
        Ok(Self { is_tls, host: host.to_owned(), port, path })
    }
}

#[cfg(test)]
mod tests {
    use super::Address;

    #[test]
    fn an_address_is_read_with_its_defaults() {
        let cases = [
            ("ws://127.0.0.1:8080", (false, "127.0.0.1:8080", "/ws")),
            ("http://localhost/", (false, "localhost:80", "/ws")),
            ("wss://chat.example.org/live", (true, "chat.example.org:443", "/live")),
            ("https://[::1]:8443", (true, "[::1]:8443", "/ws")),
        ];
        for (text, (is_tls, authority, path)) in cases {
            let address: Address = text.parse().unwrap();
            assert_eq!(
                (address.is_tls, address.authority().as_str(), address.path.as_str()),
                (is_tls, authority, path)
            );
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in
            ["localhost:8080", "ftp://host", "ws://", "ws://host:port", "ws://a@b", "ws://a b", "ws://a/\r\nx: y"]
        {
            assert!(text.parse::<Address>().is_err(), "{text}");
        }
    }
}
