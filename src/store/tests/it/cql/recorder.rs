//! Clients that compete for one log and write down what they saw.

use crate::history::{Operation, Seen, check};
use bytes::Bytes;
use plenum_actors::store::{Appended, Direction, Entry, Store};
use plenum_schema::EntryId;
use plenum_schema::log::{LogId, Offset};
use plenum_store::Cql;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use uuid::Uuid;

/// What all clients of one log share.
pub struct Recorder {
    pub log: LogId,
    begun: Instant,
    operations: Mutex<Vec<Operation>>,
    stop: AtomicBool,
    pub done: AtomicU64,
    pub unknown: AtomicU64,
    pub conflicts: AtomicU64,
}

/// How one client behaves.
#[derive(Clone, Copy)]
pub struct Habit {
    /// Entries of one append.
    pub entries: usize,
    /// Rest between operations.
    pub rest: Duration,
    /// One operation in this many is a look or a read.
    pub looks: u64,
}

impl Recorder {
    pub fn new(log: LogId) -> Arc<Self> {
        Arc::new(Self {
            log,
            begun: Instant::now(),
            operations: Mutex::default(),
            stop: AtomicBool::new(false),
            done: AtomicU64::new(0),
            unknown: AtomicU64::new(0),
            conflicts: AtomicU64::new(0),
        })
    }

    fn now(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_nanos()).unwrap()
    }

    fn note(&self, begun: u64, seen: Seen) {
        let ended = self.now();
        self.operations.lock().unwrap().push(Operation { begun, ended, seen });
    }

    /// How many operations have ended.
    pub fn count(&self) -> usize {
        self.operations.lock().unwrap().len()
    }

    pub fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    async fn append(&self, store: &Cql, head: Offset, entries: usize) -> Offset {
        let list: Vec<_> = (0..entries)
            .map(|number| Entry { id: EntryId(Uuid::new_v4()), payload: Bytes::from(format!("{head}/{number}")) })
            .collect();
        let ids: Vec<_> = list.iter().map(|entry| entry.id).collect();
        let begun = self.now();
        match store.append(self.log, head, list, Some(Bytes::from_static(b"digest"))).await {
            Ok(Appended::Done(end)) => {
                self.done.fetch_add(1, Ordering::Relaxed);
                self.note(begun, Seen::Done { expected: head, ids, head: end });
                end
            }
            Ok(Appended::Conflict(actual)) => {
                self.conflicts.fetch_add(1, Ordering::Relaxed);
                self.note(begun, Seen::Conflict { expected: head, ids, actual });
                actual
            }
            Ok(Appended::Unknown) => {
                self.unknown.fetch_add(1, Ordering::Relaxed);
                self.note(begun, Seen::Unknown { expected: head, ids });
                head
            }
            Err(_) => {
                self.note(begun, Seen::Failed { ids });
                head
            }
        }
    }

    async fn look(&self, store: &Cql, head: Offset) -> Offset {
        let begun = self.now();
        match store.head(self.log).await {
            Ok(end) => {
                self.note(begun, Seen::Head(end.offset));
                end.offset
            }
            Err(_) => head,
        }
    }

    async fn read(&self, store: &Cql) {
        let begun = self.now();
        const MOST: usize = 20;
        if let Ok(entries) = store.read(self.log, u64::MAX, Direction::Backward, MOST, 1 << 20).await {
            let mut entries: Vec<_> = entries.iter().map(|entry| (entry.offset, entry.id)).collect();
            entries.reverse();
            let first = entries.first().map_or(1, |(offset, _)| *offset);
            let after = if entries.len() < MOST { 0 } else { first - 1 };
            self.note(begun, Seen::Read { after, entries });
        }
    }

    /// One client, until told to stop.
    pub async fn client(self: Arc<Self>, store: Arc<Cql>, habit: Habit) {
        let (mut head, mut turn) = (0, 0);
        while !self.stop.load(Ordering::Relaxed) {
            turn += 1;
            if turn % habit.looks == 0 {
                head = self.look(&store, head).await;
            } else if turn % habit.looks == 1 {
                self.read(&store).await;
            } else {
                head = self.append(&store, head, habit.entries).await;
            }
            tokio::time::sleep(habit.rest).await;
        }
    }

    /// Everything in the log, forward; and the same backward.
    async fn whole(&self, store: &Cql) -> Vec<(Offset, EntryId)> {
        let mut all: Vec<(Offset, EntryId)> = Vec::new();
        loop {
            let after = all.last().map_or(0, |(offset, _)| *offset);
            let page = store.read(self.log, after, Direction::Forward, 500, 1 << 20).await.unwrap();
            if page.is_empty() {
                break;
            }
            all.extend(page.iter().map(|entry| (entry.offset, entry.id)));
        }
        let mut back = VecDeque::new();
        loop {
            let before = back.front().map_or(u64::MAX, |(offset, _)| *offset);
            let page = store.read(self.log, before, Direction::Backward, 500, 1 << 20).await.unwrap();
            if page.is_empty() {
                break;
            }
            page.iter().for_each(|entry| back.push_front((entry.offset, entry.id)));
        }
        assert!(all.iter().eq(back.iter()), "forward and backward differ");
        all
    }

    /// Compares what everybody saw with what is there in the end; how many entries that are.
    pub async fn verdict(&self, store: &Cql) -> usize {
        let log = self.whole(store).await;
        let head = store.head(self.log).await.unwrap();
        assert_eq!(head.offset, log.len() as u64);
        let operations = self.operations.lock().unwrap().clone();
        let (done, conflicts) = (self.done.load(Ordering::Relaxed), self.conflicts.load(Ordering::Relaxed));
        let unknown = self.unknown.load(Ordering::Relaxed);
        println!(
            "{} operations, {done} appends done, {conflicts} conflicts, {unknown} unknown, {} entries",
            operations.len(),
            log.len()
        );
        if let Err(reason) = check(&operations, &log) {
            panic!("the history is impossible: {reason}");
        }
        log.len()
    }
}
