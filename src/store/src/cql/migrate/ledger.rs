//! What was applied: a row a step.

use super::super::error::{CqlError, is_invalid};
use super::super::requests::applied;
use super::request;
use plenum_schema::cql::Migration;
use scylla::client::session::Session;
use scylla::serialize::row::SerializeRow;
use scylla::statement::Consistency;
use scylla::statement::unprepared::Statement;
use std::collections::BTreeMap;

/// The table of the ledger: its name and columns. One partition, so that it is read with one request.
pub(super) const LEDGER: (&str, &str) = (
    "schema_migrations",
    "scope text, number int, name text, checksum text, finished boolean, begun_at bigint, PRIMARY KEY (scope, number)",
);
/// The one partition.
const SCOPE: &str = "plenum";

/// A step as the ledger has it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Applied {
    /// Its number.
    pub number: u32,
    /// Its name.
    pub name: String,
    /// The checksum of its statement.
    pub checksum: String,
    /// Whether it was finished.
    pub is_finished: bool,
}

/// How far a step is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StepState {
    /// Not begun.
    Missing,
    /// Begun by a migrator that did not finish it.
    Begun,
    /// Done.
    Finished,
}

/// Every step of this version and how far it is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Plan {
    /// The steps in their order.
    pub steps: Vec<(Migration, StepState)>,
}

impl Plan {
    /// How far one step is.
    #[must_use]
    pub fn state(&self, number: u32) -> StepState {
        let found = self.steps.iter().find(|(step, _)| step.number == number);
        found.map_or(StepState::Missing, |(_, state)| *state)
    }

    /// Whether nothing is missing.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.steps.iter().all(|(_, state)| *state == StepState::Finished)
    }

    /// Whether a server may run on it.
    ///
    /// # Errors
    /// [`CqlError::Missing`], [`CqlError::Unfinished`] or [`CqlError::Behind`].
    pub fn ready(&self, keyspace: &str) -> Result<(), CqlError> {
        let keyspace = keyspace.to_owned();
        if let Some((step, _)) = self.steps.iter().find(|(_, state)| *state == StepState::Begun) {
            return Err(CqlError::Unfinished { keyspace, number: step.number, name: step.name.to_owned() });
        }
        let finished = self.steps.iter().filter(|(_, state)| *state == StepState::Finished);
        let (applied, needed) = (finished.map(|(step, _)| step.number).max(), self.steps.last());
        match (applied, needed) {
            (None, _) => Err(CqlError::Missing { keyspace }),
            (Some(applied), Some((last, _))) if !self.is_complete() => {
                Err(CqlError::Behind { keyspace, applied, needed: last.number })
            }
            _ => Ok(()),
        }
    }
}

/// Holds what was applied against the steps of this version.
pub(super) fn judge(keyspace: &str, steps: &[Migration], applied: Vec<Applied>) -> Result<Plan, CqlError> {
    let mut known: BTreeMap<u32, Applied> = applied.into_iter().map(|step| (step.number, step)).collect();
    let mut states = Vec::with_capacity(steps.len());
    for step in steps {
        let state = match known.remove(&step.number) {
            None => StepState::Missing,
            Some(applied) if applied.checksum != step.checksum() => {
                let keyspace = keyspace.to_owned();
                return Err(CqlError::Changed { keyspace, number: step.number, name: applied.name });
            }
            Some(applied) if applied.is_finished => StepState::Finished,
            Some(_) => StepState::Begun,
        };
        states.push((*step, state));
    }
    match known.into_values().next() {
        None => Ok(Plan { steps: states }),
        Some(newer) => Err(CqlError::Newer { keyspace: keyspace.to_owned(), number: newer.number, name: newer.name }),
    }
}

/// Whether a table exists.
pub(super) async fn has_table(session: &Session, keyspace: &str, table: &str) -> Result<bool, CqlError> {
    let text = "SELECT table_name FROM system_schema.tables WHERE keyspace_name = ? AND table_name = ?";
    has_row(session, text, (keyspace, table)).await
}

/// Whether a column exists.
pub(super) async fn has_column(session: &Session, keyspace: &str, table: &str, column: &str) -> Result<bool, CqlError> {
    let text =
        "SELECT column_name FROM system_schema.columns WHERE keyspace_name = ? AND table_name = ? AND column_name = ?";
    has_row(session, text, (keyspace, table, column)).await
}

async fn has_row(session: &Session, text: &str, values: impl SerializeRow) -> Result<bool, CqlError> {
    let what = "reading the schema";
    let rows = session.query_unpaged(text, values).await.map_err(|error| request(what, error))?;
    Ok(rows.into_rows_result().map_err(|error| request(what, error))?.rows_num() > 0)
}

