//! Where the CQL cluster is, and the limits and times of the engine.

use serde::Deserialize;
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use zeroize::Zeroizing;

/// The CQL cluster and how it is used. Sizes in bytes, times in milliseconds unless the name says otherwise.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CqlConfig {
    /// Contact points, `host` or `host:port` (9042). One that answers is enough to find the others.
    pub nodes: Vec<String>,
    /// Where nodes are reached that announce another address, `announced:port=reached:port`. Empty: where they say; else every node is
    /// named here, and one that is not is not used.
    pub translate: Vec<String>,
    /// The keyspace: lower-case letters, digits and underscores.
    pub keyspace: String,
    /// The datacentre whose nodes are asked; empty: all are alike.
    pub datacenter: String,
    /// Whether nodes of other datacentres are asked when none of ours answers.
    pub datacenter_failover: bool,
    /// User name; empty: no authentication.
    pub username: String,
    /// Its password.
    pub password: Secret,
    /// TLS to the cluster.
    pub tls: CqlTls,
    /// Who must have a write, and who is asked by a read.
    pub consistency: ConsistencyLevel,
    /// Among whom conditional writes are agreed.
    pub serial_consistency: SerialLevel,
    /// How long a plain read or write may take, all attempts together.
    pub request_timeout_ms: u64,
    /// How long one attempt of a conditional write may take.
    pub conditional_timeout_ms: u64,
    /// Attempts of a conditional write whose outcome the cluster itself did not know, before the caller is told so.
    pub conditional_attempts: u32,
    /// How long connecting to a node may take.
    pub connect_timeout_ms: u64,
    /// How often an idle connection is probed.
    pub keepalive_interval_ms: u64,
    /// A connection that does not answer a probe for this long is given up.
    pub keepalive_timeout_ms: u64,
    /// A repeatable request that is not answered within this time is sent to another node too.
    pub speculative_after_ms: u64,
    /// To how many more; 0: none.
    pub speculative_attempts: usize,
    /// Threads that talk to the cluster.
    pub threads: usize,
    /// Connections to each shard of a ScyllaDB node, or to each Cassandra node.
    pub connections: usize,
    /// Calls under way; one more is refused at once.
    pub max_in_flight: usize,
    /// Conditional writes of one partition go one after another within this process; partitions share this many lanes.
    pub lanes: usize,
    /// Rows of the id index that one saved snapshot writes at the same time.
    pub index_parallelism: usize,
    /// The largest row, snapshot or digest.
    pub max_value_bytes: usize,
    /// The largest atomic write of several rows: servers refuse large batches.
    pub max_batch_bytes: usize,
    /// Rows fetched with one request of a scan.
    pub page_rows: usize,
    /// Logs whose last partition is remembered, so that their end is found with one read less.
    pub cached_buckets: usize,
    /// How often the cluster is asked whether it takes writes.
    pub health_interval_ms: u64,
    /// What a new keyspace is made with.
    pub replication: Replication,
    /// Migrations.
    pub migration: MigrationConfig,
}

/// TLS to the cluster.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CqlTls {
    /// Whether connections use it.
    pub enabled: bool,
    /// PEM file with the authorities that sign the nodes' certificates; empty: those of the system.
    pub ca_path: PathBuf,
    /// PEM file with our own certificate chain, where nodes ask for one.
    pub certificate_path: PathBuf,
    /// PEM file with its key.
    pub private_key_path: PathBuf,
}

/// What a new keyspace is made with. An existing one is left as it is.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Replication {
    /// `NetworkTopologyStrategy` or, for a single datacentre without tablets, `SimpleStrategy`.
    pub class: String,
    /// Copies of each row in each datacentre.
    pub factor: u32,
    /// Copies by datacentre, `name:copies`; when given, `factor` is not used.
    pub datacenters: Vec<String>,
    /// Whether ScyllaDB distributes by tablets.
    pub tablets: Tablets,
}

/// ScyllaDB's distribution by tablets.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tablets {
    /// Left to the server where its version runs conditional writes on them, off where not.
    #[default]
    Auto,
    /// Asked for.
    On,
    /// Off.
    Off,
}

/// How migrations are applied.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MigrationConfig {
    /// Whether `plenum serve` applies what is missing. Off, it refuses to start and says so.
    pub on_start: bool,
    /// The lock of a migrator that died is free after this time, seconds. It is renewed before every step.
    pub lock_seconds: u32,
    /// How long to wait for another migrator.
    pub wait_ms: u64,
    /// How long the statement of one step may take.
    pub step_timeout_ms: u64,
    /// How long to wait until all nodes have the schema of a step. A node that missed a change asks the others after a minute.
    pub agreement_timeout_ms: u64,
}

