//! Reading a log: where it ends, and its entries over its partitions.

use super::append::{bucket_of, int, kind, offset};
use super::requests::Requests;
use super::statements::Shape;
use bytes::Bytes;
use futures_util::future::try_join;
use plenum_actors::store::{Direction, Entry, Head, StoreError, StoredEntry};
use plenum_schema::EntryId;
use plenum_schema::cql::{BUCKET_ENTRIES, MAX_BATCH_ENTRIES};
use plenum_schema::log::{LogId, MAX_OFFSET, Offset};
use std::ops::ControlFlow;
use uuid::Uuid;

/// The most rows asked for at once: with entries of the largest size that is an answer of 10 MiB.
const MOST_ROWS: usize = 256;

/// What stands for a whole bucket.
#[derive(Clone, Debug, Default)]
pub(crate) struct BucketHead {
    pub(crate) head: Offset,
    pub(crate) digest: Bytes,
    /// The offset the digest is of.
    pub(crate) digest_at: Offset,
}

/// Where a log ends.
#[derive(Clone, Debug, Default)]
pub(crate) struct End {
    pub(crate) head: Offset,
    pub(crate) digest: Bytes,
    pub(crate) digest_at: Offset,
    /// The oldest offset left.
    pub(crate) first: Offset,
    /// The bucket of the head.
    pub(crate) bucket: u64,
}

/// What a read still wants.
struct Wanted {
    log: LogId,
    direction: Direction,
    limit: usize,
    max_bytes: usize,
    bytes: usize,
    is_closed: bool,
    found: Vec<StoredEntry>,
}

impl Wanted {
    fn new(log: LogId, direction: Direction, limit: usize, max_bytes: usize) -> Self {
        Self { log, direction, limit, max_bytes, bytes: 0, is_closed: false, found: Vec::new() }
    }

    fn restart(&mut self) {
        *self = Self::new(self.log, self.direction, self.limit, self.max_bytes);
    }

    fn take(&mut self, entry: StoredEntry) -> ControlFlow<()> {
        self.bytes = self.bytes.saturating_add(entry.payload.len());
        if self.bytes > self.max_bytes && !self.found.is_empty() {
            self.is_closed = true;
            return ControlFlow::Break(());
        }
        self.found.push(entry);
        if self.is_full() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn is_full(&self) -> bool {
        self.is_closed || self.found.len() >= self.limit || self.bytes >= self.max_bytes
    }

    /// Rows for one answer: few when few bytes are wanted.
    fn rows(&self) -> usize {
        let by_bytes = (self.max_bytes / 256).clamp(8, MOST_ROWS);
        self.limit.saturating_sub(self.found.len()).clamp(1, by_bytes)
    }
}

impl Requests {
    /// Head and digest of a bucket; `None` when nothing was ever appended in it.
    pub(crate) async fn bucket_head(
        &self,
        log: LogId,
        bucket: u64,
        is_serial: bool,
    ) -> Result<Option<BucketHead>, StoreError> {
        let shape = if is_serial { Shape::BucketHeadSerial } else { Shape::BucketHead };
        let row: Option<(Option<i64>, Option<Bytes>, Option<i64>)> =
            self.first(None, shape, (kind(log), log.id, int(bucket))).await?;
        let Some((Some(head), digest, at)) = row else { return Ok(None) };
        let (head, digest_at) = (offset(head)?, offset(at.unwrap_or(0))?);
        Ok(Some(BucketHead { head, digest: digest.unwrap_or_default(), digest_at }))
    }

    /// The row of a log: where the search for its end may begin, and the oldest offset that is left.
    pub(crate) async fn log_row(&self, log: LogId) -> Result<(u64, Offset), StoreError> {
        let row: Option<(Option<i64>, Option<i64>)> = self.first(None, Shape::LogRow, (kind(log), log.id)).await?;
        let (bucket, oldest) = row.unwrap_or_default();
        Ok((offset(bucket.unwrap_or(0))?, offset(oldest.unwrap_or(1))?.max(1)))
    }

