//! Sending requests: the driver's session with our statements, and how results read.

use super::config::CqlConfig;
use super::error::{Fate, damaged, fate, reading};
use super::lanes::Lanes;
use super::metrics::CqlMetrics;
use super::session::Profiles;
use super::statements::{Shape, Statements};
use parking_lot::Mutex;
use plenum_actors::clock::SharedClock;
use plenum_actors::store::StoreError;
use plenum_schema::log::LogId;
use plenum_schema::table::Table;
use scylla::client::session::Session;
use scylla::deserialize::row::DeserializeRow;
use scylla::errors::ExecutionError;
use scylla::response::query_result::{QueryResult, QueryRowsResult};
use scylla::response::{PagingState, PagingStateResponse};
use scylla::serialize::batch::BatchValues;
use scylla::serialize::row::SerializeRow;
use scylla::statement::batch::{Batch, BatchType};
use scylla::value::Row;
use std::collections::HashMap;
use std::ops::ControlFlow;

/// What the tasks of an engine share.
pub(crate) struct Requests {
    pub(crate) config: CqlConfig,
    pub(crate) session: Session,
    pub(crate) statements: Statements,
    pub(crate) profiles: Profiles,
    pub(crate) metrics: CqlMetrics,
    pub(crate) clock: SharedClock,
    pub(crate) lanes: Lanes,
    /// Where the search for the end of a log begins; logs of one partition are not in it.
    pub(crate) buckets: Mutex<HashMap<LogId, u64>>,
}

/// What a conditional write answered.
#[derive(Debug)]
pub(crate) enum Answer {
    /// It was applied.
    Applied,
    /// Its condition did not hold.
    Refused,
    /// No clear answer.
    Uncertain(String),
    /// It was not carried out, and nothing before it in this call was uncertain.
    Failed(StoreError),
}

impl Requests {
    fn count(&self, shape: Shape) {
        self.metrics.requests.with_label_values(&[shape.manner().label()]).inc();
    }

    /// One request that can be repeated.
    pub(crate) async fn execute(
        &self,
        table: Option<&'static Table>,
        shape: Shape,
        values: impl SerializeRow,
    ) -> Result<QueryResult, StoreError> {
        let statement = self.statements.get(&self.session, table, shape).await?;
        self.count(shape);
        self.session.execute_unpaged(&statement, values).await.map_err(|error| reading(&error))
    }

    /// The rows of one request.
    pub(crate) async fn rows(
        &self,
        table: Option<&'static Table>,
        shape: Shape,
        values: impl SerializeRow,
    ) -> Result<QueryRowsResult, StoreError> {
        self.execute(table, shape, values).await?.into_rows_result().map_err(damaged)
    }

