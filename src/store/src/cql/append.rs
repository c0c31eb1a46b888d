//! Appending to a log: one conditional batch in one partition, and what to do when its answer is lost.
//!
//! Bucket `b` takes the appends whose expected head lies in `b · N` to `(b + 1) · N - 1` (`N` = [`BUCKET_ENTRIES`]), whole. Its
//! static `head` starts as nothing and only grows. So:
//! - An append on head `h` may only succeed in bucket `h / N`, under the condition `head = h` there.
//! - When the head of a bucket has reached the next bucket's range, no append can succeed in it any more: it is *sealed*, for ever, and its
//!   head is where the next bucket begins.
//! - A bucket is opened by its first append (which takes the digest along when it has none of its own), under the condition `head = null`. Whoever does that has read, at serial
//!   consistency, that the bucket before is sealed at exactly the head it expects. That cannot change, so two who open a bucket at the
//!   same time expect the same head, and one of them is refused.

use super::reading::{BucketHead, End};
use super::requests::{Answer, Requests};
use super::statements::Shape;
use bytes::Bytes;
use plenum_actors::store::{Appended, Entry, StoreError};
use plenum_schema::cql::BUCKET_ENTRIES;
use plenum_schema::log::{LogId, Offset};
use scylla::serialize::SerializationError;
use scylla::serialize::row::{RowSerializationContext, SerializeRow};
use scylla::serialize::writers::RowWriter;
use uuid::Uuid;

/// One append on its way.
pub(crate) struct Append<'a> {
    pub(crate) log: LogId,
    pub(crate) expected: Offset,
    pub(crate) entries: &'a [Entry],
    /// The new summary; without one the old stays.
    pub(crate) digest: Option<&'a Bytes>,
}

/// The summary that a new bucket takes along, and the offset it is of.
type Carried = (Bytes, Offset);

/// What stands in the log, as far as an append whose answer is unclear must know.
enum Standing {
    /// All its entries are there.
    Ours,
    /// It can never be applied: the head went elsewhere.
    Elsewhere(Offset),
    /// The head is the expected one: not applied so far. When the bucket must be opened: with what.
    Pending(Option<Carried>),
}

/// The bucket that an append on this head goes to.
pub(crate) fn bucket_of(expected: Offset) -> u64 {
    expected / BUCKET_ENTRIES
}

/// Offsets as `bigint`: they stay far below its limit.
pub(crate) fn int(offset: u64) -> i64 {
    i64::try_from(offset).unwrap_or(i64::MAX)
}

/// Back. A negative one is damage.
pub(crate) fn offset(value: i64) -> Result<Offset, StoreError> {
    u64::try_from(value).map_err(|_| StoreError::Damaged(format!("an offset is {value}")))
}

/// The kind of a log as `tinyint`, whose bits are the code's.
pub(crate) fn kind(log: LogId) -> i8 {
    i8::from_be_bytes([log.kind.code()])
}

/// Values of one statement of the batch.
enum Line<'a> {
    Open(i64, &'a [u8], i64, i8, Uuid, i64),
    Head(i64, i8, Uuid, i64, i64),
    Digest(i64, &'a [u8], i64, i8, Uuid, i64, i64),
    Entry(i8, Uuid, i64, i64, Uuid, &'a [u8]),
}

impl SerializeRow for Line<'_> {
    fn serialize(
        &self,
        ctx: &RowSerializationContext<'_>,
        writer: &mut RowWriter<'_>,
    ) -> Result<(), SerializationError> {
        match *self {
            Self::Open(head, digest, at, kind, id, bucket) => {
                (head, digest, at, kind, id, bucket).serialize(ctx, writer)
            }
            Self::Head(head, kind, id, bucket, expected) => (head, kind, id, bucket, expected).serialize(ctx, writer),
            Self::Digest(head, digest, at, kind, id, bucket, expected) => {
                (head, digest, at, kind, id, bucket, expected).serialize(ctx, writer)
            }
            Self::Entry(kind, id, bucket, offset, entry, payload) => {
                (kind, id, bucket, offset, entry, payload).serialize(ctx, writer)
            }
        }
    }

    fn is_empty(&self) -> bool {
        false
    }
}

impl Append<'_> {
    fn bucket(&self) -> u64 {
        bucket_of(self.expected)
    }

    fn last(&self) -> Offset {
        self.expected + self.entries.len() as u64
    }

    fn lines<'a>(&'a self, opening: Option<&'a Carried>) -> (Vec<Shape>, Vec<Line<'a>>) {
        let (kind, id, bucket) = (kind(self.log), self.log.id, int(self.bucket()));
        let (head, expected) = (int(self.last()), int(self.expected));
        let mut shapes = Vec::with_capacity(self.entries.len() + 1);
        let mut lines = Vec::with_capacity(self.entries.len() + 1);
        let (shape, line) = match (opening, self.digest) {
            (Some(_), Some(digest)) => (Shape::Open, Line::Open(head, digest, head, kind, id, bucket)),
            (Some((carried, at)), None) => (Shape::Open, Line::Open(head, carried, int(*at), kind, id, bucket)),
            (None, Some(digest)) => (Shape::AppendDigest, Line::Digest(head, digest, head, kind, id, bucket, expected)),
            (None, None) => (Shape::Append, Line::Head(head, kind, id, bucket, expected)),
        };
        shapes.push(shape);
        lines.push(line);
        for (offset, entry) in (self.expected + 1..).zip(self.entries) {
            shapes.push(Shape::AppendEntry);
            lines.push(Line::Entry(kind, id, bucket, int(offset), entry.id.0, &entry.payload));
        }
        (shapes, lines)
    }
}

