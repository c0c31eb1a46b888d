//! How many durable appends a second the embedded engine acknowledges, and what they cost.
//!
//! `cargo run --release -p plenum-store --example append_rate [DIRECTORY]`
//!
//! Each of N tasks appends one message of 200 bytes at a time to a log of its own and waits for the answer. CPU is that of the
//! whole process, tasks and their runtime included. The last lines write a million messages and open the store again.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a measuring tool: an error ends it")]

use bytes::Bytes;
use plenum_actors::clock::{Clock, SystemClock};
use plenum_actors::store::{Appended, Direction, Entry, Store};
use plenum_schema::EntryId;
use plenum_schema::log::{AggregateKind, LogId};
use plenum_store::embedded::Parts;
use plenum_store::{Embedded, EmbeddedConfig, StoreMetrics};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use uuid::Uuid;

const MICROS_EACH: u64 = 3_000_000;

fn entry(payload: &Bytes) -> Entry {
    Entry { id: EntryId(Uuid::now_v7()), payload: payload.clone() }
}

fn log() -> LogId {
    LogId { kind: AggregateKind::Conversation, id: Uuid::now_v7() }
}

/// User and system time of this process, seconds.
fn cpu() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<_> = stat.rsplit(") ").next().unwrap().split(' ').collect();
    fields[11..13].iter().map(|ticks| ticks.parse::<f64>().unwrap() / 100.0).sum()
}

fn memory_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap().to_owned();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
}

async fn sender(store: Arc<Embedded>, stop: Arc<AtomicBool>) -> u64 {
    let (log, payload, digest) = (log(), Bytes::from(vec![b'x'; 200]), Bytes::from(vec![b'd'; 64]));
    let mut head = 0;
    while !stop.load(Ordering::Relaxed) {
        let appended = store.append(log, head, vec![entry(&payload)], Some(digest.clone())).await;
        assert_eq!(appended, Ok(Appended::Done(head + 1)));
        head += 1;
    }
    head
}

async fn level(store: &Arc<Embedded>, metrics: &StoreMetrics, clock: &Arc<SystemClock>, senders: usize) {
    let stop = Arc::new(AtomicBool::new(false));
    let (fsyncs, used, start) = (metrics.fsyncs.get(), cpu(), clock.micros());
    let tasks: Vec<_> = (0..senders).map(|_| tokio::spawn(sender(store.clone(), stop.clone()))).collect();
    while clock.micros() - start < MICROS_EACH {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    stop.store(true, Ordering::Relaxed);
    let mut acks = 0;
    for task in tasks {
        acks += task.await.unwrap();
    }
    let seconds = (clock.micros() - start) as f64 / 1e6;
    let per_fsync = acks as f64 / (metrics.fsyncs.get() - fsyncs) as f64;
    let cost = (cpu() - used) / acks as f64 * 1e6;
    println!(
        "{senders:>5} in flight: {:>9.0} acks/s {per_fsync:>8.1} per fsync {cost:>7.2} CPU s per million",
        acks as f64 / seconds
    );
}

/// A thousand logs with a thousand messages each, ten in an append.
async fn million(store: &Arc<Embedded>) {
    let payload = Bytes::from(vec![b'x'; 200]);
    let logs: Vec<_> = (0..1_000).map(|_| log()).collect();
    for head in (0..1_000).step_by(10) {
        let entries = || (0..10).map(|_| entry(&payload)).collect();
        let appends = logs.iter().map(|log| store.append(*log, head, entries(), Some(Bytes::from_static(b"digest"))));
        for appended in futures_util::future::join_all(appends).await {
            assert_eq!(appended, Ok(Appended::Done(head + 10)));
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let scratch = PathBuf::from("target/append-rate");
    let path = std::env::args().nth(1).map_or(scratch, PathBuf::from);
    let config = EmbeddedConfig::at(path.join(Uuid::new_v4().to_string()));
    let clock = Arc::new(SystemClock::new());
    let open = || {
        let metrics = StoreMetrics::new(&prometheus::Registry::new()).unwrap();
        let parts = Parts { metrics: metrics.clone(), clock: clock.clone(), hook: None };
        (Embedded::open_with(config.clone(), parts).unwrap(), metrics)
    };
    let (store, metrics) = open();
    println!("empty store: {} MiB resident", memory_mib());
    for senders in [1, 64, 256, 1_024] {
        level(&store, &metrics, &clock, senders).await;
    }
    let (start, used) = (clock.micros(), cpu());
    million(&store).await;
    let spent = (clock.micros() - start) as f64 / 1e6;
    println!(
        "a million messages in appends of ten: {spent:.1} s, {:.1} CPU s, {} MiB resident",
        cpu() - used,
        memory_mib()
    );
    println!("{} MiB on disk", metrics.disk_bytes.get() / 1024 / 1024);
    drop(store);
    let start = clock.micros();
    let (store, _) = open();
    let opened = clock.micros() - start;
    let logs = store.logs(None, 1_000).await.unwrap();
    let start = clock.micros();
    for log in &logs {
        store.read(*log, u64::MAX, Direction::Backward, 50, 1 << 20).await.unwrap();
    }
    let read = (clock.micros() - start) / logs.len() as u64;
    println!("opened again in {} ms; last 50 of a log in {read} µs; {} MiB resident", opened / 1_000, memory_mib());
    drop(store);
    std::fs::remove_dir_all(&config.path).unwrap();
}