    /// The first row, if there is one.
    pub(crate) async fn first<T: for<'a> DeserializeRow<'a, 'a>>(
        &self,
        table: Option<&'static Table>,
        shape: Shape,
        values: impl SerializeRow,
    ) -> Result<Option<T>, StoreError> {
        self.rows(table, shape, values).await?.maybe_first_row().map_err(damaged)
    }

    /// Rows page by page until `each` says stop.
    pub(crate) async fn pages<T: for<'a> DeserializeRow<'a, 'a>>(
        &self,
        table: Option<&'static Table>,
        shape: Shape,
        values: impl SerializeRow + Sync,
        mut each: impl FnMut(T) -> Result<ControlFlow<()>, StoreError> + Send,
    ) -> Result<(), StoreError> {
        let statement = self.statements.get(&self.session, table, shape).await?;
        let mut state = PagingState::start();
        loop {
            self.count(shape);
            let page = self.session.execute_single_page(&statement, &values, state).await;
            let (result, next) = page.map_err(|error| reading(&error))?;
            let rows = result.into_rows_result().map_err(damaged)?;
            for row in rows.rows::<T>().map_err(damaged)? {
                if each(row.map_err(damaged)?)?.is_break() {
                    return Ok(());
                }
            }
            match next {
                PagingStateResponse::HasMorePages { state: next } => state = next,
                PagingStateResponse::NoMorePages => return Ok(()),
            }
        }
    }

    /// One attempt of a conditional write.
    pub(crate) async fn conditional(&self, table: &'static Table, shape: Shape, values: impl SerializeRow) -> Answer {
        let statement = match self.statements.get(&self.session, Some(table), shape).await {
            Ok(statement) => statement,
            Err(error) => return Answer::Failed(error),
        };
        self.count(shape);
        self.answer(self.session.execute_unpaged(&statement, values).await)
    }

    /// One attempt of a conditional batch in one partition.
    pub(crate) async fn conditional_batch(
        &self,
        table: Option<&'static Table>,
        shapes: &[Shape],
        values: impl BatchValues,
    ) -> Answer {
        // Unlogged: all of it is one partition, and the agreement makes it atomic.
        let mut batch = Batch::new(BatchType::Unlogged);
        for shape in shapes {
            match self.statements.get(&self.session, table, *shape).await {
                Ok(statement) => batch.append_statement(statement),
                Err(error) => return Answer::Failed(error),
            }
        }
        batch.set_is_idempotent(false);
        batch.set_execution_profile_handle(Some(self.profiles.conditional.clone()));
        self.metrics.requests.with_label_values(&["conditional"]).inc();
        self.answer(self.session.batch(&batch, values).await)
    }

    fn answer(&self, result: Result<QueryResult, ExecutionError>) -> Answer {
        let error = match result.map(is_applied) {
            Ok(Ok(true)) => return Answer::Applied,
            Ok(Ok(false)) => {
                self.metrics.conflicts.inc();
                return Answer::Refused;
            }
            // The server answered, but not in a way that we can read: what it did is open.
            Ok(Err(error)) => error.to_string(),
            Err(error) => match fate(&error) {
                Fate::Refused => return Answer::Failed(StoreError::Invalid(error.to_string())),
                Fate::NotDone => return Answer::Failed(StoreError::Unavailable(error.to_string())),
                Fate::Uncertain => error.to_string(),
            },
        };
        self.metrics.uncertain.inc();
        tracing::debug!(error, "a conditional write has no clear answer");
        Answer::Uncertain(error)
    }

    /// Prepares what every call uses, so that the first ones are not slower.
    pub(crate) async fn prepare_all(&self, tables: &[&'static Table]) -> Result<(), StoreError> {
        use futures_util::future::try_join_all;
        let rows =
            [Shape::Get, Shape::GetSerial, Shape::InsertIfAbsent, Shape::Guard, Shape::Put, Shape::DeleteIfPresent];
        let logs = [
            Shape::Open,
            Shape::Append,
            Shape::AppendDigest,
            Shape::AppendEntry,
            Shape::BucketHead,
            Shape::BucketHeadSerial,
            Shape::EntrySerial,
            Shape::ReadForward,
            Shape::ReadBackward,
            Shape::LogRow,
            Shape::FindId,
            Shape::LoadSnapshot,
        ];
        let of_rows = tables.iter().flat_map(|table| rows.iter().map(move |shape| (Some(*table), *shape)));
        let all = of_rows.chain(logs.iter().map(|shape| (None, *shape)));
        try_join_all(all.map(|(table, shape)| self.statements.get(&self.session, table, shape))).await.map(drop)
    }
}

/// `[applied]`, whatever other columns come with it: servers differ in these.
fn is_applied(result: QueryResult) -> Result<bool, StoreError> {
    let rows = result.into_rows_result().map_err(damaged)?;
    let place = rows.column_specs().iter().position(|column| column.name() == "[applied]");
    let place = place.ok_or_else(|| damaged("a conditional write answered without [applied]"))?;
    let row: Row = rows.first_row().map_err(damaged)?;
    let cell = row.columns.get(place).and_then(Option::as_ref);
    cell.and_then(scylla::value::CqlValue::as_boolean).ok_or_else(|| damaged("[applied] is no boolean"))
}

/// The same for statements outside the cache.
pub(crate) fn applied(result: QueryResult) -> Result<bool, StoreError> {
    is_applied(result)
}
