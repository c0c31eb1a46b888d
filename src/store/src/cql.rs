//! The CQL engine: a ScyllaDB or Apache Cassandra cluster that several nodes share.
//!
//! # What is guaranteed
//! - **Acknowledged is held by a quorum.** Appends and row writes are lightweight transactions whose commit a quorum has.
//! - **One order.** An append succeeds only on the head it names ([`append`](Store::append)), whichever node sends it.
//! - **No answer is made up.** When the cluster cannot say whether a conditional write was applied, the engine reads at serial
//!   consistency and looks for the writer's own id. What even that does not tell is answered as unknown.
//! - **Clocks decide nothing.** Rows and entries are ordered by agreement; hints and snapshots carry their offset as timestamp.
//!
//! # What differs from the embedded engine
//! - [`Store::sweep`] and [`Store::logs`] go in the cluster's order (of tokens), not in that of keys.
//! - A write of several rows has at most `max_batch_bytes`.
//! - A row whose partition key is a single empty text or blob cannot be stored.
//! - Two snapshots saved for the same offset are both valid; the one with the larger bytes stays.
//!
//! `docs/scylladb.md` has the operator's side: versions, tablets, what differs between ScyllaDB and Cassandra.

mod append;
mod check;
mod config;
mod error;
mod index;
mod lanes;
mod metrics;
mod migrate;
mod reading;
mod requests;
mod rows;
mod server;
mod session;
mod statements;
mod tls;
mod value;

pub use config::{ConsistencyLevel, CqlConfig, CqlTls, MigrationConfig, Replication, Secret, SerialLevel, Tablets};
pub use error::CqlError;
pub use metrics::CqlMetrics;
pub use migrate::{Applied, Migrator, Plan, Progress, StepState};
pub use tls::check_tls;

use crate::limits::{check_append, check_limit, invalid};
use append::Append;
use bytes::Bytes;
use lanes::Lanes;
use parking_lot::RwLock;
use plenum_actors::clock::SharedClock;
use plenum_actors::store::{
    Appended, Conditional, Direction, Entry, Head, Mutation, Snapshot, Store, StoreError, StoreFuture, StoredEntry,
};
use plenum_schema::EntryId;
use plenum_schema::log::{LogId, Offset};
use plenum_schema::table::{Key, Row, Table, Value};
use requests::Requests;
use session::Profiles;
use statements::{Shape, Statements};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Runtime;
use tokio::sync::Semaphore;

/// What an engine gets from outside.
#[derive(Clone)]
pub struct CqlParts {
    /// Where it counts.
    pub metrics: CqlMetrics,
    /// Where ids and times come from.
    pub clock: SharedClock,
}

impl std::fmt::Debug for CqlParts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CqlParts").finish_non_exhaustive()
    }
}

/// A store on a CQL cluster.
pub struct Cql {
    requests: Arc<Requests>,
    health: Arc<RwLock<Result<(), StoreError>>>,
    in_flight: Arc<Semaphore>,
    threads: Threads,
}

impl std::fmt::Debug for Cql {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cql").field("keyspace", &self.requests.config.keyspace).finish_non_exhaustive()
    }
}

/// Threads for the driver: their own, so that calls may be polled anywhere and a busy node does not slow the store.
struct Threads {
    /// Gone only while it is dropped.
    runtime: Option<Runtime>,
}

impl Threads {
    fn start(config: &CqlConfig) -> std::io::Result<Self> {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        let runtime = builder.worker_threads(config.threads).thread_name("store-cql").enable_all().build()?;
        Ok(Self { runtime: Some(runtime) })
    }

