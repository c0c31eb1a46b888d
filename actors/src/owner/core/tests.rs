//! The core against a small log that the test can make fail.

mod dedupe;
mod digests;
mod driver;
mod duel;
mod faults;
mod late;
mod lifecycle;
mod shared;

use driver::{Bench, refusal_of, sent_of};

#[test]
fn a_command_is_answered_after_its_append_and_then_published() {
    let mut bench = Bench::created();
    bench.hold_appends = true;
    let ticket = bench.send("a", None);
    assert!(bench.answers.is_empty(), "answered before it was durable");
    assert_eq!(bench.published.len(), 1);
    bench.release();
    assert_eq!(sent_of(&bench, ticket).offset, 2);
    assert_eq!(bench.published, vec![1, 2]);
}

#[test]
fn everything_that_waits_goes_into_the_next_append() {
    let mut bench = Bench::created();
    bench.hold_appends = true;
    let tickets: Vec<_> = (0..10).map(|number| bench.send("a", Some(&format!("r{number}")))).collect();
    assert_eq!(bench.held.len(), 1);
    bench.release();
    assert_eq!(bench.held.len(), 1, "nine commands in one second append");
    bench.release();
    let offsets: Vec<_> = tickets.iter().map(|ticket| sent_of(&bench, *ticket).offset).collect();
    assert_eq!(offsets, (2..=11).collect::<Vec<_>>());
    assert_eq!(bench.published, (1..=11).collect::<Vec<_>>());
}

#[test]
fn a_batch_keeps_within_its_limits() {
    let mut bench = Bench::created_with(|config| {
        config.batch_entries = 4;
        config.batch_bytes = 2_000;
    });
    bench.hold_appends = true;
    bench.send("first", None);
    for _ in 0..6 {
        bench.send("x", None);
    }
    let long = "y".repeat(1_500);
    bench.send(&long, None);
    bench.send(&long, None);
    let mut sizes = Vec::new();
    while !bench.held.is_empty() {
        sizes.push(bench.held[0].entries.len());
        bench.release();
    }
    assert_eq!(sizes, vec![1, 4, 3, 1]);
}

#[test]
fn a_command_beyond_the_limits_is_refused_as_busy() {
    let mut bench = Bench::created_with(|config| config.max_pending_commands = 3);
    bench.hold_appends = true;
    for _ in 0..3 {
        bench.send("x", None);
    }
    let refused = bench.send("x", None);
    assert_eq!(refusal_of(&bench, refused).code.as_str(), "busy");
    assert!(refusal_of(&bench, refused).retry_after_ms.is_some());
    bench.release();
    bench.release();
    let accepted = bench.send("x", None);
    bench.release();
    assert_eq!(sent_of(&bench, accepted).offset, 5);
}

#[test]
fn a_query_is_answered_from_durable_state_while_an_append_is_under_way() {
    let mut bench = Bench::created();
    bench.hold_appends = true;
    bench.send("x", None);
    assert_eq!(bench.access().head, 1);
    bench.release();
    assert_eq!(bench.access().head, 2);
}

#[test]
fn a_later_command_of_a_batch_sees_what_an_earlier_one_decided() {
    let mut bench = Bench::created();
    bench.hold_appends = true;
    bench.send("one", None);
    bench.send("two", None);
    bench.send("three", None);
    bench.release();
    bench.release();
    assert_eq!(bench.message_numbers(), vec![1, 2, 3]);
}
