//! Conflicts, unknown outcomes, a store that refuses.

use super::driver::{Bench, Fate, refusal_of, sent_of};
use crate::store::StoreError;

#[test]
fn after_a_conflict_the_missed_entries_are_read_published_and_the_command_decided_again() {
    let mut bench = Bench::created();
    let mut other = Bench::created();
    other.send("theirs", Some("t1"));
    other.send("theirs", Some("t2"));
    bench.fates.push_back(Fate::Overtaken(other.log[1..].to_vec()));
    let ticket = bench.send("ours", Some("o"));
    assert_eq!(sent_of(&bench, ticket).offset, 4);
    assert_eq!(bench.published, vec![1, 2, 3, 4]);
    assert_eq!(bench.message_numbers(), vec![1, 2, 3]);
}

#[test]
fn an_append_that_was_written_but_not_confirmed_is_found_and_acknowledged_once() {
    let mut bench = Bench::created();
    bench.fates.push_back(Fate::UnknownAfter);
    let ticket = bench.send("hello", Some("r"));
    let sent = sent_of(&bench, ticket);
    assert_eq!((sent.offset, sent.duplicate), (2, false));
    assert_eq!(bench.log.len(), 2);
    assert_eq!(bench.published, vec![1, 2]);
}

#[test]
fn an_append_that_was_not_written_is_repeated_with_the_same_ids() {
    let mut bench = Bench::created();
    bench.fates.extend([Fate::UnknownBefore, Fate::UnknownBefore]);
    let ticket = bench.send("hello", None);
    assert!(bench.answers.is_empty());
    bench.pass(1_000);
    assert_eq!(sent_of(&bench, ticket).offset, 2);
    assert_eq!(bench.log.len(), 2);
}

#[test]
fn a_first_write_that_lands_late_meets_its_own_repetition() {
    let mut bench = Bench::created();
    bench.hold_appends = true;
    let ticket = bench.send("hello", None);
    let late = bench.held[0].entries.clone();
    bench.fates.push_back(Fate::UnknownBefore);
    bench.release();
    bench.pass(1_000);
    assert_eq!(bench.held[0].entries, late, "the repetition must carry the same entries");
    bench.log.extend(late);
    bench.release();
    assert_eq!(sent_of(&bench, ticket).offset, 2);
    assert_eq!(bench.log.len(), 2);
}

#[test]
fn an_outcome_that_stays_unknown_is_answered_unavailable_and_late_entries_are_still_published() {
    let mut bench = Bench::created_with(|config| config.idle_after_ms = 1_000_000);
    bench.hold_appends = true;
    let ticket = bench.send("hello", Some("r"));
    let late = bench.held[0].entries.clone();
    for _ in 0..bench.config.max_attempts {
        bench.fates.push_back(Fate::UnknownBefore);
        bench.release();
        bench.now.mono += 2_000;
        bench.feed(crate::owner::core::Input::Tick);
        if bench.held.is_empty() {
            break;
        }
    }
    assert_eq!(refusal_of(&bench, ticket).code.as_str(), "unavailable");
    bench.hold_appends = false;
    bench.log.extend(late);
    bench.pass(60_000);
    assert_eq!(bench.published, vec![1, 2]);
    let again = bench.send("hello", Some("r"));
    assert_eq!((sent_of(&bench, again).offset, sent_of(&bench, again).duplicate), (2, true));
}

#[test]
fn a_store_that_refuses_is_told_to_the_sender_and_the_state_kept() {
    let mut bench = Bench::created();
    bench.fates.push_back(Fate::Fails(StoreError::Full("disk".into())));
    let refused = bench.send("one", Some("r"));
    let refusal = refusal_of(&bench, refused);
    assert_eq!((refusal.code.as_str(), refusal.retry_after_ms.is_some()), ("unavailable", true));
    bench.pass(5_000);
    let accepted = bench.send("one", Some("r"));
    assert_eq!(sent_of(&bench, accepted).offset, 2);
    assert_eq!(bench.message_numbers(), vec![1]);
}

#[test]
fn reading_that_fails_after_an_unknown_append_is_tried_again() {
    let mut bench = Bench::created();
    bench.reads_fail = true;
    bench.fates.push_back(Fate::UnknownAfter);
    let ticket = bench.send("hello", None);
    assert!(bench.answers.is_empty());
    bench.reads_fail = false;
    bench.pass(1_000);
    assert_eq!(sent_of(&bench, ticket).offset, 2);
}

#[test]
fn a_log_that_is_shorter_than_it_was_takes_the_owner_down_until_it_is_read_again() {
    let mut bench = Bench::created();
    bench.send("one", None);
    let forgotten = bench.log.pop().unwrap();
    let ticket = bench.send("two", None);
    assert_eq!(refusal_of(&bench, ticket).code.as_str(), "unavailable");
    bench.log.push(forgotten);
    bench.pass(5_000);
    let ticket = bench.send("two", None);
    assert_eq!(sent_of(&bench, ticket).offset, 3);
}

#[test]
fn a_payload_that_cannot_be_read_takes_the_owner_down_without_a_panic() {
    let mut bench = Bench::created();
    bench.send("one", None);
    bench.log[1].payload = bytes::Bytes::from_static(&[9, 9, 9]);
    bench.restart();
    let ticket = bench.send("two", None);
    assert_eq!(refusal_of(&bench, ticket).code.as_str(), "unavailable");
}

#[test]
fn an_open_append_is_found_even_when_much_was_written_behind_it_and_a_snapshot_saved_meanwhile() {
    let mut bench = Bench::created_with(|config| config.page_entries = 4);
    let mut other = Bench::created();
    bench.fates.push_back(Fate::UnknownAfter);
    bench.reads_fail = true;
    // Without a client ref nothing but the open append tells that it was written.
    let ticket = bench.send("ours", None);
    for number in 0..60 {
        other.send("theirs", Some(&format!("t{number}")));
    }
    bench.log.extend_from_slice(&other.log[1..]);
    bench.reads_fail = false;
    bench.pass(1_000);
    assert_eq!(sent_of(&bench, ticket).offset, 2);
    assert!(bench.indexed > 10);
    assert_eq!(bench.log.len(), 62);
}
