//! Connections that speak HTTP, counted before their first request (with TLS behind the handshake, for which there are a few seconds): whoever
//! opens very many and says little must not use up the files that the store and everybody else need. Connections that have become WebSockets
//! are counted with all connections instead.

use dashmap::DashMap;
use plenum_http::limit_key;
use prometheus::{IntCounterVec, IntGauge, Opts, Registry};
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Requests are answered also while as many sockets are open as may: so many connections beside them.
pub(super) const BESIDE: usize = 256;

/// The connections of a node that speak HTTP.
#[derive(Debug)]
pub(super) struct Callers {
    open: AtomicUsize,
    /// Connections of every kind.
    most: usize,
    addresses: DashMap<IpAddr, usize>,
    per_address: usize,
    shown: IntGauge,
    refused: IntCounterVec,
}

/// A place among them. Dropping it gives it back.
#[derive(Debug)]
pub(super) struct Caller {
    callers: Arc<Callers>,
    from: Option<IpAddr>,
}

impl Callers {
    /// Nobody is here. `connections`: sockets that may be open; `per_address`: most of one address, 0 for no such limit.
    pub(super) fn new(connections: usize, per_address: usize, registry: &Registry) -> prometheus::Result<Arc<Self>> {
        let shown = IntGauge::new("plenum_http_connections", "open connections that speak HTTP")?;
        let about = "connections closed before their first request, by reason";
        let refused = IntCounterVec::new(Opts::new("plenum_http_connections_refused_total", about), &["reason"])?;
        registry.register(Box::new(shown.clone()))?;
        registry.register(Box::new(refused.clone()))?;
        for reason in ["full", "address"] {
            // Shown from the beginning, for alarms.
            refused.with_label_values(&[reason]).inc_by(0);
        }
        Ok(Arc::new(Self {
            open: AtomicUsize::new(0),
            most: connections.saturating_add(BESIDE),
            addresses: DashMap::new(),
            per_address: if per_address == 0 { usize::MAX } else { per_address },
            shown,
            refused,
        }))
    }

    /// A place, unless there are too many beside the `sockets` that are open. `from`: whose share it counts in.
    pub(super) fn enter(self: &Arc<Self>, from: Option<IpAddr>, sockets: usize) -> Option<Caller> {
        let from = from.map(limit_key);
        // A refused place is dropped here, and dropping it gives the counts back.
        let caller = Caller { callers: self.clone(), from };
        self.shown.inc();
        let open = self.open.fetch_add(1, Ordering::Relaxed);
        let of_address = from.map_or(0, |from| {
            let mut count = self.addresses.entry(from).or_insert(0);
            *count += 1;
            *count - 1
        });
        let reason = if open.saturating_add(sockets) >= self.most {
            "full"
        } else if of_address >= self.per_address {
            "address"
        } else {
            return Some(caller);
        };
        self.refused.with_label_values(&[reason]).inc();
        None
    }
}

impl Drop for Caller {
    fn drop(&mut self) {
        self.callers.shown.dec();
        self.callers.open.fetch_sub(1, Ordering::Relaxed);
        if let Some(from) = self.from {
            self.callers.addresses.remove_if_mut(&from, |_, count| {
                *count = count.saturating_sub(1);
                *count == 0
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    fn address(last: u8) -> Option<IpAddr> {
        Some(Ipv4Addr::new(192, 0, 2, last).into())
    }

    #[test]
    fn an_address_has_its_share_and_all_together_leave_room_and_places_come_back() {
        let callers = Callers::new(10, 4, &Registry::new()).unwrap();
        let kept: Vec<_> = (0..4).map(|_| callers.enter(address(1), 0).unwrap()).collect();
        assert!(callers.enter(address(1), 0).is_none());
        assert!(callers.enter(address(2), 0).is_some(), "another address has its own");
        assert!((0..9).all(|_| callers.enter(None, 0).is_some()), "who stands for many has none");
        assert!(callers.enter(address(2), 10 + BESIDE - 4).is_none(), "sockets take places, too");
        assert!(callers.enter(address(2), 10 + BESIDE - 5).is_some());
        let count = |reason| callers.refused.with_label_values(&[reason]).get();
        assert_eq!((count("address"), count("full"), callers.shown.get()), (1, 1, 4));
        drop(kept);
        assert!(callers.enter(address(1), 0).is_some());
        assert_eq!((callers.open.load(Ordering::Relaxed), callers.addresses.len(), callers.shown.get()), (0, 0, 0));
    }
}
