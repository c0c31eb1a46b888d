//! `acks`: durable appends. One sender who waits for each acknowledgement, against many at once.

use super::{Context, Failure, Target, fanout, median};
use crate::book::TopicIndex;
use crate::clock::{Nanos, nanos, seconds};
use crate::connection::{Answer, ConnectionNumber, Plan, Sink};
use crate::histogram::Latencies;
use crate::load::Codecs;
use crate::net::SocketOptions;
use crate::progress::Progress;
use crate::readback::{self, Acked};
use crate::report::{Report, Series, Timeline};
use crate::swarm::Swarm;
use crate::target::Account;
use crate::wire::{self, Dialect};
use crate::{names, process};
use plenum_schema::topic::Topic;
use std::collections::HashMap;
use std::time::Duration;

const CONNECT_LIMIT: Duration = Duration::from_secs(60);
const DRAIN_LIMIT: Duration = Duration::from_secs(20);
const ACCOUNTS: usize = 50;

/// What is measured.
#[derive(Debug, Clone, Copy)]
pub struct Acks {
    /// Senders at once, each waiting for its acknowledgement.
    pub senders: usize,
    /// Conversations they write to.
    pub conversations: usize,
    /// Bytes of text.
    pub bytes: usize,
    /// Time of each measurement.
    pub duration: Duration,
    /// Rounds of one and many, in turns.
    pub rounds: usize,
}

/// One measurement.
struct Measured {
    acks: u64,
    seconds: f64,
    fsyncs: Option<f64>,
    /// Requests to the CQL cluster, and the conditional writes among them, where that is the store.
    requests: Option<f64>,
    conditional: Option<f64>,
    /// None where the server's process could not be read.
    cpu: Option<f64>,
    latencies: Latencies,
    rates: Vec<(f64, f64)>,
}

impl Measured {
    #[expect(clippy::cast_precision_loss, reason = "a count")]
    fn rate(&self) -> f64 {
        self.acks as f64 / self.seconds.max(1e-9)
    }

    /// How many of these one acknowledgement took.
    #[expect(clippy::cast_precision_loss, reason = "a count")]
    fn for_each_ack(&self, count: Option<f64>) -> Option<f64> {
        count.map(|count| count / (self.acks as f64).max(1.0))
    }
}

#[derive(Default)]
struct Acker {
    waiting: HashMap<(ConnectionNumber, u32), (u64, TopicIndex, Nanos)>,
    idle: Vec<ConnectionNumber>,
    acked: Vec<Vec<Acked>>,
    latencies: Latencies,
    count: u64,
    troubles: Vec<String>,
    refused: u64,
    closed: u64,
}

impl Sink for Acker {
    fn answered(&mut self, connection: ConnectionNumber, id: u32, answer: Answer, at: Nanos) {
        let Some((marker, topic, sent)) = self.waiting.remove(&(connection, id)) else { return };
        self.idle.push(connection);
        match answer {
            Answer::Sent(ack) => {
                self.count += 1;
                self.latencies.record(sent, at);
                if let Some(acked) = self.acked.get_mut(topic as usize) {
                    acked.push(Acked { marker, offset: ack.offset });
                }
            }
            Answer::Refused(refusal) => {
                self.refused += 1;
                self.troubles.push(refusal.to_string());
            }
            Answer::Page(_) | Answer::Voted(_) => {}
        }
    }

    fn closed(&mut self, connection: ConnectionNumber, code: Option<u16>) {
        self.closed += 1;
        self.troubles.push(format!("connection {connection} ended, close code {code:?}"));
    }
}

struct Run<'a> {
    context: &'a Context,
    target: &'a Target,
    topics: &'a [Topic],
    swarm: Swarm,
    acker: Acker,
    bytes: usize,
    marker: u64,
}

