//! What stands before a handshake: how many there may be from one address, and what is counted of those that are refused.

use super::callers::{Caller, Callers};
use actix_http::{HttpMessage, Request};
use plenum_actors::connection::ConnectionConfig;
use plenum_http::{Limiter, Rate, TrustedProxies, limit_key};
use plenum_schema::Refusal;
use prometheus::{IntCounterVec, Opts, Registry};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

/// Why an upgrade is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reason {
    /// There is nothing to upgrade at the path.
    Path,
    /// The node stops.
    Draining,
    /// Too many handshakes from the address.
    Rate,
    /// The page may not connect.
    Origin,
    /// The request is no handshake, or of a session that is unknown.
    Handshake,
    /// The node has as many connections as it may have.
    Full,
    /// Too many connections have not said whose they are.
    Unidentified,
    /// Too many of those come from one address.
    Address,
    /// The node has too much to deliver.
    Overload,
}

impl Reason {
    const ALL: [Self; 9] = [
        Self::Path,
        Self::Draining,
        Self::Rate,
        Self::Origin,
        Self::Handshake,
        Self::Full,
        Self::Unidentified,
        Self::Address,
        Self::Overload,
    ];

    fn as_str(self) -> &'static str {
        match self {
            Self::Path => "path",
            Self::Draining => "draining",
            Self::Rate => "rate",
            Self::Origin => "origin",
            Self::Handshake => "handshake",
            Self::Full => "full",
            Self::Unidentified => "unidentified",
            Self::Address => "address",
            Self::Overload => "overload",
        }
    }
}

/// The door of a node, for all its workers.
#[derive(Debug)]
pub struct Door {
    proxies: TrustedProxies,
    handshakes: Limiter<IpAddr>,
    refused: IntCounterVec,
    callers: Arc<Callers>,
}

impl Door {
    /// Nobody has come yet. `rate`: of handshakes of one address, of which so many are counted one by one.
    ///
    /// # Errors
    /// When a metric's name is taken in the registry.
    pub fn new(
        proxies: TrustedProxies,
        (rate, addresses): (Rate, usize),
        limits: &ConnectionConfig,
        registry: &Registry,
    ) -> prometheus::Result<Self> {
        let callers = Callers::new(limits.connections, limits.http_per_address, registry)?;
        let about = "upgrades to a WebSocket that were refused, by reason";
        let refused = IntCounterVec::new(Opts::new("plenum_upgrades_refused_total", about), &["reason"])?;
        registry.register(Box::new(refused.clone()))?;
        for reason in Reason::ALL {
            // Shown from the beginning, for alarms.
            refused.with_label_values(&[reason.as_str()]).inc_by(0);
        }
        Ok(Self { proxies, handshakes: Limiter::new(rate, addresses), refused, callers })
    }

    /// A place for a connection from this address, while so many sockets are open; `None`: it is to be closed. A trusted proxy stands for
    /// many.
    pub(super) fn let_in(&self, peer: IpAddr, sockets: usize) -> Option<Caller> {
        self.callers.enter((!self.proxies.trusts(peer)).then_some(peer), sockets)
    }

    /// What limits count the request's address as.
    pub(super) fn address(&self, request: &Request) -> IpAddr {
        let peer = request.peer_addr().map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |peer| peer.ip());
        limit_key(self.proxies.origin(peer, request.headers()).address)
    }

    /// Counts a handshake of the address that the request comes from, at monotonic time `now`.
    pub(super) fn knock(&self, request: &Request, now: u64) -> Result<(), Refusal> {
        self.handshakes.check(self.address(request), now).map_err(|refusal| {
            let message = "too many WebSockets were opened from your address in a short time".to_owned();
            Refusal { message, ..refusal }
        })
    }

    pub(super) fn refused(&self, reason: Reason) {
        self.refused.with_label_values(&[reason.as_str()]).inc();
    }
}
