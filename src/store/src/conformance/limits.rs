use super::fixtures::{CODES, NAMES, NOTES, append, digest, entries, id, log, note, text, whole};
use bytes::Bytes;
use plenum_actors::store::{
    Appended, Direction, Entry, MAX_APPEND_BYTES, MAX_APPEND_ENTRIES, MAX_ENTRY_BYTES, Mutation, SharedStore,
    StoreError,
};
use plenum_schema::EntryId;
use plenum_schema::table::{Key, Value};
use uuid::Uuid;

fn sized(bytes: usize) -> Entry {
    Entry { id: EntryId(Uuid::new_v4()), payload: Bytes::from(vec![7; bytes]) }
}

fn is_invalid<T: std::fmt::Debug>(answer: &Result<T, StoreError>) -> bool {
    matches!(answer, Err(StoreError::Invalid(_)))
}

pub(super) async fn appends_over_the_limits_are_invalid_and_write_nothing(store: SharedStore) {
    let log = log();
    let half = MAX_APPEND_BYTES / 2;
    for list in [
        vec![],
        vec![sized(MAX_ENTRY_BYTES + 1)],
        vec![sized(half), sized(half), sized(1)],
        entries(MAX_APPEND_ENTRIES + 1),
    ] {
        let answer = store.append(log, 0, list, Some(digest(1))).await;
        assert!(is_invalid(&answer), "{answer:?}");
    }
    let nothing = store.append(log, 0, vec![], None).await;
    assert!(is_invalid(&nothing), "{nothing:?}");
    assert_eq!(store.head(log).await.unwrap().offset, 0);
}

pub(super) async fn entries_at_the_limits_are_written(store: SharedStore) {
    let log = log();
    let large = vec![sized(MAX_ENTRY_BYTES), sized(MAX_APPEND_BYTES - MAX_ENTRY_BYTES), sized(0)];
    append(&store, log, 0, large.clone()).await;
    let many = store.append(log, 3, entries(MAX_APPEND_ENTRIES), Some(digest(9))).await;
    assert_eq!(many, Ok(Appended::Done(3 + MAX_APPEND_ENTRIES as u64)));
    let stored = whole(&store, log).await;
    assert_eq!(stored.len(), 3 + MAX_APPEND_ENTRIES);
    assert!(stored.iter().zip(&large).all(|(stored, entry)| stored.payload == entry.payload));
}

pub(super) async fn rows_that_do_not_fit_their_table_are_invalid(store: SharedStore) {
    let owner = id();
    let good = note(&owner, 1, "body");
    let mut short = good.clone();
    short.pop();
    let mut long = good.clone();
    long.push(Value::Null);
    let mut wrong = good.clone();
    wrong[2] = Value::Int(1);
    let mut keyless = good.clone();
    keyless[1] = Value::Null;
    for row in [short, long, wrong, keyless] {
        assert!(is_invalid(&store.write(&NOTES, vec![Mutation::Put(row.clone())]).await), "{row:?}");
        assert!(is_invalid(&store.insert(&NOTES, row.clone()).await), "{row:?}");
        assert!(is_invalid(&store.replace(&NOTES, row.clone(), 2, text("body")).await), "{row:?}");
    }
    assert!(is_invalid(&store.replace(&NOTES, good.clone(), 99, text("body")).await));
    assert!(is_invalid(&store.replace(&NOTES, good, 2, Value::Int(1)).await));
    assert_eq!(store.scan(&NOTES, vec![owner], None, Direction::Forward, 10).await, Ok(vec![]));
}

pub(super) async fn keys_that_do_not_fit_their_table_are_invalid(store: SharedStore) {
    let keys: [Key; 5] =
        [vec![], vec![id()], vec![id(), Value::Null], vec![id(), text("1")], vec![id(), Value::Int(1), text("x")]];
    for key in keys {
        assert!(is_invalid(&store.get(&NOTES, key.clone()).await), "{key:?}");
        assert!(is_invalid(&store.write(&NOTES, vec![Mutation::Delete(key.clone())]).await), "{key:?}");
        assert!(is_invalid(&store.sweep(&NOTES, Some(key.clone()), 10).await), "{key:?}");
    }
    let scan = |partition, after| store.scan(&NAMES, partition, after, Direction::Forward, 10);
    assert!(is_invalid(&scan(vec![id()], None).await));
    assert!(is_invalid(&scan(vec![id(), text("a"), text("b")], None).await));
    assert!(is_invalid(&scan(vec![id(), text("a")], Some(vec![Value::Int(1)])).await));
    assert!(is_invalid(&scan(vec![id(), text("a")], Some(vec![text("n"), Value::Int(1), text("x")])).await));
    assert!(is_invalid(&store.get(&CODES, vec![Value::Null]).await));
}

pub(super) async fn a_write_over_two_partitions_is_invalid_and_writes_nothing(store: SharedStore) {
    let (one, two) = (id(), id());
    let mutations = vec![Mutation::Put(note(&one, 1, "a")), Mutation::Delete(vec![two, Value::Int(1)])];
    assert!(is_invalid(&store.write(&NOTES, mutations).await));
    assert_eq!(store.get(&NOTES, vec![one, Value::Int(1)]).await, Ok(None));
}

pub(super) async fn scans_without_or_over_the_limit_are_invalid(store: SharedStore) {
    for limit in [0, 1_001] {
        assert!(is_invalid(&store.scan(&NOTES, vec![id()], None, Direction::Forward, limit).await));
        assert!(is_invalid(&store.sweep(&NOTES, None, limit).await));
        assert!(is_invalid(&store.logs(None, limit).await));
    }
    assert!(is_invalid(&store.read(log(), 0, Direction::Forward, 0, 1_000).await));
    assert_eq!(store.scan(&NOTES, vec![id()], None, Direction::Forward, 1_000).await, Ok(vec![]));
}