    /// `None` while they end.
    fn spawn<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Option<tokio::task::JoinHandle<T>> {
        Some(self.runtime.as_ref()?.spawn(work))
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        // Dropping the runtime itself would wait for its tasks, which an asynchronous caller may not do.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

fn check_config(config: &CqlConfig) -> Result<(), CqlError> {
    let problems = config.problems();
    if problems.is_empty() {
        return Ok(());
    }
    Err(CqlError::Config(problems.into_iter().map(|(key, reason)| format!("{key} {reason}")).collect()))
}

impl Cql {
    /// Connects, checks that the schema is the one this version needs, and prepares what every call uses.
    ///
    /// # Errors
    /// [`CqlError`] says what to do.
    pub async fn open(config: CqlConfig, parts: CqlParts) -> Result<Arc<Self>, CqlError> {
        Self::open_with_tables(config, parts, plenum_schema::entities::TABLES).await
    }

    /// The same for tables that are not in the schema, which must exist: for tests of the engine itself.
    ///
    /// # Errors
    /// See [`Cql::open`].
    #[doc(hidden)]
    pub async fn open_with_tables(
        config: CqlConfig,
        parts: CqlParts,
        tables: &'static [&'static Table],
    ) -> Result<Arc<Self>, CqlError> {
        check_config(&config)?;
        let threads = Threads::start(&config)?;
        let opening = threads.spawn(connect(config, parts, tables)).ok_or(CqlError::Interrupted)?;
        let requests = Arc::new(opening.await.map_err(|_| CqlError::Interrupted)??);
        requests.metrics.healthy.set(1);
        let health = Arc::new(RwLock::new(Ok(())));
        threads.spawn(watch(requests.clone(), health.clone())).ok_or(CqlError::Interrupted)?;
        let in_flight = Arc::new(Semaphore::new(requests.config.max_in_flight));
        Ok(Arc::new(Self { requests, health, in_flight, threads }))
    }

    /// Runs a call on the engine's threads. Dropping the future does not undo it.
    fn call<T: Send + 'static, F>(
        &self,
        operation: &'static str,
        run: impl FnOnce(Arc<Requests>) -> F,
    ) -> StoreFuture<T>
    where
        F: Future<Output = Result<T, StoreError>> + Send + 'static,
    {
        let Ok(permit) = self.in_flight.clone().try_acquire_owned() else {
            self.requests.metrics.refused.inc();
            return ready(Err(StoreError::Unavailable("too many calls are under way".to_owned())));
        };
        let requests = self.requests.clone();
        let metrics = requests.metrics.clone();
        let begun = requests.clock.micros();
        let running = run(requests.clone());
        metrics.in_flight.inc();
        let task = self.threads.spawn(async move {
            let answer = running.await;
            let micros = requests.clock.micros().saturating_sub(begun);
            metrics.seconds.with_label_values(&[operation]).observe(Duration::from_micros(micros).as_secs_f64());
            if answer.is_err() {
                metrics.errors.with_label_values(&[operation]).inc();
            }
            metrics.in_flight.dec();
            drop(permit);
            answer
        });
        let Some(task) = task else {
            return ready(Err(StoreError::Unavailable("the store is closed".to_owned())));
        };
        Box::pin(async move {
            task.await.unwrap_or_else(|_| Err(StoreError::Unknown("the call was interrupted".to_owned())))
        })
    }
}

async fn connect(config: CqlConfig, parts: CqlParts, tables: &'static [&'static Table]) -> Result<Requests, CqlError> {
    let profiles = Profiles::new(&config);
    let session = session::connect(&config, &profiles).await?;
    migrate::check(&session, &config).await?;
    let failed = |what, reason: String| CqlError::Request { what, reason };
    session
        .use_keyspace(&config.keyspace, false)
        .await
        .map_err(|error| failed("choosing the keyspace", error.to_string()))?;
    let requests = Requests {
        statements: Statements::new(&config, profiles.clone()),
        lanes: Lanes::new(config.lanes),
        buckets: parking_lot::Mutex::default(),
        profiles,
        session,
        metrics: parts.metrics,
        clock: parts.clock,
        config,
    };
    requests.prepare_all(tables).await.map_err(|error| failed("preparing statements", error.to_string()))?;
    Ok(requests)
}

/// Asks again and again whether a quorum answers.
async fn watch(requests: Arc<Requests>, health: Arc<RwLock<Result<(), StoreError>>>) {
    let every = Duration::from_millis(requests.config.health_interval_ms);
    loop {
        tokio::time::sleep(every).await;
        let nobody = (0_i8, uuid::Uuid::nil());
        let answer = requests.execute(None, Shape::LogRow, nobody).await.map(drop);
        let is_new = answer.is_ok() != health.read().is_ok();
        requests.metrics.healthy.set(i64::from(answer.is_ok()));
        if is_new {
            match &answer {
                Ok(()) => tracing::info!("the cluster answers again"),
                Err(error) => tracing::warn!(%error, "the cluster does not answer"),
            }
        }
        *health.write() = answer;
    }
}

fn ready<T: Send + 'static>(answer: Result<T, StoreError>) -> StoreFuture<T> {
    Box::pin(std::future::ready(answer))
}

impl Store for Cql {
    fn append(
        &self,
        log: LogId,
        expected: Offset,
        entries: Vec<Entry>,
        digest: Option<Bytes>,
    ) -> StoreFuture<Appended> {
        if let Err(error) = check_append(&entries, expected, digest.as_ref(), self.requests.config.max_value_bytes) {
            return ready(Err(error));
        }
        let answer = self.call("append", |requests| async move {
            requests.append(&Append { log, expected, entries: &entries, digest: digest.as_ref() }).await
        });
        // For appends "unknown" is an answer, not an error.
        Box::pin(async move {
            match answer.await {
                Err(StoreError::Unknown(_)) => Ok(Appended::Unknown),
                other => other,
            }
        })
    }

