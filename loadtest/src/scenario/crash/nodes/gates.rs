//! The ways of one node to the bus and to the store.

use super::{Cluster, Failure};
use crate::names;
use crate::scenario::crash::bus::Gate;
use std::net::{IpAddr, SocketAddr};

/// The port of a CQL server that does not name one.
const CQL_PORT: u16 = 9042;

/// One node's ways; each can be closed.
pub struct Gates {
    pub bus: Gate,
    /// To each node of the store; none where the fault does not need them.
    pub store: Vec<(SocketAddr, Gate)>,
}

impl Gates {
    /// Opens them.
    ///
    /// # Errors
    /// When the addresses of the store are no numbers, or no port is free.
    pub fn open(bus: SocketAddr, cluster: &Cluster) -> Result<Self, Failure> {
        let mut store = Vec::new();
        if cluster.fault.needs_store_gates() {
            for address in cluster.cql.split(',') {
                let address = store_address(address.trim())?;
                store.push((address, Gate::with_port_of(address)?));
            }
        }
        Ok(Self { bus: Gate::to(bus)?, store })
    }

    /// What the node is told of its ways.
    pub fn environment(&self, cluster: &Cluster) -> Vec<(String, String)> {
        let url = format!("nats://{}", self.bus.address);
        let join = |of: &dyn Fn(&(SocketAddr, Gate)) -> String| self.store.iter().map(of).collect::<Vec<_>>().join(",");
        let gated = join(&|(_, gate)| gate.address.to_string());
        let nodes = if self.store.is_empty() { cluster.cql.clone() } else { gated };
        let mut variables = vec![names::ENV_ENGINE, names::ENV_BUS, (names::ENV_CQL, &nodes), (names::ENV_NATS, &url)];
        let rules = join(&|(address, gate)| format!("{address}={}", gate.address));
        if !rules.is_empty() {
            variables.push((names::ENV_CQL_TRANSLATE, &rules));
        }
        variables.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
    }

    /// Closes the ways to the store, or opens them again.
    pub fn close_store(&self, closed: bool) {
        self.store.iter().for_each(|(_, gate)| gate.close(closed));
    }
}

fn store_address(text: &str) -> Result<SocketAddr, Failure> {
    let of_ip = |ip: IpAddr| SocketAddr::new(ip, CQL_PORT);
    let address = text.parse().or_else(|_| text.parse().map(of_ip));
    address.map_err(|_| Failure::Usage(format!("{text} is no address in numbers, which cutting from the store needs")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_of_the_store_may_lack_its_port() {
        assert_eq!(store_address("127.0.0.9").unwrap(), "127.0.0.9:9042".parse().unwrap());
        assert_eq!(store_address("127.0.0.9:77").unwrap(), "127.0.0.9:77".parse().unwrap());
        assert!(store_address("here").is_err());
    }
}
