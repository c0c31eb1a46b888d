//! `conference`: a hall joins, one question goes live, everybody votes within a few seconds. Some repeat their vote, some change it, some
//! are late, some lose their connection in the middle, and the server may be killed. Then acknowledged and counted ballots are compared.

mod hall;
mod setup;

use super::{Context, Failure, Target};
use crate::clock::{Nanos, nanos, seconds};
use crate::progress::Progress;
use crate::report::Report;
use crate::swarm::Swarm;
use crate::{http, process};
use hall::{Hall, Part};
use plenum_schema::poll::Results;
use setup::Stage;
use std::time::Duration;

const CONNECT_LIMIT: Duration = Duration::from_secs(180);
const DRAIN_LIMIT: Duration = Duration::from_secs(60);
const SHOW_LIMIT: Duration = Duration::from_secs(30);

/// What is run.
#[derive(Debug, Clone, Copy)]
pub struct Conference {
    /// Participants.
    pub participants: usize,
    /// Within this time all of them vote.
    pub window: Duration,
    /// Kill the server in the middle.
    pub kill: bool,
    /// How long everybody changes their ballot afterwards; zero: not at all.
    pub feed: Duration,
    /// What is random about the run.
    pub seed: u64,
}

/// What came of the votes.
struct Ran {
    acked: u64,
    cpu: Option<f64>,
    bytes: u64,
    shown: Option<f64>,
    fed: Option<(u64, f64)>,
}

/// Runs it.
///
/// # Errors
/// When the server or the connections fail.
pub fn run(context: &Context, wanted: Conference) -> Result<Report, Failure> {
    let mut context = context.clone();
    let limit = (wanted.participants * 2 + 1_000).to_string();
    context.options.environment.push(("PLENUM__LIMITS__CONNECTIONS".to_owned(), limit));
    let (mut target, accounts) = context.open(1)?;
    let host = accounts.into_iter().next().ok_or_else(|| Failure::Usage("a host is needed".to_owned()))?;
    let stage = setup::open(target.address(), &host.token, wanted.participants, context.quiet)?;
    let mut swarm = Swarm::new(target.address(), &stage.topics(), context.clock)?;
    let mut hall = Hall::new(wanted, stage.question);
    let plans = (0..wanted.participants).map(|n| stage.plan(n)).collect();
    swarm.open_all(plans, CONNECT_LIMIT, &mut hall)?;
    let ran = carry_out(&context, wanted, &mut target, &stage, &mut swarm, &mut hall)?;
    let mut report = report(wanted, &ran, &hall);
    check(&target, &stage, &mut swarm, &hall, &mut report)?;
    Ok(report)
}

fn cpu(target: &Target) -> Option<process::CpuTime> {
    target.pid().and_then(process::cpu)
}

fn carry_out(
    context: &Context,
    wanted: Conference,
    target: &mut Target,
    stage: &Stage,
    swarm: &mut Swarm,
    hall: &mut Hall,
) -> Result<Ran, Failure> {
    let (mut used, bytes) = (cpu(target), swarm.bytes_in());
    let mut spent = Some(0.0);
    let add = |spent: Option<f64>, used, now| Some(spent? + process::used(used, now)?.0);
    stage.push(target.address())?;
    let progress = Progress::start("everybody votes", wanted.window, context.quiet);
    let start = swarm.now();
    hall.begin(start);
    let (mut kill_at, half) = (wanted.kill, start + nanos(wanted.window) / 2);
    let deadline = start + nanos(wanted.window) + nanos(DRAIN_LIMIT);
    while !hall.is_done() && swarm.now() < deadline {
        if kill_at && swarm.now() > half {
            kill_at = false;
            spent = add(spent, used, cpu(target));
            restart(target, swarm, hall)?;
            used = cpu(target);
        }
        hall.send_due(swarm);
        hall.reconnect(swarm, stage)?;
        swarm.turn(hall)?;
        progress.tick((swarm.now() - start) / 1_000_000_000, &format!("{} acknowledged", hall.acked_votes()));
    }
    spent = add(spent, used, cpu(target));
    let fed = feed(wanted, swarm, hall)?;
    let closing = swarm.now();
    stage.close(target.address())?;
    let all_shown = swarm.turn_until(SHOW_LIMIT, hall, |swarm, hall| hall.shown() >= swarm.live())?;
    let shown = all_shown.then(|| seconds(hall.last_shown().saturating_sub(closing)));
    let bytes = swarm.bytes_in() - bytes;
    hall.late(swarm);
    swarm.turn_until(DRAIN_LIMIT, hall, |_, hall| hall.late_open() == 0)?;
    Ok(Ran { acked: hall.acked_votes(), cpu: spent, bytes, shown, fed })
}

