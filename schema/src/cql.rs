//! The CQL schema: what a table of [`crate::table`] looks like on a CQL server, and the numbered steps that make it.
//!
//! `schema/cql/README.md` has the rules of a change. Every engine table but the four of logs and snapshots is made from the one
//! definition of its entity.

mod migrations;

pub use migrations::{MIGRATIONS, Migration, Step};

use crate::table::{ColumnType, Table};
use std::fmt::Write;

/// How many offsets one partition of the log table takes.
///
/// An append on head `h` goes to bucket `h / BUCKET_ENTRIES`, whole, so that a bucket holds up to [`MAX_BATCH_ENTRIES`] - 1 more.
/// Where an entry lies follows from this number: it can never change for a keyspace.
pub const BUCKET_ENTRIES: u64 = 2_048;

/// The most entries one append has (`plenum_actors::store::MAX_APPEND_ENTRIES`; a test of the engine compares them).
pub const MAX_BATCH_ENTRIES: u64 = 512;

/// Never written: a condition on it always holds, which makes an unconditional write part of the row's consensus.
pub const ROW_GUARD: &str = "row_guard";
/// The id of the last write of the row, by which a writer whose answer was lost finds its own.
pub const ROW_WRITE: &str = "row_write";
/// The id of the write that made the row; replacements keep it.
pub const ROW_INSERT: &str = "row_insert";

/// The CQL name of a column type.
#[must_use]
pub fn type_name(kind: ColumnType) -> &'static str {
    match kind {
        ColumnType::Uuid => "uuid",
        ColumnType::Text => "text",
        ColumnType::Blob => "blob",
        ColumnType::Int => "bigint",
        ColumnType::Bool => "boolean",
    }
}

/// A comma-separated list of column names, each in quotes: some are words of CQL.
#[must_use]
pub fn names<'a>(columns: impl IntoIterator<Item = &'a str>) -> String {
    let mut list = String::new();
    for name in columns {
        let comma = if list.is_empty() { "" } else { ", " };
        // Writing to a string cannot fail.
        let _written = write!(list, "{comma}\"{name}\"");
    }
    list
}

/// The statement that makes the table of an entity, with the three columns that its conditional writes need.
#[must_use]
pub fn create_table(table: &Table) -> String {
    let mut text = format!("CREATE TABLE IF NOT EXISTS {} (\n", table.name);
    let own = table.columns.iter().map(|column| (column.name, type_name(column.kind)));
    let technical = [(ROW_GUARD, "boolean"), (ROW_WRITE, "uuid"), (ROW_INSERT, "uuid")];
    for (name, kind) in own.chain(technical) {
        let _written = writeln!(text, "    \"{name}\" {kind},");
    }
    let name = |(_, column): (usize, &crate::table::Column)| column.name;
    let columns = || table.columns.iter().enumerate();
    let partition = names(columns().filter(|(at, _)| *at < table.partition).map(name));
    let clustering = names(columns().filter(|(at, _)| (table.partition..table.key_len()).contains(at)).map(name));
    let comma = if clustering.is_empty() { "" } else { ", " };
    let _written = write!(text, "    PRIMARY KEY (({partition}){comma}{clustering})\n)");
    text
}
