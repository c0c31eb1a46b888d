//! Whole scenarios against the fake: an exact server passes, and each kind of fault is caught.

use crate::fake::{Fake, Fault, tokens};
use plenum_loadtest::clock::Clock;
use plenum_loadtest::load::{Codecs, Pace, Shape};
use plenum_loadtest::report::{Outcome, Report};
use plenum_loadtest::scenario::{Context, Foreign, acks, churn, fanout, idle, slow};
use plenum_loadtest::target::TargetOptions;
use std::time::Duration;

/// Runs something against a fake with a fault, with a token file that lives as long.
fn against(fault: Fault, run: impl FnOnce(&Context) -> Report) -> Report {
    let (fake, file) = (Fake::start(fault), tokens(3));
    let tokens = file.path().to_owned();
    let foreign = Foreign { address: fake.address, operations: None, pid: None, tokens };
    let options = TargetOptions { binary: "none".into(), data: None, environment: Vec::new(), pin: false };
    run(&Context { clock: Clock::start(), options, foreign: Some(foreign), program: None, quiet: true })
}

fn shape(pace: Pace) -> Shape {
    Shape {
        topics: 1,
        members: 3,
        member_sends: false,
        zero_window: 0,
        bytes: 128,
        codecs: Codecs::Mixed,
        pace,
        warmup: Duration::ZERO,
        duration: Duration::from_millis(300),
        quiet: true,
    }
}

fn fan(fault: Fault) -> Report {
    let comparison = fanout::Comparison {
        name: "fanout".to_owned(),
        shape: shape(Pace::Open(100.0)),
        rounds: 1,
        plenum: true,
        yardstick: false,
    };
    against(fault, |context| fanout::run(context, &comparison).unwrap())
}

#[test]
fn an_exact_server_passes_and_every_delivery_is_counted() {
    let report = fan(Fault::None);
    assert_eq!(report.outcome(), Outcome::Passed, "{:?}", report.checks);
    assert!(report.checks.events >= 3 * 20, "{:?}", report.checks);
    assert_eq!(report.checks.events % 3, 0, "each message reaches all three");
    assert!(report.figures["p99_ms"] < 1_000.0);
}

#[test]
fn a_lost_event_is_found() {
    let checks = fan(Fault::Lose).checks;
    assert_eq!((checks.lost, checks.duplicates, checks.reordered), (1, 0, 0), "{checks:?}");
}

#[test]
fn a_doubled_event_is_found() {
    let checks = fan(Fault::Double).checks;
    assert_eq!((checks.lost, checks.duplicates, checks.reordered), (0, 1, 0), "{checks:?}");
}

#[test]
fn a_swapped_event_is_found() {
    let checks = fan(Fault::Swap).checks;
    assert_eq!((checks.lost, checks.duplicates, checks.reordered), (0, 0, 1), "{checks:?}");
}

#[test]
fn an_event_that_differs_between_receivers_is_found() {
    let checks = fan(Fault::Alter).checks;
    assert!(checks.diverged >= 1, "{checks:?}");
}

#[test]
fn a_closed_loop_keeps_its_window_full_and_stays_exact() {
    let mut rooms = shape(Pace::Closed(2));
    (rooms.topics, rooms.member_sends) = (4, true);
    let comparison =
        fanout::Comparison { name: "rooms".to_owned(), shape: rooms, rounds: 2, plenum: true, yardstick: false };
    let report = against(Fault::None, |context| fanout::run(context, &comparison).unwrap());
    assert_eq!(report.outcome(), Outcome::Passed, "{:?}", report.checks);
    assert!(report.checks.events > 100);
}

fn acked(fault: Fault) -> Report {
    let (duration, rounds) = (Duration::from_millis(200), 1);
    let acks = acks::Acks { senders: 4, conversations: 1, bytes: 64, duration, rounds };
    against(fault, |context| acks::run(context, acks).unwrap())
}

#[test]
fn acknowledged_messages_are_looked_for_in_the_log() {
    let report = acked(Fault::None);
    assert_eq!(report.outcome(), Outcome::Passed, "{:?}", report.checks);
    assert!(report.figures["acks_per_second"] > 10.0);
}

#[test]
fn an_acknowledgement_without_a_message_is_found() {
    assert_eq!(acked(Fault::AckWithoutAppending).outcome(), Outcome::Incorrect);
}

#[test]
fn quiet_connections_take_a_burst_in_and_out() {
    let settle = Duration::from_secs(1);
    for accounts in [1, 5] {
        let idle = idle::Idle { connections: 5, accounts, topics: 2, burst_bytes: 20_000, settle };
        let report = against(Fault::None, |context| idle::run(context, idle).unwrap());
        assert_eq!(report.outcome(), Outcome::Passed, "{:?}", report.checks);
        assert!((report.figures["burst_frames_answered"] - 5.0).abs() < 0.1, "{:?}", report.figures);
    }
}

#[test]
fn connections_come_and_go() {
    let churn = churn::Churn { cycles: 3, connections: 6, warm: 1 };
    let report = against(Fault::None, |context| churn::run(context, churn).unwrap());
    assert_eq!(report.outcome(), Outcome::Passed, "{:?}", report.checks);
    assert_eq!(report.checks.events, 3 * 6);
}

#[test]
fn a_client_that_does_not_read_is_not_counted_as_a_receiver() {
    let shape = Shape { zero_window: 1, ..shape(Pace::Open(50.0)) };
    let report = against(Fault::None, |context| slow::run(context, &shape, 1).unwrap());
    assert_eq!(report.outcome(), Outcome::Passed, "{:?}", report.checks);
    assert!(report.figures.contains_key("p99_change_percent"));
}

#[test]
fn a_report_is_written_as_page_and_json() {
    let (report, folder) = (fan(Fault::None), tempfile::tempdir().unwrap());
    let page = report.write(folder.path()).unwrap();
    assert!(std::fs::read_to_string(page).unwrap().contains("<svg"));
    let json: serde_json::Value =
        serde_json::from_slice(&std::fs::read(folder.path().join("fanout.json")).unwrap()).unwrap();
    assert_eq!(json["checks"]["lost"], 0);
}
