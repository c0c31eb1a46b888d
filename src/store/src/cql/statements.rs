//! Statements: their text, made once from a table's definition, and prepared once for all nodes.

use super::config::CqlConfig;
use super::error::preparing;
use super::session::{Profiles, serial_read};
use parking_lot::RwLock;
use plenum_actors::store::StoreError;
use plenum_schema::cql::{ROW_GUARD, ROW_INSERT, ROW_WRITE, names};
use plenum_schema::table::Table;
use scylla::client::session::Session;
use scylla::statement::prepared::PreparedStatement;
use std::collections::HashMap;

/// What a statement does. Together with the table it is the key of the cache, whose size is so bounded by the schema.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Shape {
    Get,
    GetSerial,
    /// With this many clustering values to begin beyond, and whether backward.
    Scan(usize, bool),
    /// Rows of the same partition beyond a full key, then of later partitions.
    SweepStart,
    SweepAfter,
    InsertIfAbsent,
    /// Within a conditional batch only.
    Put,
    /// Within a conditional batch only.
    Delete,
    DeleteIfPresent,
    Guard,
    /// On the value of this column.
    Replace(usize),
    ReplaceIfPresent,
    /// The first write of a bucket.
    Open,
    Append,
    AppendDigest,
    AppendEntry,
    BucketHead,
    BucketHeadSerial,
    EntrySerial,
    ReadForward,
    ReadForwardSerial,
    ReadBackward,
    ReadBackwardSerial,
    LogRow,
    SetBucket,
    SetOldest,
    Logs,
    LogsAfter,
    FindId,
    SetId,
    SaveSnapshot,
    LoadSnapshot,
    SnapshotOffset,
    WriteTime,
    TrimBucket,
}

/// How it is executed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Manner {
    Read,
    SerialRead,
    Write,
    Conditional,
}

impl Manner {
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::SerialRead => "serial_read",
            Self::Write => "write",
            Self::Conditional => "conditional",
        }
    }
}

impl Shape {
    pub(crate) fn manner(self) -> Manner {
        match self {
            Self::GetSerial | Self::BucketHeadSerial | Self::EntrySerial => Manner::SerialRead,
            Self::ReadForwardSerial | Self::ReadBackwardSerial => Manner::SerialRead,
            Self::InsertIfAbsent | Self::Put | Self::Delete | Self::DeleteIfPresent | Self::Guard => {
                Manner::Conditional
            }
            Self::Replace(_) | Self::ReplaceIfPresent => Manner::Conditional,
            Self::Open | Self::Append | Self::AppendDigest | Self::AppendEntry => Manner::Conditional,
            Self::SetBucket | Self::SetOldest | Self::SetId | Self::SaveSnapshot | Self::TrimBucket => Manner::Write,
            _ => Manner::Read,
        }
    }
}

/// Columns of a table in this range of places, as conditions: `"a" = ? AND "b" = ?`.
fn equal(table: &Table, places: std::ops::Range<usize>, between: &str) -> String {
    let columns = table.columns.iter().take(places.end).skip(places.start);
    columns.map(|column| format!("\"{}\" = ?", column.name)).collect::<Vec<_>>().join(between)
}

fn list(table: &Table, places: std::ops::Range<usize>) -> String {
    names(table.columns.iter().take(places.end).skip(places.start).map(|column| column.name))
}

fn select(table: &Table) -> String {
    let all = list(table, 0..table.columns.len());
    format!("SELECT {all}, {ROW_WRITE}, {ROW_INSERT} FROM {}", table.name)
}

fn markers(count: usize) -> String {
    vec!["?"; count].join(", ")
}

fn scan(table: &Table, beyond: usize, backward: bool) -> String {
    let partition = equal(table, 0..table.partition, " AND ");
    let mut text = format!("{} WHERE {partition}", select(table));
    if beyond > 0 {
        let columns = list(table, table.partition..table.partition + beyond);
        let sign = if backward { '<' } else { '>' };
        text += &format!(" AND ({columns}) {sign} ({})", markers(beyond));
    }
    if backward {
        let places = table.partition..table.key_len();
        let columns = table.columns.iter().take(places.end).skip(places.start);
        let order: Vec<_> = columns.map(|column| format!("\"{}\" DESC", column.name)).collect();
        if !order.is_empty() {
            text += &format!(" ORDER BY {}", order.join(", "));
        }
    }
    text + " LIMIT ?"
}

