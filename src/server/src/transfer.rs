//! Copies everything from one store to another, whatever the engines: logs with their offsets and ids, snapshots, rows.
//!
//! It can be repeated: what has arrived is not written again, so a copy that was interrupted goes on where it stopped. Nobody else may
//! write to either store meanwhile: [`Frozen`] lets a node go on reading. [`verify`] compares both afterwards, everything with
//! everything.

mod frozen;
mod images;
mod patient;
mod watch;

pub use frozen::Frozen;
pub use images::{Pictures, copy_images};
pub use patient::Patience;
pub use watch::Watch;

use futures_util::{StreamExt, TryStreamExt, stream};
use plenum_actors::store::{
    Appended, Conditional, Direction, Entry, Head, MAX_APPEND_BYTES, MAX_APPEND_ENTRIES, Mutation, SharedStore,
    StoreError, StoredEntry,
};
use plenum_schema::entities::{KeyRingRow, OWN_TABLES, StoreMark, TABLES};
use plenum_schema::id::derived;
use plenum_schema::table::{Entity, Row, Table, Value};
use plenum_schema::{EntryId, LogId, Offset};
use sha2::{Digest, Sha256};
use std::fmt;

/// Logs, or rows, asked for at once.
const PAGE: usize = 500;
/// Logs, or rows, under way at once.
const PARALLEL: usize = 16;
/// How often an append without an answer is looked up before the copy gives up.
const LOOKS: u32 = 5;

/// The name of the mark on a target.
const MARK: &str = "import";
/// What the source begins with on a mark whose copy has not begun to write.
const WAITING: &str = "waiting:";

/// Why a copy stopped. Repeating it goes on.
#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    /// A store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The target has content of its own.
    #[error("the target already holds {what}, and is not equal to the source: it is left as it is; use an empty one")]
    Used {
        /// What was found first.
        what: String,
    },
    /// Another copy into it is unfinished.
    #[error(
        "the import of another data directory into this store is not finished, or the directory has changed since: finish that one, or drop the keyspace and make it anew (`plenum migrate`); nothing was written"
    )]
    OtherSource,
    /// The two stores are not equal.
    #[error("source and target differ: the source has {source_totals}; the target has {target_totals}")]
    Unequal {
        /// The source.
        source_totals: Totals,
        /// The target.
        target_totals: Totals,
    },
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
    fn hash_text(&self) -> String {
        self.hash.iter().map(|byte| format!("{byte:02x}")).collect()
    }

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
        let hash = self.hash_text();
        let short = hash.get(..16).unwrap_or(&hash);
        write!(f, "{} logs with {} entries, {} rows, hash {short}", self.logs, self.entries, self.rows)
    }
}

/// The tables that are content.
fn content() -> impl Iterator<Item = &'static Table> {
    TABLES.iter().copied().filter(|table| !OWN_TABLES.iter().any(|own| own.name == table.name))
}

/// How the target of a copy stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Target {
    /// Nobody's: marked for this copy, of which nothing has been written. [`start`] it.
    Begun {
        /// Whether a server has been on it, which may still run.
        had_server: bool,
    },
    /// This copy into it was begun earlier: it goes on.
    GoesOn,
    /// The copy of another source is unfinished.
    Other,
    /// It has content, and no copy into it is unfinished. What was found first.
    Holds(String),
}

/// What is in a store first, if anything is.
///
/// # Errors
/// The store's.
pub async fn first_content(store: &SharedStore) -> Result<Option<String>, StoreError> {
    if let Some(log) = store.logs(None, 1).await?.first() {
        return Ok(Some(log.to_string()));
    }
    for table in content() {
        if !store.sweep(table, None, 1).await?.is_empty() {
            return Ok(Some(format!("rows of table {}", table.name)));
        }
    }
    Ok(None)
}

/// Marks a store as the target of a copy of `source`, so that no server serves it and nobody takes it for whole before [`finish`].
///
/// # Errors
/// The store's.
pub async fn begin(to: &SharedStore, at: i64, source: &Totals) -> Result<Target, StoreError> {
    let source = source.hash_text();
    if let Some(mark) = mark_of(to).await? {
        let waits_for = mark.source.strip_prefix(WAITING);
        if waits_for.unwrap_or(&mark.source) != source {
            return Ok(Target::Other);
        }
        forget_keys(to).await?;
        // It was killed before anything was written: a server that was there then may still be.
        return Ok(if waits_for.is_some() { Target::Begun { had_server: true } } else { Target::GoesOn });
    }
    if let Some(what) = first_content(to).await? {
        return Ok(Target::Holds(what));
    }
    let mark = StoreMark { name: MARK.to_owned(), since: at, source: format!("{WAITING}{source}") };
    to.write(StoreMark::TABLE, vec![Mutation::Put(mark.to_row())]).await?;
    Ok(Target::Begun { had_server: forget_keys(to).await? })
}

/// No server is on the target any more: from now on what is in it is the copy's.
///
/// # Errors
/// The store's.
pub async fn start(to: &SharedStore) -> Result<(), StoreError> {
    let Some(mark) = mark_of(to).await? else { return Ok(()) };
    let source = mark.source.strip_prefix(WAITING).unwrap_or(&mark.source).to_owned();
    // A server may have made itself new keys before it saw the mark.
    forget_keys(to).await?;
    to.write(StoreMark::TABLE, vec![Mutation::Put(StoreMark { source, ..mark }.to_row())]).await
}

