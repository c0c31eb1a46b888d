//! One report of three servers side by side.

use super::crowd::{self, Crowd};
use super::{Comparison, Kind, Stage};
use crate::histogram::Latencies;
use crate::load::Round;
use crate::report::{Report, Series, Table, Timeline, number};
use crate::scenario::{fanout, middle};

/// One line of the comparison: a value for each server.
struct Row {
    figure: String,
    unit: &'static str,
    values: Vec<Option<f64>>,
}

/// What a line shows of a stage's rounds.
type Pick = fn(&Round) -> Option<f64>;

const PICKS: [(&str, &str, Pick); 8] = [
    ("cpu_s_per_million", "CPU-seconds per million deliveries", Round::cpu_cost),
    ("cpu_user_s_per_million", "of them in the program", |round| round.cost().map(|(_, user, _)| user)),
    ("deliveries_per_second", "deliveries a second", |round| Some(round.rate())),
    ("core_percent", "percent of the core", Round::core_percent),
    ("delivery_p50_ms", "ms until a member has it, median", |round| Some(round.latencies.ms(50.0))),
    ("delivery_p99_ms", "ms until a member has it, p99", |round| Some(round.latencies.ms(99.0))),
    ("ack_p50_ms", "ms until the acknowledgement, median", |round| Some(round.ack_latencies.ms(50.0))),
    ("ack_p99_ms", "ms until the acknowledgement, p99", |round| Some(round.ack_latencies.ms(99.0))),
];

/// Makes the report.
pub fn report(comparison: &Comparison, stages: Vec<Stage>, crowds: Vec<Crowd>) -> Report {
    let mut report = Report::new("socketio");
    report.parameter("members of the room", comparison.members);
    report.parameter("bytes of text", comparison.bytes);
    report.parameter("rounds of each server", comparison.rounds);
    report.parameter("seconds measured a round", comparison.duration.as_secs_f64());
    report.parameter("quiet connections, two rooms each", comparison.idle);
    let mut rows = Vec::new();
    for stage in stages {
        report.parameter(stage.name, fanout::pace(stage.pace));
        rows.extend(stage_rows(&mut report, comparison, &stage));
        ratios(&mut report, comparison, &stage);
        stage.rounds.into_iter().for_each(|round| report.checks.merge(round.checks));
    }
    rows.extend(crowd_rows(&mut report, &crowds));
    sizes(&mut report, crowds);
    report.tables.push(side_by_side(comparison, &rows));
    notes(&mut report);
    report
}

fn of(rounds: &[Round], kind: Kind) -> impl Iterator<Item = &Round> {
    rounds.iter().filter(move |round| round.side == kind.name())
}

fn stage_rows(report: &mut Report, comparison: &Comparison, stage: &Stage) -> Vec<Row> {
    let servers = &comparison.servers;
    let mut rows = Vec::new();
    for (name, unit, pick) in PICKS {
        let values: Vec<Option<f64>> = servers.iter().map(|&kind| middle(of(&stage.rounds, kind).map(pick))).collect();
        for (kind, value) in servers.iter().zip(&values) {
            report.figure(format!("{}_{}_{name}", stage.name, kind.name()), *value);
        }
        rows.push(Row { figure: stage.name.to_owned(), unit, values });
    }
    for &kind in servers {
        let (mut all, mut bytes) = (Latencies::new(), 0.0_f64);
        for round in of(&stage.rounds, kind) {
            all.add(&round.latencies);
            bytes = f64::from(u32::try_from(round.payload_bytes).unwrap_or(u32::MAX));
        }
        report.figure(format!("{}_{}_payload_bytes", stage.name, kind.name()), bytes);
        report.latencies(
            &format!("{}_{}_", stage.name, kind.name()),
            &format!("{}, {}", kind.name(), stage.name),
            &all,
        );
    }
    let from = report.timelines.len();
    fanout::timelines(report, &stage.rounds);
    report.timelines.iter_mut().skip(from).for_each(|one| one.title = format!("{} ({})", one.title, stage.name));
    rows
}