impl Requests {
    /// See `Store::append`.
    pub(crate) async fn append(&self, append: &Append<'_>) -> Result<Appended, StoreError> {
        let _lane = self.lanes.enter(append.log).await;
        let mut opening = (append.expected == 0).then(|| (Bytes::new(), 0));
        let mut uncertain = false;
        for _ in 0..self.config.conditional_attempts {
            let (shapes, lines) = append.lines(opening.as_ref());
            match self.conditional_batch(None, &shapes, &lines).await {
                Answer::Applied => return Ok(self.appended(append)),
                Answer::Failed(error) if uncertain => return Ok(given_up(append, &error.to_string())),
                Answer::Failed(error) => return Err(error),
                Answer::Refused => {}
                Answer::Uncertain(_) => uncertain = true,
            }
            match self.standing(append).await {
                Ok(Standing::Ours) => {
                    self.metrics.settled.inc();
                    return Ok(self.appended(append));
                }
                Ok(Standing::Elsewhere(head)) => return Ok(Appended::Conflict(head)),
                Ok(Standing::Pending(carried)) => opening = carried,
                // The same append again is safe: its condition holds once.
                Err(error) => tracing::debug!(log = %append.log, %error, "the log does not say what stands there"),
            }
        }
        if uncertain {
            return Ok(given_up(append, "too many attempts"));
        }
        Err(StoreError::Unavailable(format!("an append to {} found no turn", append.log)))
    }

    fn appended(&self, append: &Append<'_>) -> Appended {
        self.metrics.entries.inc_by(append.entries.len() as u64);
        Appended::Done(append.last())
    }

    /// Reads at serial consistency what became of it. That also completes what others have agreed on but not told everybody.
    async fn standing(&self, append: &Append<'_>) -> Result<Standing, StoreError> {
        let bucket = append.bucket();
        match self.bucket_head(append.log, bucket, true).await? {
            Some(BucketHead { head, .. }) if head == append.expected => Ok(Standing::Pending(None)),
            Some(BucketHead { head, .. }) if head > append.expected => self.passed(append, head).await,
            Some(BucketHead { head, .. }) => Ok(Standing::Elsewhere(head)),
            None if append.expected == 0 => Ok(Standing::Pending(Some((Bytes::new(), 0)))),
            None => self.unopened(append).await,
        }
    }

    /// The bucket's head is beyond what was expected: by us, or by others.
    async fn passed(&self, append: &Append<'_>, head: Offset) -> Result<Standing, StoreError> {
        let place = (kind(append.log), append.log.id, int(append.bucket()), int(append.expected + 1));
        let entry: Option<(Uuid,)> = self.first(None, Shape::EntrySerial, place).await?;
        let ours = append.entries.first().map(|entry| entry.id.0);
        // The first entry alone says nothing: a command that two nodes carry out has one id, and each may have put others behind it.
        let begins_alike = head >= append.last() && entry.is_some() && entry.map(|(id,)| id) == ours;
        if begins_alike && self.holds(append.log, append.expected, append.entries).await? {
            return Ok(Standing::Ours);
        }
        if bucket_of(head) == append.bucket() {
            return Ok(Standing::Elsewhere(head));
        }
        Ok(Standing::Elsewhere(self.end(append.log).await?.head.max(head)))
    }

    /// Nobody has opened the bucket: is it our turn?
    async fn unopened(&self, append: &Append<'_>) -> Result<Standing, StoreError> {
        let before = append.bucket().checked_sub(1);
        let sealed = match before {
            Some(before) => self.bucket_head(append.log, before, true).await?,
            None => None,
        };
        match sealed {
            Some(sealed) if sealed.head == append.expected => {
                Ok(Standing::Pending(Some((sealed.digest, sealed.digest_at))))
            }
            Some(sealed) => Ok(Standing::Elsewhere(sealed.head)),
            None => {
                let End { head, .. } = self.end(append.log).await?;
                Ok(Standing::Elsewhere(head))
            }
        }
    }
}

fn given_up(append: &Append<'_>, reason: &str) -> Appended {
    tracing::warn!(log = %append.log, expected = append.expected, reason, "the outcome of an append is unknown");
    Appended::Unknown
}
