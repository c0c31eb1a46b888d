use super::fixtures::{CODES, NAMES, NOTES, id, note, put, text};
use bytes::Bytes;
use plenum_actors::store::{Conditional, Direction, Mutation, SharedStore};
use plenum_schema::table::Value;

pub(super) async fn a_row_reads_back_with_every_type_and_absent_values(store: SharedStore) {
    let owner = id();
    let full = |number, count, flag| {
        let extra = Value::Blob(Bytes::from_static(&[0, 1, 255, 0]));
        vec![owner.clone(), Value::Int(number), text("body"), extra, Value::Bool(flag), id(), Value::Int(count)]
    };
    let rows = [
        full(i64::MIN, i64::MAX, true),
        full(i64::MAX, i64::MIN, false),
        full(0, -1, true),
        vec![owner.clone(), Value::Int(7), Value::Null, Value::Null, Value::Null, Value::Null, Value::Null],
    ];
    put(&*store, &NOTES, &rows).await;
    for row in rows {
        assert_eq!(store.get(&NOTES, row[..2].to_vec()).await, Ok(Some(row)));
    }
    assert_eq!(store.get(&NOTES, vec![owner, Value::Int(8)]).await, Ok(None));
}

pub(super) async fn texts_of_every_kind_read_back(store: SharedStore) {
    let owner = id();
    let long = "long ".repeat(20_000);
    for (number, body) in
        ["", " ", "ä ö 漢字 🦀 e\u{301}", "quote ' \" \\ ; --", "line\nline\ttab", &long].iter().enumerate()
    {
        let name = if body.len() > 100 { "long" } else { body };
        let row = vec![owner.clone(), text("kind"), text(name), Value::Int(number as i64), text(body)];
        put(&*store, &NAMES, std::slice::from_ref(&row)).await;
        assert_eq!(store.get(&NAMES, row[..4].to_vec()).await, Ok(Some(row)));
    }
}

pub(super) async fn a_put_replaces_the_whole_row(store: SharedStore) {
    let owner = id();
    let mut before = note(&owner, 1, "before");
    before[6] = Value::Int(5);
    let after = note(&owner, 1, "after");
    put(&*store, &NOTES, &[before, after.clone()]).await;
    assert_eq!(store.get(&NOTES, vec![owner, Value::Int(1)]).await, Ok(Some(after)));
}

pub(super) async fn a_deleted_row_is_gone(store: SharedStore) {
    let owner = id();
    put(&*store, &NOTES, &[note(&owner, 1, "a"), note(&owner, 2, "b")]).await;
    let key = vec![owner.clone(), Value::Int(1)];
    store.write(&NOTES, vec![Mutation::Delete(key.clone())]).await.unwrap();
    assert_eq!(store.get(&NOTES, key.clone()).await, Ok(None));
    let left = store.scan(&NOTES, vec![owner.clone()], None, Direction::Forward, 10).await;
    assert_eq!(left, Ok(vec![note(&owner, 2, "b")]));
    store.write(&NOTES, vec![Mutation::Delete(key)]).await.unwrap();
    assert_eq!(store.insert(&NOTES, note(&owner, 1, "again")).await, Ok(Conditional::Applied));
}

pub(super) async fn a_refused_insert_shows_what_stands_there(store: SharedStore) {
    let (code, owner) = (text(&uuid::Uuid::new_v4().to_string()), id());
    let row = vec![code.clone(), owner, Value::Int(1)];
    assert_eq!(store.insert(&CODES, row.clone()).await, Ok(Conditional::Applied));
    let second = store.insert(&CODES, vec![code.clone(), id(), Value::Int(2)]).await;
    assert_eq!(second, Ok(Conditional::Refused(Some(row.clone()))));
    assert_eq!(store.get(&CODES, vec![code]).await, Ok(Some(row)));
}

pub(super) async fn a_refused_replacement_shows_what_stands_there(store: SharedStore) {
    let owner = id();
    let missing = store.replace(&NOTES, note(&owner, 1, "new"), 2, text("old")).await;
    assert_eq!(missing, Ok(Conditional::Refused(None)));
    put(&*store, &NOTES, &[note(&owner, 1, "other")]).await;
    let refused = store.replace(&NOTES, note(&owner, 1, "new"), 2, text("old")).await;
    assert_eq!(refused, Ok(Conditional::Refused(Some(note(&owner, 1, "other")))));
    assert_eq!(store.get(&NOTES, vec![owner.clone(), Value::Int(1)]).await, Ok(Some(note(&owner, 1, "other"))));
}

pub(super) async fn a_replacement_can_expect_an_absent_value(store: SharedStore) {
    let owner = id();
    put(&*store, &NOTES, &[note(&owner, 1, "body")]).await;
    let mut counted = note(&owner, 1, "body");
    counted[6] = Value::Int(1);
    assert_eq!(store.replace(&NOTES, counted.clone(), 6, Value::Null).await, Ok(Conditional::Applied));
    let again = store.replace(&NOTES, note(&owner, 1, "late"), 6, Value::Null).await;
    assert_eq!(again, Ok(Conditional::Refused(Some(counted))));
}

pub(super) async fn one_write_changes_several_rows_of_a_partition(store: SharedStore) {
    let owner = id();
    put(&*store, &NOTES, &[note(&owner, 1, "goes"), note(&owner, 2, "changes")]).await;
    let mutations = vec![
        Mutation::Delete(vec![owner.clone(), Value::Int(1)]),
        Mutation::Put(note(&owner, 2, "changed")),
        Mutation::Put(note(&owner, 3, "comes")),
    ];
    store.write(&NOTES, mutations).await.unwrap();
    let rows = store.scan(&NOTES, vec![owner.clone()], None, Direction::Forward, 10).await;
    assert_eq!(rows, Ok(vec![note(&owner, 2, "changed"), note(&owner, 3, "comes")]));
    assert_eq!(store.write(&NOTES, vec![]).await, Ok(()));
}

pub(super) async fn a_scan_stays_in_its_partition(store: SharedStore) {
    let owner = id();
    let row = |kind: &str, name: &str| vec![owner.clone(), text(kind), text(name), Value::Int(1), Value::Null];
    let rows = [row("a", "x"), row("aa", "y"), row("", "z"), row("a", ""), row("b", "x")];
    put(&*store, &NAMES, &rows).await;
    let scan = |kind: &str, direction| store.scan(&NAMES, vec![owner.clone(), text(kind)], None, direction, 10);
    assert_eq!(scan("a", Direction::Forward).await, Ok(vec![row("a", ""), row("a", "x")]));
    assert_eq!(scan("a", Direction::Backward).await, Ok(vec![row("a", "x"), row("a", "")]));
    assert_eq!(scan("", Direction::Forward).await, Ok(vec![row("", "z")]));
    assert_eq!(scan("c", Direction::Forward).await, Ok(vec![]));
}

pub(super) async fn a_whole_table_is_swept_in_pages(store: SharedStore) {
    let rows: Vec<_> = (0..12).map(|number| note(&id(), number, "swept")).collect();
    put(&*store, &NOTES, &rows).await;
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = store.sweep(&NOTES, after, 5).await.unwrap();
        assert!(page.len() <= 5);
        let Some(last) = page.last() else { break };
        after = Some(last[..2].to_vec());
        seen.extend(page);
    }
    for row in rows {
        assert_eq!(seen.iter().filter(|seen| **seen == row).count(), 1);
    }
}
