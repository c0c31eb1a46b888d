//! Row keys as bytes that sort like the values.
//!
//! Every encoded value is self-delimiting, so the bytes of a key prefix are a prefix of the bytes of all keys under it and
//! of no others. Uuids sort by their bytes, text by UTF-8, integers by value, `false` before `true`.

use plenum_actors::store::StoreError;
use plenum_schema::table::{Table, Value};
use std::ops::Bound;

/// The longest encoded key.
pub(crate) const MAX_KEY_BYTES: usize = 8 * 1024;

/// What ends text and blobs. Lower than any escaped byte, so that a shorter text sorts before a longer one.
const END: [u8; 2] = [0, 1];
/// Stands for a zero byte inside text and blobs.
const ZERO: [u8; 2] = [0, 0xFF];

/// The bytes in front of all keys of a table.
pub(crate) fn table_prefix(table: &Table) -> Vec<u8> {
    let mut key = Vec::with_capacity(64);
    key.extend_from_slice(table.name.as_bytes());
    key.push(0);
    key
}

/// The key, or key prefix, that these leading values name.
///
/// # Errors
/// [`StoreError::Invalid`] when a value is absent, of the wrong type or too long.
pub(crate) fn encode(table: &Table, values: &[Value]) -> Result<Vec<u8>, StoreError> {
    let mut key = table_prefix(table);
    append(&mut key, table, 0, values)?;
    Ok(key)
}

/// Appends `values`, of which the first belongs to column `first`.
///
/// # Errors
/// See [`encode`].
pub(crate) fn append(key: &mut Vec<u8>, table: &Table, first: usize, values: &[Value]) -> Result<(), StoreError> {
    for (index, value) in values.iter().enumerate() {
        let column = table.columns.get(first + index).filter(|_| first + index < table.key_len());
        let Some(column) = column else {
            return Err(StoreError::Invalid(format!("a key of table {} has too many values", table.name)));
        };
        if !value.fits(column.kind) || !push(key, value) {
            return Err(StoreError::Invalid(format!(
                "key column {} of table {} does not fit",
                column.name, table.name
            )));
        }
    }
    if key.len() > MAX_KEY_BYTES {
        return Err(StoreError::Invalid(format!("a key of table {} is over {MAX_KEY_BYTES} bytes", table.name)));
    }
    Ok(())
}

/// Appends one value; false for an absent one.
fn push(key: &mut Vec<u8>, value: &Value) -> bool {
    match value {
        Value::Null => return false,
        Value::Uuid(id) => key.extend_from_slice(id.as_bytes()),
        Value::Text(text) => push_escaped(key, text.as_bytes()),
        Value::Blob(blob) => push_escaped(key, blob),
        // Flipping the sign bit puts negative numbers before positive ones.
        Value::Int(number) => key.extend_from_slice(&(number ^ i64::MIN).to_be_bytes()),
        Value::Bool(flag) => key.push(u8::from(*flag)),
    }
    true
}

fn push_escaped(key: &mut Vec<u8>, bytes: &[u8]) {
    for byte in bytes {
        if *byte == 0 {
            key.extend_from_slice(&ZERO);
        } else {
            key.push(*byte);
        }
    }
    key.extend_from_slice(&END);
}

/// The smallest key that is above every key with this prefix; `None` when there is none.
pub(crate) fn after_prefix(mut prefix: Vec<u8>) -> Option<Vec<u8>> {
    while let Some(last) = prefix.pop() {
        if last < u8::MAX {
            prefix.push(last + 1);
            return Some(prefix);
        }
    }
    None
}

/// A range of keys.
pub(crate) type KeyRange = (Bound<Vec<u8>>, Bound<Vec<u8>>);

/// All keys with this prefix.
pub(crate) fn under(prefix: Vec<u8>) -> KeyRange {
    let end = after_prefix(prefix.clone()).map_or(Bound::Unbounded, Bound::Excluded);
    (Bound::Included(prefix), end)
}

/// Whether no key can lie in the range (ranges that are turned around would panic further down).
pub(crate) fn is_empty(range: &KeyRange) -> bool {
    match range {
        (Bound::Included(start) | Bound::Excluded(start), Bound::Excluded(end)) => start >= end,
        (Bound::Included(start) | Bound::Excluded(start), Bound::Included(end)) => start > end,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use plenum_schema::table::{Column, ColumnType};

    static TABLE: Table = Table {
        name: "t",
        columns: &[
            Column { name: "a", kind: ColumnType::Text },
            Column { name: "b", kind: ColumnType::Int },
            Column { name: "c", kind: ColumnType::Bool },
        ],
        partition: 1,
        clustering: 1,
    };

    fn text(text: &str) -> Value {
        Value::Text(text.to_owned())
    }

    #[test]
    fn keys_sort_like_their_values() {
        let texts = ["", "\0", "\0\0", "\0a", "a", "a\0", "a\0b", "aa", "ab", "b", "é", "\u{10FFFF}"];
        let numbers = [i64::MIN, -256, -1, 0, 1, 255, 256, i64::MAX];
        let keys: Vec<_> = texts
            .iter()
            .flat_map(|a| numbers.iter().map(move |b| encode(&TABLE, &[text(a), Value::Int(*b)]).unwrap()))
            .collect();
        assert!(keys.is_sorted_by(|a, b| a < b));
    }

    #[test]
    fn a_prefix_covers_its_own_keys_and_no_others() {
        let prefix = encode(&TABLE, &[text("a")]).unwrap();
        let (_, Bound::Excluded(end)) = under(prefix.clone()) else { panic!("bounded") };
        for other in ["", "\0", "a\0", "aa", "b"] {
            let key = encode(&TABLE, &[text(other), Value::Int(i64::MAX)]).unwrap();
            assert!(key < prefix || key >= end, "{other:?}");
        }
        for number in [i64::MIN, -1, i64::MAX] {
            let key = encode(&TABLE, &[text("a"), Value::Int(number)]).unwrap();
            assert!(key > prefix && key < end);
        }
    }

    #[test]
    fn absent_wrong_and_surplus_key_values_are_refused() {
        for values in [
            vec![Value::Null],
            vec![Value::Int(1)],
            vec![text("a"), Value::Int(1), Value::Bool(true)],
            vec![text(&"x".repeat(MAX_KEY_BYTES))],
        ] {
            assert!(matches!(encode(&TABLE, &values), Err(StoreError::Invalid(_))));
        }
    }

    #[test]
    fn the_end_of_a_prefix_carries_over_full_bytes() {
        assert_eq!(after_prefix(vec![1, 0xFF, 0xFF]), Some(vec![2]));
        assert_eq!(after_prefix(vec![0xFF]), None);
    }
}
