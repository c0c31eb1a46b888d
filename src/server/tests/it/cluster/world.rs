//! A cluster in this process.

use super::bus::Nats;
use super::way::Way;
use crate::socket::eventually;
use crate::socket::peer::Peer;
use crate::socket::world::{Person, World};
use plenum_actors::clock::SystemClock;
use plenum_actors::store::SharedStore;
use plenum_schema::Topic;
use plenum_schema::codec::Codec;
use plenum_server::config::{Bus, Config};
use plenum_server::serve::Given;
use plenum_store::embedded::Parts;
use plenum_store::{Embedded, EmbeddedConfig, StoreMetrics};
use std::sync::Arc;
use tempfile::TempDir;

/// Nodes on one store and one bus.
pub struct Cluster {
    pub nodes: Vec<World>,
    pub nats: Nats,
    pub store: SharedStore,
    data: TempDir,
}

fn settings(config: &mut Config, url: String) {
    config.cluster.bus = Bus::Nats;
    config.cluster.settings.nats.urls = vec![url];
    config.cluster.settings.beat_ms = 100;
    // Busy machines let a thread wait for seconds.
    config.cluster.settings.silent_ms = 5_000;
    config.presence.tell_every_ms = 20;
    config.drain.window_ms = 0;
}

impl Cluster {
    /// Starts so many nodes, which know each other when this returns.
    pub async fn start(nodes: usize) -> Self {
        Self::with(nodes, |_| {}).await
    }

    pub async fn with(nodes: usize, edit: impl Fn(&mut Config)) -> Self {
        Self::on(Nats::start(), nodes, edit).await
    }

    /// On a bus of the test's own making.
    pub async fn on(nats: Nats, nodes: usize, edit: impl Fn(&mut Config)) -> Self {
        let data = tempfile::tempdir().unwrap();
        let registry = prometheus::Registry::new();
        let parts =
            Parts { metrics: StoreMetrics::new(&registry).unwrap(), clock: Arc::new(SystemClock::new()), hook: None };
        let settings = EmbeddedConfig { path: data.path().join("store"), ..EmbeddedConfig::default() };
        let store: SharedStore = Embedded::open_with(settings, parts).unwrap();
        let mut cluster = Self { nodes: Vec::new(), nats, store, data };
        for _ in 0..nodes {
            cluster.add(&edit);
        }
        cluster.is_complete().await;
        cluster
    }

    /// Nodes that share the store and do not hear of each other: each believes that everything lives with it.
    pub async fn apart(nodes: usize) -> Self {
        let mut cluster = Self::with(0, |_| {}).await;
        for number in 0..nodes {
            cluster.add(|config| config.cluster.settings.name = format!("apart{number}"));
        }
        cluster
    }

    /// One more node.
    pub fn add(&mut self, edit: impl Fn(&mut Config)) {
        let given = Given { store: Some(self.store.clone()), ..Given::default() };
        self.add_with(given, edit);
    }

    /// One more, whose way to the bus can be made to swallow everything.
    pub fn add_behind_a_way(&mut self, edit: impl Fn(&mut Config)) -> Way {
        let way = Way::to(self.nats.authority());
        let url = way.url();
        self.add(|config| {
            edit(config);
            config.cluster.settings.nats.urls = vec![url.clone()];
        });
        way
    }

    /// One more, on a store of its own making over the shared one, or with a clock of its own.
    pub fn add_with(&mut self, given: Given, edit: impl Fn(&mut Config)) {
        let url = self.nats.url();
        let node = World::on(given, self.data.path(), |config| {
            settings(config, url);
            edit(config);
        });
        self.nodes.push(node);
    }

    /// Waits until every node knows all others.
    pub async fn is_complete(&self) {
        let others = i64::try_from(self.nodes.len()).unwrap() - 1;
        for node in &self.nodes {
            eventually("nodes know each other", || (node.metric("plenum_cluster_nodes") == others).then_some(())).await;
        }
    }

    /// Waits until every node's bus is connected, or away.
    pub async fn is_connected(&self, connected: bool) {
        for node in &self.nodes {
            let is_so = || (node.metric("plenum_bus_connected") == i64::from(connected)).then_some(());
            eventually("the bus is as it should be", is_so).await;
        }
    }

    /// A person on each node, in one group.
    pub async fn one_on_each(&self) -> (Topic, Vec<Person>, Vec<Peer>) {
        let people = self.nodes[0].people(self.nodes.len()).await;
        let topic = self.nodes[0].group(&people.iter().collect::<Vec<_>>());
        let mut peers = Vec::new();
        for (node, person) in self.nodes.iter().zip(&people) {
            let mut peer = node.peer(Codec::Json, person).await;
            peer.follow(topic).await;
            peers.push(peer);
        }
        (topic, people, peers)
    }

    /// The sum of a metric over all nodes.
    pub fn metric(&self, name: &str) -> i64 {
        self.nodes.iter().map(|node| node.metric(name)).sum()
    }

    /// Ends all nodes, then the bus.
    pub async fn end(self) {
        for node in self.nodes {
            node.end().await;
        }
    }
}
