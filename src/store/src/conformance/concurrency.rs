use super::fixtures::{CODES, NOTES, append, digest, entry, id, log, note, text, whole};
use futures_util::future::join_all;
use plenum_actors::store::{Appended, Conditional, Direction, Entry, SharedStore, StoreError};
use plenum_schema::log::{LogId, Offset};
use plenum_schema::table::Value;
use std::collections::HashMap;

const WRITERS: usize = 32;
const ENTRIES_EACH: usize = 8;

/// The offset of an entry whose append had an unknown outcome, if it is there.
async fn look_for(store: &SharedStore, log: LogId, wanted: &Entry) -> Option<Offset> {
    let tail = store.read(log, u64::MAX, Direction::Backward, 300, 1 << 20).await.unwrap();
    tail.iter().find(|entry| entry.id == wanted.id).map(|entry| entry.offset)
}

pub(super) async fn one_of_many_appends_on_the_same_head_wins(store: SharedStore) {
    let log = log();
    append(&store, log, 0, vec![entry("first")]).await;
    let appends = (0..WRITERS).map(|_| store.append(log, 1, vec![entry("second")], Some(digest(2))));
    let answers = join_all(appends).await;
    let count = |wanted| answers.iter().filter(|answer| **answer == Ok(wanted)).count();
    let (done, unknown) = (count(Appended::Done(2)), count(Appended::Unknown));
    assert!(done <= 1 && done + unknown >= 1, "{answers:?}");
    assert_eq!(count(Appended::Conflict(2)) + done + unknown, WRITERS, "{answers:?}");
    assert_eq!(whole(&store, log).await.len(), 2);
}

/// Appends entries one by one, whatever the others do; the offsets they were acknowledged with.
async fn compete(store: SharedStore, log: LogId, entries: Vec<Entry>) -> Vec<(Offset, Entry)> {
    let mut acknowledged = Vec::new();
    let mut head = 0;
    for entry in entries {
        loop {
            match store.append(log, head, vec![entry.clone()], Some(digest(head + 1))).await {
                Ok(Appended::Done(offset)) => {
                    head = offset;
                    acknowledged.push((offset, entry));
                    break;
                }
                Ok(Appended::Conflict(actual)) => head = actual,
                Ok(Appended::Unknown) => {
                    if let Some(offset) = look_for(&store, log, &entry).await {
                        acknowledged.push((offset, entry));
                        break;
                    }
                }
                Err(StoreError::Unavailable(_)) => {}
                Err(error) => panic!("{error}"),
            }
        }
    }
    acknowledged
}

pub(super) async fn competing_writers_leave_no_gap_and_no_double(store: SharedStore) {
    let log = log();
    let own = |writer| (0..ENTRIES_EACH).map(|number| entry(&format!("{writer}/{number}"))).collect();
    let acknowledged = join_all((0..WRITERS).map(|writer| compete(store.clone(), log, own(writer)))).await.concat();
    let stored = whole(&store, log).await;
    assert_eq!(stored.len(), WRITERS * ENTRIES_EACH);
    assert!(stored.iter().zip(1..).all(|(entry, offset)| entry.offset == offset));
    let places: HashMap<_, _> = stored.iter().map(|entry| (entry.offset, entry)).collect();
    for (offset, entry) in acknowledged {
        assert_eq!((places[&offset].id, &places[&offset].payload), (entry.id, &entry.payload));
    }
}

pub(super) async fn a_reader_never_sees_a_head_without_its_digest_or_entries(store: SharedStore) {
    let log = log();
    let write = async {
        for offset in 0..100 {
            append(&store, log, offset, vec![entry("e")]).await;
        }
    };
    let read = async {
        let mut last = 0;
        while last < 100 {
            let head = store.head(log).await.unwrap();
            assert!(head.offset >= last, "a head went back");
            if head.offset > 0 {
                assert_eq!(head.digest, digest(head.offset));
                let entries = store.read(log, head.offset - 1, Direction::Forward, 1, 1).await.unwrap();
                assert_eq!(entries.first().map(|entry| entry.offset), Some(head.offset));
            }
            last = head.offset;
            give_way().await;
        }
    };
    futures_util::future::join(write, read).await;
}

/// Lets the other future of a join be polled.
async fn give_way() {
    let mut given = false;
    std::future::poll_fn(|cx| {
        if std::mem::replace(&mut given, true) {
            return std::task::Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        std::task::Poll::Pending
    })
    .await;
}

pub(super) async fn one_of_many_inserts_wins(store: SharedStore) {
    let code = text(&uuid::Uuid::new_v4().to_string());
    let rows: Vec<_> = (0..WRITERS).map(|_| vec![code.clone(), id(), Value::Int(0)]).collect();
    let answers = join_all(rows.iter().map(|row| store.insert(&CODES, row.clone()))).await;
    let stands = store.get(&CODES, vec![code]).await.unwrap().unwrap();
    let mut winners = 0;
    for (row, answer) in rows.iter().zip(answers) {
        match answer.unwrap() {
            Conditional::Applied => {
                winners += 1;
                assert_eq!(*row, stands);
            }
            Conditional::Refused(seen) => assert_eq!(seen.as_ref(), Some(&stands)),
        }
    }
    assert_eq!(winners, 1);
}

pub(super) async fn one_of_many_replacements_wins(store: SharedStore) {
    let owner = id();
    store.insert(&NOTES, note(&owner, 1, "old")).await.unwrap();
    let replace = |number| store.replace(&NOTES, note(&owner, 1, &format!("new {number}")), 2, text("old"));
    let answers = join_all((0..WRITERS).map(replace)).await;
    let winners: Vec<_> = (0..WRITERS).filter(|number| answers[*number] == Ok(Conditional::Applied)).collect();
    assert_eq!(winners.len(), 1);
    let stands = store.get(&NOTES, vec![owner.clone(), Value::Int(1)]).await.unwrap();
    assert_eq!(stands, Some(note(&owner, 1, &format!("new {}", winners[0]))));
}

pub(super) async fn counting_by_replacement_loses_nothing(store: SharedStore) {
    let (code, owner) = (text(&uuid::Uuid::new_v4().to_string()), id());
    let row = |uses| vec![code.clone(), owner.clone(), Value::Int(uses)];
    store.insert(&CODES, row(0)).await.unwrap();
    let count = async || {
        let mut uses = 0;
        for _ in 0..4 {
            loop {
                match store.replace(&CODES, row(uses + 1), 2, Value::Int(uses)).await.unwrap() {
                    Conditional::Applied => break,
                    Conditional::Refused(Some(stands)) => {
                        let Value::Int(actual) = stands[2] else { panic!("a count") };
                        uses = actual;
                    }
                    Conditional::Refused(None) => panic!("the row is gone"),
                }
            }
            uses += 1;
        }
    };
    join_all((0..WRITERS / 2).map(|_| count())).await;
    let uses = i64::try_from(WRITERS / 2 * 4).unwrap();
    assert_eq!(store.get(&CODES, vec![code.clone()]).await, Ok(Some(row(uses))));
}
