//! The yardstick itself, as a process of its own, under the same generator and checker.

use plenum_loadtest::clock::Clock;
use plenum_loadtest::load::{Codecs, Pace, Shape};
use plenum_loadtest::report::Outcome;
use plenum_loadtest::scenario::{Context, fanout};
use plenum_loadtest::target::TargetOptions;
use std::time::Duration;

fn run(topics: usize, member_sends: bool) -> plenum_loadtest::report::Report {
    let shape = Shape {
        topics,
        members: 10,
        member_sends,
        zero_window: 0,
        bytes: 128,
        codecs: Codecs::Json,
        pace: Pace::Closed(4),
        warmup: Duration::ZERO,
        duration: Duration::from_millis(300),
        quiet: true,
    };
    let options = TargetOptions { binary: "none".into(), data: None, environment: Vec::new(), pin: false };
    let program = Some(env!("CARGO_BIN_EXE_plenum-loadtest").into());
    let context = Context { clock: Clock::start(), options, foreign: None, program, quiet: true };
    let comparison =
        fanout::Comparison { name: "yardstick".to_owned(), shape, rounds: 1, plenum: false, yardstick: true };
    fanout::run(&context, &comparison).unwrap()
}

#[test]
fn both_yardsticks_carry_a_room_exactly() {
    let report = run(1, false);
    assert_eq!(report.outcome(), Outcome::Passed, "{:?}", report.checks);
    for figure in ["yardstick_deliveries_per_second", "plain_yardstick_deliveries_per_second"] {
        assert!(report.figures[figure] > 100.0, "{figure}");
    }
    assert!(report.figures["yardstick_cpu_s_per_million"] > 0.0);
}

#[test]
fn rooms_are_kept_apart() {
    let report = run(5, true);
    assert_eq!(report.outcome(), Outcome::Passed, "{:?}", report.checks);
}
