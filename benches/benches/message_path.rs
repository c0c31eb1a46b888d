//! The path of one message, piece by piece. `cargo bench -p plenum-benches` (add a name to run one group).
//! Criterion compares with the run before; a `--save-baseline` of the previous commit makes that the comparison.
#![expect(clippy::expect_used, reason = "a bench ends when its set-up fails")]

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use plenum_actors::hub::Wish;
use plenum_actors::publication::{Dialect, Publication};
use plenum_actors::store::{Appended, SharedStore};
use plenum_benches::{TOPIC, create, directory, entry, hub, join, message, send, store};
use plenum_edge::native::FRAMING;
use plenum_schema::codec::{Codec, decode, encode};
use plenum_schema::wire::{ClientFrame, Command, Send};
use plenum_schema::{AggregateKind, Content, LogId};
use plenum_websocket::client::frame;
use plenum_websocket::encode::text_frame;
use plenum_websocket::{Decoder, Limits, Opcode};
use std::hint::black_box;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};
use uuid::Uuid;

fn frames(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("frame");
    let one = frame(Opcode::Text, [1, 2, 3, 4], &[b'x'; 128]);
    let ten = one.repeat(10);
    group.throughput(Throughput::Elements(10));
    group.bench_function("decode 10 of 128 B", |bencher| {
        bencher.iter_batched_ref(
            || (Decoder::new(), ten.clone()),
            |(decoder, bytes)| {
                decoder.decode(&Limits::default(), bytes, &mut |incoming| {
                    black_box(incoming);
                    ControlFlow::Continue(())
                })
            },
            BatchSize::SmallInput,
        );
    });
    group.throughput(Throughput::Elements(1));
    group.bench_function("encode 128 B", |bencher| bencher.iter(|| text_frame(black_box(&[b'x'; 128]))));
    group.finish();
}

fn codecs(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("codec");
    let event = message(1).frame();
    let command = ClientFrame {
        id: 7,
        command: Command::Send(Send {
            topic: TOPIC,
            client_ref: Some("r".into()),
            content: Content::text("x".repeat(128)),
        }),
    };
    for codec in [Codec::Json, Codec::MessagePack] {
        group.bench_function(BenchmarkId::new("encode event", format!("{codec:?}")), |bencher| {
            bencher.iter(|| encode(codec, black_box(&event)));
        });
        let bytes = encode(codec, &command).expect("a command encodes");
        group.bench_function(BenchmarkId::new("decode send", format!("{codec:?}")), |bencher| {
            bencher.iter(|| decode::<ClientFrame>(codec, black_box(&bytes)));
        });
    }
    group.finish();
}

/// Cost of the hub alone: sockets that take everything at once.
fn fanout(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("fanout");
    group.sample_size(20);
    for (receivers, at_once) in [(1_000, 1), (1_000, 8), (10_000, 1), (10_000, 8)] {
        let mut core = hub(receivers, Dialect::NativeJson);
        let mut offset = 0;
        group.throughput(Throughput::Elements(receivers as u64 * at_once));
        group.bench_function(BenchmarkId::new(format!("{receivers} receivers"), at_once), |bencher| {
            bencher.iter(|| {
                let batch: Vec<Arc<Publication>> = (1..=at_once).map(|more| message(offset + more)).collect();
                offset += at_once;
                core.publish(&batch);
                while core.slice() {}
            });
        });
    }
    group.finish();
}

