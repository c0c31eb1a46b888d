//! Bringing the schema of a keyspace to what this version needs, and refusing to run on any other.
//!
//! What was applied stands in `schema_migrations`, a row a step: begun, then finished. A lock row with a life of its own keeps a
//! second migrator out; when its holder dies the row expires. Every step can be repeated, so whoever comes next
//! begins with the one that was begun.
//!
//! All changes of the schema go through one node, the same for every migrator: Cassandra nodes that make the same table at the
//! same time give it two identities.

mod ledger;
mod lock;

pub use ledger::{Applied, Plan, StepState};

use super::config::CqlConfig;
use super::error::{CqlError, is_invalid};
use super::server;
use super::session::{self, Profiles};
use futures_util::future::join_all;
use ledger::{LEDGER, judge};
use lock::Lock;
use plenum_actors::clock::SharedClock;
use plenum_schema::cql::{MIGRATIONS, Migration, Step};
use scylla::client::session::Session;
use scylla::errors::ExecutionError;
use scylla::policies::load_balancing::{NodeIdentifier, SingleTargetLoadBalancingPolicy};
use scylla::statement::unprepared::Statement;
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

fn request(what: &'static str, error: impl std::fmt::Display) -> CqlError {
    CqlError::Request { what, reason: error.to_string() }
}

/// What a migrator tells while it works.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Progress<'m> {
    /// A step is done, and all nodes know it.
    Applied(&'m Migration),
    /// What it waits for.
    Waits(String),
}

/// After how long a wait for agreement is told of, and then again, milliseconds.
const TELL_EVERY_MS: u64 = 5_000;

/// Applies what is missing.
pub struct Migrator {
    session: Session,
    config: CqlConfig,
    clock: SharedClock,
}

impl std::fmt::Debug for Migrator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Migrator").field("keyspace", &self.config.keyspace).finish_non_exhaustive()
    }
}

/// Refuses a keyspace that is not exactly as this version needs it.
pub(crate) async fn check(session: &Session, config: &CqlConfig) -> Result<(), CqlError> {
    let plan = read_plan(session, config).await?;
    let server = server::detect(session).await?;
    tracing::info!(%server, keyspace = config.keyspace, "CQL cluster");
    server::check_tablets(session, config, &server).await?;
    plan.ready(&config.keyspace)
}

async fn read_plan(session: &Session, config: &CqlConfig) -> Result<Plan, CqlError> {
    let applied = ledger::read(session, &config.keyspace).await?;
    judge(&config.keyspace, MIGRATIONS, applied)
}

impl Migrator {
    /// Connects. Nothing is changed. Must be called, and used, inside a tokio runtime with time and I/O.
    ///
    /// # Errors
    /// [`CqlError`] says what to do.
    pub async fn connect(config: CqlConfig, clock: SharedClock) -> Result<Self, CqlError> {
        super::check_config(&config)?;
        let session = session::connect(&config, &Profiles::new(&config)).await?;
        Ok(Self { session, config, clock })
    }