/// Kills the server and starts it again; the connections that end come back by themselves.
fn restart(target: &mut Target, swarm: &mut Swarm, hall: &mut Hall) -> Result<(), Failure> {
    let Target::Own(server) = target else {
        return Err(Failure::Usage("only a server of our own is killed".to_owned()));
    };
    hall.expect_ends();
    server.kill();
    server.launch()?;
    server.wait_ready()?;
    swarm.turn(hall)?;
    Ok(())
}

/// Everybody changes their ballot again and again.
fn feed(wanted: Conference, swarm: &mut Swarm, hall: &mut Hall) -> Result<Option<(u64, f64)>, Failure> {
    if wanted.feed.is_zero() {
        return Ok(None);
    }
    let (start, before) = (swarm.now(), hall.acked_votes());
    hall.feed(swarm, start + nanos(wanted.feed));
    swarm.turn_until(wanted.feed + DRAIN_LIMIT, hall, |swarm, hall| {
        hall.feed_on(swarm);
        hall.is_done()
    })?;
    Ok(Some((hall.acked_votes() - before, seconds(swarm.now() - start))))
}

/// What the server counted must be what was acknowledged last to each participant.
fn check(target: &Target, stage: &Stage, swarm: &mut Swarm, hall: &Hall, report: &mut Report) -> Result<(), Failure> {
    let mut checks = std::mem::take(swarm.checks());
    swarm.cut_all();
    let results = http::get_as(target.address(), &stage.path("/results"), &stage.host)
        .map_err(|error| Failure::History(error.to_string()))?;
    let results: Results = serde_json::from_value(results).map_err(|error| Failure::History(error.to_string()))?;
    let (counted, acked): (Vec<u64>, Vec<u64>) =
        (results.counts.iter().map(|count| count.count).collect(), hall.acked_counts());
    report.figure("ballots_counted", as_figure(results.total_responses));
    report.figure("ballots_acked", as_figure(acked.iter().sum()));
    if counted != acked || !results.closed {
        checks.acked_lost +=
            counted.iter().zip(&acked).map(|(counted, acked)| counted.abs_diff(*acked)).sum::<u64>().max(1);
        checks.example(|| format!("counted {counted:?}, acknowledged {acked:?}"));
    }
    checks.unexpected_refusals += hall.troubles().len() as u64;
    hall.troubles().iter().take(5).for_each(|trouble| checks.example(|| trouble.clone()));
    if hall.late_acked() > 0 {
        checks.duplicates += hall.late_acked();
        checks.example(|| format!("{} votes were acknowledged after the close", hall.late_acked()));
    }
    report.checks.merge(checks);
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "a count to print")]
fn as_figure(count: u64) -> f64 {
    count as f64
}

fn report(wanted: Conference, ran: &Ran, hall: &Hall) -> Report {
    let mut report = Report::new("conference");
    report.parameter("participants", wanted.participants);
    report.parameter("seconds to vote", wanted.window.as_secs());
    report.parameter("server killed in the middle", wanted.kill);
    report.figure("votes_acked", as_figure(ran.acked));
    for part in Part::ALL {
        report.figure(format!("votes_{}", part.name()), as_figure(hall.count(part)));
    }
    report.latencies("ack_", "acknowledgement of a vote", hall.latencies());
    if let Some(shown) = ran.shown {
        report.figure("final_tally_on_last_screen_ms", shown * 1_000.0);
    }
    let people = as_figure(wanted.participants as u64).max(1.0);
    report.figure("bytes_per_participant", as_figure(ran.bytes) / people);
    report.figure("results_per_participant", as_figure(hall.signals()) / people);
    report.figure("cpu_s_per_1000_votes", ran.cpu.map(|cpu| cpu * 1_000.0 / as_figure(ran.acked).max(1.0)));
    if let Some((votes, span)) = ran.fed {
        report.figure("fed_votes_per_second", as_figure(votes) / span.max(1e-9));
    }
    report.notes.push("Open loop: each vote has a moment at which it is cast, whatever became of the others; its latency counts from there to the acknowledgement, which follows the fsync. A tenth of the participants repeats the vote at once, a twentieth changes it, a fiftieth votes after the close and must be refused, a hundredth loses its connection before the answer and repeats. Counted ballots are the server's results after the close; acknowledged ones the last answer that each participant has.".to_owned());
    report
}

/// A moment that is not reached.
const NEVER: Nanos = Nanos::MAX;