/// Measures one sender and many, in turns, and reads the logs back.
///
/// # Errors
/// When the server or the connections fail.
pub fn run(context: &Context, acks: Acks) -> Result<Report, Failure> {
    let (target, accounts) = context.open(acks.senders.clamp(1, ACCOUNTS))?;
    let topics = fanout::create_topics(&target, acks.conversations.max(1), accounts.len(), &accounts)?;
    let mut swarm = Swarm::new(target.address(), &topics, context.clock)?;
    let mut acker = Acker { acked: vec![Vec::new(); topics.len()], ..Acker::default() };
    swarm.open_all((0..acks.senders).map(|n| plan(n, &accounts)).collect(), CONNECT_LIMIT, &mut acker)?;
    let marker = wire::fresh_markers();
    let mut run = Run { context, target: &target, topics: &topics, swarm, acker, bytes: acks.bytes, marker };
    let (mut ones, mut many) = (Vec::new(), Vec::new());
    for _ in 0..acks.rounds.max(1) {
        ones.push(run.measure("one sender", 1, acks.duration)?);
        many.push(run.measure("many senders", acks.senders, acks.duration)?);
    }
    let mut report = report(acks, &ones, &many);
    run.check(&accounts, &mut report)?;
    Ok(report)
}

fn plan(n: usize, accounts: &[Account]) -> Plan {
    let token = accounts.get(n % accounts.len().max(1)).map_or("".into(), |account| account.token.clone());
    let dialect = Dialect::Plenum(Codecs::Mixed.of(n));
    Plan { dialect, token, topics: Vec::new(), socket: SocketOptions::default(), deaf: false }
}

impl Run<'_> {
    fn measure(&mut self, name: &str, senders: usize, duration: Duration) -> Result<Measured, Failure> {
        let progress = Progress::start(name, duration, self.context.quiet);
        self.acker.latencies = Latencies::new();
        self.acker.idle = (0..senders).collect();
        let counters = [names::METRIC_FSYNCS, names::METRIC_CQL_REQUESTS, names::METRIC_CQL_CONDITIONAL];
        let (begun, before) = (counters.map(|name| self.target.metric(name)), self.acker.count);
        let cpu = self.cpu();
        let start = self.swarm.now();
        let end = start + nanos(duration);
        let (mut rates, mut next, mut last) = (Vec::new(), start, before);
        while self.swarm.now() < end {
            self.send_all();
            self.swarm.turn(&mut self.acker)?;
            let now = self.swarm.now();
            if now >= next + 250_000_000 {
                let rate = rate_of(self.acker.count - last, now - next);
                rates.push((seconds(now - start), rate));
                progress.tick((now - start) / 1_000_000_000, &format!("{rate:>9.0} acks/s"));
                (next, last) = (now, self.acker.count);
            }
        }
        let (acks, span) = (self.acker.count - before, seconds(self.swarm.now() - start));
        let used = process::used(cpu, self.cpu()).map(|(all, ..)| all);
        self.acker.idle.clear();
        self.swarm.turn_until(DRAIN_LIMIT, &mut self.acker, |_, acker| acker.waiting.is_empty())?;
        let since = |place: usize| {
            let (name, before) = (counters.get(place)?, (*begun.get(place)?)?);
            Some(self.target.metric(name)? - before)
        };
        let (fsyncs, requests, conditional) = (since(0), since(1), since(2));
        let latencies = std::mem::take(&mut self.acker.latencies);
        Ok(Measured { acks, seconds: span, fsyncs, requests, conditional, cpu: used, latencies, rates })
    }

    fn cpu(&self) -> Option<process::CpuTime> {
        self.target.pid().and_then(process::cpu)
    }

    fn send_all(&mut self) {
        let now = self.swarm.now();
        for connection in std::mem::take(&mut self.acker.idle) {
            let index = connection % self.topics.len().max(1);
            let (Some(&topic), Some(live)) = (self.topics.get(index), self.swarm.get(connection)) else { continue };
            let Dialect::Plenum(codec) = live.dialect() else { continue };
            let (marker, bytes) = (self.marker, self.bytes);
            self.marker += 1;
            if let Some(id) = self.swarm.command(connection, |id| wire::send(codec, id, topic, marker, bytes)) {
                let topic = TopicIndex::try_from(index).unwrap_or(0);
                self.acker.waiting.insert((connection, id), (marker, topic, now));
            }
        }
    }

    /// Everything acknowledged must be in the log, once, where the acknowledgement said.
    fn check(mut self, accounts: &[Account], report: &mut Report) -> Result<(), Failure> {
        let mut checks = std::mem::take(self.swarm.checks());
        checks.acked_lost += self.acker.waiting.len() as u64;
        checks.unexpected_refusals += self.acker.refused;
        checks.unexpected_closes += self.acker.closed;
        self.acker.troubles.into_iter().take(5).for_each(|trouble| checks.example(|| trouble));
        self.swarm.cut_all();
        let Some(reader) = accounts.first() else { return Ok(()) };
        for (topic, acked) in self.topics.iter().zip(&self.acker.acked) {
            let events = readback::read(self.target.address(), self.context.clock, *topic, reader)?;
            readback::judge(&events, acked, &mut checks);
        }
        report.checks.merge(checks);
        Ok(())
    }
}