    fn read(
        &self,
        log: LogId,
        after: Offset,
        direction: Direction,
        limit: usize,
        max_bytes: usize,
    ) -> StoreFuture<Vec<StoredEntry>> {
        if limit == 0 {
            return ready(Err(invalid("limit 0 reads nothing".to_owned())));
        }
        self.call("read", |requests| async move { requests.read(log, after, direction, limit, max_bytes).await })
    }

    fn head(&self, log: LogId) -> StoreFuture<Head> {
        self.call("head", |requests| async move { requests.head(log).await })
    }

    fn find(&self, log: LogId, ids: Vec<EntryId>) -> StoreFuture<Vec<Option<Offset>>> {
        self.call("find", |requests| async move { requests.find(log, &ids).await })
    }

    fn save_snapshot(&self, log: LogId, snapshot: Snapshot) -> StoreFuture<()> {
        let (bytes, most) = (snapshot.state.len(), self.requests.config.max_value_bytes);
        if bytes > most {
            return ready(Err(invalid(format!("a snapshot has {bytes} bytes; {most} are allowed"))));
        }
        self.call("save_snapshot", |requests| async move { requests.save_snapshot(log, &snapshot).await })
    }

    fn load_snapshot(&self, log: LogId) -> StoreFuture<Option<Snapshot>> {
        self.call("load_snapshot", |requests| async move { requests.load_snapshot(log).await })
    }

    fn trim(&self, log: LogId, upto: Offset) -> StoreFuture<()> {
        self.call("trim", |requests| async move { requests.trim(log, upto).await })
    }

    fn get(&self, table: &'static Table, key: Key) -> StoreFuture<Option<Row>> {
        match check::full_key(table, &key) {
            Ok(()) => self.call("get", |requests| async move { requests.get_row(table, &key).await }),
            Err(error) => ready(Err(error)),
        }
    }

    fn scan(
        &self,
        table: &'static Table,
        partition: Key,
        after: Option<Key>,
        direction: Direction,
        limit: usize,
    ) -> StoreFuture<Vec<Row>> {
        let checked = check_limit(limit).and_then(|()| check::partition(table, &partition, after.as_deref()));
        if let Err(error) = checked {
            return ready(Err(error));
        }
        let after = after.unwrap_or_default();
        self.call(
            "scan",
            |requests| async move { requests.scan_rows(table, &partition, &after, direction, limit).await },
        )
    }

    fn sweep(&self, table: &'static Table, after: Option<Key>, limit: usize) -> StoreFuture<Vec<Row>> {
        let key = after.as_deref().map_or(Ok(()), |after| check::full_key(table, after));
        if let Err(error) = check_limit(limit).and(key) {
            return ready(Err(error));
        }
        self.call("sweep", |requests| async move { requests.sweep_rows(table, after.as_deref(), limit).await })
    }

    fn logs(&self, after: Option<LogId>, limit: usize) -> StoreFuture<Vec<LogId>> {
        match check_limit(limit) {
            Ok(()) => self.call("logs", |requests| async move { requests.logs(after, limit).await }),
            Err(error) => ready(Err(error)),
        }
    }

    fn write(&self, table: &'static Table, mutations: Vec<Mutation>) -> StoreFuture<()> {
        match check::changes(table, &mutations, self.requests.config.max_value_bytes) {
            Ok(bytes) => {
                self.call("write", move |requests| async move { requests.write_rows(table, &mutations, bytes).await })
            }
            Err(error) => ready(Err(error)),
        }
    }

    fn insert(&self, table: &'static Table, row: Row) -> StoreFuture<Conditional> {
        match check::row(table, &row, self.requests.config.max_value_bytes) {
            Ok(_) => self.call("insert", |requests| async move { requests.insert_row(table, &row).await }),
            Err(error) => ready(Err(error)),
        }
    }

    fn replace(&self, table: &'static Table, row: Row, column: usize, expected: Value) -> StoreFuture<Conditional> {
        if table.columns.get(column).is_none_or(|column| !expected.fits(column.kind)) {
            return ready(Err(invalid(format!("column {column} of table {} cannot hold that value", table.name))));
        }
        match check::row(table, &row, self.requests.config.max_value_bytes) {
            Ok(_) => self
                .call("replace", |requests| async move { requests.replace_row(table, &row, column, &expected).await }),
            Err(error) => ready(Err(error)),
        }
    }

    fn health(&self) -> Result<(), StoreError> {
        self.health.read().clone()
    }
}