impl Default for MigrationConfig {
    fn default() -> Self {
        Self {
            on_start: false,
            lock_seconds: 60,
            wait_ms: 120_000,
            step_timeout_ms: 30_000,
            agreement_timeout_ms: 180_000,
        }
    }
}

/// Consistency of plain reads and writes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConsistencyLevel {
    /// A majority of all copies.
    #[default]
    Quorum,
    /// A majority of the copies in the datacentre of the node that is asked.
    LocalQuorum,
}

/// Consistency of the agreement of conditional writes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SerialLevel {
    /// A majority of all copies.
    #[default]
    Serial,
    /// A majority in one datacentre: only when no other datacentre runs Plenum nodes on this keyspace.
    LocalSerial,
}

/// A password: never printed, wiped from memory when dropped.
#[derive(Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(from = "String")]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// The text, for sending it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(Zeroizing::new(text))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() { "none" } else { "<redacted>" })
    }
}

impl Default for Replication {
    fn default() -> Self {
        Self { class: "NetworkTopologyStrategy".to_owned(), factor: 3, datacenters: Vec::new(), tablets: Tablets::Auto }
    }
}

impl Default for CqlConfig {
    fn default() -> Self {
        Self {
            nodes: vec!["127.0.0.1:9042".to_owned()],
            translate: Vec::new(),
            keyspace: "plenum".to_owned(),
            datacenter: String::new(),
            datacenter_failover: false,
            username: String::new(),
            password: Secret::default(),
            tls: CqlTls::default(),
            consistency: ConsistencyLevel::Quorum,
            serial_consistency: SerialLevel::Serial,
            request_timeout_ms: 5_000,
            conditional_timeout_ms: 2_500,
            conditional_attempts: 4,
            connect_timeout_ms: 5_000,
            keepalive_interval_ms: 1_000,
            keepalive_timeout_ms: 2_000,
            speculative_after_ms: 100,
            speculative_attempts: 1,
            threads: 2,
            connections: 1,
            max_in_flight: 4_096,
            lanes: 1_024,
            index_parallelism: 32,
            max_value_bytes: 2 * 1024 * 1024,
            max_batch_bytes: 40 * 1024,
            page_rows: 256,
            cached_buckets: 65_536,
            health_interval_ms: 1_000,
            replication: Replication::default(),
            migration: MigrationConfig::default(),
        }
    }
}

/// Splits `dc1:3`.
pub(crate) fn datacenter_factor(text: &str) -> Option<(&str, u32)> {
    let (name, factor) = text.rsplit_once(':')?;
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || "-_.".contains(c));
    is_name.then_some((name, factor.parse().ok().filter(|factor| (1..=100).contains(factor))?))
}

/// Splits `10.0.0.1:9042=203.0.113.5:9042`: the address that a node announces, and where it is reached.
pub(crate) fn translation(text: &str) -> Option<(SocketAddr, SocketAddr)> {
    let (announced, reached) = text.split_once('=')?;
    Some((announced.trim().parse().ok()?, reached.trim().parse().ok()?))
}

