//! Values of rows as columns of CQL, without copying what is sent.

use bytes::Bytes;
use plenum_actors::store::StoreError;
use plenum_schema::table::{Table, Value};
use scylla::cluster::metadata::ColumnType;
use scylla::serialize::SerializationError;
use scylla::serialize::value::SerializeValue;
use scylla::serialize::writers::{CellWriter, WrittenCellProof};
use scylla::value::{CqlValue, Row};
use uuid::Uuid;

/// Something to bind to a marker.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Bound<'a> {
    /// A value of a row.
    Value(&'a Value),
    /// A value of a new row: what is absent is left out, so that it leaves no tombstone.
    New(&'a Value),
    /// An id of the engine's own.
    Id(Uuid),
    /// A limit.
    Limit(i32),
}

impl SerializeValue for Bound<'_> {
    fn serialize<'b>(
        &self,
        typ: &ColumnType<'_>,
        writer: CellWriter<'b>,
    ) -> Result<WrittenCellProof<'b>, SerializationError> {
        let value = match self {
            Self::New(Value::Null) => return Ok(writer.set_unset()),
            Self::Value(value) | Self::New(value) => *value,
            Self::Id(id) => return id.serialize(typ, writer),
            Self::Limit(limit) => return limit.serialize(typ, writer),
        };
        match value {
            Value::Null => Ok(writer.set_null()),
            Value::Uuid(id) => id.serialize(typ, writer),
            Value::Text(text) => text.serialize(typ, writer),
            Value::Blob(blob) => blob.serialize(typ, writer),
            Value::Int(number) => number.serialize(typ, writer),
            Value::Bool(flag) => flag.serialize(typ, writer),
        }
    }
}

/// About how many bytes a value takes.
pub(crate) fn size(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) => 1,
        Value::Int(_) => 8,
        Value::Uuid(_) => 16,
        Value::Text(text) => text.len(),
        Value::Blob(blob) => blob.len(),
    }
}

fn from_cql(value: Option<CqlValue>) -> Option<Value> {
    Some(match value {
        None => Value::Null,
        Some(CqlValue::Uuid(id)) => Value::Uuid(id),
        Some(CqlValue::Text(text)) => Value::Text(text),
        Some(CqlValue::Blob(blob)) => Value::Blob(Bytes::from(blob)),
        Some(CqlValue::BigInt(number)) => Value::Int(number),
        Some(CqlValue::Boolean(flag)) => Value::Bool(flag),
        Some(_) => return None,
    })
}

/// A row that was read: the table's columns, then the id of its last write and of the one that made it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct ReadRow {
    pub(crate) row: Vec<Value>,
    pub(crate) written: Option<Uuid>,
    pub(crate) inserted: Option<Uuid>,
}

/// Reads the columns back.
pub(crate) fn read_row(table: &Table, row: Row) -> Result<ReadRow, StoreError> {
    let damaged =
        |column: &str| StoreError::Damaged(format!("column {column} of table {} does not read back", table.name));
    let mut cells = row.columns.into_iter();
    let mut values = Vec::with_capacity(table.columns.len());
    for column in table.columns {
        let value = cells.next().and_then(from_cql).filter(|value| value.fits(column.kind));
        values.push(value.ok_or_else(|| damaged(column.name))?);
    }
    let mut id = || cells.next().flatten().and_then(|cell| cell.as_uuid());
    Ok(ReadRow { row: values, written: id(), inserted: id() })
}