    /// Finds the end of a log, from a bucket that is known to exist.
    pub(crate) async fn end(&self, log: LogId) -> Result<End, StoreError> {
        let known = self.buckets.lock().get(&log).copied().unwrap_or(0);
        let ((hint, first), at_known) = try_join(self.log_row(log), self.bucket_head(log, known, false)).await?;
        let mut bucket = hint.max(known);
        let mut head = if bucket == known { at_known } else { self.bucket_head(log, bucket, false).await? };
        // The hint is only a hint: should it point beyond the end, go back to what is there.
        while head.is_none() && bucket > 0 {
            bucket -= 1;
            head = self.bucket_head(log, bucket, false).await?;
        }
        let Some(mut last) = head else {
            return Ok(End { first, ..End::default() });
        };
        while bucket_of(last.head) > bucket {
            let Some(next) = self.bucket_head(log, bucket + 1, false).await? else { break };
            (bucket, last) = (bucket + 1, next);
        }
        self.remember(log, hint, bucket).await;
        let BucketHead { head, digest, digest_at } = last;
        Ok(End { head, digest, digest_at, first, bucket })
    }

    /// Keeps where the log ends, here and for the other nodes.
    async fn remember(&self, log: LogId, hint: u64, bucket: u64) {
        if bucket == 0 {
            return;
        }
        {
            let mut known = self.buckets.lock();
            if known.len() >= self.config.cached_buckets && !known.contains_key(&log) {
                known.clear();
            }
            known.insert(log, bucket);
        }
        if bucket > hint {
            let values = (int(bucket), int(bucket), kind(log), log.id);
            if let Err(error) = self.execute(None, Shape::SetBucket, values).await {
                tracing::debug!(%log, %error, "where a log ends was not noted; it is found again");
            }
        }
    }

    /// See `Store::head`.
    pub(crate) async fn head(&self, log: LogId) -> Result<Head, StoreError> {
        let end = self.end(log).await?;
        Ok(Head { offset: end.head, first: end.first, digest: end.digest, digest_at: end.digest_at })
    }

    /// Reads entries of one bucket beyond `from`; the bucket's head when rows told it.
    async fn bucket_entries(
        &self,
        wanted: &mut Wanted,
        bucket: u64,
        from: Offset,
        is_serial: bool,
    ) -> Result<Option<Offset>, StoreError> {
        let shape = match (wanted.direction, is_serial) {
            (Direction::Forward, false) => Shape::ReadForward,
            (Direction::Forward, true) => Shape::ReadForwardSerial,
            (Direction::Backward, false) => Shape::ReadBackward,
            (Direction::Backward, true) => Shape::ReadBackwardSerial,
        };
        let (mut from, mut head) = (from, None);
        loop {
            let rows = wanted.rows();
            let limit = i32::try_from(rows).unwrap_or(i32::MAX);
            let place = (kind(wanted.log), wanted.log.id, int(bucket), int(from.min(MAX_OFFSET + 1)), limit);
            let mut seen = 0;
            let page = self.rows(None, shape, place).await?;
            for row in page.rows::<(i64, Uuid, Option<Bytes>, Option<i64>)>().map_err(super::error::damaged)? {
                let (at, id, payload, its_head) = row.map_err(super::error::damaged)?;
                let at = offset(at)?;
                (seen, from, head) = (seen + 1, at, its_head);
                let entry = StoredEntry { offset: at, id: EntryId(id), payload: payload.unwrap_or_default() };
                if wanted.take(entry).is_break() {
                    return head.map(offset).transpose();
                }
            }
            if seen < rows {
                return head.map(offset).transpose();
            }
        }
    }

    /// Whether exactly these entries stand behind an offset, in its bucket, at serial consistency.
    pub(crate) async fn holds(&self, log: LogId, after: Offset, entries: &[Entry]) -> Result<bool, StoreError> {
        let mut wanted = Wanted::new(log, Direction::Forward, entries.len(), usize::MAX);
        self.bucket_entries(&mut wanted, bucket_of(after), after, true).await?;
        let is_one = |((offset, ours), stored): ((Offset, &Entry), &StoredEntry)| {
            stored.offset == offset && stored.id == ours.id && stored.payload == ours.payload
        };
        Ok(wanted.found.len() == entries.len() && (after + 1..).zip(entries).zip(&wanted.found).all(is_one))
    }

    /// See `Store::read`.
    pub(crate) async fn read(
        &self,
        log: LogId,
        after: Offset,
        direction: Direction,
        limit: usize,
        max_bytes: usize,
    ) -> Result<Vec<StoredEntry>, StoreError> {
        let mut wanted = Wanted::new(log, direction, limit, max_bytes);
        for is_serial in [false, true] {
            match direction {
                Direction::Forward => self.forward(&mut wanted, after, is_serial).await?,
                Direction::Backward => self.backward(&mut wanted, after, is_serial).await?,
            }
            if !self.has_hole(&wanted, after).await? {
                return Ok(wanted.found);
            }
            // The copies that answered lack what was committed: at serial consistency a majority of all copies answers.
            self.metrics.repaired_reads.inc();
            wanted.restart();
        }
        Err(StoreError::Unavailable(format!(
            "copies of {log} lack entries beyond {after}: the keyspace needs a repair"
        )))
    }

