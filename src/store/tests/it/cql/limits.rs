//! Limits of the engine, and appends as large as the interface allows.

use super::cluster::{config, migrated, open, parts, runtime, session};
use bytes::Bytes;
use plenum_actors::store::{
    Appended, Direction, Entry, MAX_APPEND_BYTES, MAX_APPEND_ENTRIES, Mutation, Store, StoreError,
};
use plenum_schema::EntryId;
use plenum_schema::cql::MAX_BATCH_ENTRIES;
use plenum_schema::entities::IdempotencyRow;
use plenum_schema::log::{AggregateKind, LogId};
use plenum_schema::table::Entity;
use plenum_store::{Cql, CqlConfig, CqlError};
use uuid::Uuid;

const KEYSPACE: &str = "limits";

fn row(bytes: usize) -> IdempotencyRow {
    IdempotencyRow {
        key: Uuid::new_v4(),
        fingerprint: Uuid::nil(),
        claim: Uuid::nil(),
        at: 0,
        status: 200,
        body: Some(Bytes::from(vec![7; bytes])),
    }
}

#[test]
fn the_schema_knows_the_largest_append() {
    assert_eq!(MAX_BATCH_ENTRIES, MAX_APPEND_ENTRIES as u64);
}

#[test]
#[ignore = "needs a CQL cluster: scripts/test cql"]
fn the_largest_appends_and_rows_are_stored_and_larger_ones_refused() {
    runtime().block_on(async {
        let config = config(KEYSPACE);
        migrated(&config).await;
        let store = open(config.clone()).await.unwrap();
        let log = LogId { kind: AggregateKind::Conversation, id: Uuid::new_v4() };
        let size = MAX_APPEND_BYTES / MAX_APPEND_ENTRIES;
        let entry = || Entry { id: EntryId(Uuid::new_v4()), payload: Bytes::from(vec![7; size]) };
        let entries: Vec<_> = (0..MAX_APPEND_ENTRIES).map(|_| entry()).collect();
        let digest = Bytes::from(vec![1; 64 * 1024]);
        let appended = store.append(log, 0, entries, Some(digest.clone())).await;
        assert_eq!(appended, Ok(Appended::Done(MAX_APPEND_ENTRIES as u64)));
        assert_eq!(store.head(log).await.unwrap().digest, digest);

        let table = IdempotencyRow::TABLE;
        for bytes in [0, 30_000, config.max_batch_bytes + 1, 1 << 20] {
            let row = row(bytes).to_row();
            for _ in 0..2 {
                store.write(table, vec![Mutation::Put(row.clone())]).await.unwrap();
                assert_eq!(store.get(table, row[..1].to_vec()).await, Ok(Some(row.clone())), "{bytes} bytes");
            }
        }
        let large = row(config.max_value_bytes).to_row();
        assert!(matches!(store.insert(table, large).await, Err(StoreError::Invalid(_))));
        let two = vec![Mutation::Put(row(30_000).to_row()), Mutation::Put(row(30_000).to_row())];
        assert!(matches!(store.write(table, two).await, Err(StoreError::Invalid(_))));
    });
}

#[test]
#[ignore = "needs a CQL cluster: scripts/test cql"]
fn what_all_copies_lack_is_refused_and_never_shown_as_a_hole() {
    runtime().block_on(async {
        let config = config(KEYSPACE);
        migrated(&config).await;
        let store = open(config).await.unwrap();
        let entry = || Entry { id: EntryId(Uuid::new_v4()), payload: Bytes::from_static(b"something") };
        let [log, trimmed] = [(); 2].map(|()| LogId { kind: AggregateKind::Conversation, id: Uuid::new_v4() });
        for log in [log, trimmed] {
            let appended = store.append(log, 0, (0..20).map(|_| entry()).collect(), None).await;
            assert_eq!(appended, Ok(Appended::Done(20)));
        }
        let read_of = |log, after, direction| {
            let store = store.clone();
            async move {
                let page = store.read(log, after, direction, 100, usize::MAX).await?;
                Ok::<_, StoreError>(page.iter().map(|entry| entry.offset).collect::<Vec<_>>())
            }
        };
        let read = |after, direction| read_of(log, after, direction);
        assert_eq!(read(0, Direction::Forward).await, Ok((1..=20).collect()));
        for lost in [7, 1] {
            let gone = format!(
                "DELETE FROM {KEYSPACE}.log_entries WHERE kind = {} AND id = {} AND bucket = 0 AND entry_offset = {lost}",
                log.kind.code(),
                log.id
            );
            session().await.query_unpaged(gone, &[]).await.unwrap();
            assert!(matches!(read(0, Direction::Forward).await, Err(StoreError::Unavailable(_))), "{lost}");
        }
        assert!(matches!(read(20, Direction::Backward).await, Err(StoreError::Unavailable(_))));
        assert_eq!(read(7, Direction::Forward).await, Ok((8..=20).collect()), "behind the hole");
        // What retention has removed is no hole.
        store.trim(trimmed, 8).await.unwrap();
        assert_eq!(read_of(trimmed, 0, Direction::Forward).await, Ok((9..=20).collect()));
        assert_eq!(read_of(trimmed, 20, Direction::Backward).await, Ok((9..20).rev().collect()));
    });
}

#[test]
#[ignore = "needs a CQL cluster: scripts/test cql"]
fn more_calls_than_allowed_are_refused_at_once() {
    runtime().block_on(async {
        let config = CqlConfig { max_in_flight: 2, ..config(KEYSPACE) };
        migrated(&config).await;
        let store = open(config).await.unwrap();
        let log = LogId { kind: AggregateKind::Conversation, id: Uuid::new_v4() };
        let calls: Vec<_> = (0..3).map(|_| store.head(log)).collect();
        let answers = futures_util::future::join_all(calls).await;
        assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 2);
        assert!(matches!(answers[2], Err(StoreError::Unavailable(_))));
        assert!(store.head(log).await.is_ok());
    });
}

#[test]
fn a_cluster_that_is_not_there_is_an_error_that_names_it() {
    let config = CqlConfig { nodes: vec!["127.0.0.1:1".to_owned()], connect_timeout_ms: 500, ..CqlConfig::default() };
    let error = runtime().block_on(Cql::open(config, parts())).unwrap_err();
    assert!(matches!(&error, CqlError::Connect { .. }) && error.to_string().contains("127.0.0.1:1"), "{error}");
}

#[test]
fn a_configuration_that_cannot_work_is_refused_before_anything_is_asked() {
    let config = CqlConfig { keyspace: "Drop; Table".to_owned(), threads: 0, ..CqlConfig::default() };
    let error = runtime().block_on(Cql::open(config, parts())).unwrap_err();
    let CqlError::Config(problems) = error else { panic!("{error}") };
    assert!(problems.iter().any(|problem| problem.starts_with("keyspace ")));
    assert!(problems.iter().any(|problem| problem.starts_with("threads ")));
}
