//! What was written is there after the store is opened again.

use crate::place::{Place, append, entry, log, run, whole};
use bytes::Bytes;
use plenum_actors::store::{Appended, Direction, Entry, Mutation, Snapshot, Store};
use plenum_schema::EntryId;
use plenum_schema::table::{Column, ColumnType, Table, Value};
use plenum_store::EmbeddedConfig;
use uuid::Uuid;

static NOTES: Table = Table {
    name: "notes",
    columns: &[
        Column { name: "owner", kind: ColumnType::Uuid },
        Column { name: "number", kind: ColumnType::Int },
        Column { name: "body", kind: ColumnType::Text },
    ],
    partition: 1,
    clustering: 1,
};

/// The same table with a column added behind.
static NOTES_LATER: Table = Table {
    name: "notes",
    columns: &[
        Column { name: "owner", kind: ColumnType::Uuid },
        Column { name: "number", kind: ColumnType::Int },
        Column { name: "body", kind: ColumnType::Text },
        Column { name: "pinned", kind: ColumnType::Bool },
    ],
    partition: 1,
    clustering: 1,
};

fn note(owner: Uuid, number: i64) -> Vec<Value> {
    vec![Value::Uuid(owner), Value::Int(number), Value::Text(format!("note {number}"))]
}

#[test]
fn everything_is_there_after_opening_again() {
    let place = Place::new();
    let (log, owner) = (log(), Uuid::new_v4());
    let entries: Vec<_> = (0..20).map(|number| entry(&format!("entry {number}"))).collect();
    let snapshot = Snapshot { offset: 15, state: Bytes::from_static(b"state") };
    {
        let store = place.open();
        run(store.append(log, 0, entries.clone(), Some(Bytes::from_static(b"digest")))).unwrap();
        run(store.save_snapshot(log, snapshot.clone())).unwrap();
        run(store.write(&NOTES, vec![Mutation::Put(note(owner, 1)), Mutation::Put(note(owner, 2))])).unwrap();
        run(store.write(&NOTES, vec![Mutation::Delete(note(owner, 2)[..2].to_vec())])).unwrap();
        run(store.trim(log, 5)).unwrap();
    }
    for _ in 0..3 {
        let store = place.open();
        let head = run(store.head(log)).unwrap();
        assert_eq!((head.offset, head.first, &head.digest[..]), (20, 6, &b"digest"[..]));
        let left = run(store.read(log, 0, Direction::Forward, 100, 1 << 20)).unwrap();
        assert!(left.iter().map(|entry| entry.id).eq(entries[5..].iter().map(|entry| entry.id)));
        assert_eq!(run(store.find(log, vec![entries[2].id])), Ok(vec![Some(3)]));
        assert_eq!(run(store.load_snapshot(log)), Ok(Some(snapshot.clone())));
        let rows = run(store.scan(&NOTES, vec![Value::Uuid(owner)], None, Direction::Forward, 10));
        assert_eq!(rows, Ok(vec![note(owner, 1)]));
        assert_eq!(append(&store, log, 19, entry("x")), Ok(Appended::Conflict(20)));
        assert_eq!(run(store.logs(None, 10)), Ok(vec![log]));
    }
}

#[test]
fn more_data_than_memory_is_there_after_opening_again() {
    let place = Place::new();
    let config = EmbeddedConfig { log_memtable_bytes: 1 << 20, memtable_bytes: 1 << 20, ..place.config() };
    let log = log();
    let large = |number: u64| Entry {
        id: EntryId(Uuid::from_u128(u128::from(number) + 1)),
        payload: Bytes::from(vec![number as u8; 4_000]),
    };
    let store = place.open_with(config.clone());
    for part in 0..600 {
        let entries = (0..10).map(|number| large(part * 10 + number)).collect();
        assert_eq!(run(store.append(log, part * 10, entries, Some(Bytes::new()))), Ok(Appended::Done(part * 10 + 10)));
    }
    drop(store);
    let all = whole(&place.open_with(config), log);
    assert_eq!(all.len(), 6_000);
    for ((id, payload), number) in all.into_iter().zip(0..) {
        assert_eq!((id, payload), (large(number).id, large(number).payload));
    }
}

#[test]
fn rows_of_a_version_with_fewer_columns_read_with_absent_values() {
    let place = Place::new();
    let owner = Uuid::new_v4();
    let store = place.open();
    run(store.write(&NOTES, vec![Mutation::Put(note(owner, 1))])).unwrap();
    let key = vec![Value::Uuid(owner), Value::Int(1)];
    let mut wide = note(owner, 1);
    wide.push(Value::Null);
    assert_eq!(run(store.get(&NOTES_LATER, key.clone())), Ok(Some(wide.clone())));
    wide[3] = Value::Bool(true);
    run(store.write(&NOTES_LATER, vec![Mutation::Put(wide)])).unwrap();
    assert_eq!(run(store.get(&NOTES, key)), Ok(Some(note(owner, 1))), "an older version leaves the new column out");
}