/// Whether this can stand unquoted in CQL.
pub(crate) fn is_keyspace(name: &str) -> bool {
    let mut letters = name.chars();
    letters.next().is_some_and(|c| c.is_ascii_lowercase())
        && name.len() <= 48
        && letters.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

impl CqlConfig {
    /// Whether a majority of one datacentre is enough although there are copies in others.
    #[must_use]
    pub fn is_local_among_several(&self) -> bool {
        self.is_local() && self.replication.datacenters.len() > 1
    }

    fn is_local(&self) -> bool {
        self.consistency == ConsistencyLevel::LocalQuorum || self.serial_consistency == SerialLevel::LocalSerial
    }

    /// Values that cannot work, each with its key.
    #[must_use]
    pub fn problems(&self) -> Vec<(&'static str, String)> {
        let mut problems = Vec::new();
        self.check_places(&mut problems);
        let mut between = |key, value: u64, least: u64, most: u64| {
            if !(least..=most).contains(&value) {
                problems.push((key, format!("must be {least} to {most}, not {value}")));
            }
        };
        between("request_timeout_ms", self.request_timeout_ms, 100, 60_000);
        between("conditional_timeout_ms", self.conditional_timeout_ms, 100, 60_000);
        between("conditional_attempts", self.conditional_attempts.into(), 1, 100);
        between("connect_timeout_ms", self.connect_timeout_ms, 100, 60_000);
        between("keepalive_interval_ms", self.keepalive_interval_ms, 100, 600_000);
        between("keepalive_timeout_ms", self.keepalive_timeout_ms, 100, 600_000);
        between("speculative_after_ms", self.speculative_after_ms, 1, 60_000);
        between("speculative_attempts", self.speculative_attempts as u64, 0, 10);
        between("threads", self.threads as u64, 1, 64);
        between("connections", self.connections as u64, 1, 64);
        between("max_in_flight", self.max_in_flight as u64, 1, 1_000_000);
        between("lanes", self.lanes as u64, 1, 1_000_000);
        between("index_parallelism", self.index_parallelism as u64, 1, 1_024);
        between("max_value_bytes", self.max_value_bytes as u64, 64 * 1024, 16 << 20);
        between("max_batch_bytes", self.max_batch_bytes as u64, 1_024, 16 << 20);
        between("page_rows", self.page_rows as u64, 1, 5_000);
        between("cached_buckets", self.cached_buckets as u64, 1, 100_000_000);
        between("health_interval_ms", self.health_interval_ms, 10, 600_000);
        between("replication.factor", self.replication.factor.into(), 1, 100);
        between("migration.lock_seconds", self.migration.lock_seconds.into(), 2, 3_600);
        between("migration.wait_ms", self.migration.wait_ms, 0, 3_600_000);
        between("migration.step_timeout_ms", self.migration.step_timeout_ms, 1_000, 3_600_000);
        between("migration.agreement_timeout_ms", self.migration.agreement_timeout_ms, 1_000, 3_600_000);
        problems
    }

    fn check_places(&self, problems: &mut Vec<(&'static str, String)>) {
        let mut unless = |fine: bool, key, reason: &str| {
            if !fine {
                problems.push((key, reason.to_owned()));
            }
        };
        unless(!self.nodes.is_empty(), "nodes", "must name one node at least");
        let named = self.nodes.iter().all(|node| !node.trim().is_empty());
        unless(named, "nodes", "must not hold empty names");
        let fits = self.translate.iter().all(|text| translation(text).is_some());
        unless(fits, "translate", "must be a list of announced:port=reached:port, in numbers");
        let reason = "must begin with a lower-case letter and have at most 48 of a-z, 0-9 and _";
        unless(is_keyspace(&self.keyspace), "keyspace", reason);
        let local = self.is_local();
        let reason =
            "must be named for local_quorum and local_serial, or it is chance which datacentre is the local one";
        unless(!local || !self.datacenter.is_empty(), "datacenter", reason);
        let classes = ["NetworkTopologyStrategy", "SimpleStrategy"];
        let reason = "must be NetworkTopologyStrategy or SimpleStrategy";
        unless(classes.contains(&self.replication.class.as_str()), "replication.class", reason);
        let fits = self.replication.datacenters.iter().all(|text| datacenter_factor(text).is_some());
        unless(fits, "replication.datacenters", "must be a list of name:copies");
        let named: Vec<&str> =
            self.replication.datacenters.iter().filter_map(|text| Some(datacenter_factor(text)?.0)).collect();
        let once = named.iter().collect::<std::collections::BTreeSet<_>>().len() == named.len();
        unless(once, "replication.datacenters", "must not name a datacentre twice");
        let has_copies = named.is_empty() || !local || named.contains(&self.datacenter.as_str());
        unless(has_copies, "datacenter", "must be one of replication.datacenters for local_quorum and local_serial");
        let network = self.replication.class == "NetworkTopologyStrategy";
        let reason = "need the class NetworkTopologyStrategy";
        unless(network || self.replication.datacenters.is_empty(), "replication.datacenters", reason);
        let lock = u64::from(self.migration.lock_seconds) * 1_000;
        let reason = "must be longer than migration.step_timeout_ms, or a slow step outlives its lock";
        unless(lock > self.migration.step_timeout_ms, "migration.lock_seconds", reason);
        let whole =
            self.tls.certificate_path.as_os_str().is_empty() == self.tls.private_key_path.as_os_str().is_empty();
        unless(whole, "tls.private_key_path", "and tls.certificate_path belong together");
    }
}