/// Ours by each of the others, round by round.
fn ratios(report: &mut Report, comparison: &Comparison, stage: &Stage) {
    for other in comparison.servers.iter().filter(|&&kind| kind != Kind::Plenum) {
        let ours = of(&stage.rounds, Kind::Plenum).map(Round::cpu_cost);
        let theirs = of(&stage.rounds, *other).map(Round::cpu_cost);
        let ratios = ours.zip(theirs).map(|(ours, theirs)| Some(ours? / theirs?.max(1e-9)));
        report.figure(format!("{}_cpu_ratio_to_{}", stage.name, other.name()), middle(ratios));
    }
}

/// What a line shows of quiet connections.
type CrowdPick = fn(&Crowd) -> Option<f64>;

fn crowd_rows(report: &mut Report, crowds: &[Crowd]) -> Vec<Row> {
    let picks: [(&str, &str, CrowdPick); 3] = [
        ("bytes_per_idle_connection", "bytes of a quiet connection", |crowd| crowd.bytes_per_connection),
        ("connects_per_second", "connections a second coming in", |crowd| Some(crowd.connects_per_second)),
        ("cpu_us_per_connect", "CPU of one coming in, µs", |crowd| crowd.cpu_us_per_connect),
    ];
    let mut rows = Vec::new();
    for (name, unit, pick) in picks {
        for crowd in crowds {
            report.figure(format!("{}_{name}", crowd.kind.name()), pick(crowd));
        }
        if !crowds.is_empty() {
            rows.push(Row { figure: "quiet".to_owned(), unit, values: crowds.iter().map(pick).collect() });
        }
    }
    let ours = crowds.iter().find(|crowd| crowd.kind == Kind::Plenum).and_then(|crowd| crowd.bytes_per_connection);
    for other in crowds.iter().filter(|crowd| crowd.kind != Kind::Plenum) {
        // Too few connections to see their memory: no figure, and a budget on it breaks.
        let theirs = other.bytes_per_connection.filter(|&bytes| bytes > 0.0);
        if let (Some(ours), Some(theirs)) = (ours, theirs) {
            let ratio = ours / theirs;
            report.figure(format!("idle_bytes_ratio_to_{}", other.kind.name()), ratio);
        }
    }
    rows
}

fn sizes(report: &mut Report, crowds: Vec<Crowd>) {
    let mut series = Vec::new();
    for crowd in crowds {
        report.checks.merge(crowd.checks);
        series.push(Series { name: crowd.kind.name().to_owned(), points: crowd.sizes });
    }
    if !series.is_empty() {
        let title = format!("Resident memory with quiet connections, {} rooms each", crowd::ROOMS);
        report.timelines.push(Timeline { title, unit: "MiB".to_owned(), series });
    }
}

/// The table: one column a server, and what ours is of each other one.
fn side_by_side(comparison: &Comparison, rows: &[Row]) -> Table {
    let servers = &comparison.servers;
    let ours = servers.iter().position(|&kind| kind == Kind::Plenum);
    let others: Vec<usize> = (0..servers.len()).filter(|&at| ours.is_some() && Some(at) != ours).collect();
    let mut columns = vec!["stage".to_owned(), "figure".to_owned()];
    columns.extend(servers.iter().map(|kind| kind.name().to_owned()));
    let named = others.iter().filter_map(|&at| servers.get(at));
    columns.extend(named.map(|kind| format!("plenum ÷ {}", kind.name())));
    let line = |row: &Row| {
        let mut cells = vec![row.figure.clone(), row.unit.to_owned()];
        let cell = |value: Option<f64>| value.map_or_else(|| "not measured".to_owned(), number);
        cells.extend(row.values.iter().map(|&value| cell(value)));
        let value = |at: usize| row.values.get(at).copied().flatten();
        let ratio = |at: usize| Some(value(ours?)? / value(at)?.max(1e-9));
        cells.extend(others.iter().map(|&at| cell(ratio(at))));
        cells
    };
    Table { title: "Side by side".to_owned(), columns, rows: rows.iter().map(line).collect() }
}

