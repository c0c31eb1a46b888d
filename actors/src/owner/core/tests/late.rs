//! Commands that the log does not take in time.

use super::driver::{Bench, Fate, refusal_of, sent_of};
use plenum_schema::RefusalCode;

fn bench() -> Bench {
    Bench::created_with(|config| (config.place_within_ms, config.idle_after_ms) = (500, 1_000_000))
}

#[test]
fn a_command_on_its_way_into_the_log_is_refused_in_time_and_counts_once_if_it_lands() {
    let mut bench = bench();
    bench.hold_appends = true;
    let first = bench.send("first", Some("r"));
    bench.pass(300);
    let second = bench.send("second", Some("s"));
    bench.pass(250);
    assert_eq!(refusal_of(&bench, first).code, RefusalCode::Unavailable);
    assert!(refusal_of(&bench, first).retry_after_ms.is_some());
    assert!(!bench.answers.contains_key(&second), "it came later");
    bench.pass(260);
    assert_eq!(refusal_of(&bench, second).code, RefusalCode::Unavailable);
    bench.hold_appends = false;
    bench.release();
    assert_eq!((bench.log.len(), bench.published.clone()), (2, vec![1, 2]), "the second was never sent");
    let again = bench.send("first", Some("r"));
    assert_eq!((sent_of(&bench, again).offset, sent_of(&bench, again).duplicate), (2, true));
}

#[test]
fn what_was_refused_and_met_by_a_conflict_is_not_tried_again() {
    let mut bench = bench();
    let mut other = Bench::created();
    other.send("theirs", None);
    bench.hold_appends = true;
    let refused = bench.send("ours", None);
    bench.pass(300);
    let waiting = bench.send("also ours", None);
    bench.pass(300);
    assert_eq!(refusal_of(&bench, refused).code, RefusalCode::Unavailable);
    bench.fates.push_back(Fate::Overtaken(other.log[1..].to_vec()));
    bench.hold_appends = false;
    bench.release();
    assert_eq!(sent_of(&bench, waiting).offset, 3);
    assert_eq!(bench.log.len(), 3);
}

#[test]
fn an_unknown_append_that_nobody_waits_for_makes_room_for_those_that_came_after() {
    let mut bench = bench();
    bench.hold_appends = true;
    let refused = bench.send("one", None);
    bench.pass(600);
    assert_eq!(refusal_of(&bench, refused).code, RefusalCode::Unavailable);
    let waiting = bench.send("two", None);
    bench.fates.push_back(Fate::UnknownBefore);
    bench.hold_appends = false;
    bench.release();
    bench.pass(100);
    assert_eq!(sent_of(&bench, waiting).offset, 2, "one attempt, not max_attempts of them");
}

#[test]
fn a_log_that_cannot_be_read_in_time_refuses_who_waits_for_it() {
    let mut bench = bench();
    bench.reads_fail = true;
    bench.fates.push_back(Fate::UnknownAfter);
    let ticket = bench.send("one", Some("r"));
    bench.pass(600);
    assert_eq!(refusal_of(&bench, ticket).code, RefusalCode::Unavailable);
    bench.reads_fail = false;
    bench.pass(10_000);
    assert_eq!(bench.published, vec![1, 2], "it stands, and everybody learns of it");
}
