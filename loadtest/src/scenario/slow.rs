//! `slow`: clients that stop reading, beside healthy ones. The healthy ones must not notice.

use super::{Context, Failure, fanout, median};
use crate::histogram::Latencies;
use crate::load::{self, Round, Shape, Side, Speech};
use crate::report::Report;

/// Most accounts that stand for the crowd.
const ACCOUNTS: usize = 50;

/// Runs rounds without and with the zero-window clients of `shape`, in turns.
///
/// # Errors
/// When the server or the connections fail.
pub fn run(context: &Context, shape: &Shape, rounds: usize) -> Result<Report, Failure> {
    let (target, accounts) = context.open(ACCOUNTS)?;
    let topics = fanout::create_topics(&target, 1, accounts.len(), &accounts)?;
    let (address, pid) = (target.address(), target.pid());
    let side = |name| Side { name, speech: Speech::Native, address, pid, topics: &topics, accounts: &accounts };
    let (alone, beside) = (side("healthy alone"), side("beside zero-window clients"));
    let quiet = Shape { zero_window: 0, ..shape.clone() };
    let (mut without, mut with) = (Vec::new(), Vec::new());
    for round in 0..rounds.max(1) {
        // Whoever goes first has no systematic advantage.
        if round.is_multiple_of(2) {
            without.push(load::round(&alone, &quiet, context.clock)?);
            with.push(load::round(&beside, shape, context.clock)?);
        } else {
            with.push(load::round(&beside, shape, context.clock)?);
            without.push(load::round(&alone, &quiet, context.clock)?);
        }
    }
    Ok(report(shape, &without, &with))
}

/// By how many percent the p99 of neighbouring rounds of the same kind differs, the larger by the smaller: the median of the pairs.
pub(super) fn noise(rounds: &[Round]) -> f64 {
    let ratio = |pair: &[Round]| match pair {
        [one, other] => {
            let (one, other) = (one.latencies.ms(99.0).max(1e-3), other.latencies.ms(99.0).max(1e-3));
            one.max(other) / one.min(other)
        }
        _ => 1.0,
    };
    (median(rounds.chunks_exact(2).map(ratio)) - 1.0) * 100.0
}

#[expect(clippy::cast_precision_loss, reason = "counts of a run")]
fn report(shape: &Shape, without: &[Round], with: &[Round]) -> Report {
    let mut report = Report::new("slow");
    report.parameter("healthy receivers", shape.members);
    report.parameter("zero-window clients", shape.zero_window);
    report.parameter("bytes of text", shape.bytes);
    report.parameter("pace", fanout::pace(shape.pace));
    report.parameter("rounds of each kind", without.len());
    for (prefix, name, rounds) in
        [("alone_", "healthy alone", without), ("beside_", "beside zero-window clients", with)]
    {
        let mut all = Latencies::new();
        rounds.iter().for_each(|round| all.add(&round.latencies));
        report.latencies(prefix, name, &all);
        report.figure(
            format!("{prefix}p99_of_rounds_median_ms"),
            median(rounds.iter().map(|round| round.latencies.ms(99.0))),
        );
        report.figure(format!("{prefix}cpu_s_per_million"), super::middle(rounds.iter().map(Round::cpu_cost)));
        rounds.iter().for_each(|round| report.checks.merge(round.checks.clone()));
    }
    let ratios =
        with.iter().zip(without).map(|(with, without)| with.latencies.ms(99.0) / without.latencies.ms(99.0).max(1e-3));
    let typical = |rounds: &[Round]| median(rounds.iter().flat_map(|round| round.second_p99s.iter().copied()));
    report.figure("alone_p99_of_a_typical_second_ms", typical(without));
    report.figure("beside_p99_of_a_typical_second_ms", typical(with));
    report.figure("typical_second_p99_change_percent", (typical(with) / typical(without).max(1e-3) - 1.0) * 100.0);
    report.figure("p99_change_percent", (median(ratios) - 1.0) * 100.0);
    report.figure("noise_p99_change_percent", noise(without));
    let given_up = with.iter().map(|round| round.given_up as f64);
    report.figure("zero_window_clients_given_up", given_up.reduce(f64::min));
    let last: Vec<Round> = Vec::new();
    fanout::timelines(&mut report, if with.is_empty() { &last } else { with });
    report.notes.push("The change is the median over the rounds of p99 beside the zero-window clients divided by p99 without them, rounds in turns. A zero-window client subscribes, has the smallest receive buffer the kernel gives, and never reads.".to_owned());
    report.notes.push("On a machine or disk that others use too, one stalled fsync decides a round's p99 on either side. The typical second is the median of the p99s of all seconds: it compares the same thing without such accidents.".to_owned());
    report.notes.push(
        "The noise is what two neighbouring rounds without any such client differ by: a change below it says nothing."
            .to_owned(),
    );
    report.notes.push("The given-up clients were closed by the server as slow consumers during their round (the least of any round); the others still fitted into socket buffers and outbox.".to_owned());
    report
}
