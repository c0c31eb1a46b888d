//! Stored bytes of heads, entries, snapshots and rows, and of the keys of logs.
//!
//! The bytes of every version are kept in `tests/fixtures` and read by a test for ever.

use bytes::Bytes;
use plenum_actors::store::{Entry, Head, Snapshot, StoreError, StoredEntry};
use plenum_schema::EntryId;
use plenum_schema::log::{AggregateKind, LogId, Offset};
use plenum_schema::table::{Row, Table, Value};
use uuid::Uuid;

/// The bytes of a log's name.
const LOG: usize = 17;
/// The version of head records written today.
const HEAD_FORMAT: u8 = 2;
/// The first version: its digest is always of the last offset.
const HEAD_FORMAT_1: u8 = 1;
/// The version of row records written today.
const ROW_FORMAT: u8 = 1;

fn damaged(what: &str) -> StoreError {
    StoreError::Damaged(format!("{what} does not read back"))
}

/// Takes the first `N` bytes off.
fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (head, rest) = bytes.split_first_chunk::<N>()?;
    *bytes = rest;
    Some(*head)
}

fn take_offset(bytes: &mut &[u8]) -> Option<Offset> {
    take(bytes).map(u64::from_be_bytes)
}

/// The key of an entry: log, then offset in big-endian, so that entries of a log lie in order.
pub(crate) fn entry_key(log: LogId, offset: Offset) -> [u8; LOG + 8] {
    let mut key = [0; LOG + 8];
    key[..LOG].copy_from_slice(&log.to_bytes());
    key[LOG..].copy_from_slice(&offset.to_be_bytes());
    key
}

/// The key that finds an entry by id.
pub(crate) fn id_key(log: LogId, id: EntryId) -> [u8; LOG + 16] {
    let mut key = [0; LOG + 16];
    key[..LOG].copy_from_slice(&log.to_bytes());
    key[LOG..].copy_from_slice(id.0.as_bytes());
    key
}

/// The log of a key of heads.
pub(crate) fn decode_log(key: &[u8]) -> Result<LogId, StoreError> {
    let read = || {
        let mut key = key;
        let kind = AggregateKind::from_code(u8::from_be_bytes(take(&mut key)?))?;
        let id = Uuid::from_bytes(take(&mut key)?);
        key.is_empty().then_some(LogId { kind, id })
    };
    read().ok_or_else(|| damaged("the name of a log"))
}

/// Entry id, then payload.
pub(crate) fn encode_entry(entry: &Entry) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(16 + entry.payload.len());
    bytes.extend_from_slice(entry.id.0.as_bytes());
    bytes.extend_from_slice(&entry.payload);
    bytes
}

/// Back from key and value.
pub(crate) fn decode_entry(key: &[u8], value: &[u8]) -> Result<StoredEntry, StoreError> {
    let read = || {
        let offset = key.get(LOG..)?.try_into().ok().map(u64::from_be_bytes)?;
        let mut value = value;
        let id = EntryId(Uuid::from_bytes(take(&mut value)?));
        Some(StoredEntry { offset, id, payload: Bytes::copy_from_slice(value) })
    };
    read().ok_or_else(|| damaged("a log entry"))
}

/// An offset as the value of an id.
pub(crate) fn decode_offset(mut value: &[u8]) -> Result<Offset, StoreError> {
    take_offset(&mut value).filter(|_| value.is_empty()).ok_or_else(|| damaged("the place of an entry id"))
}

/// Format, last offset, first offset, offset of the digest, digest.
pub(crate) fn encode_head(head: &Head) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(25 + head.digest.len());
    bytes.push(HEAD_FORMAT);
    bytes.extend_from_slice(&head.offset.to_be_bytes());
    bytes.extend_from_slice(&head.first.to_be_bytes());
    bytes.extend_from_slice(&head.digest_at.to_be_bytes());
    bytes.extend_from_slice(&head.digest);
    bytes
}

