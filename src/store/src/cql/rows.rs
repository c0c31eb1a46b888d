//! Rows. Every write is agreed on (a lightweight transaction), so that all writes of a row have one order, whatever the clocks
//! of the nodes say: a delete by plain timestamp could lose against an earlier conditional write, and the reverse.
//!
//! Each write leaves its own id in the row. A writer that got no clear answer reads the row at serial consistency and finds its id, or not.

use super::check;
use super::requests::{Answer, Requests};
use super::statements::Shape;
use super::value::{Bound, ReadRow, read_row};
use plenum_actors::store::{Conditional, Direction, Mutation, StoreError};
use plenum_schema::table::{Row, Table, Value};
use scylla::value::Row as CqlRow;
use std::ops::ControlFlow;
use uuid::Uuid;

fn bound(values: &[Value]) -> Vec<Bound<'_>> {
    values.iter().map(Bound::Value).collect()
}

fn limited(values: &[Value], limit: usize) -> Vec<Bound<'_>> {
    let mut bound = bound(values);
    bound.push(Bound::Limit(i32::try_from(limit).unwrap_or(i32::MAX)));
    bound
}

fn key_of<'a>(table: &Table, row: &'a [Value]) -> &'a [Value] {
    row.get(..table.key_len()).unwrap_or_default()
}

/// The values of an insert.
fn inserted<'a>(row: &'a [Value], id: Uuid) -> Vec<Bound<'a>> {
    row.iter().map(Bound::New).chain([Bound::Id(id), Bound::Id(id)]).collect()
}

/// The values of an update, without its condition.
fn updated<'a>(table: &Table, row: &'a [Value], id: Uuid) -> Vec<Bound<'a>> {
    let rest = row.get(table.key_len()..).unwrap_or_default();
    std::iter::once(Bound::Id(id)).chain(rest.iter().chain(key_of(table, row)).map(Bound::Value)).collect()
}

fn unknown(reason: &str) -> StoreError {
    StoreError::Unknown(reason.to_owned())
}

fn no_turn() -> StoreError {
    StoreError::Unavailable("a row is written by many at once, and this write found no turn".to_owned())
}

impl Requests {
    /// A row, or what stands there by agreement.
    async fn row(&self, table: &'static Table, key: &[Value], shape: Shape) -> Result<Option<ReadRow>, StoreError> {
        let row: Option<CqlRow> = self.first(Some(table), shape, bound(key)).await?;
        row.map(|row| read_row(table, row)).transpose()
    }

    /// See `Store::get`.
    pub(crate) async fn get_row(&self, table: &'static Table, key: &[Value]) -> Result<Option<Row>, StoreError> {
        Ok(self.row(table, key, Shape::Get).await?.map(|read| read.row))
    }

