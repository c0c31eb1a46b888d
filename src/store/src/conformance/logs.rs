use super::fixtures::{append, digest, entries, entry, filled, log, stored, whole};
use bytes::Bytes;
use plenum_actors::store::{Appended, Direction, Entry, Head, SharedStore, Snapshot};
use plenum_schema::EntryId;
use uuid::Uuid;

const MANY: usize = 1 << 20;

pub(super) async fn an_unknown_log_is_empty(store: SharedStore) {
    let log = log();
    assert_eq!(store.head(log).await, Ok(Head { offset: 0, first: 1, digest: Bytes::new(), digest_at: 0 }));
    for (after, direction) in [(0, Direction::Forward), (u64::MAX, Direction::Forward), (u64::MAX, Direction::Backward)]
    {
        assert_eq!(store.read(log, after, direction, 10, MANY).await, Ok(vec![]));
    }
    assert_eq!(store.find(log, vec![EntryId(Uuid::new_v4())]).await, Ok(vec![None]));
    assert_eq!(store.load_snapshot(log).await, Ok(None));
}

pub(super) async fn an_append_moves_head_and_digest_together(store: SharedStore) {
    let (log, list) = (log(), entries(5));
    append(&store, log, 0, list[..1].to_vec()).await;
    assert_eq!(store.head(log).await, Ok(Head { offset: 1, first: 1, digest: digest(1), digest_at: 1 }));
    append(&store, log, 1, list[1..].to_vec()).await;
    assert_eq!(store.head(log).await, Ok(Head { offset: 5, first: 1, digest: digest(5), digest_at: 5 }));
    assert_eq!(whole(&store, log).await, stored(&list, 0));
}

pub(super) async fn an_append_without_a_digest_keeps_the_old_one_and_tells_its_age(store: SharedStore) {
    let (log, list) = (log(), entries(6));
    append(&store, log, 0, list[..2].to_vec()).await;
    assert_eq!(store.append(log, 2, list[2..5].to_vec(), None).await, Ok(Appended::Done(5)));
    assert_eq!(store.head(log).await, Ok(Head { offset: 5, first: 1, digest: digest(2), digest_at: 2 }));
    assert_eq!(store.append(log, 2, list[5..].to_vec(), None).await, Ok(Appended::Conflict(5)));
    assert_eq!(store.append(log, 5, list[5..].to_vec(), None).await, Ok(Appended::Done(6)));
    assert_eq!(whole(&store, log).await, stored(&list, 0));
    assert!(store.logs(None, 1_000).await.unwrap().contains(&log));
}

pub(super) async fn a_digest_can_be_written_alone(store: SharedStore) {
    let (log, list) = (log(), entries(3));
    assert_eq!(store.append(log, 0, list.clone(), None).await, Ok(Appended::Done(3)));
    assert_eq!(store.head(log).await, Ok(Head { offset: 3, first: 1, digest: Bytes::new(), digest_at: 0 }));
    assert_eq!(store.append(log, 2, vec![], Some(digest(2))).await, Ok(Appended::Conflict(3)));
    assert_eq!(store.append(log, 3, vec![], Some(digest(3))).await, Ok(Appended::Done(3)));
    assert_eq!(store.head(log).await, Ok(Head { offset: 3, first: 1, digest: digest(3), digest_at: 3 }));
    assert_eq!(whole(&store, log).await, stored(&list, 0));
}

pub(super) async fn a_trim_keeps_the_head_of_appends_without_a_digest(store: SharedStore) {
    let (log, list) = (log(), entries(9));
    append(&store, log, 0, list[..4].to_vec()).await;
    store.append(log, 4, list[4..].to_vec(), None).await.unwrap();
    store.save_snapshot(log, Snapshot { offset: 9, state: Bytes::from_static(b"s") }).await.unwrap();
    store.trim(log, 6).await.unwrap();
    assert_eq!(store.head(log).await, Ok(Head { offset: 9, first: 7, digest: digest(4), digest_at: 4 }));
    store.trim(log, 9).await.unwrap();
    assert_eq!(store.head(log).await, Ok(Head { offset: 9, first: 10, digest: digest(4), digest_at: 4 }));
    assert_eq!(store.append(log, 9, entries(1), None).await, Ok(Appended::Done(10)));
}

