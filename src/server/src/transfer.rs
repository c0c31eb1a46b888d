//! Copies everything from one store to another, whatever the engines: logs with their offsets and ids, snapshots, rows.
//!
//! It can be repeated: what has arrived is not written again, so a copy that was interrupted goes on where it stopped. Nobody else may
//! write to either store meanwhile: [`Frozen`] lets a node go on reading. [`verify`] compares both afterwards, everything with
//! everything.

mod frozen;

pub use frozen::Frozen;

use futures_util::{StreamExt, TryStreamExt, stream};
use plenum_actors::store::{
    Appended, Conditional, Direction, Entry, Head, MAX_APPEND_BYTES, MAX_APPEND_ENTRIES, SharedStore, StoreError,
    StoredEntry,
};
use plenum_schema::entities::TABLES;
use plenum_schema::id::derived;
use plenum_schema::table::{Row, Table};
use plenum_schema::{EntryId, LogId, Offset};
use sha2::{Digest, Sha256};
use std::fmt;

/// Logs, or rows, asked for at once.
const PAGE: usize = 500;
/// Logs, or rows, under way at once.
const PARALLEL: usize = 16;
/// How often an append without an answer is looked up before the copy gives up.
const LOOKS: u32 = 5;

/// Why a copy stopped. Repeating it goes on.
#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    /// A store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The target has what the source has not.
    #[error(
        "{what} is different in the target: somebody else has written to it, or it was not empty; use an empty one"
    )]
    Differs {
        /// What.
        what: String,
    },
    /// The source lacks entries it should have.
    #[error("{log} has a gap behind offset {after} in the source: the copy would be damaged")]
    Gap {
        /// The log.
        log: LogId,
        /// The last offset before the gap.
        after: Offset,
    },
}

/// What was copied or compared.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Totals {
    /// Logs.
    pub logs: u64,
    /// Their entries.
    pub entries: u64,
    /// Rows of all tables.
    pub rows: u64,
    /// The hashes of all logs and rows, added up: the same for the same content in any order.
    pub hash: [u8; 32],
}

impl Totals {
    fn add(&mut self, other: Self) {
        self.logs += other.logs;
        self.entries += other.entries;
        self.rows += other.rows;
        let mut carry = 0_u16;
        for (sum, byte) in self.hash.iter_mut().zip(other.hash) {
            let total = u16::from(*sum) + u16::from(byte) + carry;
            let [high, low] = total.to_be_bytes();
            (*sum, carry) = (low, u16::from(high));
        }
    }
}

impl fmt::Display for Totals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} logs with {} entries, {} rows, hash ", self.logs, self.entries, self.rows)?;
        self.hash.iter().take(8).try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Copies everything; tells `progress` what has arrived so far.
///
/// # Errors
/// See [`TransferError`].
pub async fn copy(
    from: &SharedStore,
    to: &SharedStore,
    mut progress: impl FnMut(&Totals),
) -> Result<Totals, TransferError> {
    let mut totals = Totals::default();
    let mut after = None;
    loop {
        let logs = from.logs(after, PAGE).await?;
        let Some(last) = logs.last() else { break };
        after = Some(*last);
        let mut copies = stream::iter(logs).map(|log| copy_log(from, to, log)).buffer_unordered(PARALLEL);
        while let Some(copied) = copies.try_next().await? {
            totals.add(copied);
        }
        progress(&totals);
    }
    for table in TABLES {
        let mut rows = Sweep::of(table);
        while let Some(page) = rows.next(from).await? {
            let mut copies = stream::iter(page).map(|row| copy_row(to, table, row)).buffer_unordered(PARALLEL);
            while let Some(copied) = copies.try_next().await? {
                totals.add(copied);
            }
            progress(&totals);
        }
    }
    Ok(totals)
}

/// All rows of a table, page by page.
struct Sweep {
    table: &'static Table,
    after: Option<Row>,
}

impl Sweep {
    fn of(table: &'static Table) -> Self {
        Self { table, after: None }
    }

    async fn next(&mut self, store: &SharedStore) -> Result<Option<Vec<Row>>, StoreError> {
        let page = store.sweep(self.table, self.after.clone(), PAGE).await?;
        let Some(last) = page.last() else { return Ok(None) };
        self.after = last.get(..self.table.key_len()).map(<[_]>::to_vec);
        Ok(Some(page))
    }
}

async fn copy_row(to: &SharedStore, table: &'static Table, row: Row) -> Result<Totals, TransferError> {
    let hash = row_hash(table, &row);
    match to.insert(table, row.clone()).await? {
        Conditional::Applied => {}
        Conditional::Refused(Some(stands)) if stands == row => {}
        Conditional::Refused(_) => {
            return Err(TransferError::Differs { what: format!("a row of table {}", table.name) });
        }
    }
    Ok(Totals { rows: 1, hash, ..Totals::default() })
}

fn row_hash(table: &Table, row: &Row) -> [u8; 32] {
    // The textual form names the type of every value and escapes: equal texts are equal rows.
    Sha256::digest(format!("{} {row:?}", table.name)).into()
}