    async fn list(
        &self,
        table: &'static Table,
        shape: Shape,
        values: &[Value],
        limit: usize,
    ) -> Result<Vec<Row>, StoreError> {
        let mut rows = Vec::new();
        let each = |row: CqlRow| {
            rows.push(read_row(table, row)?.row);
            Ok(if rows.len() >= limit { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        };
        self.pages(Some(table), shape, limited(values, limit), each).await?;
        Ok(rows)
    }

    /// See `Store::scan`.
    pub(crate) async fn scan_rows(
        &self,
        table: &'static Table,
        partition: &[Value],
        after: &[Value],
        direction: Direction,
        limit: usize,
    ) -> Result<Vec<Row>, StoreError> {
        let shape = Shape::Scan(after.len(), direction == Direction::Backward);
        self.list(table, shape, &[partition, after].concat(), limit).await
    }

    /// See `Store::sweep`: what is left of the partition of `after`, then the partitions behind it in the cluster's order.
    pub(crate) async fn sweep_rows(
        &self,
        table: &'static Table,
        after: Option<&[Value]>,
        limit: usize,
    ) -> Result<Vec<Row>, StoreError> {
        let Some(after) = after else { return self.list(table, Shape::SweepStart, &[], limit).await };
        let mut rows = Vec::new();
        if table.clustering > 0 {
            rows = self.list(table, Shape::Scan(table.clustering, false), after, limit).await?;
        }
        if rows.len() < limit {
            let partition = check::partition_of(table, after);
            rows.extend(self.list(table, Shape::SweepAfter, partition, limit - rows.len()).await?);
        }
        Ok(rows)
    }

    /// See `Store::insert`.
    pub(crate) async fn insert_row(&self, table: &'static Table, row: &Row) -> Result<Conditional, StoreError> {
        let _lane = self.lanes.enter((table.name, check::partition_of(table, row))).await;
        self.insert_in_lane(table, row).await
    }

    async fn insert_in_lane(&self, table: &'static Table, row: &Row) -> Result<Conditional, StoreError> {
        let id = self.clock.new_id();
        let mut uncertain = None;
        for _ in 0..self.config.conditional_attempts {
            match self.conditional(table, Shape::InsertIfAbsent, inserted(row, id)).await {
                Answer::Applied => return Ok(Conditional::Applied),
                Answer::Failed(error) => return Err(uncertain.map_or(error, |reason: String| unknown(&reason))),
                Answer::Refused => {}
                Answer::Uncertain(reason) => uncertain = Some(reason),
            }
            // When even that is not told, the same write again is safe: its id tells it apart.
            let Ok(stands) = self.row(table, key_of(table, row), Shape::GetSerial).await else { continue };
            match stands {
                Some(stands) if stands.inserted == Some(id) => return Ok(self.settled()),
                Some(stands) => return Ok(Conditional::Refused(Some(stands.row))),
                // It was not applied so far, or somebody has removed what refused it.
                None => {}
            }
        }
        Err(uncertain.map_or_else(no_turn, |reason| unknown(&reason)))
    }

    fn settle(&self) -> Result<(), StoreError> {
        self.metrics.settled.inc();
        Ok(())
    }

    fn settled(&self) -> Conditional {
        self.metrics.settled.inc();
        Conditional::Applied
    }

    /// See `Store::replace`.
    pub(crate) async fn replace_row(
        &self,
        table: &'static Table,
        row: &Row,
        column: usize,
        expected: &Value,
    ) -> Result<Conditional, StoreError> {
        let _lane = self.lanes.enter((table.name, check::partition_of(table, row))).await;
        let is_key = column < table.key_len();
        if is_key && row.get(column) != Some(expected) {
            let stands = self.row(table, key_of(table, row), Shape::GetSerial).await?;
            return Ok(Conditional::Refused(stands.map(|stands| stands.row)));
        }
        let shape = if is_key { Shape::ReplaceIfPresent } else { Shape::Replace(column) };
        self.replace_in_lane(table, row, shape, (column, expected)).await
    }

    async fn replace_in_lane(
        &self,
        table: &'static Table,
        row: &Row,
        shape: Shape,
        (column, expected): (usize, &Value),
    ) -> Result<Conditional, StoreError> {
        let id = self.clock.new_id();
        let mut values = updated(table, row, id);
        if matches!(shape, Shape::Replace(_)) {
            values.push(Bound::Value(expected));
        }
        let mut uncertain = None;
        for _ in 0..self.config.conditional_attempts {
            match self.conditional(table, shape, &values).await {
                Answer::Applied => return Ok(Conditional::Applied),
                Answer::Failed(error) => return Err(uncertain.map_or(error, |reason: String| unknown(&reason))),
                Answer::Refused => {}
                Answer::Uncertain(reason) => uncertain = Some(reason),
            }
            let Ok(stands) = self.row(table, key_of(table, row), Shape::GetSerial).await else { continue };
            match (stands, &uncertain) {
                (Some(stands), _) if stands.written == Some(id) => return Ok(self.settled()),
                // The condition holds (again): not applied so far.
                (Some(stands), _) if stands.row.get(column) == Some(expected) => {}
                (stands, None) => return Ok(Conditional::Refused(stands.map(|stands| stands.row))),
                // Somebody else's row: before ours could be applied, or after it was. Nobody can tell.
                (_, Some(reason)) => return Err(unknown(reason)),
            }
        }
        Err(uncertain.map_or_else(no_turn, |reason| unknown(&reason)))
    }

    /// See `Store::write`.
    pub(crate) async fn write_rows(
        &self,
        table: &'static Table,
        mutations: &[Mutation],
        bytes: usize,
    ) -> Result<(), StoreError> {
        let Some(first) = mutations.first() else { return Ok(()) };
        let values = match first {
            Mutation::Put(values) | Mutation::Delete(values) => values,
        };
        let _lane = self.lanes.enter((table.name, check::partition_of(table, values))).await;
        let fits = bytes <= self.config.max_batch_bytes;
        match mutations {
            [Mutation::Delete(key)] => self.delete_row(table, key).await,
            [Mutation::Put(row)] if !fits => self.put_large(table, row).await,
            _ if !fits => Err(crate::limits::invalid(format!(
                "a write of several rows of table {} has {bytes} bytes; {} are allowed",
                table.name, self.config.max_batch_bytes
            ))),
            _ => self.write_batch(table, values, mutations).await,
        }
    }

    async fn delete_row(&self, table: &'static Table, key: &[Value]) -> Result<(), StoreError> {
        match self.conditional(table, Shape::DeleteIfPresent, bound(key)).await {
            Answer::Applied | Answer::Refused => Ok(()),
            Answer::Failed(error) => Err(error),
            Answer::Uncertain(reason) => match self.row(table, key, Shape::GetSerial).await {
                Ok(None) => self.settle(),
                _ => Err(unknown(&reason)),
            },
        }
    }

    /// All changes behind one condition that always holds, in one batch.
    async fn write_batch(
        &self,
        table: &'static Table,
        first: &[Value],
        mutations: &[Mutation],
    ) -> Result<(), StoreError> {
        let id = self.clock.new_id();
        let mut shapes = vec![Shape::Guard];
        let mut values = vec![bound(key_of(table, first))];
        for mutation in mutations {
            let (shape, line) = match mutation {
                // Absent values are written as such: they replace what may stand there.
                Mutation::Put(row) => {
                    (Shape::Put, row.iter().map(Bound::Value).chain([Bound::Id(id), Bound::Id(id)]).collect())
                }
                Mutation::Delete(key) => (Shape::Delete, bound(key)),
            };
            shapes.push(shape);
            values.push(line);
        }
        match self.conditional_batch(Some(table), &shapes, &values).await {
            Answer::Applied => Ok(()),
            Answer::Refused => {
                Err(StoreError::Damaged(format!("the guard of a row of table {} was written", table.name)))
            }
            Answer::Failed(error) => Err(error),
            Answer::Uncertain(reason) => self.look_for(table, mutations, id, &reason).await,
        }
    }

    /// Whether a batch without an answer was applied: one of its rows tells for all.
    async fn look_for(
        &self,
        table: &'static Table,
        mutations: &[Mutation],
        id: Uuid,
        reason: &str,
    ) -> Result<(), StoreError> {
        let put = mutations.iter().find_map(|mutation| match mutation {
            Mutation::Put(row) => Some(row),
            Mutation::Delete(_) => None,
        });
        let Some(row) = put else { return Err(unknown(reason)) };
        match self.row(table, key_of(table, row), Shape::GetSerial).await {
            Ok(Some(stands)) if stands.inserted == Some(id) => self.settle(),
            _ => Err(unknown(reason)),
        }
    }

    /// A row that is too large for a batch: made if it is absent, replaced if it is there, until one of the two applies.
    async fn put_large(&self, table: &'static Table, row: &Row) -> Result<(), StoreError> {
        for _ in 0..self.config.conditional_attempts {
            if self.insert_in_lane(table, row).await? == Conditional::Applied {
                return Ok(());
            }
            let condition = (0, row.first().unwrap_or(&Value::Null));
            if self.replace_in_lane(table, row, Shape::ReplaceIfPresent, condition).await? == Conditional::Applied {
                return Ok(());
            }
        }
        Err(StoreError::Unavailable(format!("a row of table {} comes and goes", table.name)))
    }
}
