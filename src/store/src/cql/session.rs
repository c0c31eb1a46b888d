//! The connection to the cluster: addresses, security, and three ways to execute.

use super::config::{ConsistencyLevel, CqlConfig, SerialLevel, translation};
use super::error::CqlError;
use super::tls;
use scylla::client::PoolSize;
use scylla::client::execution_profile::{ExecutionProfile, ExecutionProfileHandle};
use scylla::client::session::Session;
use scylla::client::session_builder::SessionBuilder;
use scylla::policies::load_balancing::{DefaultPolicy, LoadBalancingPolicy};
use scylla::policies::retry::{DefaultRetryPolicy, FallthroughRetryPolicy};
use scylla::policies::speculative_execution::SimpleSpeculativeExecutionPolicy;
use scylla::statement::{Consistency, SerialConsistency};
use std::collections::{BTreeSet, HashMap};
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

/// How statements are executed.
#[derive(Clone, Debug)]
pub(crate) struct Profiles {
    /// Reads and writes that can be repeated: retried elsewhere, and sent to another node when the first is silent.
    pub(crate) plain: ExecutionProfileHandle,
    /// Conditional writes: one attempt. Whether to try again is decided by reading what stands there.
    pub(crate) conditional: ExecutionProfileHandle,
}

/// The consistency of plain requests.
pub(crate) fn consistency(config: &CqlConfig) -> Consistency {
    match config.consistency {
        ConsistencyLevel::Quorum => Consistency::Quorum,
        ConsistencyLevel::LocalQuorum => Consistency::LocalQuorum,
    }
}

/// The consistency of agreement.
pub(crate) fn serial(config: &CqlConfig) -> SerialConsistency {
    match config.serial_consistency {
        SerialLevel::Serial => SerialConsistency::Serial,
        SerialLevel::LocalSerial => SerialConsistency::LocalSerial,
    }
}

/// The consistency of reads that see every conditional write that was agreed on.
pub(crate) fn serial_read(config: &CqlConfig) -> Consistency {
    match config.serial_consistency {
        SerialLevel::Serial => Consistency::Serial,
        SerialLevel::LocalSerial => Consistency::LocalSerial,
    }
}

fn balancing(config: &CqlConfig) -> Arc<dyn LoadBalancingPolicy> {
    let mut policy = DefaultPolicy::builder().token_aware(true).permit_dc_failover(config.datacenter_failover);
    if !config.datacenter.is_empty() {
        policy = policy.prefer_datacenter(config.datacenter.clone());
    }
    policy.build()
}

impl Profiles {
    pub(crate) fn new(config: &CqlConfig) -> Self {
        let common = ExecutionProfile::builder()
            .consistency(consistency(config))
            .serial_consistency(Some(serial(config)))
            .load_balancing_policy(balancing(config));
        let speculative = (config.speculative_attempts > 0).then(|| {
            let policy = SimpleSpeculativeExecutionPolicy {
                max_retry_count: config.speculative_attempts,
                retry_interval: Duration::from_millis(config.speculative_after_ms),
            };
            Arc::new(policy) as _
        });
        let plain = common
            .clone()
            .request_timeout(Some(Duration::from_millis(config.request_timeout_ms)))
            .retry_policy(Arc::new(DefaultRetryPolicy::new()))
            .speculative_execution_policy(speculative)
            .build();
        let conditional = common
            .request_timeout(Some(Duration::from_millis(config.conditional_timeout_ms)))
            .retry_policy(Arc::new(FallthroughRetryPolicy::new()))
            .speculative_execution_policy(None)
            .build();
        Self { plain: plain.into_handle(), conditional: conditional.into_handle() }
    }
}

/// Connects without choosing a keyspace: it may not exist yet.
pub(crate) async fn connect(config: &CqlConfig, profiles: &Profiles) -> Result<Session, CqlError> {
    let millis = Duration::from_millis;
    let connections = NonZeroUsize::new(config.connections).unwrap_or(NonZeroUsize::MIN);
    let mut builder = SessionBuilder::new()
        .known_nodes(&config.nodes)
        .default_execution_profile_handle(profiles.plain.clone())
        .connection_timeout(millis(config.connect_timeout_ms))
        .keepalive_interval(millis(config.keepalive_interval_ms))
        .keepalive_timeout(millis(config.keepalive_timeout_ms))
        // Who changes the schema waits by itself, and says what for.
        .auto_await_schema_agreement(false)
        .pool_size(PoolSize::PerShard(connections))
        .tls_context(tls::context(&config.tls)?);
    if !config.translate.is_empty() {
        let rules: HashMap<SocketAddr, SocketAddr> =
            config.translate.iter().filter_map(|text| translation(text)).collect();
        builder = builder.address_translator(Arc::new(rules));
    }
    if !config.username.is_empty() {
        builder = builder.user(&config.username, config.password.expose());
    }
    let failed = |reason: String| CqlError::Connect { nodes: config.nodes.join(", "), reason };
    // The driver tries each address within its own time-out; this bounds all of it.
    let limit = millis(config.connect_timeout_ms).saturating_mul(4);
    match tokio::time::timeout(limit, builder.build()).await {
        Ok(Ok(session)) => check_datacenter(config, &session).map(|()| session),
        Ok(Err(error)) => Err(failed(error.to_string())),
        Err(_) => Err(failed(format!("no answer within {} ms", limit.as_millis()))),
    }
}

/// Refuses a local datacentre that the cluster does not have: the driver would find no node for any request, and say that it has a bug.
fn check_datacenter(config: &CqlConfig, session: &Session) -> Result<(), CqlError> {
    let state = session.get_cluster_state();
    let known: BTreeSet<&str> = state.get_nodes_info().iter().filter_map(|node| node.datacenter.as_deref()).collect();
    if config.datacenter.is_empty() || known.is_empty() || known.contains(config.datacenter.as_str()) {
        return Ok(());
    }
    let known = known.into_iter().collect::<Vec<_>>().join(", ");
    Err(CqlError::Config(vec![format!(
        "datacenter is {}, which is none of the cluster's ({known})",
        config.datacenter
    )]))
}