#[expect(clippy::cast_precision_loss, reason = "a count")]
fn rate_of(count: u64, span: Nanos) -> f64 {
    count as f64 / seconds(span).max(1e-9)
}

#[expect(clippy::cast_precision_loss, reason = "counts to print")]
fn report(acks: Acks, ones: &[Measured], many: &[Measured]) -> Report {
    let mut report = Report::new("acks");
    report.parameter("senders", acks.senders);
    report.parameter("conversations", acks.conversations);
    report.parameter("bytes of text", acks.bytes);
    report.parameter("rounds of each", acks.rounds);
    let mut timeline = Vec::new();
    for (prefix, name, rounds) in [("one_", "one sender", ones), ("", "many senders", many)] {
        let middle = |pick: &dyn Fn(&Measured) -> Option<f64>| super::middle(rounds.iter().map(pick));
        report.figure(format!("{prefix}acks_per_second"), middle(&|one| Some(one.rate())));
        report.figure(
            format!("{prefix}cpu_us_per_ack"),
            middle(&|one| one.cpu.map(|cpu| cpu / (one.acks as f64).max(1.0) * 1e6)),
        );
        // Absent where the server cannot be asked or its store has no such counter: a bound on it breaks.
        report
            .figure(format!("{prefix}acks_per_fsync"), middle(&|one| one.fsyncs.map(|count| one.acks as f64 / count)));
        let requests: Vec<f64> = rounds.iter().filter_map(|one| one.for_each_ack(one.requests)).collect();
        let conditional: Vec<f64> = rounds.iter().filter_map(|one| one.for_each_ack(one.conditional)).collect();
        if !requests.is_empty() {
            report.figure(format!("{prefix}cql_requests_per_ack"), median(requests));
            report.figure(format!("{prefix}cql_conditional_writes_per_ack"), median(conditional));
        }
        let mut all = Latencies::new();
        rounds.iter().for_each(|one| all.add(&one.latencies));
        report.latencies(prefix, name, &all);
        if let Some(last) = rounds.last() {
            timeline.push(Series { name: name.to_owned(), points: last.rates.clone() });
        }
    }
    let ratios = many.iter().zip(ones).map(|(many, one)| many.rate() / one.rate().max(1e-9));
    report.figure("acks_ratio_many_to_one", median(ratios));
    report.timelines.push(Timeline {
        title: "Acknowledged appends".to_owned(),
        unit: "per second".to_owned(),
        series: timeline,
    });
    report.notes.push("Closed loop by intent: each sender waits for its acknowledgement, which comes after the fsync. The ratio says how far waiting senders share one fsync (rounds in turns, median). Latency is that of the acknowledgement as its sender sees it.".to_owned());
    report
}