/// Everything in the ledger; nothing when there is none yet.
pub(super) async fn read(session: &Session, keyspace: &str) -> Result<Vec<Applied>, CqlError> {
    if !has_table(session, keyspace, LEDGER.0).await? {
        return Ok(Vec::new());
    }
    let what = "reading which migrations were applied";
    let text = format!("SELECT number, name, checksum, finished FROM {keyspace}.{} WHERE scope = '{SCOPE}'", LEDGER.0);
    let mut statement = Statement::new(text);
    // What a migrator was told is done must be seen here.
    statement.set_consistency(Consistency::Serial);
    statement.set_is_idempotent(true);
    let rows = match session.query_unpaged(statement, &[]).await {
        // Made this moment, and not known to the node that was asked: nothing was applied yet.
        Err(error) if is_invalid(&error) => return Ok(Vec::new()),
        other => other.map_err(|error| request(what, error))?,
    };
    let rows = rows.into_rows_result().map_err(|error| request(what, error))?;
    let mut steps = Vec::new();
    for row in
        rows.rows::<(i32, Option<String>, Option<String>, Option<bool>)>().map_err(|error| request(what, error))?
    {
        let (number, name, checksum, finished) = row.map_err(|error| request(what, error))?;
        steps.push(Applied {
            number: u32::try_from(number).unwrap_or(0),
            name: name.unwrap_or_default(),
            checksum: checksum.unwrap_or_default(),
            is_finished: finished == Some(true),
        });
    }
    Ok(steps)
}

/// The step's number as the column has it.
fn number(step: &Migration) -> i32 {
    i32::try_from(step.number).unwrap_or(i32::MAX)
}

/// Notes that a step begins. It may have been begun before.
pub(super) async fn begin(session: &Session, keyspace: &str, step: &Migration, at: i64) -> Result<(), CqlError> {
    let text = format!(
        "INSERT INTO {keyspace}.{} (scope, number, name, checksum, finished, begun_at) VALUES (?, ?, ?, ?, false, ?) IF NOT EXISTS",
        LEDGER.0
    );
    let values = (SCOPE, number(step), step.name, step.checksum(), at);
    let result = session.query_unpaged(text, values).await;
    result.map(drop).map_err(|error| request("noting that a migration begins", error))
}

/// Notes that a step is done.
pub(super) async fn finish(session: &Session, keyspace: &str, step: &Migration) -> Result<(), CqlError> {
    let what = "noting that a migration is done";
    let text =
        format!("UPDATE {keyspace}.{} SET finished = true WHERE scope = ? AND number = ? IF checksum = ?", LEDGER.0);
    let result = session.query_unpaged(text, (SCOPE, number(step), step.checksum())).await;
    match result.map_err(|error| request(what, error)).map(applied)? {
        Ok(true) => Ok(()),
        Ok(false) => Err(request(what, "its row is gone")),
        Err(error) => Err(request(what, error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEPS: &[Migration] = &[
        Migration { number: 1, name: "one", text: "CREATE TABLE IF NOT EXISTS one (a uuid PRIMARY KEY)" },
        Migration { number: 2, name: "two", text: "ALTER TABLE one ADD b text" },
    ];

    fn applied(number: u32, is_finished: bool) -> Applied {
        let step = STEPS.iter().find(|step| step.number == number).unwrap_or(&STEPS[0]);
        Applied { number, name: step.name.to_owned(), checksum: step.checksum(), is_finished }
    }

    fn ready(list: Vec<Applied>) -> Result<(), CqlError> {
        judge("plenum", STEPS, list)?.ready("plenum")
    }

    #[test]
    fn a_server_runs_only_on_exactly_its_own_schema() {
        assert!(ready(vec![applied(1, true), applied(2, true)]).is_ok());
        assert!(matches!(ready(vec![]), Err(CqlError::Missing { .. })));
        assert!(matches!(ready(vec![applied(1, true)]), Err(CqlError::Behind { applied: 1, needed: 2, .. })));
        assert!(matches!(
            ready(vec![applied(1, true), applied(2, false)]),
            Err(CqlError::Unfinished { number: 2, .. })
        ));
        assert!(matches!(ready(vec![applied(1, false)]), Err(CqlError::Unfinished { number: 1, .. })));
        let newer = vec![applied(1, true), applied(2, true), applied(3, true)];
        assert!(matches!(ready(newer), Err(CqlError::Newer { number: 3, .. })));
        let changed = Applied { checksum: "other".to_owned(), ..applied(1, true) };
        assert!(matches!(ready(vec![changed]), Err(CqlError::Changed { number: 1, .. })));
    }

    #[test]
    fn every_refusal_says_what_to_do() {
        for list in [vec![], vec![applied(1, true)], vec![applied(1, false)]] {
            let sentence = ready(list).unwrap_err().to_string();
            assert!(sentence.contains("run `plenum migrate`"), "{sentence}");
        }
    }
}