async fn copy_log(from: &SharedStore, to: &SharedStore, log: LogId) -> Result<Totals, TransferError> {
    let head = from.head(log).await?;
    let mut at = to.head(log).await?.offset;
    if at > head.offset {
        return Err(TransferError::Differs { what: log.to_string() });
    }
    let mut looks = 0;
    while at < head.offset {
        let entries = next_entries(from, log, &head, at).await?;
        let end = at + entries.len() as u64;
        let digest = (end == head.digest_at).then(|| head.digest.clone());
        match to.append(log, at, entries, digest).await? {
            Appended::Done(done) => (at, looks) = (done, 0),
            Appended::Conflict(_) => return Err(TransferError::Differs { what: log.to_string() }),
            Appended::Unknown if looks < LOOKS => (at, looks) = (to.head(log).await?.offset, looks + 1),
            Appended::Unknown => {
                return Err(StoreError::Unknown(format!("what became of an append to {log}")).into());
            }
        }
    }
    if let Some(snapshot) = from.load_snapshot(log).await? {
        to.save_snapshot(log, snapshot).await?;
    }
    if head.first > 1 {
        to.trim(log, head.first - 1).await?;
    }
    let (entries, hash) = log_hash(from, log).await?;
    Ok(Totals { logs: 1, entries, hash, ..Totals::default() })
}

/// What one append carries: up to the limits of the interface, and never beyond the offset that the digest is of.
async fn next_entries(from: &SharedStore, log: LogId, head: &Head, at: Offset) -> Result<Vec<Entry>, TransferError> {
    let border = if at < head.digest_at { head.digest_at } else { head.offset };
    if at + 1 < head.first {
        // Retention has removed these. Offsets must stay, so something stands there until the target is trimmed too.
        let end = border.min(head.first - 1).min(at + MAX_APPEND_ENTRIES as u64);
        let removed = |offset: Offset| Entry {
            id: EntryId(derived("plenum.removed", &[&log.to_bytes(), &offset.to_be_bytes()])),
            payload: bytes::Bytes::new(),
        };
        return Ok((at + 1..=end).map(removed).collect());
    }
    let page = from.read(log, at, Direction::Forward, MAX_APPEND_ENTRIES, MAX_APPEND_BYTES).await?;
    let mut bytes = 0;
    let mut entries = Vec::with_capacity(page.len());
    for (entry, wanted) in page.into_iter().zip(at + 1..=border) {
        if entry.offset != wanted {
            return Err(TransferError::Gap { log, after: wanted - 1 });
        }
        bytes += entry.payload.len();
        if bytes > MAX_APPEND_BYTES {
            break;
        }
        entries.push(Entry { id: entry.id, payload: entry.payload });
    }
    if entries.is_empty() { Err(TransferError::Gap { log, after: at }) } else { Ok(entries) }
}

/// The number of entries of a log and a hash over all of them in their order.
async fn log_hash(store: &SharedStore, log: LogId) -> Result<(u64, [u8; 32]), TransferError> {
    let head = store.head(log).await?;
    let mut hash = Sha256::new();
    hash.update(log.to_bytes());
    for number in [head.offset, head.first, head.digest_at] {
        hash.update(number.to_be_bytes());
    }
    hash.update(&head.digest);
    if let Some(snapshot) = store.load_snapshot(log).await? {
        hash.update(snapshot.offset.to_be_bytes());
        hash.update(&snapshot.state);
    }
    let (mut after, mut count) = (0, 0);
    loop {
        let page = store.read(log, after, Direction::Forward, PAGE, 1 << 20).await?;
        let Some(last) = page.last() else { return Ok((count, hash.finalize().into())) };
        after = last.offset;
        count += page.len() as u64;
        for StoredEntry { offset, id, payload } in &page {
            hash.update(offset.to_be_bytes());
            hash.update(id.0.as_bytes());
            hash.update((payload.len() as u64).to_be_bytes());
            hash.update(payload);
        }
    }
}

/// Reads a whole store: how much there is, and its hash.
///
/// # Errors
/// When it cannot be read.
pub async fn totals(store: &SharedStore) -> Result<Totals, TransferError> {
    let mut totals = Totals::default();
    let mut after = None;
    loop {
        let logs = store.logs(after, PAGE).await?;
        let Some(last) = logs.last() else { break };
        after = Some(*last);
        let hashes = stream::iter(logs).map(|log| log_hash(store, log)).buffer_unordered(PARALLEL);
        for (entries, hash) in hashes.try_collect::<Vec<_>>().await? {
            totals.add(Totals { logs: 1, entries, hash, ..Totals::default() });
        }
    }
    for table in TABLES {
        let mut rows = Sweep::of(table);
        while let Some(page) = rows.next(store).await? {
            page.iter().for_each(|row| totals.add(Totals { rows: 1, hash: row_hash(table, row), ..Totals::default() }));
        }
    }
    Ok(totals)
}

/// Compares two stores, everything with everything.
///
/// # Errors
/// [`TransferError::Differs`] with both totals.
pub async fn verify(from: &SharedStore, to: &SharedStore) -> Result<Totals, TransferError> {
    let (source, target) = (totals(from).await?, totals(to).await?);
    if source == target {
        return Ok(source);
    }
    Err(TransferError::Differs { what: format!("the content (source: {source}; target: {target})") })
}
