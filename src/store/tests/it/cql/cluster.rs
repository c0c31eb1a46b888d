//! The cluster that `scripts/services/cassandra/with-cluster` has started: stores on it, and its nodes.

use plenum_actors::clock::SystemClock;
use plenum_schema::table::Table;
use plenum_store::cql::{CqlParts, Migrator};
use plenum_store::{Cql, CqlConfig, CqlError, CqlMetrics};
use scylla::client::session::Session;
use scylla::client::session_builder::SessionBuilder;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

pub fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: run these tests with `scripts/test cql`"))
}

pub fn nodes() -> Vec<String> {
    variable("PLENUM_CQL_NODES").split(',').map(str::to_owned).collect()
}

/// Patient, because the machine may be busy; three copies.
pub fn config(keyspace: &str) -> CqlConfig {
    let mut config = CqlConfig { nodes: nodes(), keyspace: keyspace.to_owned(), ..CqlConfig::default() };
    config.request_timeout_ms = 10_000;
    config.conditional_timeout_ms = 4_000;
    config.conditional_attempts = 8;
    config.connect_timeout_ms = 10_000;
    config.migration.step_timeout_ms = 150_000;
    config.migration.lock_seconds = 160;
    config
}

pub fn clock() -> Arc<SystemClock> {
    Arc::new(SystemClock::new())
}

pub fn parts() -> CqlParts {
    CqlParts { metrics: CqlMetrics::new(&prometheus::Registry::new()).unwrap(), clock: clock() }
}

pub fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

/// Migrated, and nothing beside it.
pub async fn migrated(config: &CqlConfig) {
    alone(&config.keyspace).await;
    Migrator::connect(config.clone(), clock()).await.unwrap().run(|_| {}).await.unwrap();
}

pub async fn open(config: CqlConfig) -> Result<Arc<Cql>, CqlError> {
    Cql::open(config, parts()).await
}

/// The tables of conformance beside the migrated ones.
pub async fn open_with(config: CqlConfig, tables: &'static [&'static Table]) -> Arc<Cql> {
    Cql::open_with_tables(config, parts(), tables).await.unwrap()
}

/// A session of the driver itself, for looking behind the engine.
pub async fn session() -> Session {
    SessionBuilder::new().known_nodes(nodes()).connection_timeout(Duration::from_secs(10)).build().await.unwrap()
}

/// Drops what other tests left: a keyspace of ours has some sixty tables, each costs every node about a megabyte of heap, and a node
/// without heap is silent until the test's patience ends.
pub async fn alone(keyspace: &str) {
    let session = session().await;
    let rows = session.query_unpaged("SELECT keyspace_name FROM system_schema.keyspaces", &[]).await.unwrap();
    let rows = rows.into_rows_result().unwrap();
    for row in rows.rows::<(String,)>().unwrap() {
        let (name,) = row.unwrap();
        if name != keyspace && !name.starts_with("system") {
            until("a keyspace is gone", || async {
                session.query_unpaged(format!("DROP KEYSPACE IF EXISTS {name}"), &[]).await.is_ok()
            })
            .await;
        }
    }
}

/// One node's process.
pub struct Node(u32);

impl Node {
    pub fn new(number: u32) -> Self {
        Self(number)
    }

    pub fn folder(&self) -> PathBuf {
        PathBuf::from(variable("PLENUM_CQL_BASE")).join(self.0.to_string())
    }

    pub fn script(name: &str) -> Command {
        Command::new(PathBuf::from(variable("PLENUM_CQL_SCRIPTS")).join(name))
    }

    fn signal(&self, signal: &str) {
        let pid = std::fs::read_to_string(self.folder().join("pid")).unwrap();
        assert!(Command::new("kill").args(["-s", signal, pid.trim()]).status().unwrap().success());
    }

    pub fn pause(&self) {
        self.signal("STOP");
    }

    pub fn wake(&self) {
        self.signal("CONT");
    }

    pub fn kill(&self) {
        assert!(Self::script("stop.sh").arg(self.folder()).arg("kill").status().unwrap().success());
    }

    pub fn start(&self) {
        let (base, prefix) = (variable("PLENUM_CQL_BASE"), variable("PLENUM_CQL_PREFIX"));
        let heap = variable("PLENUM_CQL_HEAP");
        let number = self.0.to_string();
        let status = Self::script("cluster3.sh").args([&base, &prefix, &heap, &number]).status().unwrap();
        assert!(status.success(), "node {number} did not come back");
    }
}

/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(180);

/// Asks until it holds.
pub async fn until<F: Future<Output = bool>>(what: &str, mut holds: impl FnMut() -> F) {
    let deadline = Instant::now() + PATIENCE;
    while !holds().await {
        assert!(Instant::now() < deadline, "{what}: not within {PATIENCE:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