/// The keys of a server that was on the empty store have signed for nobody: those of the source are to be taken over. Also when a copy goes
/// on: it may have been killed right behind its mark. Answers whether there were any.
async fn forget_keys(to: &SharedStore) -> Result<bool, StoreError> {
    let rings = to.sweep(KeyRingRow::TABLE, None, PAGE).await?;
    for ring in &rings {
        let key = ring.iter().take(KeyRingRow::TABLE.key_len()).cloned().collect();
        to.write(KeyRingRow::TABLE, vec![Mutation::Delete(key)]).await?;
    }
    Ok(!rings.is_empty())
}

/// The copy is whole.
///
/// # Errors
/// The store's.
pub async fn finish(to: &SharedStore) -> Result<(), StoreError> {
    to.write(StoreMark::TABLE, vec![Mutation::Delete(vec![Value::Text(MARK.to_owned())])]).await
}

/// Since when a copy into this store is under way, Unix milliseconds: it is not to be used for anything else until that is finished.
///
/// # Errors
/// The store's.
pub async fn unfinished(store: &SharedStore) -> Result<Option<i64>, StoreError> {
    Ok(mark_of(store).await?.map(|mark| mark.since))
}

async fn mark_of(store: &SharedStore) -> Result<Option<StoreMark>, StoreError> {
    let row = store.get(StoreMark::TABLE, vec![Value::Text(MARK.to_owned())]).await?;
    row.map(StoreMark::from_row).transpose().map_err(|error| StoreError::Damaged(error.to_string()))
}

/// Copies everything; tells `progress` what has arrived so far. A store that does not answer is asked again for as long as `patience` lasts.
///
/// # Errors
/// See [`TransferError`].
pub async fn copy(
    from: &SharedStore,
    to: &SharedStore,
    mut progress: impl FnMut(&Totals),
    patience: &Patience<'_>,
) -> Result<Totals, TransferError> {
    let mut totals = Totals::default();
    let mut after = None;
    loop {
        let logs = patience.run(async || Ok(from.logs(after, PAGE).await?)).await?;
        let Some(last) = logs.last() else { break };
        after = Some(*last);
        let mut copies = stream::iter(logs)
            .map(|log| async move { patience.run(|| copy_log(from, to, log, patience)).await })
            .buffer_unordered(PARALLEL);
        while let Some(copied) = copies.try_next().await? {
            totals.add(copied);
        }
        progress(&totals);
    }
    for table in content() {
        let mut rows = Sweep::of(table);
        while let Some(page) = rows.next(from, patience).await? {
            let mut copies = stream::iter(page)
                .map(|row| async move { patience.run(|| copy_row(to, table, row.clone())).await })
                .buffer_unordered(PARALLEL);
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

    async fn next(&mut self, store: &SharedStore, patience: &Patience<'_>) -> Result<Option<Vec<Row>>, TransferError> {
        let page = patience.run(async || Ok(store.sweep(self.table, self.after.clone(), PAGE).await?)).await?;
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
            return Err(TransferError::Differs {
                what: format!("the row {} of table {}", key_text(table, &row), table.name),
            });
        }
    }
    Ok(Totals { rows: 1, hash, ..Totals::default() })
}

/// Which row it is, for people: ids and numbers. Words may be secret, or somebody's.
fn key_text(table: &Table, row: &Row) -> String {
    let part = |value: &Value| match value {
        Value::Uuid(id) => id.to_string(),
        Value::Int(number) => number.to_string(),
        Value::Null | Value::Text(_) | Value::Blob(_) | Value::Bool(_) => "…".to_owned(),
    };
    row.iter().take(table.key_len()).map(part).collect::<Vec<_>>().join(" ")
}

fn row_hash(table: &Table, row: &Row) -> [u8; 32] {
    // The textual form names the type of every value and escapes: equal texts are equal rows.
    Sha256::digest(format!("{} {row:?}", table.name)).into()
}

async fn copy_log(
    from: &SharedStore,
    to: &SharedStore,
    log: LogId,
    patience: &Patience<'_>,
) -> Result<Totals, TransferError> {
    let head = from.head(log).await?;
    let mut at = to.head(log).await?.offset;
    if at > head.offset {
        return Err(TransferError::Differs { what: log.to_string() });
    }
    let mut looks = 0;
    while at < head.offset {
        let entries = next_entries(from, log, &head, at).await?;
        patience.arrives(entries.len());
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

/// Reads a whole store: how much there is, and its hash. Each part is tried for as long as `patience` lasts.
///
/// # Errors
/// When it cannot be read.
pub async fn totals(store: &SharedStore, patience: &Patience<'_>) -> Result<Totals, TransferError> {
    let mut totals = Totals::default();
    let mut after = None;
    loop {
        let logs = patience.run(async || Ok(store.logs(after, PAGE).await?)).await?;
        let Some(last) = logs.last() else { break };
        after = Some(*last);
        let hashes = stream::iter(logs)
            .map(|log| async move { patience.run(|| log_hash(store, log)).await })
            .buffer_unordered(PARALLEL);
        for (entries, hash) in hashes.try_collect::<Vec<_>>().await? {
            totals.add(Totals { logs: 1, entries, hash, ..Totals::default() });
        }
    }
    for table in content() {
        let mut rows = Sweep::of(table);
        while let Some(page) = rows.next(store, patience).await? {
            page.iter().for_each(|row| totals.add(Totals { rows: 1, hash: row_hash(table, row), ..Totals::default() }));
        }
    }
    Ok(totals)
}

/// Compares two stores, everything with everything. Each part is tried for as long as `patience` lasts.
///
/// # Errors
/// [`TransferError::Unequal`] with both totals.
pub async fn verify(from: &SharedStore, to: &SharedStore, patience: &Patience<'_>) -> Result<Totals, TransferError> {
    let (source_totals, target_totals) = (totals(from, patience).await?, totals(to, patience).await?);
    if source_totals == target_totals {
        return Ok(source_totals);
    }
    Err(TransferError::Unequal { source_totals, target_totals })
}