/// Back from the value.
pub(crate) fn decode_head(value: &[u8]) -> Result<Head, StoreError> {
    let read = || {
        let mut value = value;
        let format = u8::from_be_bytes(take(&mut value)?);
        let (offset, first) = (take_offset(&mut value)?, take_offset(&mut value)?);
        let digest_at = match format {
            HEAD_FORMAT => take_offset(&mut value)?,
            HEAD_FORMAT_1 => offset,
            _ => return None,
        };
        Some(Head { offset, first, digest: Bytes::copy_from_slice(value), digest_at })
    };
    read().ok_or_else(|| damaged("the head of a log"))
}

/// Offset, then state.
pub(crate) fn encode_snapshot(snapshot: &Snapshot) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(8 + snapshot.state.len());
    bytes.extend_from_slice(&snapshot.offset.to_be_bytes());
    bytes.extend_from_slice(&snapshot.state);
    bytes
}

/// Back from the value.
pub(crate) fn decode_snapshot(mut value: &[u8]) -> Result<Snapshot, StoreError> {
    let offset = take_offset(&mut value).ok_or_else(|| damaged("a snapshot"))?;
    Ok(Snapshot { offset, state: Bytes::copy_from_slice(value) })
}

/// Format, number of columns, then each value behind a byte that names its type.
pub(crate) fn encode_row(row: &[Value]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(128);
    bytes.push(ROW_FORMAT);
    bytes.extend_from_slice(&u16::try_from(row.len()).unwrap_or(u16::MAX).to_be_bytes());
    for value in row {
        encode_value(&mut bytes, value);
    }
    bytes
}

fn encode_value(bytes: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Null => bytes.push(0),
        Value::Uuid(id) => {
            bytes.push(1);
            bytes.extend_from_slice(id.as_bytes());
        }
        Value::Text(text) => encode_bytes(bytes, 2, text.as_bytes()),
        Value::Blob(blob) => encode_bytes(bytes, 3, blob),
        Value::Int(number) => {
            bytes.push(4);
            bytes.extend_from_slice(&number.to_be_bytes());
        }
        Value::Bool(flag) => bytes.extend_from_slice(&[5, u8::from(*flag)]),
    }
}

fn encode_bytes(bytes: &mut Vec<u8>, tag: u8, content: &[u8]) {
    bytes.push(tag);
    bytes.extend_from_slice(&u32::try_from(content.len()).unwrap_or(u32::MAX).to_be_bytes());
    bytes.extend_from_slice(content);
}

/// Back from the value, in the table's columns of today: columns added behind read as [`Value::Null`]; columns of a newer
/// version are left out.
pub(crate) fn decode_row(table: &Table, value: &[u8]) -> Result<Row, StoreError> {
    let read = || {
        let mut value = value;
        let [format] = take(&mut value)?;
        let stored = usize::from(u16::from_be_bytes(take(&mut value)?));
        let mut row = Row::with_capacity(table.columns.len());
        for column in table.columns.iter().take(stored) {
            row.push(decode_value(&mut value).filter(|v| v.fits(column.kind))?);
        }
        row.resize(table.columns.len(), Value::Null);
        (format == ROW_FORMAT).then_some(row)
    };
    read().ok_or_else(|| damaged(&format!("a row of table {}", table.name)))
}

fn decode_value(bytes: &mut &[u8]) -> Option<Value> {
    let [tag] = take(bytes)?;
    Some(match tag {
        0 => Value::Null,
        1 => Value::Uuid(Uuid::from_bytes(take(bytes)?)),
        2 => Value::Text(String::from_utf8(decode_bytes(bytes)?.to_vec()).ok()?),
        3 => Value::Blob(Bytes::copy_from_slice(decode_bytes(bytes)?)),
        4 => Value::Int(i64::from_be_bytes(take(bytes)?)),
        5 => Value::Bool(take::<1>(bytes)? == [1]),
        _ => return None,
    })
}

