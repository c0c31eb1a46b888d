//! The address of the client, believed from forwarding headers only when a configured proxy wrote them.

use actix_web::http::header::HeaderMap;
use serde::Deserialize;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

/// Which header the trusted proxies write. The other one is never read, because a proxy that does not know it lets the
/// client's own through.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ForwardedHeader {
    /// `X-Forwarded-For` and `X-Forwarded-Proto`.
    #[default]
    XForwardedFor,
    /// `Forwarded` (RFC 7239).
    Forwarded,
}

/// A block of addresses: `10.0.0.0/8`, `::1`, `192.0.2.7`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Block {
    base: IpAddr,
    prefix: u8,
}

/// The text is no address and no block of addresses.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("`{0}` is neither an address nor a block such as 10.0.0.0/8")]
pub struct BlockError(String);

impl FromStr for Block {
    type Err = BlockError;

    fn from_str(text: &str) -> Result<Self, BlockError> {
        let wrong = || BlockError(text.to_owned());
        let (address, prefix) = text.split_once('/').map_or((text, None), |(a, p)| (a, Some(p)));
        let base: IpAddr = address.parse().map_err(|_| wrong())?;
        let most = if base.is_ipv4() { 32 } else { 128 };
        let prefix = prefix.map_or(Ok(most), |p| p.parse().map_err(|_| wrong()))?;
        if prefix > most { Err(wrong()) } else { Ok(Self { base, prefix }) }
    }
}

impl Block {
    /// Whether the address lies in the block.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.base, address) {
            (IpAddr::V4(base), IpAddr::V4(address)) => {
                let bits = u32::from(base) ^ u32::from(address);
                bits.checked_shr(32 - u32::from(self.prefix)).unwrap_or(0) == 0
            }
            (IpAddr::V6(base), IpAddr::V6(address)) => {
                let bits = u128::from(base) ^ u128::from(address);
                bits.checked_shr(128 - u32::from(self.prefix)).unwrap_or(0) == 0
            }
            _ => false,
        }
    }
}

/// What is known about where a request comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Origin {
    /// The client, as far as trusted hops tell.
    pub address: IpAddr,
    /// Whether the client spoke TLS, with us or as the trusted hop says.
    pub is_tls: bool,
}

/// The proxies whose forwarding headers are believed.
#[derive(Clone, Debug, Default)]
pub struct TrustedProxies {
    blocks: Vec<Block>,
    header: ForwardedHeader,
}

impl TrustedProxies {
    /// From configured texts.
    ///
    /// # Errors
    /// The first text that is no block.
    pub fn new(blocks: &[String], header: ForwardedHeader) -> Result<Self, BlockError> {
        let blocks = blocks.iter().map(|text| text.parse()).collect::<Result<_, _>>()?;
        Ok(Self { blocks, header })
    }

    /// Whether a peer's word about whom it stands for is believed.
    #[must_use]
    pub fn trusts(&self, address: IpAddr) -> bool {
        self.blocks.iter().any(|block| block.contains(address.to_canonical()))
    }

    /// Where a request comes from that `peer` brought: the hop nearest to us that is not one of our proxies.
    #[must_use]
    pub fn origin(&self, peer: IpAddr, headers: &HeaderMap) -> Origin {
        let peer = peer.to_canonical();
        if !self.trusts(peer) {
            return Origin { address: peer, is_tls: false };
        }
        let (hops, is_tls) = match self.header {
            ForwardedHeader::XForwardedFor => x_forwarded(headers),
            ForwardedHeader::Forwarded => forwarded(headers),
        };
        let mut address = peer;
        for hop in hops.into_iter().rev() {
            // An unreadable hop ends the trail: what stands before it was written by who knows whom.
            let Some(hop) = hop else { break };
            address = hop;
            if !self.trusts(hop) {
                break;
            }
        }
        Origin { address, is_tls }
    }
}

/// What limits count: the IPv4 address, or the /64 that one IPv6 customer has.
#[must_use]
pub fn limit_key(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from(u128::from(v6) & !u128::from(u64::MAX))),
        v4 @ IpAddr::V4(_) => v4,
    }
}

/// All values of a header that is a list, in order.
fn list<'a>(headers: &'a HeaderMap, name: &'a str) -> impl Iterator<Item = &'a str> {
    headers.get_all(name).filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(',')).map(str::trim)
}

fn x_forwarded(headers: &HeaderMap) -> (Vec<Option<IpAddr>>, bool) {
    let hops = list(headers, "x-forwarded-for").map(hop_address).collect();
    let is_tls = list(headers, "x-forwarded-proto").last().is_some_and(|proto| proto.eq_ignore_ascii_case("https"));
    (hops, is_tls)
}

fn forwarded(headers: &HeaderMap) -> (Vec<Option<IpAddr>>, bool) {
    let parameter = |element: &str, name: &str| {
        let found = element
            .split(';')
            .filter_map(|pair| pair.split_once('='))
            .find(|(key, _)| key.trim().eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.trim().trim_matches('"').to_owned())
    };
    let elements: Vec<&str> = list(headers, "forwarded").collect();
    let hops = elements.iter().map(|element| parameter(element, "for").and_then(|text| hop_address(&text))).collect();
    let proto = elements.last().and_then(|element| parameter(element, "proto"));
    (hops, proto.is_some_and(|proto| proto.eq_ignore_ascii_case("https")))
}

/// `192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1`, `[2001:db8::1]:4711`.
fn hop_address(text: &str) -> Option<IpAddr> {
    let bare = text.trim();
    let parsed = bare.parse().ok().or_else(|| bare.parse::<std::net::SocketAddr>().ok().map(|socket| socket.ip()));
    let bracketed = || bare.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    parsed.or_else(bracketed).map(|address: IpAddr| address.to_canonical())
}