    /// What the server says it is.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn server(&self) -> Result<String, CqlError> {
        Ok(server::detect(&self.session).await?.to_string())
    }

    /// What was applied and what is missing.
    ///
    /// # Errors
    /// [`CqlError::Newer`] and [`CqlError::Changed`] when this version is not the one to migrate.
    pub async fn plan(&self) -> Result<Plan, CqlError> {
        read_plan(&self.session, &self.config).await
    }

    /// The statement that would make the keyspace; `None` when it is there.
    ///
    /// # Errors
    /// When the server does not answer, or cannot have such a keyspace.
    pub async fn keyspace_statement(&self) -> Result<Option<String>, CqlError> {
        let text = format!(
            "SELECT keyspace_name FROM system_schema.keyspaces WHERE keyspace_name = '{}'",
            self.config.keyspace
        );
        let rows =
            self.session.query_unpaged(text, &[]).await.map_err(|error| request("looking for the keyspace", error))?;
        let rows = rows.into_rows_result().map_err(|error| request("looking for the keyspace", error))?;
        if rows.rows_num() > 0 {
            return Ok(None);
        }
        self.check_copies()?;
        server::create_keyspace(&self.config, &server::detect(&self.session).await?).map(Some)
    }

    /// Refuses a keyspace of which no majority of copies could ever be there: nothing could be written to it.
    fn check_copies(&self) -> Result<(), CqlError> {
        let state = self.session.get_cluster_state();
        let places: Vec<_> = state.get_nodes_info().iter().map(|node| node.datacenter.as_deref()).collect();
        server::check_copies(&self.config.replication, &places)
    }

    /// Applies what is missing, under the lock; tells `progress` about each step when it is done. Returns how many there were.
    ///
    /// # Errors
    /// [`CqlError`] says what to do; running it again goes on where it stopped.
    pub async fn run(&self, mut progress: impl FnMut(Progress<'_>)) -> Result<usize, CqlError> {
        if self.plan().await?.is_complete() {
            return Ok(0);
        }
        self.prepare(&mut progress).await?;
        let waits = |what| progress(Progress::Waits(what));
        let lock = Lock::take(&self.session, &self.config, self.clock.as_ref(), waits).await?;
        let outcome = self.apply(&lock, &mut progress).await;
        lock.release(&self.session).await;
        outcome
    }

    /// The keyspace, and the two tables of the migrator itself.
    async fn prepare(&self, progress: &mut impl FnMut(Progress<'_>)) -> Result<(), CqlError> {
        if let Some(text) = self.keyspace_statement().await? {
            self.try_change(text).await.map_err(|error| request("making the keyspace", error))?;
            self.agreed(None, progress).await?;
        }
        let keyspace = &self.config.keyspace;
        // Said even where they are: the node that answers then knows them, and all others after the agreement.
        for (name, columns) in [LEDGER, lock::TABLE] {
            let text = format!("CREATE TABLE IF NOT EXISTS {keyspace}.{name} ({columns})");
            self.change_when_known("making the tables of the migrator", text).await?;
            self.agreed(None, progress).await?;
        }
        let chosen = self.session.use_keyspace(keyspace, false).await;
        chosen.map_err(|error| request("choosing the keyspace", error))
    }

    async fn apply(&self, lock: &Lock, progress: &mut impl FnMut(Progress<'_>)) -> Result<usize, CqlError> {
        // Read again: another migrator may have been at work until we got the lock.
        let plan = self.plan().await?;
        let missing = MIGRATIONS.iter().filter(|step| plan.state(step.number) != StepState::Finished);
        let mut count = 0;
        for step in missing {
            let (keyspace, at) = (&self.config.keyspace, self.clock.wall());
            self.patiently(|| lock.renew(&self.session, step.number)).await?;
            self.patiently(|| ledger::begin(&self.session, keyspace, step, at)).await?;
            self.step(step).await?;
            self.agreed(Some((lock, step.number)), progress).await?;
            self.patiently(|| ledger::finish(&self.session, keyspace, step)).await?;
            progress(Progress::Applied(step));
            count += 1;
        }
        Ok(count)
    }

    /// Asks again for as long as a step may take. Nodes that have not heard of a change of the schema yet refuse to agree on a write, and one that has
    /// just come may be unknown to the driver when it waits for the agreement of all.
    async fn patiently<T, F: Future<Output = Result<T, CqlError>>>(&self, ask: impl Fn() -> F) -> Result<T, CqlError> {
        let deadline = self.clock.mono().saturating_add(self.config.migration.step_timeout_ms);
        loop {
            match ask().await {
                Err(CqlError::Request { what, reason }) if self.clock.mono() < deadline => {
                    tracing::debug!(what, reason, "the migrator asks again");
                    tokio::time::sleep(lock::LOOK_EVERY).await;
                }
                other => return other,
            }
        }
    }

    async fn step(&self, step: &Migration) -> Result<(), CqlError> {
        let failed = |reason: String| CqlError::Step { number: step.number, name: step.name.to_owned(), reason };
        let keyspace = &self.config.keyspace;
        let is_done = match step.step() {
            None => return Err(failed("the statement is not one that can be repeated".to_owned())),
            Some(Step::Repeatable) => false,
            Some(Step::AddColumn { table, column }) => {
                ledger::has_column(&self.session, keyspace, &table, &column).await?
            }
            Some(Step::DropColumn { table, column }) => {
                !ledger::has_column(&self.session, keyspace, &table, &column).await?
            }
        };
        if is_done {
            return Ok(());
        }
        self.try_change(step.statement()).await.map_err(|error| failed(error.to_string()))
    }

    /// The same where another migrator may have made the keyspace this moment, and a node does not know it yet.
    async fn change_when_known(&self, what: &'static str, text: String) -> Result<(), CqlError> {
        let deadline = self.clock.mono().saturating_add(self.config.migration.step_timeout_ms);
        loop {
            match self.try_change(text.clone()).await {
                Err(error) if is_invalid(&error) && self.clock.mono() < deadline => {
                    tokio::time::sleep(lock::LOOK_EVERY).await;
                }
                other => return other.map_err(|error| request(what, error)),
            }
        }
    }

    /// Asks the one node that makes all changes.
    async fn try_change(&self, text: String) -> Result<(), ExecutionError> {
        let mut statement = Statement::new(text);
        let limit = Duration::from_millis(self.config.migration.step_timeout_ms);
        statement.set_request_timeout(Some(limit));
        let state = self.session.get_cluster_state();
        if let Some(node) =
            state.get_nodes_info().iter().filter(|node| node.is_connected()).min_by_key(|node| node.host_id)
        {
            let target = NodeIdentifier::Node(node.clone());
            statement.set_load_balancing_policy(Some(SingleTargetLoadBalancingPolicy::new(target, None)));
        }
        self.session.query_unpaged(statement, &[]).await.map(drop)
    }

    /// Waits until all nodes that can be reached have the same schema, and keeps the lock alive meanwhile.
    async fn agreed(
        &self,
        lock: Option<(&Lock, u32)>,
        progress: &mut impl FnMut(Progress<'_>),
    ) -> Result<(), CqlError> {
        let begun = self.clock.mono();
        let waited = || self.clock.mono().saturating_sub(begun);
        let renew_every = u64::from(self.config.migration.lock_seconds) * 1_000 / 3;
        let (mut tell_at, mut renew_at) = (TELL_EVERY_MS, renew_every);
        loop {
            // A node that goes while it is asked is no reason to give up.
            let outcome = self.session.check_schema_agreement().await;
            if let Ok(Some(_)) = outcome {
                return Ok(());
            }
            if waited() >= self.config.migration.agreement_timeout_ms {
                let versions = match outcome {
                    Err(error) => error.to_string(),
                    Ok(_) => self.versions().await,
                };
                return Err(CqlError::Disagreement { seconds: waited() / 1_000, versions });
            }
            if waited() >= tell_at {
                tell_at = waited() + TELL_EVERY_MS;
                let versions = self.versions().await;
                progress(Progress::Waits(format!("waiting until all nodes have the same schema ({versions})")));
            }
            if let Some((lock, number)) = lock
                && waited() >= renew_at
            {
                renew_at = waited() + renew_every;
                self.patiently(|| lock.renew(&self.session, number)).await?;
            }
            tokio::time::sleep(lock::LOOK_EVERY).await;
        }
    }

    /// Which node has which schema, as each says of itself; for people.
    async fn versions(&self) -> String {
        let nodes = self.session.get_cluster_state();
        let each = nodes.get_nodes_info().iter().map(|node| async move {
            let mut asked = Statement::new("SELECT schema_version FROM system.local");
            let node_alone = NodeIdentifier::Node(Arc::clone(node));
            asked.set_load_balancing_policy(Some(SingleTargetLoadBalancingPolicy::new(node_alone, None)));
            let rows = self.session.query_unpaged(asked, &[]).await.ok().and_then(|rows| rows.into_rows_result().ok());
            let version = rows.and_then(|rows| rows.maybe_first_row::<(Option<Uuid>,)>().ok().flatten());
            match version {
                Some((Some(version),)) => {
                    let version = version.to_string();
                    format!("{} has {}", node.address.ip(), version.get(..8).unwrap_or(&version))
                }
                Some((None,)) => format!("{} has none", node.address.ip()),
                None => format!("{} does not answer", node.address.ip()),
            }
        });
        join_all(each).await.join(", ")
    }
}