fn put(table: &Table, condition: &str) -> String {
    let all = list(table, 0..table.columns.len());
    let marks = markers(table.columns.len() + 2);
    format!("INSERT INTO {} ({all}, {ROW_WRITE}, {ROW_INSERT}) VALUES ({marks}){condition}", table.name)
}

fn update(table: &Table, condition: &str) -> String {
    let (set, key) =
        (equal(table, table.key_len()..table.columns.len(), ", "), equal(table, 0..table.key_len(), " AND "));
    let comma = if set.is_empty() { "" } else { ", " };
    format!("UPDATE {} SET {ROW_WRITE} = ?{comma}{set} WHERE {key} IF {condition}{ROW_INSERT} != null", table.name)
}

/// The text for a table of rows.
fn row_text(table: &Table, shape: Shape) -> String {
    let name = table.name;
    let key = || equal(table, 0..table.key_len(), " AND ");
    let token = |sign: &str| {
        let columns = list(table, 0..table.partition);
        format!("{} WHERE token({columns}) {sign} token({}) LIMIT ?", select(table), markers(table.partition))
    };
    match shape {
        Shape::Scan(beyond, backward) => scan(table, beyond, backward),
        Shape::SweepStart => format!("{} LIMIT ?", select(table)),
        Shape::SweepAfter => token(">"),
        Shape::InsertIfAbsent => put(table, " IF NOT EXISTS"),
        Shape::Put => put(table, ""),
        Shape::Delete => format!("DELETE FROM {name} WHERE {}", key()),
        Shape::DeleteIfPresent => format!("DELETE FROM {name} WHERE {} IF EXISTS", key()),
        Shape::Guard => format!("UPDATE {name} SET {ROW_GUARD} = null WHERE {} IF {ROW_GUARD} = null", key()),
        Shape::Replace(column) => {
            let column = table.columns.get(column).map_or("", |column| column.name);
            update(table, &format!("\"{column}\" = ? AND "))
        }
        Shape::ReplaceIfPresent => update(table, ""),
        _ => format!("{} WHERE {}", select(table), key()),
    }
}

const LOG: &str = "kind = ? AND id = ?";
const BUCKET: &str = "kind = ? AND id = ? AND bucket = ?";

/// The text for logs and snapshots.
fn log_text(shape: Shape) -> String {
    let read = "SELECT entry_offset, entry_id, payload, head FROM log_entries WHERE";
    let append = format!("UPDATE log_entries SET head = ? WHERE {BUCKET} IF head =");
    let digest = format!("UPDATE log_entries SET head = ?, digest = ?, digest_at = ? WHERE {BUCKET} IF head =");
    let distinct = "SELECT DISTINCT kind, id, bucket FROM log_entries";
    match shape {
        Shape::Open => format!("{digest} null"),
        Shape::Append => format!("{append} ?"),
        Shape::AppendDigest => format!("{digest} ?"),
        Shape::AppendEntry => {
            "INSERT INTO log_entries (kind, id, bucket, entry_offset, entry_id, payload) VALUES (?, ?, ?, ?, ?, ?)"
                .to_owned()
        }
        Shape::BucketHead | Shape::BucketHeadSerial => {
            format!("SELECT head, digest, digest_at FROM log_entries WHERE {BUCKET} LIMIT 1")
        }
        Shape::EntrySerial => format!("SELECT entry_id FROM log_entries WHERE {BUCKET} AND entry_offset = ?"),
        Shape::ReadForward | Shape::ReadForwardSerial => format!("{read} {BUCKET} AND entry_offset > ? LIMIT ?"),
        Shape::ReadBackward | Shape::ReadBackwardSerial => {
            format!("{read} {BUCKET} AND entry_offset < ? ORDER BY entry_offset DESC LIMIT ?")
        }
        Shape::LogRow => format!("SELECT bucket, oldest FROM logs WHERE {LOG}"),
        Shape::SetBucket => format!("UPDATE logs USING TIMESTAMP ? SET bucket = ? WHERE {LOG}"),
        Shape::SetOldest => format!("UPDATE logs USING TIMESTAMP ? SET oldest = ? WHERE {LOG}"),
        Shape::Logs => distinct.to_owned(),
        Shape::LogsAfter => format!("{distinct} WHERE token(kind, id, bucket) > token(?, ?, ?)"),
        Shape::FindId => format!("SELECT entry_offset FROM log_ids WHERE {LOG} AND entry_id = ?"),
        Shape::SetId => "INSERT INTO log_ids (kind, id, entry_id, entry_offset) VALUES (?, ?, ?, ?)".to_owned(),
        Shape::SaveSnapshot => {
            format!("UPDATE snapshots USING TIMESTAMP ? SET snapshot_offset = ?, state = ? WHERE {LOG}")
        }
        Shape::LoadSnapshot => format!("SELECT snapshot_offset, state FROM snapshots WHERE {LOG}"),
        Shape::SnapshotOffset => format!("SELECT snapshot_offset FROM snapshots WHERE {LOG}"),
        Shape::WriteTime => {
            let newest = "ORDER BY entry_offset DESC LIMIT 1";
            format!("SELECT WRITETIME(payload) FROM log_entries WHERE {BUCKET} AND entry_offset <= ? {newest}")
        }
        Shape::TrimBucket => {
            format!("DELETE FROM log_entries USING TIMESTAMP ? WHERE {BUCKET} AND entry_offset <= ?")
        }
        _ => String::new(),
    }
}