fn resume(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("resume");
    group.sample_size(20).throughput(Throughput::Elements(1_000));
    let log: Vec<_> = (1..=1_000).map(message).collect();
    for event in &log {
        event.bytes(Dialect::NativeJson, FRAMING.encode);
    }
    group.bench_function("1,000 messages", |bencher| {
        bencher.iter_batched_ref(
            || hub(0, Dialect::NativeJson),
            |core| {
                let key = join(core, 1, Dialect::NativeJson);
                core.subscribe(key, TOPIC, 0, 1_000);
                loop {
                    while core.slice() {}
                    let wishes = core.take_wishes();
                    if wishes.is_empty() {
                        return;
                    }
                    for wish in wishes {
                        let page = |after: u64| log.get(usize::try_from(after).unwrap_or(0)..).unwrap_or_default();
                        match wish {
                            Wish::Page { key, topic, after, .. } => {
                                let page = page(after);
                                core.page(key, topic, Some((page.get(..200).unwrap_or(page), 1)));
                            }
                            Wish::Repair { topic, after, .. } => core.repaired(topic, Some((page(after), 1))),
                        }
                    }
                }
            },
            BatchSize::SmallInput,
        );
    });
    group.finish();
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

#[expect(clippy::disallowed_methods, reason = "a bench measures time")]
fn now() -> Instant {
    Instant::now()
}

/// The time of `count` appends by `in_flight` writers, each to its own log. All of them append equally often, so that as many are under
/// way until the end; what these are more than was asked for is taken off the time.
#[expect(clippy::cast_precision_loss, reason = "counts of a bench are far below 2^52")]
async fn appends(store: &SharedStore, in_flight: u64, count: u64) -> Duration {
    let each = count.div_ceil(in_flight);
    let start = now();
    let writers: Vec<_> = (0..in_flight)
        .map(|_| {
            let (store, log) = (store.clone(), LogId { kind: AggregateKind::Conversation, id: Uuid::now_v7() });
            tokio::spawn(async move {
                for offset in 0..each {
                    let done = store.append(log, offset, vec![entry(offset)], Some(bytes::Bytes::new())).await;
                    assert_eq!(done, Ok(Appended::Done(offset + 1)));
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.expect("a writer");
    }
    start.elapsed().mul_f64(count as f64 / (each * in_flight) as f64)
}

fn append(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("append");
    group.sample_size(10).measurement_time(Duration::from_secs(3)).throughput(Throughput::Elements(1));
    let (directory, runtime) = (tempfile::tempdir().expect("a directory"), runtime());
    let store = store(directory.path());
    for in_flight in [1, 64, 256] {
        group.bench_function(BenchmarkId::new("in flight", in_flight), |bencher| {
            bencher.iter_custom(|count| runtime.block_on(appends(&store, in_flight, count)));
        });
    }
    group.finish();
}

/// A whole owner over the embedded store: decide, append, answer, 256 commands in flight.
fn owner(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("owner");
    group.sample_size(10).measurement_time(Duration::from_secs(3)).throughput(Throughput::Elements(1));
    let directory_path = tempfile::tempdir().expect("a directory");
    let system = actix::System::new();
    let store = store(directory_path.path());
    let owners = system.block_on(async { directory(store) });
    let id = Uuid::now_v7();
    system.block_on(async { owners.ask(id, create()).await }).expect("a conversation");
    let mut number = 0;
    group.bench_function("256 sends in flight", |bencher| {
        bencher.iter_custom(|count| {
            let from = number;
            number += count;
            system.block_on(async {
                let start = now();
                for chunk in (from..from + count).collect::<Vec<_>>().chunks(256) {
                    let sends: Vec<_> = chunk
                        .iter()
                        .map(|number| {
                            let (owners, command) = (owners.clone(), send(*number));
                            actix::spawn(async move { owners.ask(id, command).await })
                        })
                        .collect();
                    for send in sends {
                        send.await.expect("a task").expect("a sent message");
                    }
                }
                start.elapsed()
            })
        });
    });
    group.finish();
}

/// How long a directory with a million messages takes to open.
fn cold_start(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("cold start");
    group.sample_size(10).measurement_time(Duration::from_secs(10));
    let (directory, runtime) = (tempfile::tempdir().expect("a directory"), runtime());
    runtime.block_on(async {
        let store = store(directory.path());
        let logs: Vec<_> =
            (0..100).map(|number| LogId { kind: AggregateKind::Conversation, id: Uuid::from_u128(number) }).collect();
        for round in 0..100_u64 {
            for log in &logs {
                let entries = (0..100).map(|more| entry(round * 100 + more)).collect();
                let done = store.append(*log, round * 100, entries, Some(bytes::Bytes::new())).await;
                assert_eq!(done, Ok(Appended::Done(round * 100 + 100)));
            }
        }
    });
    group.bench_function("open with 1,000,000 messages", |bencher| bencher.iter(|| store(directory.path())));
    group.finish();
}

criterion_group!(benches, frames, codecs, fanout, resume, append, owner, cold_start);
criterion_main!(benches);
