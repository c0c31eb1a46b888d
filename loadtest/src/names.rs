//! Every name of the server that this tool relies on, in one place.

/// What the generator calls itself in `identify`.
pub const CLIENT: &str = "plenum-loadtest";

/// The server's command that serves.
pub const SERVE: &[&str] = &["serve"];

/// Environment: data directory.
pub const ENV_DATA: &str = "PLENUM__STORE__PATH";
/// Environment: where REST and sockets listen.
pub const ENV_HTTP: &str = "PLENUM__HTTP__LISTEN";
/// Environment: where metrics and health listen.
pub const ENV_OPERATIONS: &str = "PLENUM__OPERATIONS__LISTEN";
/// Environment: worker threads of the edge.
pub const ENV_WORKERS: &str = "PLENUM__SERVER__WORKERS";

/// Environment of a node: its store, what connects it, and where that is.
pub const ENV_ENGINE: (&str, &str) = ("PLENUM__STORE__ENGINE", "scylla");
/// Environment: contact points of the CQL cluster.
pub const ENV_CQL: &str = "PLENUM__STORE__SCYLLA__NODES";
/// Environment: that there is a bus.
pub const ENV_BUS: (&str, &str) = ("PLENUM__CLUSTER__BUS", "nats");
/// Environment: where the bus is.
pub const ENV_NATS: &str = "PLENUM__CLUSTER__NATS__URLS";
/// Environment: by which other addresses the nodes of the CQL cluster are reached.
pub const ENV_CQL_TRANSLATE: &str = "PLENUM__STORE__SCYLLA__TRANSLATE";
/// Environment: by how much the clock is wrong, milliseconds.
pub const ENV_CLOCK: &str = "PLENUM__SERVER__CLOCK_OFFSET_MS";
/// Arguments that make the schema of the store.
pub const MIGRATE: &[&str] = &["migrate"];
/// Metric: other nodes that a node knows.
pub const METRIC_NODES: &str = "plenum_cluster_nodes";
/// Metric: appends that met another writer.
pub const METRIC_CONFLICTS: &str = "plenum_owner_conflicts_total";
/// Metric: commands carried out where they came from, because a node was lost.
pub const METRIC_FALLBACKS: &str = "plenum_owner_fallbacks_total";
/// Metric: bytes sent on the bus.
pub const METRIC_BUS_BYTES: &str = "plenum_bus_sent_bytes_total";

/// Limits raised for a load run: one address and a few accounts stand for a crowd.
pub const ENV_LIMITS: &[(&str, &str)] = &[
    ("PLENUM__LIMITS__CONNECTIONS_PER_USER", "100000"),
    ("PLENUM__LIMITS__COMMANDS_PER_SECOND", "1000000"),
    ("PLENUM__LIMITS__COMMANDS_IN_FLIGHT", "65536"),
    ("PLENUM__LIMITS__UNIDENTIFIED", "10000000"),
    ("PLENUM__WEBSOCKET__HANDSHAKE_RATE__PER_SECOND", "0"),
    ("PLENUM__HTTP__ADDRESS_RATE__PER_SECOND", "0"),
    ("PLENUM__HTTP__CALLER_RATE__PER_SECOND", "0"),
];

/// Path of readiness on the operations listener.
pub const READY_PATH: &str = "/health/ready";
/// Path of the metrics on the operations listener.
pub const METRICS_PATH: &str = "/metrics";
/// Path that creates a conversation.
pub const CONVERSATIONS_PATH: &str = "/api/conversations";

/// Metric: fsyncs of the store.
pub const METRIC_FSYNCS: &str = "plenum_store_fsyncs_total";
/// Metric: requests of the store to the CQL cluster, of all kinds.
pub const METRIC_CQL_REQUESTS: &str = "plenum_store_cql_requests_total";
/// Metric: those that were conditional writes.
pub const METRIC_CQL_CONDITIONAL: &str = "plenum_store_cql_requests_total{kind=\"conditional\"}";
/// Metric: connections now open.
pub const METRIC_CONNECTIONS: &str = "plenum_connections";
/// Metric: owners now alive.
pub const METRIC_OWNERS: &str = "plenum_owner_live";
/// Metric: subscriptions now held.
pub const METRIC_SUBSCRIPTIONS: &str = "plenum_subscriptions";

/// Conversations one account may be in; a load of more rooms uses more accounts.
pub const ROOMS_PER_ACCOUNT: usize = 900;
/// Events asked for in one page of history.
pub const PAGE_EVENTS: u32 = 200;

/// Arguments that mint access tokens offline: new accounts with a session each, one JSON object a line.
#[must_use]
pub fn token_arguments(count: usize) -> Vec<String> {
    ["token", "--new", "--create", "--count", &count.to_string(), "--json"].map(str::to_owned).to_vec()
}
