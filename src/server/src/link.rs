//! What connects this node to others, by the configuration: nothing, or the bus.

use crate::config::{Bus as Kind, Config};
use crate::serve::ServeError;
use plenum_actors::clock::SharedClock;
use plenum_actors::hub::{Hubs, LogReader};
use plenum_actors::identity::SessionEnder;
use plenum_actors::owner::OwnerConfig;
use plenum_actors::placement::SharedPlacement;
use plenum_actors::presence::Presence;
use plenum_actors::publication::Publisher;
use plenum_cluster::nats::{Bus, BusMetrics, BusPublisher, Node};
use plenum_cluster::{SharedRepairs, SingleNode};
use plenum_schema::NodeId;
use prometheus::Registry;
use std::sync::Arc;

/// The node's place among others.
#[derive(Clone)]
pub(crate) struct Link {
    hubs: Arc<Hubs>,
    bus: Option<Joined>,
}

#[derive(Clone)]
struct Joined {
    bus: Arc<Bus>,
    publisher: Arc<BusPublisher>,
    repair_jitter_ms: u64,
    confirm_after_ms: u64,
}

impl Link {
    /// Begins to connect, where there is something to connect to.
    pub fn open(
        config: &Config,
        node: NodeId,
        hubs: &Arc<Hubs>,
        clock: &SharedClock,
        registry: &Registry,
    ) -> Result<Self, ServeError> {
        let hubs = hubs.clone();
        if config.cluster.bus == Kind::None {
            return Ok(Self { hubs, bus: None });
        }
        // The client of the bus takes the process's provider, and cannot choose between two: the driver of the store brings another.
        // Refused when there is one already, which then is taken.
        let _one_stands = tokio_rustls::rustls::crypto::ring::default_provider().install_default();
        let settings = config.cluster.settings.clone();
        let (repair_jitter_ms, confirm_after_ms) = (settings.repair_jitter_ms, settings.confirm_after_ms);
        let bus = Arc::new(Bus::open(settings, node, clock.clone(), BusMetrics::new(registry)?)?);
        let publisher = BusPublisher::new(hubs.clone(), &bus);
        Ok(Self { hubs, bus: Some(Joined { bus, publisher, repair_jitter_ms, confirm_after_ms }) })
    }

    /// Whether there are other nodes.
    pub fn is_shared(&self) -> bool {
        self.bus.is_some()
    }

    /// Where owners and services publish to.
    pub fn publisher(&self) -> Arc<dyn Publisher> {
        match &self.bus {
            None => self.hubs.clone(),
            Some(joined) => joined.publisher.clone(),
        }
    }

    /// Who ends sessions.
    pub fn ender(&self) -> Arc<dyn SessionEnder> {
        match &self.bus {
            None => self.hubs.clone(),
            Some(joined) => joined.bus.session_ender(self.hubs.clone()),
        }
    }

    /// Where owners live.
    pub fn placement(&self) -> SharedPlacement {
        match &self.bus {
            None => Arc::new(SingleNode),
            Some(joined) => joined.bus.placement(),
        }
    }

    /// How hubs read what they missed.
    pub fn reader(&self, reader: Arc<dyn LogReader>) -> Arc<dyn LogReader> {
        match &self.bus {
            None => reader,
            Some(joined) => {
                let shared = joined.bus.metrics().shared_repairs.clone();
                Arc::new(SharedRepairs::new(reader, joined.repair_jitter_ms, shared))
            }
        }
    }

    /// Owners that are not alone compare what they know with the log.
    pub fn owner_config(&self, config: &OwnerConfig) -> Arc<OwnerConfig> {
        let confirm_after_ms = self.bus.as_ref().map(|joined| joined.confirm_after_ms);
        Arc::new(OwnerConfig { confirm_after_ms, ..config.clone() })
    }

    /// Joins the cluster.
    pub fn join(&self, node: &Node) {
        if let Some(joined) = &self.bus {
            joined.publisher.follow(node.presence.clone());
            joined.bus.join(node);
        }
    }

    /// Waits a moment until the other nodes have said who is on them.
    pub async fn acquaint(&self, presence: &Presence) {
        if let Some(joined) = &self.bus
            && !joined.bus.acquaint(presence).await
        {
            tracing::warn!("not all nodes have said who is on them: counts of who is online are too low for a while");
        }
    }

    /// How it stands: `none`, `connected`, `away`.
    pub fn state(&self) -> &'static str {
        match &self.bus {
            None => "none",
            Some(joined) if joined.bus.is_connected() => "connected",
            Some(_) => "away",
        }
    }

    /// Whether another node takes the clients of this one.
    pub fn is_another_serving(&self) -> bool {
        self.bus.as_ref().is_some_and(|joined| joined.bus.members().is_another_serving())
    }

    /// Gives the aggregates of this node away.
    pub async fn drain(&self) {
        if let Some(joined) = &self.bus {
            joined.bus.drain().await;
        }
    }

    /// Says that this node has ended.
    pub async fn close(&self) {
        if let Some(joined) = &self.bus {
            joined.bus.close().await;
        }
    }
}
