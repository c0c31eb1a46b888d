//! Checks what callers ask of rows before anything is sent.

use super::value::size;
use crate::limits::{MAX_MUTATIONS, invalid};
use plenum_actors::store::{Mutation, StoreError};
use plenum_schema::table::{Table, Value};

/// The longest key: servers refuse keys of 64 KiB.
const MAX_KEY_BYTES: usize = 8 * 1024;

/// Values for the key columns from place `first` on.
fn key_values(table: &Table, first: usize, values: &[Value]) -> Result<(), StoreError> {
    if first + values.len() > table.key_len() {
        return Err(invalid(format!("a key of table {} has too many values", table.name)));
    }
    for (column, value) in table.columns.iter().skip(first).zip(values) {
        if !value.fits(column.kind) || *value == Value::Null {
            return Err(invalid(format!("key column {} of table {} does not fit", column.name, table.name)));
        }
    }
    let bytes: usize = values.iter().map(size).sum();
    if bytes > MAX_KEY_BYTES {
        return Err(invalid(format!("a key of table {} is over {MAX_KEY_BYTES} bytes", table.name)));
    }
    // The one key that CQL cannot store: a partition named by a single empty value.
    let is_empty = |value: &Value| matches!(value, Value::Text(_) | Value::Blob(_)) && size(value) == 0;
    if first == 0 && table.partition == 1 && values.first().is_some_and(is_empty) {
        return Err(invalid(format!("the partition key of table {} is empty", table.name)));
    }
    Ok(())
}

/// A key that names one row.
pub(crate) fn full_key(table: &Table, key: &[Value]) -> Result<(), StoreError> {
    if key.len() != table.key_len() {
        return Err(invalid(format!(
            "a key of table {} has {} values, not {}",
            table.name,
            key.len(),
            table.key_len()
        )));
    }
    key_values(table, 0, key)
}

/// A row that fits its table; its bytes.
pub(crate) fn row(table: &Table, row: &[Value], max_bytes: usize) -> Result<usize, StoreError> {
    if row.len() != table.columns.len() {
        let (name, have, need) = (table.name, row.len(), table.columns.len());
        return Err(invalid(format!("a row of table {name} has {have} values, not {need}")));
    }
    if let Some((column, _)) = table.columns.iter().zip(row).find(|(column, value)| !value.fits(column.kind)) {
        return Err(invalid(format!("column {} of table {} does not fit", column.name, table.name)));
    }
    key_values(table, 0, row.get(..table.key_len()).unwrap_or_default())?;
    let bytes = row.iter().map(size).sum();
    if bytes > max_bytes {
        return Err(invalid(format!("a row of table {} has {bytes} bytes; {max_bytes} are allowed", table.name)));
    }
    Ok(bytes)
}

/// A partition and what to begin beyond.
pub(crate) fn partition(table: &Table, values: &[Value], after: Option<&[Value]>) -> Result<(), StoreError> {
    if values.len() != table.partition {
        return Err(invalid(format!("a partition of table {} has {} values", table.name, table.partition)));
    }
    key_values(table, 0, values)?;
    key_values(table, table.partition, after.unwrap_or_default())
}

/// The key columns that name the partition.
pub(crate) fn partition_of<'a>(table: &Table, values: &'a [Value]) -> &'a [Value] {
    values.get(..table.partition).unwrap_or_default()
}

/// Changes of one partition; their bytes.
pub(crate) fn changes(table: &Table, mutations: &[Mutation], max_bytes: usize) -> Result<usize, StoreError> {
    if mutations.len() > MAX_MUTATIONS {
        return Err(invalid(format!("{} changes in one write; {MAX_MUTATIONS} are allowed", mutations.len())));
    }
    let mut first: Option<&[Value]> = None;
    let mut bytes = 0;
    for mutation in mutations {
        let values = match mutation {
            Mutation::Put(values) => {
                bytes += row(table, values, max_bytes)?;
                partition_of(table, values)
            }
            Mutation::Delete(key) => {
                full_key(table, key)?;
                bytes += key.iter().map(size).sum::<usize>();
                partition_of(table, key)
            }
        };
        if *first.get_or_insert(values) != values {
            return Err(invalid(format!("one write changes two partitions of table {}", table.name)));
        }
    }
    Ok(bytes)
}
