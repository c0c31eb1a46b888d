//! A repetition is answered with the first offset, whenever it comes.

use super::driver::{Bench, Fate, refusal_of, sent_of};
use crate::owner::core::Report;

#[test]
fn a_repetition_is_answered_with_the_first_offset() {
    let mut bench = Bench::created();
    let first = bench.send("hello", Some("r"));
    let again = bench.send("hello", Some("r"));
    assert_eq!(sent_of(&bench, first).offset, sent_of(&bench, again).offset);
    assert_eq!((sent_of(&bench, first).duplicate, sent_of(&bench, again).duplicate), (false, true));
    assert_eq!(bench.log.len(), 2);
}

#[test]
fn a_repetition_that_meets_the_first_in_flight_waits_for_it() {
    let mut bench = Bench::created();
    bench.hold_appends = true;
    let first = bench.send("hello", Some("r"));
    let second = bench.send("hello", Some("r"));
    let third = bench.send("hello", Some("r"));
    bench.release();
    assert!(bench.held.is_empty(), "a repetition was appended");
    let offsets: Vec<_> = [first, second, third].iter().map(|ticket| sent_of(&bench, *ticket).offset).collect();
    assert_eq!(offsets, vec![2, 2, 2]);
}

#[test]
fn two_of_the_same_in_one_batch_are_one_entry() {
    let mut bench = Bench::created();
    bench.hold_appends = true;
    bench.send("other", None);
    let first = bench.send("hello", Some("r"));
    let second = bench.send("hello", Some("r"));
    bench.release();
    bench.release();
    assert_eq!((sent_of(&bench, first).offset, sent_of(&bench, second).offset), (3, 3));
    assert_eq!(bench.log.len(), 3);
}

#[test]
fn a_repetition_older_than_memory_is_found_in_the_index() {
    let mut bench = Bench::created();
    let first = bench.send("hello", Some("r"));
    for _ in 0..40 {
        bench.send("later", None);
    }
    assert!(bench.finds.is_empty(), "commands without a client ref are never repetitions");
    let again = bench.send("hello", Some("r"));
    assert_eq!(sent_of(&bench, again).offset, sent_of(&bench, first).offset);
    assert_eq!(bench.finds.len(), 1);
    assert_eq!(bench.log.len(), 42);
}

#[test]
fn a_repetition_after_a_restart_is_recognised() {
    let mut bench = Bench::created();
    let early = bench.send("early", Some("early"));
    for _ in 0..25 {
        bench.send("later", None);
    }
    let late = bench.send("late", Some("late"));
    bench.restart();
    let (early_again, late_again) = (bench.send("early", Some("early")), bench.send("late", Some("late")));
    assert_eq!(sent_of(&bench, early_again).offset, sent_of(&bench, early).offset);
    assert_eq!(sent_of(&bench, late_again).offset, sent_of(&bench, late).offset);
    assert_eq!(bench.log.len(), 28);
}

#[test]
fn ids_are_remembered_while_snapshots_fail_and_commands_refused_before_memory_is_full() {
    let mut bench = Bench::created_with(|config| config.max_remembered_ids = 40);
    bench.snapshots_fail = true;
    let first = bench.send("first", Some("r"));
    while bench.log.len() < 40 {
        bench.send("x", None);
        bench.pass(1);
    }
    let again = bench.send("first", Some("r"));
    assert_eq!(refusal_of(&bench, again).code.as_str(), "unavailable");
    assert!(bench.reports.iter().any(|report| matches!(report, Report::SnapshotFailed(_))));
    bench.snapshots_fail = false;
    bench.pass(5_000);
    let again = bench.send("first", Some("r"));
    assert_eq!(sent_of(&bench, again).offset, sent_of(&bench, first).offset);
}

#[test]
fn memory_keeps_between_one_and_two_snapshot_intervals() {
    let mut bench = Bench::created();
    for _ in 0..200 {
        bench.send("x", None);
        assert!(bench.core.seen.len() <= 21, "{}", bench.core.seen.len());
    }
    assert!(bench.core.seen.len() >= 10);
}

#[test]
fn a_command_whose_look_up_fails_is_refused_and_others_go_on() {
    let mut bench = Bench::created();
    for _ in 0..30 {
        bench.send("x", None);
    }
    bench.finds_fail = true;
    let lost = bench.send("y", Some("r"));
    let fine = bench.send("z", None);
    assert_eq!(refusal_of(&bench, lost).code.as_str(), "unavailable");
    assert_eq!(sent_of(&bench, fine).offset, 32);
}

#[test]
fn a_new_message_needs_no_look_up_while_forgotten_ids_have_left_a_trace() {
    let mut bench = Bench::created_with(|config| config.faded_ids = 1_024);
    let early = bench.send("early", Some("early"));
    for number in 0..100 {
        bench.send("x", Some(&format!("r{number}")));
    }
    assert!(bench.core.seen.floor() > 50 && bench.finds.is_empty());
    let again = bench.send("early", Some("early"));
    assert_eq!((sent_of(&bench, again).offset, bench.finds.len()), (sent_of(&bench, early).offset, 1));
}

#[test]
fn a_repetition_of_what_another_node_wrote_is_answered_with_its_offset() {
    let mut bench = Bench::created();
    let mut other = Bench::created();
    other.send("hello", Some("r"));
    let written = other.log[1].clone();
    bench.fates.push_back(Fate::Overtaken(vec![written]));
    let ticket = bench.send("hello", Some("r"));
    assert_eq!(sent_of(&bench, ticket).offset, 2);
    assert_eq!(bench.log.len(), 2);
    assert_eq!(bench.published, vec![1, 2]);
}