pub(super) async fn an_append_on_another_head_conflicts_and_writes_nothing(store: SharedStore) {
    let (log, list) = (log(), entries(2));
    append(&store, log, 0, list.clone()).await;
    for expected in [0, 1, 3, 100] {
        let lost = store.append(log, expected, entries(1), Some(digest(9))).await;
        assert_eq!(lost, Ok(Appended::Conflict(2)), "expected {expected}");
    }
    assert_eq!(store.head(log).await, Ok(Head { offset: 2, first: 1, digest: digest(2), digest_at: 2 }));
    assert_eq!(whole(&store, log).await, stored(&list, 0));
    assert_eq!(store.append(super::fixtures::log(), 7, entries(1), Some(digest(8))).await, Ok(Appended::Conflict(0)));
}

/// Two nodes that carry one command out give its entry one id, and may put others behind it.
pub(super) async fn an_append_that_begins_like_the_one_that_won_is_not_taken_for_it(store: SharedStore) {
    let (log, list) = (log(), entries(3));
    append(&store, log, 0, list[..2].to_vec()).await;
    let other_end = vec![list[0].clone(), list[2].clone()];
    assert_eq!(store.append(log, 0, other_end, None).await, Ok(Appended::Conflict(2)));
    let other_content = Entry { payload: Bytes::from_static(b"later"), ..list[0].clone() };
    assert_eq!(store.append(log, 0, vec![other_content], None).await, Ok(Appended::Conflict(2)));
    assert_eq!(whole(&store, log).await, stored(&list[..2], 0));
}

pub(super) async fn logs_do_not_see_each_other(store: SharedStore) {
    let (one, first) = filled(&store, 3).await;
    let (two, second) = filled(&store, 4).await;
    assert_eq!(whole(&store, one).await, stored(&first, 0));
    assert_eq!(whole(&store, two).await, stored(&second, 0));
    store.save_snapshot(one, Snapshot { offset: 3, state: Bytes::from_static(b"s") }).await.unwrap();
    assert_eq!(store.find(two, vec![first[0].id]).await, Ok(vec![None]));
    assert_eq!(store.load_snapshot(two).await, Ok(None));
}

pub(super) async fn entries_read_forward_and_backward_within_limits(store: SharedStore) {
    let (log, list) = filled(&store, 25).await;
    let all = stored(&list, 0);
    let mut reversed = all.clone();
    reversed.reverse();
    let read = |after, direction, limit| store.read(log, after, direction, limit, MANY);
    assert_eq!(read(0, Direction::Forward, 10).await.unwrap(), all[..10]);
    assert_eq!(read(10, Direction::Forward, 10).await.unwrap(), all[10..20]);
    assert_eq!(read(20, Direction::Forward, 10).await.unwrap(), all[20..]);
    assert_eq!(read(25, Direction::Forward, 10).await.unwrap(), []);
    assert_eq!(read(u64::MAX, Direction::Forward, 10).await.unwrap(), []);
    assert_eq!(read(u64::MAX, Direction::Backward, 10).await.unwrap(), reversed[..10]);
    assert_eq!(read(16, Direction::Backward, 10).await.unwrap(), reversed[10..20]);
    assert_eq!(read(6, Direction::Backward, 10).await.unwrap(), reversed[20..]);
    assert_eq!(read(1, Direction::Backward, 10).await.unwrap(), []);
    assert_eq!(read(0, Direction::Backward, 10).await.unwrap(), []);
}

