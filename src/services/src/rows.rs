//! Rows of entities: the store's operations with types, and its failures as refusals.

use crate::unavailable::{damaged, unavailable};
use plenum_actors::store::{Conditional, Direction, Mutation, SharedStore};
use plenum_schema::table::{Entity, Key, Row, Value};
use plenum_schema::{Refusal, RefusalCode};

/// How often a lost race is run again.
pub(crate) const ATTEMPTS: usize = 8;

/// A store, as services with rows of their own use it.
#[derive(Clone)]
pub(crate) struct Rows(pub SharedStore);

/// Reads a row.
pub(crate) fn read<E: Entity>(row: Row) -> Result<E, Refusal> {
    E::from_row(row).map_err(|error| damaged(&error))
}

/// The answer to whoever loses every race.
pub(crate) fn contended() -> Refusal {
    Refusal::new(RefusalCode::Busy, "somebody else changes the same thing right now").retry_after(200)
}

impl Rows {
    /// The row with this full key.
    pub async fn get<E: Entity>(&self, key: Key) -> Result<Option<E>, Refusal> {
        self.0.get(E::TABLE, key).await.map_err(unavailable)?.map(read).transpose()
    }

    /// Writes a row where there is none; gives back what stands there otherwise.
    pub async fn insert<E: Entity>(&self, row: &E) -> Result<Result<(), Option<E>>, Refusal> {
        outcome(self.0.insert(E::TABLE, row.to_row()).await.map_err(unavailable)?)
    }

    /// Replaces a row whose `version` is still `expected`; gives back what stands there otherwise.
    pub async fn swap<E: Entity>(&self, row: &E, expected: i64) -> Result<Result<(), Option<E>>, Refusal> {
        let missing = || Refusal::new(RefusalCode::Internal, "the table has no version");
        let column = E::TABLE.column("version").ok_or_else(missing)?;
        let answer = self.0.replace(E::TABLE, row.to_row(), column, Value::Int(expected)).await;
        outcome(answer.map_err(unavailable)?)
    }

    /// Writes a row, whatever stands there.
    pub async fn put<E: Entity>(&self, row: &E) -> Result<(), Refusal> {
        self.0.write(E::TABLE, vec![Mutation::Put(row.to_row())]).await.map_err(unavailable)
    }

    /// Removes rows of one partition by their full keys.
    pub async fn delete<E: Entity>(&self, keys: Vec<Key>) -> Result<(), Refusal> {
        if keys.is_empty() {
            return Ok(());
        }
        let mutations = keys.into_iter().map(Mutation::Delete).collect();
        self.0.write(E::TABLE, mutations).await.map_err(unavailable)
    }

    /// Rows of one partition, at most `limit` (1 to 1,000) beyond `after`.
    pub async fn scan<E: Entity>(
        &self,
        partition: Key,
        after: Option<Key>,
        direction: Direction,
        limit: usize,
    ) -> Result<Vec<E>, Refusal> {
        let rows = self.0.scan(E::TABLE, partition, after, direction, limit).await.map_err(unavailable)?;
        rows.into_iter().map(read).collect()
    }

    /// Rows of the whole table, at most `limit` (1 to 1,000) beyond the full key `after`.
    pub async fn sweep<E: Entity>(&self, after: Option<Key>, limit: usize) -> Result<Vec<E>, Refusal> {
        let rows = self.0.sweep(E::TABLE, after, limit).await.map_err(unavailable)?;
        rows.into_iter().map(read).collect()
    }
}

fn outcome<E: Entity>(answer: Conditional) -> Result<Result<(), Option<E>>, Refusal> {
    Ok(match answer {
        Conditional::Applied => Ok(()),
        Conditional::Refused(stands) => Err(stands.map(read).transpose()?),
    })
}
