//! Tables, fresh names and short forms of calls for the cases.

use bytes::Bytes;
use plenum_actors::store::{Appended, Direction, Entry, SharedStore, Store, StoredEntry};
use plenum_schema::EntryId;
use plenum_schema::log::{AggregateKind, LogId, Offset};
use plenum_schema::table::{Column, ColumnType, Row, Table, Value};
use uuid::Uuid;

const fn column(name: &'static str, kind: ColumnType) -> Column {
    Column { name, kind }
}

/// Every type; ordered by number.
pub(super) static NOTES: Table = Table {
    name: "conformance_notes",
    columns: &[
        column("owner", ColumnType::Uuid),
        column("number", ColumnType::Int),
        column("body", ColumnType::Text),
        column("extra", ColumnType::Blob),
        column("flag", ColumnType::Bool),
        column("other", ColumnType::Uuid),
        column("count", ColumnType::Int),
    ],
    partition: 1,
    clustering: 1,
};

/// Two columns in both keys.
pub(super) static NAMES: Table = Table {
    name: "conformance_names",
    columns: &[
        column("owner", ColumnType::Uuid),
        column("kind", ColumnType::Text),
        column("name", ColumnType::Text),
        column("number", ColumnType::Int),
        column("body", ColumnType::Text),
    ],
    partition: 2,
    clustering: 2,
};

/// A unique code without clustering key.
pub(super) static CODES: Table = Table {
    name: "conformance_codes",
    columns: &[column("code", ColumnType::Text), column("owner", ColumnType::Uuid), column("uses", ColumnType::Int)],
    partition: 1,
    clustering: 0,
};

macro_rules! keyed {
    ($($name:ident $table:literal $kind:ident),+) => {$(
        /// Ordered by one type.
        pub(super) static $name: Table = Table {
            name: $table,
            columns: &[column("owner", ColumnType::Uuid), column("key", ColumnType::$kind), column("place", ColumnType::Int)],
            partition: 1,
            clustering: 1,
        };
    )+};
}

keyed! {
    BY_INT "conformance_by_int" Int,
    BY_TEXT "conformance_by_text" Text,
    BY_BLOB "conformance_by_blob" Blob,
    BY_UUID "conformance_by_uuid" Uuid,
    BY_BOOL "conformance_by_bool" Bool
}

/// The tables the cases use.
pub static TABLES: &[&Table] = &[&NOTES, &NAMES, &CODES, &BY_INT, &BY_TEXT, &BY_BLOB, &BY_UUID, &BY_BOOL];

/// A fresh id as a value.
pub(super) fn id() -> Value {
    Value::Uuid(Uuid::new_v4())
}

pub(super) fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

/// A fresh log.
pub(super) fn log() -> LogId {
    LogId { kind: AggregateKind::Conversation, id: Uuid::new_v4() }
}

/// A fresh entry with this body.
pub(super) fn entry(body: &str) -> Entry {
    Entry { id: EntryId(Uuid::new_v4()), payload: Bytes::copy_from_slice(body.as_bytes()) }
}

/// Fresh entries.
pub(super) fn entries(count: usize) -> Vec<Entry> {
    (0..count).map(|number| entry(&format!("entry {number}"))).collect()
}

/// The digest the cases write at an offset.
pub(super) fn digest(offset: Offset) -> Bytes {
    Bytes::from(format!("digest at {offset}"))
}

/// A note with most columns absent.
pub(super) fn note(owner: &Value, number: i64, body: &str) -> Row {
    vec![owner.clone(), Value::Int(number), text(body), Value::Null, Value::Null, Value::Null, Value::Null]
}

/// Appends and expects success.
pub(super) async fn append(store: &SharedStore, log: LogId, expected: Offset, entries: Vec<Entry>) {
    let last = expected + entries.len() as u64;
    assert_eq!(store.append(log, expected, entries, Some(digest(last))).await, Ok(Appended::Done(last)));
}

/// A log with `count` entries in appends of ten.
pub(super) async fn filled(store: &SharedStore, count: usize) -> (LogId, Vec<Entry>) {
    let (log, all) = (log(), entries(count));
    for (number, part) in all.chunks(10).enumerate() {
        append(store, log, number as u64 * 10, part.to_vec()).await;
    }
    (log, all)
}

/// Everything in a log, oldest first.
pub(super) async fn whole(store: &SharedStore, log: LogId) -> Vec<StoredEntry> {
    let mut all: Vec<StoredEntry> = Vec::new();
    loop {
        let after = all.last().map_or(0, |entry| entry.offset);
        let page = store.read(log, after, Direction::Forward, 100, 1 << 20).await.unwrap();
        if page.is_empty() {
            return all;
        }
        all.extend(page);
    }
}

/// What entries look like when they start behind `before`.
pub(super) fn stored(entries: &[Entry], before: Offset) -> Vec<StoredEntry> {
    let place =
        |(offset, entry): (Offset, &Entry)| StoredEntry { offset, id: entry.id, payload: entry.payload.clone() };
    (before + 1..).zip(entries).map(place).collect()
}

/// Writes rows one by one.
pub(super) async fn put(store: &dyn Store, table: &'static Table, rows: &[Row]) {
    for row in rows {
        store.write(table, vec![plenum_actors::store::Mutation::Put(row.clone())]).await.unwrap();
    }
}
