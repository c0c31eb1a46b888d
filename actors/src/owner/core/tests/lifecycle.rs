//! Loading, snapshots, retention, the end.

use super::driver::{Bench, refusal_of, sent_of};
use crate::owner::core::{Input, Report};
use crate::store::Snapshot;

#[test]
fn an_owner_announces_the_head_when_it_is_ready_and_publishes_nothing_old() {
    let mut bench = Bench::created();
    bench.send("one", None);
    bench.published.clear();
    bench.restart();
    assert_eq!(bench.announced, vec![0, 2]);
    assert!(bench.published.is_empty());
}

#[test]
fn a_start_from_snapshot_and_tail_gives_the_same_state_as_the_whole_log() {
    let mut bench = Bench::created();
    for number in 0..37 {
        bench.send("x", Some(&format!("r{number}")));
    }
    let whole = bench.core.state().clone();
    assert!(bench.snapshot.as_ref().is_some_and(|snapshot| snapshot.offset >= 20));
    bench.restart();
    assert_eq!(bench.core.state(), &whole);
    bench.snapshot = None;
    bench.restart();
    assert_eq!(bench.core.state(), &whole);
}

#[test]
fn a_snapshot_of_an_unknown_format_is_ignored() {
    let mut bench = Bench::created();
    bench.send("x", None);
    bench.snapshot = Some(Snapshot { offset: 2, state: bytes::Bytes::from_static(&[200, 1]) });
    bench.restart();
    assert_eq!(bench.core.head(), 2);
    assert!(bench.reports.iter().any(|report| matches!(report, Report::SnapshotIgnored(_))));
}

#[test]
fn commands_that_come_while_loading_are_decided_afterwards() {
    let mut bench = Bench::created();
    bench.reads_fail = true;
    bench.restart();
    let refused = bench.send("x", None);
    assert_eq!(refusal_of(&bench, refused).code.as_str(), "unavailable");
    bench.reads_fail = false;
    bench.pass(2_000);
    let accepted = bench.send("x", None);
    assert_eq!(sent_of(&bench, accepted).offset, 2);
}

#[test]
fn an_idle_owner_saves_and_asks_to_be_ended() {
    let mut bench = Bench::created();
    bench.send("x", None);
    bench.pass(bench.config.idle_after_ms - 1);
    assert_eq!(bench.passivated, 0);
    bench.pass(1);
    assert_eq!(bench.passivated, 1);
    assert_eq!(bench.snapshot.as_ref().map(|snapshot| snapshot.offset), Some(2));
}

#[test]
fn a_command_that_comes_before_the_end_brings_the_owner_back() {
    let mut bench = Bench::created();
    bench.feed(Input::Rest);
    assert_eq!(bench.passivated, 1);
    let ticket = bench.send("x", None);
    assert_eq!(sent_of(&bench, ticket).offset, 2);
    bench.pass(bench.config.idle_after_ms);
    assert_eq!(bench.passivated, 2);
}

#[test]
fn an_owner_ends_even_when_its_snapshot_cannot_be_saved() {
    let mut bench = Bench::created();
    bench.snapshots_fail = true;
    bench.pass(bench.config.idle_after_ms);
    assert_eq!(bench.passivated, 1);
}

#[test]
fn draining_finishes_the_append_before_the_end() {
    let mut bench = Bench::created();
    bench.hold_appends = true;
    let ticket = bench.send("x", None);
    bench.feed(Input::Drain);
    assert_eq!(bench.passivated, 0);
    bench.release();
    assert_eq!(sent_of(&bench, ticket).offset, 2);
    assert_eq!(bench.passivated, 1);
}

#[test]
fn retention_removes_only_what_a_snapshot_covers() {
    let mut bench = Bench::created_with(|config| config.retain_entries = 15);
    for number in 0..100 {
        bench.send("x", Some(&format!("r{number}")));
        assert!(bench.first <= bench.indexed + 1);
    }
    assert!(bench.first > 50);
    bench.restart();
    assert_eq!(bench.core.head(), 101);
    let again = bench.send("x", Some("r0"));
    assert_eq!(sent_of(&bench, again).offset, 2, "ids stay findable when their entries are gone");
}

#[test]
fn a_long_log_without_a_snapshot_is_loaded_within_bounded_memory() {
    let mut bench = Bench::created();
    for number in 0..300 {
        bench.send("x", Some(&format!("r{number}")));
    }
    bench.snapshot = None;
    bench.config = std::sync::Arc::new(crate::owner::OwnerConfig {
        max_remembered_ids: 60,
        page_entries: 20,
        ..(*bench.config).clone()
    });
    bench.restart();
    assert_eq!(bench.core.head(), 301);
    assert!(bench.core.seen.len() <= 60);
    let again = bench.send("x", Some("r5"));
    assert_eq!(sent_of(&bench, again).offset, 7);
}
