//! `fanout` and `rooms`: messages to many receivers, beside the yardstick in the same run.

use super::{Context, Failure, Target};
use crate::histogram::Latencies;
use crate::load::{self, Pace, Round, Shape, Side, Speech};
use crate::names;
use crate::report::{Report, Series, Timeline};
use crate::sampler::Sample;
use crate::target::{self, Account, YardstickProcess};
use plenum_schema::topic::Topic;

/// Most accounts that stand for a crowd of connections.
const MAX_ACCOUNTS: usize = 50;

/// What a comparison runs.
#[derive(Debug, Clone)]
pub struct Comparison {
    /// The report's name.
    pub name: String,
    /// The load.
    pub shape: Shape,
    /// Rounds of each side, taken in turns.
    pub rounds: usize,
    /// Load Plenum itself.
    pub plenum: bool,
    /// Run the yardsticks.
    pub yardstick: bool,
}

struct Sides {
    target: Option<(Target, Vec<Topic>, Vec<Account>)>,
    yardsticks: Vec<(&'static str, YardstickProcess)>,
}

const PLENUM: &str = "plenum";
const JOINING: &str = "yardstick, coalescing";
const PLAIN: &str = "yardstick, one write each";

/// Runs the comparison.
///
/// # Errors
/// When a server or the connections fail.
pub fn run(context: &Context, comparison: &Comparison) -> Result<Report, Failure> {
    let sides = open(context, comparison)?;
    let mut rounds = Vec::new();
    for _ in 0..comparison.rounds.max(1) {
        if let Some((target, topics, accounts)) = &sides.target {
            let (address, pid) = (target.address(), target.pid());
            let side = Side { name: PLENUM, speech: Speech::Native, address, pid, topics, accounts };
            rounds.push(load::round(&side, &comparison.shape, context.clock)?);
        }
        for (name, process) in &sides.yardsticks {
            let (address, pid) = (process.address, Some(process.pid()));
            let side = Side { name, speech: Speech::Raw, address, pid, topics: &[], accounts: &[] };
            rounds.push(load::round(&side, &comparison.shape, context.clock)?);
        }
    }
    Ok(report(comparison, &rounds))
}

fn open(context: &Context, comparison: &Comparison) -> Result<Sides, Failure> {
    let mut yardsticks = Vec::new();
    for (name, coalesce) in [(JOINING, true), (PLAIN, false)] {
        if comparison.yardstick {
            let pin = context.options.pin;
            let process = match &context.program {
                Some(program) => YardstickProcess::start_program(program, coalesce, pin)?,
                None => YardstickProcess::start(coalesce, pin)?,
            };
            yardsticks.push((name, process));
        }
    }
    if !comparison.plenum {
        return Ok(Sides { target: None, yardsticks });
    }
    let shape = &comparison.shape;
    let (target, accounts) = context.open(shape.members.min(MAX_ACCOUNTS) * groups(shape.topics))?;
    let topics = create_topics(&target, shape.topics, shape.members.min(MAX_ACCOUNTS), &accounts)?;
    Ok(Sides { target: Some((target, topics, accounts)), yardsticks })
}

/// How many groups of accounts this many topics need: one person may be in a limited number of conversations.
fn groups(topics: usize) -> usize {
    topics.div_ceil(names::ROOMS_PER_ACCOUNT).max(1)
}

/// Creates conversations of `members` accounts each; the accounts change every [`names::ROOMS_PER_ACCOUNT`] topics.
///
/// # Errors
/// When the server refuses.
pub fn create_topics(
    target: &Target,
    count: usize,
    members: usize,
    accounts: &[Account],
) -> Result<Vec<Topic>, Failure> {
    let run = uuid::Uuid::now_v7().simple();
    let create = |n: usize| {
        let first = n / names::ROOMS_PER_ACCOUNT * members;
        let group = accounts.get(first..first + members).unwrap_or(accounts);
        target::create_group(target.address(), &format!("load {n} {run}"), group).map_err(Failure::from)
    };
    (0..count).map(create).collect()
}

fn report(comparison: &Comparison, rounds: &[Round]) -> Report {
    let shape = &comparison.shape;
    let mut report = Report::new(&comparison.name);
    report.parameter("topics", shape.topics);
    report.parameter("receivers a topic", shape.members);
    report.parameter("bytes of text", shape.bytes);
    report.parameter("bytes of an event frame's payload", shape.codecs.event_bytes(shape.bytes));
    report.parameter("codec", format!("{:?}", shape.codecs).to_lowercase());
    report.parameter("pace", pace(shape.pace));
    report.parameter("rounds of each side", comparison.rounds);
    report.parameter("seconds measured a round", shape.duration.as_secs_f64());
    for (name, prefix) in [(PLENUM, ""), (JOINING, "yardstick_"), (PLAIN, "plain_yardstick_")] {
        let of_side: Vec<&Round> = rounds.iter().filter(|round| round.side == name).collect();
        side(&mut report, prefix, name, &of_side);
    }
    ratio(&mut report, rounds, "cpu_ratio_to_yardstick", JOINING);
    ratio(&mut report, rounds, "cpu_ratio_to_plain_yardstick", PLAIN);
    rounds.iter().for_each(|round| report.checks.merge(round.checks.clone()));
    timelines(&mut report, rounds);
    notes(&mut report, shape.pace);
    report
}

/// How a pace is written in a report.
#[must_use]
pub fn pace(pace: Pace) -> String {
    match pace {
        Pace::Open(rate) => format!("open loop, {rate} messages/s"),
        Pace::Closed(window) => format!("saturating: {window} under way in each topic"),
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of a run, far below 2^52")]
fn side(report: &mut Report, prefix: &str, name: &str, rounds: &[&Round]) {
    if rounds.is_empty() {
        return;
    }
    let middle = |pick: &dyn Fn(&Round) -> Option<f64>| super::middle(rounds.iter().map(|round| pick(round)));
    let mut figure = |name: &str, value: Option<f64>| report.figure(format!("{prefix}{name}"), value);
    figure("deliveries_per_second", middle(&|round| Some(round.rate())));
    figure("cpu_s_per_million", middle(&Round::cpu_cost));
    figure("cpu_user_s_per_million", middle(&|round| round.cost().map(|(_, user, _)| user)));
    figure("cpu_system_s_per_million", middle(&|round| round.cost().map(|(.., system)| system)));
    figure("core_percent", middle(&Round::core_percent));
    figure("unsent_messages", Some(rounds.iter().map(|round| round.unsent as f64).sum()));
    figure("p99_of_rounds_median_ms", middle(&|round| Some(round.latencies.ms(99.0))));
    let mut all = Latencies::new();
    rounds.iter().for_each(|round| all.add(&round.latencies));
    report.latencies(prefix, name, &all);
}

/// The median over the rounds of our cost divided by the yardstick's of the same round.
fn ratio(report: &mut Report, rounds: &[Round], figure: &str, other: &str) {
    let costs = |name: &str| rounds.iter().filter(|round| round.side == name).map(Round::cpu_cost).collect::<Vec<_>>();
    let ratio = |(ours, theirs): (Option<f64>, Option<f64>)| Some(ours? / theirs?.max(1e-9));
    report.figure(figure, super::middle(costs(PLENUM).into_iter().zip(costs(other)).map(ratio)));
}

/// What a plot shows of a sample.
type Pick = fn(&Sample) -> Option<f64>;

/// Rate, CPU and memory over time: the last round of each side.
pub fn timelines(report: &mut Report, rounds: &[Round]) {
    let picks: [(&str, &str, Pick); 3] = [
        ("Deliveries", "per second", |sample| Some(sample.rate)),
        ("CPU of the server", "percent of a core", |sample| sample.cpu),
        ("Resident memory of the server", "MiB", |sample| sample.rss.map(crate::scenario::mebibytes)),
    ];
    for (title, unit, pick) in picks {
        let mut series: Vec<Series> = Vec::new();
        for round in rounds.iter().rev() {
            if series.iter().all(|one| one.name != round.side) {
                let points = round.samples.iter().filter_map(|sample| Some((sample.at, pick(sample)?))).collect();
                series.push(Series { name: round.side.clone(), points });
            }
        }
        series.reverse();
        series.sort_by_key(|one| one.name != PLENUM);
        report.timelines.push(Timeline { title: title.to_owned(), unit: unit.to_owned(), series });
    }
}

fn notes(report: &mut Report, pace: Pace) {
    let mut note = |text: &str| report.notes.push(text.to_owned());
    note(
        "Server and generator have a core each; the generator polls every 0.3 ms, so latencies are no finer than that and include the sends to all receivers.",
    );
    note(
        "CPU is the server process's own, all threads, by the scheduler's count; user and system by the proportion of its ticks. Most of a delivery is the loopback TCP stack, whose sending and receiving halves both run in the sender.",
    );
    note(
        "The yardstick takes the handshake and then sends each payload unchanged to every member of its room: no protocol, no identity, no disk. Its payloads have the size of Plenum's event frames. Coalescing: one turn of its loop reads all that is ready, joins what arrived for a room, and writes it once to each member. One write each: every message is written to every member as it is read.",
    );
    match pace {
        Pace::Open(_) => note(
            "Latency counts from the moment each message was meant to be sent (open loop), so waiting behind a stall is included.",
        ),
        Pace::Closed(_) => note(
            "Saturating is a closed loop: a topic's next message is sent when one has reached all its receivers. Its latencies are corrected with the mean time between the sends of a slot; use --rate to measure latency.",
        ),
    }
}
