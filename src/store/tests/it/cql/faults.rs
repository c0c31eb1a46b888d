//! Nodes die and fall silent under competing writers: nothing acknowledged is lost, nothing is there twice, no gap, and every answer
//! fits one order.

use super::cluster::{Node, config, migrated, open, runtime, until};
use super::recorder::{Habit, Recorder};
use plenum_actors::store::{Appended, Direction, Entry, Store};
use plenum_schema::EntryId;
use plenum_schema::cql::BUCKET_ENTRIES;
use plenum_schema::log::{AggregateKind, LogId};
use plenum_store::Cql;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use uuid::Uuid;

const KEYSPACE: &str = "faults";
/// Operations of one phase of a test: some seconds, long enough for answers to be lost in it.
const PHASE: usize = 500;

fn log() -> LogId {
    LogId { kind: AggregateKind::Conversation, id: Uuid::new_v4() }
}

/// Stores that stand for nodes: nothing but the cluster keeps their writers apart.
async fn stores(count: usize) -> Vec<Arc<Cql>> {
    let mut config = config(KEYSPACE);
    migrated(&config).await;
    // Impatient enough that a silent node is met as a lost answer.
    config.conditional_timeout_ms = 1_500;
    config.conditional_attempts = 3;
    let mut stores = Vec::new();
    for _ in 0..count {
        stores.push(open(config.clone()).await.unwrap());
    }
    stores
}

fn clients(stores: &[Arc<Cql>], recorder: &Arc<Recorder>, habit: Habit) -> Vec<tokio::task::JoinHandle<()>> {
    stores.iter().map(|store| tokio::spawn(recorder.clone().client(store.clone(), habit))).collect()
}

async fn end(recorder: &Arc<Recorder>, clients: Vec<tokio::task::JoinHandle<()>>) {
    recorder.stop();
    for client in clients {
        client.await.unwrap();
    }
}

/// So many operations later, and appends are acknowledged (again).
async fn goes_on(recorder: &Arc<Recorder>, operations: usize) {
    let (count, done) = (recorder.count() + operations, recorder.done.load(Ordering::Relaxed) + 2);
    let is_so = || async { recorder.count() >= count && recorder.done.load(Ordering::Relaxed) > done };
    until("operations, and acknowledged appends among them", is_so).await;
}

#[test]
#[ignore = "needs a CQL cluster: scripts/test cql"]
fn writers_of_three_nodes_keep_one_order_while_store_nodes_die_and_fall_silent() {
    runtime().block_on(async {
        let stores = stores(3).await;
        let recorder = Recorder::new(log());
        let habit = Habit { entries: 3, rest: Duration::from_millis(20), looks: 5 };
        let clients = clients(&stores, &recorder, habit);
        goes_on(&recorder, PHASE / 2).await;

        let silent = Node::new(2);
        silent.pause();
        goes_on(&recorder, PHASE).await;
        silent.wake();
        goes_on(&recorder, PHASE / 2).await;

        let dead = Node::new(3);
        dead.kill();
        goes_on(&recorder, PHASE).await;
        tokio::task::spawn_blocking(move || dead.start()).await.unwrap();
        goes_on(&recorder, PHASE / 2).await;

        end(&recorder, clients).await;
        assert!(recorder.verdict(&stores[0]).await > 50);
    });
}

#[test]
#[ignore = "needs a CQL cluster: scripts/test cql"]
fn two_writers_that_open_new_buckets_at_the_same_time_leave_no_gap() {
    runtime().block_on(async {
        let stores = stores(2).await;
        let recorder = Recorder::new(log());
        // Large appends, so that bucket after bucket is filled; odd, so that appends cross the border at every offset.
        let habit = Habit { entries: 251, rest: Duration::ZERO, looks: 9 };
        let clients = clients(&stores, &recorder, habit);
        let wanted = 3 * BUCKET_ENTRIES;
        until("three buckets full", || async {
            stores[0].head(recorder.log).await.is_ok_and(|head| head.offset > wanted)
        })
        .await;
        end(&recorder, clients).await;
        assert!(recorder.verdict(&stores[1]).await as u64 > wanted);
    });
}

#[test]
#[ignore = "needs a CQL cluster: scripts/test cql"]
fn an_append_on_a_head_that_never_was_is_a_conflict_in_every_bucket() {
    runtime().block_on(async {
        let stores = stores(1).await;
        let (store, log) = (&stores[0], log());
        let list = |count: usize| {
            (0..count).map(|_| Entry { id: EntryId(Uuid::new_v4()), payload: "e".into() }).collect::<Vec<_>>()
        };
        let mut head = 0;
        while head < BUCKET_ENTRIES + 300 {
            assert_eq!(store.append(log, head, list(300), Some("d".into())).await, Ok(Appended::Done(head + 300)));
            head += 300;
        }
        let wrong =
            [0, 1, 300, BUCKET_ENTRIES - 1, BUCKET_ENTRIES, head - 1, head + 1, 2 * BUCKET_ENTRIES, 9 * BUCKET_ENTRIES];
        for expected in wrong {
            assert_eq!(
                store.append(log, expected, list(1), Some("x".into())).await,
                Ok(Appended::Conflict(head)),
                "on {expected}"
            );
        }
        assert_eq!(store.head(log).await.unwrap().offset, head);
        // Trimming over the border, and reading what is left from both ends.
        store.trim(log, BUCKET_ENTRIES + 10).await.unwrap();
        let first = store.read(log, 0, Direction::Forward, 1, 1 << 20).await.unwrap();
        assert_eq!(first[0].offset, BUCKET_ENTRIES + 11);
        let back = store.read(log, BUCKET_ENTRIES + 14, Direction::Backward, 10, 1 << 20).await.unwrap();
        let offsets: Vec<_> = back.iter().map(|entry| entry.offset).collect();
        assert_eq!(offsets, [BUCKET_ENTRIES + 13, BUCKET_ENTRIES + 12, BUCKET_ENTRIES + 11]);
        assert_eq!(store.append(log, head, list(1), Some("d".into())).await, Ok(Appended::Done(head + 1)));
    });
}

#[test]
#[ignore = "needs a CQL cluster: scripts/test cql"]
fn without_a_majority_writes_fail_and_readiness_says_so_until_it_is_back() {
    runtime().block_on(async {
        let stores = stores(1).await;
        let (store, log) = (&stores[0], log());
        let one = || vec![Entry { id: EntryId(Uuid::new_v4()), payload: "e".into() }];
        assert_eq!(store.append(log, 0, one(), Some("d".into())).await, Ok(Appended::Done(1)));
        let (second, third) = (Node::new(2), Node::new(3));
        second.kill();
        third.kill();
        until("readiness fails", || async { store.health().is_err() }).await;
        let answer = store.append(log, 1, one(), Some("d".into())).await;
        assert!(!matches!(answer, Ok(Appended::Done(_) | Appended::Conflict(_))), "{answer:?}");
        tokio::task::spawn_blocking(move || {
            second.start();
            third.start();
        })
        .await
        .unwrap();
        until("readiness is back", || async { store.health().is_ok() }).await;
        until("a write", || async {
            let head = store.head(log).await.map_or(1, |head| head.offset);
            matches!(store.append(log, head, one(), Some("d".into())).await, Ok(Appended::Done(_)))
        })
        .await;
    });
}
