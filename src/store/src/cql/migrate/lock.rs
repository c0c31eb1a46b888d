//! One migrator at a time, whatever becomes of it.

use super::super::config::CqlConfig;
use super::super::error::{CqlError, is_invalid};
use super::super::requests::applied;
use super::request;
use plenum_actors::clock::Clock;
use scylla::client::session::Session;
use scylla::errors::ExecutionError;
use scylla::response::query_result::QueryResult;
use scylla::statement::Consistency;
use scylla::statement::unprepared::Statement;
use std::time::Duration;
use uuid::Uuid;

/// The table of the lock: its name and columns.
pub(super) const TABLE: (&str, &str) = ("schema_lock", "name text PRIMARY KEY, owner uuid, holder text");
/// The one row.
const NAME: &str = "migrate";
/// How often a migrator that waits looks whether the lock is free, or the schema known.
pub(super) const LOOK_EVERY: Duration = Duration::from_millis(250);

/// The lock, held.
pub(super) struct Lock {
    keyspace: String,
    owner: Uuid,
    seconds: u32,
}

/// Who we are, for the one who waits.
fn holder() -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let host = if host.trim().is_empty() { "unknown host" } else { host.trim() };
    format!("process {} on {host}", std::process::id())
}

impl Lock {
    /// Waits until it is free and takes it; `waits` is told once whose it is and for how long at most.
    pub(super) async fn take(
        session: &Session,
        config: &CqlConfig,
        clock: &dyn Clock,
        mut waits: impl FnMut(String),
    ) -> Result<Self, CqlError> {
        let seconds = config.migration.lock_seconds;
        let lock = Self { keyspace: config.keyspace.clone(), owner: clock.new_id(), seconds };
        let deadline = clock.mono().saturating_add(config.migration.wait_ms);
        let mut is_told = false;
        loop {
            if lock.try_take(session).await? {
                return Ok(lock);
            }
            if !is_told && let Ok(Some((_, holder))) = lock.stands(session).await {
                is_told = true;
                waits(format!(
                    "waiting for another migrator ({holder}); if it has died, its lock ends within {seconds} s"
                ));
            }
            if clock.mono() >= deadline {
                let holder = lock.stands(session).await?.map_or_else(String::new, |(_, holder)| holder);
                return Err(CqlError::Locked { keyspace: lock.keyspace, holder, seconds });
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// The time of life as the server binds it.
    fn life(&self) -> i32 {
        i32::try_from(self.seconds).unwrap_or(i32::MAX)
    }

    async fn try_take(&self, session: &Session) -> Result<bool, CqlError> {
        let table = format!("{}.{}", self.keyspace, TABLE.0);
        let text = format!("INSERT INTO {table} (name, owner, holder) VALUES (?, ?, ?) IF NOT EXISTS USING TTL ?");
        let result = session.query_unpaged(text, (NAME, self.owner, holder(), self.life())).await;
        if result.as_ref().is_err_and(is_invalid) {
            // Another migrator has made the table, and this node does not know it yet: later.
            return Ok(false);
        }
        self.is_ours(session, "taking the lock", result).await
    }

    /// A lost answer is no answer: look whose it is.
    async fn is_ours(
        &self,
        session: &Session,
        what: &'static str,
        result: Result<QueryResult, ExecutionError>,
    ) -> Result<bool, CqlError> {
        match result
            .map_err(|error| request(what, error))
            .and_then(|row| applied(row).map_err(|error| request(what, error)))
        {
            Ok(true) => Ok(true),
            Ok(false) => Ok(false),
            Err(error) => match self.stands(session).await {
                Ok(stands) => Ok(stands.is_some_and(|(owner, _)| owner == self.owner)),
                Err(_) => Err(error),
            },
        }
    }

    async fn stands(&self, session: &Session) -> Result<Option<(Uuid, String)>, CqlError> {
        let what = "looking at the lock";
        let text = format!("SELECT owner, holder FROM {}.{} WHERE name = '{NAME}'", self.keyspace, TABLE.0);
        let mut statement = Statement::new(text);
        statement.set_consistency(Consistency::Serial);
        statement.set_is_idempotent(true);
        let rows = session.query_unpaged(statement, &[]).await.map_err(|error| request(what, error))?;
        let rows = rows.into_rows_result().map_err(|error| request(what, error))?;
        let row: Option<(Option<Uuid>, Option<String>)> =
            rows.maybe_first_row().map_err(|error| request(what, error))?;
        Ok(row.and_then(|(owner, holder)| Some((owner?, holder.unwrap_or_default()))))
    }

    /// Begins its life anew before a step, or says that it went to somebody else.
    pub(super) async fn renew(&self, session: &Session, number: u32) -> Result<(), CqlError> {
        let table = format!("{}.{}", self.keyspace, TABLE.0);
        let text = format!("UPDATE {table} USING TTL ? SET owner = ?, holder = ? WHERE name = ? IF owner = ?");
        let values = (self.life(), self.owner, holder(), NAME, self.owner);
        let result = session.query_unpaged(text, values).await;
        if self.is_ours(session, "renewing the lock", result).await? {
            Ok(())
        } else {
            Err(CqlError::LockLost { number })
        }
    }

    /// Gives it back. Should that fail, it expires.
    pub(super) async fn release(self, session: &Session) {
        let text = format!("DELETE FROM {}.{} WHERE name = ? IF owner = ?", self.keyspace, TABLE.0);
        if let Err(error) = session.query_unpaged(text, (NAME, self.owner)).await {
            tracing::warn!(%error, seconds = self.seconds, "the migration lock was not given back; it expires");
        }
    }
}
