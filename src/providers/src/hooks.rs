//! Calls of addresses that users have chosen. Such an address must not make this server talk to what only it can reach: other services of
//! this machine, of its network, of its cloud. So only names and numbers of the public internet are called, looked at where the
//! connection is opened: what a name leads to is asked once and just that is called.

use crate::messengers::OpenError;
use plenum_services::conferences::{HookCall, HookCarrier, HookError, HookFuture, HooksConfig};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{Url, redirect};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::timeout;

const NOT_PUBLIC: &str = "the address is not one of the public internet";

/// Delivers webhooks over HTTPS.
#[derive(Clone)]
pub struct HookClient(Arc<Inner>);

struct Inner {
    client: reqwest::Client,
    places: Semaphore,
    within: Duration,
    allow_private: bool,
    ports: Vec<u16>,
}

impl std::fmt::Debug for HookClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HookClient").finish_non_exhaustive()
    }
}

/// Of the public internet, by the registries of special-purpose addresses (RFC 6890 and what came since).
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let is_special = matches!(
        (a, b, c),
        (0 | 10 | 127 | 224..=255, ..)
            | (100, 64..=127, _)
            | (169, 254, _)
            | (172, 16..=31, _)
            | (192, 0, 0 | 2)
            | (192, 88, 99)
            | (192, 168, _)
            | (198, 18 | 19, _)
            | (198, 51, 100)
            | (203, 0, 113)
    );
    !is_special
}

/// Global unicast (2000::/3) without what is kept for protocols, documents, and addresses of version 4 inside.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, ..] = address.segments();
    let is_special = matches!((a, b), (0x2001, 0..=0x01ff | 0x0db8) | (0x2002, _) | (0x3fff, 0..=0x0fff));
    (0x2000..=0x3fff).contains(&a) && !is_special
}

/// Answers with addresses of the public internet alone.
struct PublicNames;

impl Resolve for PublicNames {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            // One that is not public makes the name suspicious as a whole.
            if found.iter().any(|address| !is_public(address.ip())) {
                return Err(Box::from(NOT_PUBLIC));
            }
            let found: Addrs = Box::new(found.into_iter());
            Ok(found)
        })
    }
}

fn failed(error: &reqwest::Error) -> HookError {
    let mut inner: Option<&dyn std::error::Error> = Some(error);
    while let Some(cause) = inner {
        if cause.to_string() == NOT_PUBLIC {
            return HookError::Address(NOT_PUBLIC.to_owned());
        }
        inner = cause.source();
    }
    let what = if error.is_timeout() {
        "no answer in time"
    } else if error.is_connect() {
        "it cannot be reached, or its certificate is not good"
    } else {
        "the connection broke"
    };
    HookError::Failed(what.to_owned())
}

impl HookClient {
    /// Sets the client up; nobody is called yet.
    ///
    /// # Errors
    /// [`OpenError`] when no client can be made.
    pub fn open(config: &HooksConfig) -> Result<Self, OpenError> {
        let (within, allow_private) = (Duration::from_millis(config.timeout_ms), config.allow_private);
        let builder = reqwest::Client::builder()
            .redirect(redirect::Policy::none())
            .no_proxy()
            .https_only(!allow_private)
            .connect_timeout(within)
            .timeout(within)
            // Each call asks anew what a name leads to.
            .pool_max_idle_per_host(0)
            .user_agent("plenum");
        let builder = if allow_private { builder } else { builder.dns_resolver(Arc::new(PublicNames)) };
        let wrong = |error: reqwest::Error| OpenError { section: "conferences.hooks", reason: error.to_string() };
        let (client, places) = (builder.build().map_err(wrong)?, Semaphore::new(config.at_once));
        Ok(Self(Arc::new(Inner { client, places, within, allow_private, ports: config.ports.clone() })))
    }
}

