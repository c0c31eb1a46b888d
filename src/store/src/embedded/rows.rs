//! Checks and encodes what callers ask of rows, before it reaches the writer.

use super::keys::{self, KeyRange};
use super::records;
use super::write::{EncodedRow, RowChange};
use crate::limits::{MAX_MUTATIONS, invalid};
use plenum_actors::store::{Direction, Mutation, StoreError};
use plenum_schema::table::{Table, Value};
use std::ops::Bound;

/// The bytes of a key that names one row.
pub(crate) fn full_key(table: &Table, key: &[Value]) -> Result<Vec<u8>, StoreError> {
    if key.len() != table.key_len() {
        return Err(invalid(format!(
            "a key of table {} has {} values, not {}",
            table.name,
            key.len(),
            table.key_len()
        )));
    }
    keys::encode(table, key)
}

/// A row with its key, if it fits the table.
pub(crate) fn encode(table: &Table, row: &[Value], max_bytes: usize) -> Result<EncodedRow, StoreError> {
    if row.len() != table.columns.len() {
        return Err(invalid(format!(
            "a row of table {} has {} values, not {}",
            table.name,
            row.len(),
            table.columns.len()
        )));
    }
    if let Some((column, _)) = table.columns.iter().zip(row).find(|(column, value)| !value.fits(column.kind)) {
        return Err(invalid(format!("column {} of table {} does not fit", column.name, table.name)));
    }
    let key = keys::encode(table, row.get(..table.key_len()).unwrap_or_default())?;
    let bytes = records::encode_row(row);
    if bytes.len() > max_bytes {
        return Err(invalid(format!(
            "a row of table {} has {} bytes; {max_bytes} are allowed",
            table.name,
            bytes.len()
        )));
    }
    Ok(EncodedRow { key, bytes })
}

/// The changes of one partition, and their bytes.
pub(crate) fn changes(
    table: &Table,
    mutations: Vec<Mutation>,
    max_bytes: usize,
) -> Result<(Vec<RowChange>, usize), StoreError> {
    if mutations.len() > MAX_MUTATIONS {
        return Err(invalid(format!("{} changes in one write; {MAX_MUTATIONS} are allowed", mutations.len())));
    }
    let mut partition: Option<Vec<u8>> = None;
    let mut bytes = 0;
    let mut changes = Vec::with_capacity(mutations.len());
    for mutation in mutations {
        let (values, change) = match mutation {
            Mutation::Put(row) => {
                let values = row.get(..table.partition).unwrap_or_default().to_vec();
                let row = encode(table, &row, max_bytes)?;
                (values, RowChange { key: row.key, row: Some(row.bytes) })
            }
            Mutation::Delete(key) => {
                let bytes = full_key(table, &key)?;
                (key.get(..table.partition).unwrap_or_default().to_vec(), RowChange { key: bytes, row: None })
            }
        };
        let own = keys::encode(table, &values)?;
        if partition.get_or_insert_with(|| own.clone()) != &own {
            return Err(invalid(format!("one write changes two partitions of table {}", table.name)));
        }
        bytes += change.key.len() + change.row.as_ref().map_or(0, Vec::len);
        changes.push(change);
    }
    if bytes > max_bytes {
        return Err(invalid(format!("a write to table {} has {bytes} bytes; {max_bytes} are allowed", table.name)));
    }
    Ok((changes, bytes))
}

/// The keys of a partition beyond `after`.
pub(crate) fn partition(
    table: &Table,
    partition: &[Value],
    after: Option<&[Value]>,
    direction: Direction,
) -> Result<KeyRange, StoreError> {
    if partition.len() != table.partition {
        return Err(invalid(format!("a partition of table {} has {} values", table.name, table.partition)));
    }
    let prefix = keys::encode(table, partition)?;
    let (start, end) = keys::under(prefix.clone());
    let Some(after) = after else { return Ok((start, end)) };
    let mut edge = prefix;
    keys::append(&mut edge, table, table.partition, after)?;
    Ok(match direction {
        Direction::Forward => (beyond(edge), end),
        Direction::Backward => (start, Bound::Excluded(edge)),
    })
}

/// The keys of a table beyond `after`.
pub(crate) fn whole_table(table: &Table, after: Option<&[Value]>) -> Result<KeyRange, StoreError> {
    let (start, end) = keys::under(keys::table_prefix(table));
    match after {
        None => Ok((start, end)),
        Some(after) => Ok((beyond(full_key(table, after)?), end)),
    }
}

/// The start of what follows all keys with this prefix.
fn beyond(prefix: Vec<u8>) -> Bound<Vec<u8>> {
    match keys::after_prefix(prefix.clone()) {
        Some(next) => Bound::Included(next),
        // Table names are ASCII, so a prefix of full bytes only cannot come; if it did, nothing lies beyond it.
        None => Bound::Excluded(prefix),
    }
}