pub(super) async fn a_byte_limit_still_gives_one_entry(store: SharedStore) {
    let log = log();
    let list: Vec<_> = (0..6).map(|_| entry(&"x".repeat(1_000))).collect();
    append(&store, log, 0, list).await;
    for direction in [Direction::Forward, Direction::Backward] {
        let after = if direction == Direction::Forward { 0 } else { u64::MAX };
        assert_eq!(store.read(log, after, direction, 10, 1).await.unwrap().len(), 1);
        let some = store.read(log, after, direction, 10, 3_000).await.unwrap().len();
        assert!((1..=4).contains(&some), "{some} entries for three times their size");
    }
}

pub(super) async fn ids_are_found_once_a_snapshot_covers_them(store: SharedStore) {
    let (log, list) = filled(&store, 30).await;
    store.save_snapshot(log, Snapshot { offset: 30, state: Bytes::from_static(b"s") }).await.unwrap();
    let asked = vec![list[29].id, EntryId(Uuid::new_v4()), list[0].id, list[10].id, list[0].id];
    assert_eq!(store.find(log, asked).await, Ok(vec![Some(30), None, Some(1), Some(11), Some(1)]));
    assert_eq!(store.find(log, vec![]).await, Ok(vec![]));
}

pub(super) async fn trimmed_entries_are_gone_and_their_ids_stay(store: SharedStore) {
    let (log, list) = filled(&store, 30).await;
    store.save_snapshot(log, Snapshot { offset: 30, state: Bytes::from_static(b"s") }).await.unwrap();
    store.trim(log, 12).await.unwrap();
    assert_eq!(store.head(log).await, Ok(Head { offset: 30, first: 13, digest: digest(30), digest_at: 30 }));
    assert_eq!(whole(&store, log).await, stored(&list, 0)[12..]);
    let back = store.read(log, 15, Direction::Backward, 10, MANY).await.unwrap();
    assert_eq!(back.iter().map(|entry| entry.offset).collect::<Vec<_>>(), [14, 13]);
    assert_eq!(store.find(log, vec![list[3].id]).await, Ok(vec![Some(4)]));
    store.trim(log, 5).await.unwrap();
    assert_eq!(store.head(log).await.unwrap().first, 13, "a trim never goes back");
    append(&store, log, 30, entries(1)).await;
    assert_eq!(store.head(log).await, Ok(Head { offset: 31, first: 13, digest: digest(31), digest_at: 31 }));
}

pub(super) async fn a_log_trimmed_to_its_end_goes_on(store: SharedStore) {
    let (log, _) = filled(&store, 7).await;
    store.trim(log, 1_000).await.unwrap();
    assert_eq!(store.head(log).await, Ok(Head { offset: 7, first: 8, digest: digest(7), digest_at: 7 }));
    assert_eq!(whole(&store, log).await, []);
    let list = entries(2);
    append(&store, log, 7, list.clone()).await;
    assert_eq!(whole(&store, log).await, stored(&list, 7));
    store.trim(super::fixtures::log(), 10).await.unwrap();
}

pub(super) async fn a_long_trim_completes(store: SharedStore) {
    let log = log();
    for number in 0..6 {
        append(&store, log, number * 500, entries(500)).await;
    }
    store.trim(log, 2_999).await.unwrap();
    let left: Vec<_> = whole(&store, log).await.iter().map(|entry| entry.offset).collect();
    assert_eq!((left, store.head(log).await.unwrap().first), (vec![3_000], 3_000));
}

pub(super) async fn logs_are_listed_in_pages(store: SharedStore) {
    let mut expected = Vec::new();
    for _ in 0..7 {
        expected.push(filled(&store, 1).await.0);
    }
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = store.logs(after, 3).await.unwrap();
        assert!(page.len() <= 3);
        let Some(last) = page.last() else { break };
        after = Some(*last);
        seen.extend(page);
    }
    for log in expected {
        assert_eq!(seen.iter().filter(|seen| **seen == log).count(), 1);
    }
}