impl Inner {
    /// The address, if it may be called. Numbers never reach the resolver, so they are looked at here.
    fn checked(&self, url: &str) -> Result<Url, String> {
        let url = Url::parse(url).map_err(|_| "this is no address of the form https://host/path".to_owned())?;
        let wrong = |reason: &str| Err(reason.to_owned());
        match url.scheme() {
            "https" => {}
            "http" if self.allow_private => {}
            _ => return wrong("the address must begin with https://"),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return wrong("the address must not name a user or password");
        }
        if url.fragment().is_some() {
            return wrong("the address must not have a part behind #");
        }
        let port = url.port_or_known_default().unwrap_or_default();
        if !self.allow_private && !self.ports.contains(&port) {
            return wrong("this port is not called");
        }
        let host = url.host_str().unwrap_or_default();
        let number = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        let is_local = host == "localhost" || host.ends_with(".localhost");
        if !self.allow_private && (is_local || number.is_ok_and(|address| !is_public(address))) {
            return wrong(NOT_PUBLIC);
        }
        Ok(url)
    }

    async fn deliver(&self, call: HookCall) -> Result<(), HookError> {
        let url = self.checked(&call.url).map_err(HookError::Address)?;
        let ended = |_| HookError::Failed("the server stops".to_owned());
        let _place = self.places.acquire().await.map_err(ended)?;
        let request = self
            .client
            .post(url)
            .header("content-type", "application/json")
            .header("webhook-id", call.id)
            .header("webhook-timestamp", call.at_s)
            .header("webhook-signature", call.signature)
            .body(call.body);
        // What the answer says beside its status is not read.
        let status = request.send().await.map_err(|error| failed(&error))?.status();
        if status.is_success() { Ok(()) } else { Err(HookError::Status(status.as_u16())) }
    }
}

impl HookCarrier for HookClient {
    fn check(&self, url: &str) -> Result<(), String> {
        self.0.checked(url).map(drop)
    }

    fn deliver(&self, call: HookCall) -> HookFuture {
        let inner = self.0.clone();
        Box::pin(async move {
            let late = |_| HookError::Failed("no answer in time".to_owned());
            timeout(inner.within, inner.deliver(call)).await.map_err(late)?
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client() -> HookClient {
        HookClient::open(&HooksConfig::default()).unwrap()
    }

    #[test]
    fn only_the_public_internet_is_public() {
        for private in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "127.9.9.9",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.7",
            "203.0.113.9",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:8.8.8.8",
            "64:ff9b::7f00:1",
            "100::1",
            "fc00::1",
            "fd12::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "2001::1",
            "2001:1ff::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "3fff::1",
            "4000::1",
        ] {
            assert!(!is_public(private.parse().unwrap()), "{private}");
        }
        for public in [
            "1.1.1.1",
            "9.9.9.9",
            "100.63.0.1",
            "172.32.0.1",
            "192.0.1.1",
            "223.255.255.254",
            "2606:4700::1",
            "2a00::1",
        ] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
    }

    #[test]
    fn an_address_is_https_without_a_user_and_no_private_number_however_it_is_written() {
        for wrong in [
            "",
            "example.org",
            "http://example.org/",
            "ftp://example.org/",
            "https://",
            "https://a:b@example.org/",
            "https://a@example.org",
            "https://example.org/#x",
            "https://example.org:22/",
            "https://127.0.0.1/",
            "https://127.1/",
            "https://2130706433/",
            "https://0x7f.1/",
            "https://017700000001/",
            "https://[::1]/",
            "https://[::ffff:10.0.0.1]/",
            "https://localhost:8080/",
            "https://LOCALHOST/",
            "https://a.localhost/",
            "https://169.254.169.254/latest/meta-data",
            "file:///etc/passwd",
        ] {
            assert!(client().check(wrong).is_err(), "{wrong}");
        }
        for right in
            ["https://example.org/hook?a=b", "https://example.org:8443", "https://1.1.1.1/x", "https://[2606:4700::1]/"]
        {
            assert_eq!(client().check(right), Ok(()), "{right}");
        }
    }

    #[tokio::test]
    async fn a_name_that_leads_home_is_refused_where_it_is_called() {
        // Every machine knows this name, and it is not looked at by its letters here.
        let name: Name = "localhost".parse().unwrap();
        let error = PublicNames.resolve(name).await.err().map(|error| error.to_string());
        assert_eq!(error.as_deref(), Some(NOT_PUBLIC));
    }
}