fn notes(report: &mut Report) {
    let notes = [
        "All servers run at once on one core, one is loaded at a time, in turns; the generator has the other core and polls every 0.3 ms, so latencies are no finer than that. CPU is the server process's own, all threads, by the scheduler's count. Ratios of CPU are medians of the ratios of neighbouring rounds; the table's are ratios of the medians beside them.",
        "The same client loads all three: Engine.IO v4 over WebSocket without compression, Socket.IO v5 with its JSON parser, `join-conversation` and `send-message` acknowledged, the sender a member of the room. Every member checks every offset and every byte.",
        "Plenum acknowledges when the message is on disk, after checking token, membership, rights and limits, and keeps it for history and resume. The peers check nothing and keep nothing: they number the message and broadcast it.",
        "Saturating is a closed loop: the next message is sent when one has reached everyone. Paced is an open loop: latency counts from the moment a message was meant to be sent.",
        "Bytes of a quiet connection: growth of the server's resident set over what it had after a warm-up, divided by the connections, each connected and in two rooms. Node collects garbage before each reading. Kernel memory of sockets is not in it. Connections come in 128 at a time.",
    ];
    report.notes.extend(notes.map(str::to_owned));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::budget::Budget;
    use crate::checker::Checks;
    use crate::load::Pace;
    use crate::scenario::socketio::Programs;
    use std::time::Duration;

    const ALL: [(Kind, f64); 3] = [(Kind::Plenum, 1.0), (Kind::Npm, 10.0), (Kind::Socketioxide, 2.0)];

    fn comparison() -> Comparison {
        let nowhere = || "none".into();
        let peers = Programs { node: nowhere(), npm: nowhere(), socketioxide: nowhere() };
        let second = Duration::from_secs(1);
        Comparison {
            servers: ALL.map(|(kind, _)| kind).to_vec(),
            peers,
            members: 1_000,
            window: 8,
            rate: 25.0,
            bytes: 128,
            warmup: second,
            duration: second,
            rounds: 1,
            idle: 100,
            settle: second,
        }
    }

    fn round((kind, cost): (Kind, f64)) -> Round {
        Round {
            side: kind.name().to_owned(),
            latencies: Latencies::new(),
            ack_latencies: Latencies::new(),
            payload_bytes: 400,
            seconds: 1.0,
            deliveries: 1_000_000,
            sent: 1_000,
            unsent: 0,
            cpu: Some((cost, cost / 2.0, cost / 2.0)),
            connections: 1_000,
            second_p99s: Vec::new(),
            given_up: 0,
            checks: Checks::default(),
            samples: Vec::new(),
        }
    }

    fn crowd((kind, cost): (Kind, f64)) -> Crowd {
        Crowd {
            kind,
            connects_per_second: 1_000.0,
            cpu_us_per_connect: Some(100.0),
            bytes_per_connection: Some(2_000.0 * cost),
            sizes: Vec::new(),
            checks: Checks::default(),
        }
    }

    fn whole() -> Report {
        let stage = |name, pace| Stage { name, pace, rounds: ALL.map(round).into() };
        let stages = vec![stage("saturating", Pace::Closed(8)), stage("paced", Pace::Open(25.0))];
        report(&comparison(), stages, ALL.map(crowd).into())
    }

    #[test]
    fn ratios_are_ours_by_theirs() {
        let figures = whole().figures;
        assert!((figures["saturating_cpu_ratio_to_npm"] - 0.1).abs() < 1e-9);
        assert!((figures["paced_cpu_ratio_to_socketioxide"] - 0.5).abs() < 1e-9);
        assert!((figures["idle_bytes_ratio_to_npm"] - 0.1).abs() < 1e-9);
    }

    #[test]
    fn every_line_of_the_table_has_a_cell_for_each_server_and_each_ratio() {
        let tables = whole().tables;
        assert_eq!(tables[0].columns.len(), 2 + 3 + 2);
        assert!(tables[0].rows.iter().all(|row| row.len() == 7), "{:?}", tables[0].rows);
        assert_eq!(tables[0].rows.len(), 2 * PICKS.len() + 3);
    }

    #[test]
    fn every_bound_of_the_budget_names_a_figure_of_the_run() {
        let text = include_str!("../../../budgets/socketio.toml");
        let lines = Budget::parse(text).unwrap().check(&whole().figures);
        assert_eq!(lines.len(), 6);
        assert!(lines.iter().all(|line| line.value.is_some()), "{lines:?}");
    }
}