fn decode_bytes<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = usize::try_from(u32::from_be_bytes(take(bytes)?)).ok()?;
    let (content, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(content)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embedded::keys;
    use plenum_schema::table::{Column, ColumnType};

    static TABLE: Table = Table {
        name: "notes",
        columns: &[
            Column { name: "owner", kind: ColumnType::Uuid },
            Column { name: "name", kind: ColumnType::Text },
            Column { name: "number", kind: ColumnType::Int },
            Column { name: "flag", kind: ColumnType::Bool },
            Column { name: "extra", kind: ColumnType::Blob },
            Column { name: "absent", kind: ColumnType::Text },
        ],
        partition: 1,
        clustering: 3,
    };

    const ID: Uuid = Uuid::from_u128(0x0011_2233_4455_6677_8899_aabb_ccdd_eeff);
    const LOG_ID: LogId = LogId { kind: AggregateKind::Conversation, id: ID };

    fn row() -> Row {
        let extra = Value::Blob(Bytes::from_static(&[0, 255]));
        vec![Value::Uuid(ID), Value::Text("a\0ä".to_owned()), Value::Int(-2), Value::Bool(true), extra, Value::Null]
    }

    /// The bytes kept under this name.
    fn golden(name: &str) -> Vec<u8> {
        let files =
            [include_str!("../../tests/fixtures/records-1.txt"), include_str!("../../tests/fixtures/records-2.txt")];
        let line = files
            .iter()
            .flat_map(|file| file.lines())
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))
            .unwrap();
        let pairs = line.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).unwrap());
        pairs.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect()
    }

    fn check(name: &str, bytes: &[u8]) {
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let kept: String = golden(name).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, kept, "{name}: stored bytes must not change");
    }

    #[test]
    fn keys_are_written_as_they_always_were() {
        check("entry-key", &entry_key(LOG_ID, 0x0102));
        check("id-key", &id_key(LOG_ID, EntryId(ID)));
        check("log-key", &LOG_ID.to_bytes());
        check("row-key", &keys::encode(&TABLE, &row()[..4]).unwrap());
        assert_eq!(decode_log(&golden("log-key")), Ok(LOG_ID));
    }

    #[test]
    fn records_of_version_1_read_and_are_written_as_they_always_were() {
        let entry = Entry { id: EntryId(ID), payload: Bytes::from_static(b"payload") };
        check("entry", &encode_entry(&entry));
        let read = decode_entry(&golden("entry-key"), &golden("entry")).unwrap();
        assert_eq!(read, StoredEntry { offset: 0x0102, id: entry.id, payload: entry.payload });

        let head = Head { offset: 9, first: 3, digest: Bytes::from_static(b"digest"), digest_at: 9 };
        assert_eq!(decode_head(&golden("head")), Ok(head));

        let snapshot = Snapshot { offset: 9, state: Bytes::from_static(b"state") };
        check("snapshot", &encode_snapshot(&snapshot));
        assert_eq!(decode_snapshot(&golden("snapshot")), Ok(snapshot));

        check("row", &encode_row(&row()));
        assert_eq!(decode_row(&TABLE, &golden("row")), Ok(row()));
        assert_eq!(decode_offset(&golden("offset")), Ok(9));
    }

    #[test]
    fn heads_of_version_2_read_and_are_written_as_they_always_were() {
        let head = Head { offset: 9, first: 3, digest: Bytes::from_static(b"digest"), digest_at: 7 };
        check("head-2", &encode_head(&head));
        assert_eq!(decode_head(&golden("head-2")), Ok(head));
    }

    #[test]
    fn bytes_that_are_cut_off_or_of_another_kind_are_damage_and_never_a_panic() {
        for name in ["entry", "head", "head-2", "snapshot", "row", "row-key", "log-key"] {
            let bytes = golden(name);
            for length in 0..bytes.len() {
                let cut = &bytes[..length];
                let _ = (decode_entry(cut, cut), decode_snapshot(cut), decode_log(cut), decode_offset(cut));
                let _ = (decode_head(cut), decode_row(&TABLE, cut));
            }
        }
        let row = golden("row");
        for length in 0..row.len() {
            assert!(matches!(decode_row(&TABLE, &row[..length]), Err(StoreError::Damaged(_))), "{length} bytes");
        }
        let mut unknown = row;
        unknown[0] = 2;
        assert!(matches!(decode_row(&TABLE, &unknown), Err(StoreError::Damaged(_))));
    }
}
