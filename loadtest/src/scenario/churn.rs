//! `churn`: connections come and go; memory and gauges must return to where they were.

use super::{Context, Failure, Target, fanout};
use crate::clock::{nanos, seconds};
use crate::connection::Plan;
use crate::load::Codecs;
use crate::loader::Loader;
use crate::net::SocketOptions;
use crate::progress::Progress;
use crate::report::{Report, Series, Timeline};
use crate::swarm::Swarm;
use crate::target::Account;
use crate::wire::{self, Dialect};
use crate::{names, process};
use plenum_schema::topic::Topic;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(60);
/// How long the server may take to answer all close handshakes of a cycle.
const CLOSE_LIMIT: Duration = Duration::from_secs(20);
/// How long gauges may take to return to zero after a cycle.
const GAUGE_LIMIT: Duration = Duration::from_secs(15);
const ACCOUNTS: usize = 50;

/// What comes and goes.
#[derive(Debug, Clone, Copy)]
pub struct Churn {
    /// Cycles.
    pub cycles: usize,
    /// Connections in each.
    pub connections: usize,
    /// Cycles that bring the server to its working size; memory is compared with what it has then.
    pub warm: usize,
}

/// Runs the cycles.
///
/// # Errors
/// When the server or the connections fail.
#[expect(clippy::cast_precision_loss, reason = "counts and bytes to print")]
pub fn run(context: &Context, churn: Churn) -> Result<Report, Failure> {
    let (target, accounts) = context.open(ACCOUNTS)?;
    let topics = fanout::create_topics(&target, 1, accounts.len(), &accounts)?;
    let mut report = Report::new("churn");
    report.parameter("cycles", churn.cycles);
    report.parameter("connections a cycle", churn.connections);
    let progress = Progress::start("churn", Duration::from_secs(churn.cycles as u64), context.quiet);
    let rss = || target.pid().and_then(process::rss);
    let cpu = || target.pid().and_then(process::cpu);
    let (start, mut sizes) = (context.clock.now(), vec![(0.0, rss())]);
    let cpu_before = cpu();
    let mut base = rss();
    for cycle in 0..churn.cycles {
        one_cycle(context, &target, &topics, &accounts, churn.connections, &mut report)?;
        let (size, at) = (rss(), seconds(context.clock.now() - start));
        sizes.push((at, size));
        if cycle + 1 == churn.warm.min(churn.cycles) {
            base = size;
        }
        progress.tick(cycle as u64 + 1, &format!("cycle {}, RSS {} MiB", cycle + 1, size.map_or(0, |size| size >> 20)));
    }
    let used = process::used(cpu_before, cpu()).map(|(all, ..)| all);
    let connects = (churn.cycles * churn.connections) as f64;
    let end = rss();
    report.figure("connects_per_second", connects / seconds(context.clock.now() - start).max(1e-9));
    report.figure("cpu_us_per_connection", used.map(|used| used / connects.max(1.0) * 1e6));
    report.figure("rss_after_warm_up_mib", base.map(super::mebibytes));
    report.figure("rss_at_the_end_mib", end.map(super::mebibytes));
    let percent = |(base, end): (u64, u64)| (end as f64 / base.max(1) as f64 - 1.0) * 100.0;
    report.figure("rss_growth_percent", base.zip(end).map(percent));
    report.figure("rss_growth_bytes_per_connect", super::growth(base, end, churn.cycles * churn.connections));
    gauges(&target, &mut report);
    let points = sizes.into_iter().filter_map(|(at, size)| Some((at, super::mebibytes(size?)))).collect();
    let series = vec![Series { name: "after each cycle".to_owned(), points }];
    report.timelines.push(Timeline { title: "Resident memory".to_owned(), unit: "MiB".to_owned(), series });
    report.notes.push(format!("Each connection identifies, subscribes, receives one message, and ends: every other one by a reset, the others by a close handshake. Memory is compared with what the server had after {} cycles.", churn.warm));
    Ok(report)
}

fn one_cycle(
    context: &Context,
    target: &Target,
    topics: &[Topic],
    accounts: &[Account],
    connections: usize,
    report: &mut Report,
) -> Result<(), Failure> {
    let mut swarm = Swarm::new(target.address(), topics, context.clock)?;
    let mut loader = Loader::new(1, u32::try_from(connections).unwrap_or(u32::MAX));
    let plan = |n: usize| {
        let token = accounts.get(n % accounts.len().max(1)).map_or("".into(), |account| account.token.clone());
        let dialect = Dialect::Plenum(Codecs::Mixed.of(n));
        Plan { dialect, token, topics: vec![(0, None)], socket: SocketOptions::default(), deaf: false }
    };
    swarm.open_all((0..connections).map(plan).collect(), LIMIT, &mut loader)?;
    if let Some(&topic) = topics.first() {
        let (now, marker) = (swarm.now(), loader.next_marker());
        let command = swarm.command(0, |id| wire::send(Codecs::Mixed.of(0), id, topic, marker, 128));
        loader.sending(0, now, command.map(|id| (0, id)));
        swarm.turn_until(LIMIT, &mut loader, |_, loader| loader.is_settled())?;
    }
    loader.expect_closes();
    swarm.expect_closes(true);
    for number in 0..connections {
        if number.is_multiple_of(2) {
            swarm.cut(number);
        } else {
            swarm.close(number);
        }
    }
    if !swarm.turn_until(CLOSE_LIMIT, &mut loader, |swarm, _| swarm.live() == 0)? {
        let silent = swarm.live() as u64;
        swarm.checks().malformed += silent;
        swarm.checks().example(|| format!("{silent} close handshakes were not answered"));
    }
    let head = loader.heads().first().copied().unwrap_or(0);
    swarm.settle(0, head);
    report.checks.merge(std::mem::take(swarm.checks()));
    report.checks.merge(loader.close());
    wait_for_no_connections(context, target);
    Ok(())
}

fn wait_for_no_connections(context: &Context, target: &Target) {
    let deadline = context.clock.now() + nanos(GAUGE_LIMIT);
    while context.clock.now() < deadline && target.metric(names::METRIC_CONNECTIONS).is_some_and(|open| open > 0.0) {
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn gauges(target: &Target, report: &mut Report) {
    for (figure, metric) in [
        ("connections_at_the_end", names::METRIC_CONNECTIONS),
        ("subscriptions_at_the_end", names::METRIC_SUBSCRIPTIONS),
        ("owners_at_the_end", names::METRIC_OWNERS),
    ] {
        report.figure(figure, target.metric(metric));
    }
}