    /// Whether entries are missing among those that were found, or before the first of them.
    async fn has_hole(&self, wanted: &Wanted, after: Offset) -> Result<bool, StoreError> {
        let offsets = wanted.found.iter().map(|entry| entry.offset);
        let mut pairs = offsets.clone().zip(offsets.skip(1));
        if pairs.any(|(one, next)| one.abs_diff(next) != 1) {
            return Ok(true);
        }
        match (wanted.direction, wanted.found.first()) {
            (Direction::Forward, Some(first)) if first.offset > after + 1 => {
                // What retention has removed is no hole.
                let (_, oldest) = self.log_row(wanted.log).await?;
                Ok(first.offset > oldest.max(after + 1))
            }
            _ => Ok(false),
        }
    }

    async fn forward(&self, wanted: &mut Wanted, after: Offset, is_serial: bool) -> Result<(), StoreError> {
        if after >= MAX_OFFSET {
            return Ok(());
        }
        let mut after = after;
        let mut bucket = bucket_of(after);
        if bucket > 0 && after % BUCKET_ENTRIES < MAX_BATCH_ENTRIES {
            // The append that crossed into this range stands in the bucket before, whole.
            bucket -= 1;
        }
        let mut has_looked = false;
        loop {
            let told = self.bucket_entries(wanted, bucket, after, is_serial).await?;
            if wanted.is_full() {
                return Ok(());
            }
            let head = match told {
                Some(head) => Some(head),
                None => self.bucket_head(wanted.log, bucket, false).await?.map(|bucket| bucket.head),
            };
            let Some(head) = head else { return Ok(()) };
            let reached = wanted.found.last().map_or(after, |entry| entry.offset);
            if head > reached && wanted.found.is_empty() && !has_looked {
                // Nothing here although the bucket had entries: has retention removed them?
                has_looked = true;
                let (_, oldest) = self.log_row(wanted.log).await?;
                if oldest > after + 1 {
                    after = oldest - 1;
                    bucket = bucket.max(bucket_of(after).saturating_sub(1));
                    continue;
                }
            }
            if head > reached {
                // Part of a commit that has not reached everybody: agree on it, then read again.
                self.metrics.repaired_reads.inc();
                self.bucket_entries(wanted, bucket, reached, true).await?;
            }
            if wanted.is_full() || bucket_of(head) <= bucket {
                return Ok(());
            }
            after = wanted.found.last().map_or(after, |entry| entry.offset).max(after);
            bucket += 1;
        }
    }

    async fn backward(&self, wanted: &mut Wanted, before: Offset, is_serial: bool) -> Result<(), StoreError> {
        if before <= 1 {
            return Ok(());
        }
        let mut from = before;
        let mut bucket = bucket_of(before.saturating_sub(2));
        if before > MAX_OFFSET {
            let end = self.end(wanted.log).await?;
            (bucket, from) = (end.bucket, end.head + 1);
            self.bucket_entries(wanted, bucket, from, is_serial).await?;
            let newest = wanted.found.first().map_or(0, |entry| entry.offset);
            if newest < end.head && end.first <= end.head {
                self.metrics.repaired_reads.inc();
                wanted.restart();
                self.bucket_entries(wanted, bucket, from, true).await?;
            }
        } else if self.bucket_entries(wanted, bucket, from, is_serial).await?.is_none() {
            // Perhaps beyond the end.
            bucket = bucket.min(self.end(wanted.log).await?.bucket + 1);
        }
        let mut oldest = None;
        while !wanted.is_full() && bucket > 0 {
            bucket -= 1;
            from = wanted.found.last().map_or(from, |entry| entry.offset);
            if self.bucket_entries(wanted, bucket, from, is_serial).await?.is_none() {
                let first = match oldest {
                    Some(first) => first,
                    None => self.log_row(wanted.log).await?.1,
                };
                oldest = Some(first);
                if first > bucket * BUCKET_ENTRIES + MAX_BATCH_ENTRIES {
                    return Ok(());
                }
            }
        }
        Ok(())
    }
}
