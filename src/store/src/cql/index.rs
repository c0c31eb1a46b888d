//! Where ids stand, snapshots, retention, and which logs there are.
//!
//! Rows here are written without agreement but with timestamps that are their own order (an offset), so that the largest stands
//! whoever writes last, whatever the clocks say.

use super::append::{int, kind, offset};
use super::error::damaged;
use super::reading::End;
use super::requests::Requests;
use super::statements::Shape;
use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use plenum_actors::store::{Direction, Snapshot, StoreError, StoredEntry};
use plenum_schema::EntryId;
use plenum_schema::cql::{BUCKET_ENTRIES, MAX_BATCH_ENTRIES};
use plenum_schema::log::{AggregateKind, LogId, Offset};
use std::ops::ControlFlow;
use uuid::Uuid;

/// Entries read for the index with one call.
const INDEX_PAGE: usize = 512;
/// Bytes read for the index with one call.
const INDEX_BYTES: usize = 1 << 20;

impl Requests {
    /// See `Store::find`.
    pub(crate) async fn find(&self, log: LogId, ids: &[EntryId]) -> Result<Vec<Option<Offset>>, StoreError> {
        let one = |id: EntryId| async move {
            let row: Option<(Option<i64>,)> = self.first(None, Shape::FindId, (kind(log), log.id, id.0)).await?;
            row.and_then(|(at,)| at).map(offset).transpose()
        };
        stream::iter(ids.to_vec()).map(one).buffered(self.config.index_parallelism).try_collect().await
    }

    /// Writes the index for entries above `after`, up to `upto`. Ends at the end of the log.
    async fn index(&self, log: LogId, after: Offset, upto: Offset) -> Result<(), StoreError> {
        let mut after = after;
        while after < upto {
            let page = self.read(log, after, Direction::Forward, INDEX_PAGE, INDEX_BYTES).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = last.offset;
            let write = |entry: StoredEntry| async move {
                let values = (kind(log), log.id, entry.id.0, int(entry.offset));
                self.execute(None, Shape::SetId, values).await.map(drop)
            };
            let wanted = page.into_iter().filter(|entry| entry.offset <= upto);
            let writes = stream::iter(wanted).map(write).buffer_unordered(self.config.index_parallelism);
            writes.try_collect::<()>().await?;
        }
        Ok(())
    }

    /// Up to where ids are findable: the newest snapshot covers them.
    async fn indexed(&self, log: LogId) -> Result<Option<Offset>, StoreError> {
        let row: Option<(Option<i64>,)> = self.first(None, Shape::SnapshotOffset, (kind(log), log.id)).await?;
        row.and_then(|(at,)| at).map(offset).transpose()
    }

    /// See `Store::save_snapshot`: first the ids, then the snapshot that says they are there.
    pub(crate) async fn save_snapshot(&self, log: LogId, snapshot: &Snapshot) -> Result<(), StoreError> {
        let indexed = self.indexed(log).await?;
        if indexed.is_some_and(|indexed| indexed > snapshot.offset) {
            return Ok(());
        }
        self.index(log, indexed.unwrap_or(0), snapshot.offset).await?;
        let at = int(snapshot.offset);
        self.execute(None, Shape::SaveSnapshot, (at, at, &snapshot.state, kind(log), log.id)).await.map(drop)
    }

    /// See `Store::load_snapshot`.
    pub(crate) async fn load_snapshot(&self, log: LogId) -> Result<Option<Snapshot>, StoreError> {
        let row: Option<(Option<i64>, Option<Bytes>)> =
            self.first(None, Shape::LoadSnapshot, (kind(log), log.id)).await?;
        match row {
            Some((Some(at), state)) => Ok(Some(Snapshot { offset: offset(at)?, state: state.unwrap_or_default() })),
            _ => Ok(None),
        }
    }

    /// See `Store::trim`: ids first, then what readers are told, then the entries.
    pub(crate) async fn trim(&self, log: LogId, upto: Offset) -> Result<(), StoreError> {
        let End { head, first, .. } = self.end(log).await?;
        let upto = upto.min(head);
        if upto < first {
            return Ok(());
        }
        let indexed = self.indexed(log).await?.unwrap_or(0);
        self.index(log, indexed.max(first - 1), upto).await?;
        let oldest = int(upto + 1);
        self.execute(None, Shape::SetOldest, (oldest, oldest, kind(log), log.id)).await?;
        let from = (first.saturating_sub(1) / BUCKET_ENTRIES).saturating_sub(1);
        for bucket in from..=upto.saturating_sub(1) / BUCKET_ENTRIES {
            self.trim_bucket(log, bucket, upto).await?;
        }
        Ok(())
    }

    /// Removes entries with the time at which the last of them was written: exactly they are older, whatever our clock says.
    async fn trim_bucket(&self, log: LogId, bucket: u64, upto: Offset) -> Result<(), StoreError> {
        let upto = upto.min((bucket + 1) * BUCKET_ENTRIES + MAX_BATCH_ENTRIES);
        let place = (kind(log), log.id, int(bucket), int(upto));
        let row: Option<(Option<i64>,)> = self.first(None, Shape::WriteTime, place).await?;
        let Some((Some(written),)) = row else { return Ok(()) };
        let values = (written, kind(log), log.id, int(bucket), int(upto));
        self.execute(None, Shape::TrimBucket, values).await.map(drop)
    }

    /// See `Store::logs`. The order is the cluster's own.
    pub(crate) async fn logs(&self, after: Option<LogId>, limit: usize) -> Result<Vec<LogId>, StoreError> {
        let mut logs = Vec::new();
        let each = |(code, id, bucket): (i8, Uuid, i64)| {
            if bucket != 0 {
                return Ok(ControlFlow::Continue(()));
            }
            let kind = AggregateKind::from_code(code.to_be_bytes()[0]).ok_or_else(|| damaged("the kind of a log"))?;
            logs.push(LogId { kind, id });
            Ok(if logs.len() >= limit { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        };
        match after {
            Some(log) => self.pages(None, Shape::LogsAfter, (kind(log), log.id, 0_i64), each).await?,
            None => self.pages(None, Shape::Logs, (), each).await?,
        }
        Ok(logs)
    }
}