/// The text of a statement. The session has chosen the keyspace.
fn text(table: Option<&Table>, shape: Shape) -> String {
    match table {
        Some(table) => row_text(table, shape),
        None => log_text(shape),
    }
}

/// Prepared statements by what they do.
#[derive(Debug)]
pub(crate) struct Statements {
    page_rows: i32,
    serial_read: scylla::statement::Consistency,
    profiles: Profiles,
    prepared: RwLock<HashMap<(&'static str, Shape), PreparedStatement>>,
}

impl Statements {
    pub(crate) fn new(config: &CqlConfig, profiles: Profiles) -> Self {
        Self {
            page_rows: i32::try_from(config.page_rows).unwrap_or(i32::MAX),
            serial_read: serial_read(config),
            profiles,
            prepared: RwLock::default(),
        }
    }

    /// The statement, prepared by the first who needs it.
    pub(crate) async fn get(
        &self,
        session: &Session,
        table: Option<&'static Table>,
        shape: Shape,
    ) -> Result<PreparedStatement, StoreError> {
        let key = (table.map_or("", |table| table.name), shape);
        let found = self.prepared.read().get(&key).cloned();
        if let Some(statement) = found {
            return Ok(statement);
        }
        let text = text(table, shape);
        let mut statement = session.prepare(text).await.map_err(|error| preparing(&error))?;
        statement.set_page_size(self.page_rows);
        match shape.manner() {
            Manner::Read | Manner::Write => statement.set_is_idempotent(true),
            Manner::SerialRead => {
                statement.set_is_idempotent(true);
                statement.set_consistency(self.serial_read);
            }
            Manner::Conditional => {
                statement.set_is_idempotent(false);
                statement.set_execution_profile_handle(Some(self.profiles.conditional.clone()));
            }
        }
        self.prepared.write().insert(key, statement.clone());
        Ok(statement)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use plenum_schema::entities::Marks;
    use plenum_schema::table::Entity;

    fn rows(shape: Shape) -> String {
        text(Some(Marks::TABLE), shape)
    }

    #[test]
    fn statements_of_rows_name_every_column() {
        assert_eq!(
            rows(Shape::Scan(1, true)),
            "SELECT \"conversation_id\", \"user_id\", \"delivered\", \"read\", \"read_number\", \"version\", row_write, row_insert \
             FROM marks WHERE \"conversation_id\" = ? AND (\"user_id\") < (?) ORDER BY \"user_id\" DESC LIMIT ?"
        );
        assert_eq!(
            rows(Shape::Replace(5)),
            "UPDATE marks SET row_write = ?, \"delivered\" = ?, \"read\" = ?, \"read_number\" = ?, \"version\" = ? \
             WHERE \"conversation_id\" = ? AND \"user_id\" = ? IF \"version\" = ? AND row_insert != null"
        );
        assert!(rows(Shape::SweepStart).contains("FROM marks LIMIT ?"));
        assert!(rows(Shape::InsertIfAbsent).starts_with("INSERT INTO marks ("));
    }
}
