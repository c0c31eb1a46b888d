//! `crash`: the server is killed with SIGKILL again and again under load, at any instant, also while it starts. Clients
//! come back, resume where they were and repeat what was not acknowledged. At the end the whole log is read back.

mod bus;
mod client;
mod killer;
mod nodes;
mod store;

pub use nodes::{Cluster, Fault, run_cluster};

use super::{Context, Failure, Target};
use crate::book::TopicIndex;
use crate::clock::{Clock, Nanos, nanos, seconds};
use crate::connection::{ConnectionNumber, Plan, Sink};
use crate::load::Codecs;
use crate::net::SocketOptions;
use crate::progress::Progress;
use crate::readback;
use crate::report::{Report, Series, Timeline};
use crate::swarm::Swarm;
use crate::target::{self, Account, Server};
use crate::wire::{self, Dialect};
use client::Clients;
use killer::Killer;
use plenum_schema::topic::Topic;
use plenum_schema::wire::EventFrame;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Duration;

/// A server that is not back after this long has failed.
const RECOVERY_LIMIT: Duration = Duration::from_secs(60);
const SETTLE_LIMIT: Duration = Duration::from_secs(60);
/// Load after the last restart.
const TAIL: Duration = Duration::from_secs(2);

/// What is done.
#[derive(Debug, Clone, Copy)]
pub struct Crash {
    /// Clients that send, receive, reconnect and resume.
    pub senders: usize,
    /// Conversations they are spread over.
    pub conversations: usize,
    /// SIGKILLs.
    pub kills: usize,
    /// Messages a second over all senders.
    pub rate: f64,
    /// Unacknowledged messages one sender may have.
    pub window: usize,
    /// Seed of the moments of the kills.
    pub seed: u64,
}

struct Run<'a> {
    context: &'a Context,
    crash: Crash,
    server: Box<Server>,
    accounts: Vec<Account>,
    topics: Vec<Topic>,
    swarm: Swarm,
    clients: Clients,
    killer: Killer,
    scheduled: u64,
    samples: Vec<(f64, f64)>,
}

/// Kills and checks.
///
/// # Errors
/// When the server cannot be started, does not come back, or does not give its history.
pub fn run(context: &Context, crash: Crash) -> Result<Report, Failure> {
    let (Target::Own(server), accounts) = context.open(crash.senders)? else {
        return Err(Failure::Usage("crash kills its own server; it does not take --target".to_owned()));
    };
    let conversations = crash.conversations.clamp(1, crash.senders);
    let mut topics = Vec::new();
    for topic in 0..conversations {
        let members: Vec<Account> = accounts.iter().skip(topic).step_by(conversations).cloned().collect();
        topics.push(target::create_group(server.address, &format!("crash {topic}"), &members)?);
    }
    let swarm = Swarm::new(server.address, &topics, context.clock)?;
    let clients = Clients::new(crash.senders, conversations, crash.window);
    let killer = Killer::new(crash.kills, crash.seed);
    let mut run =
        Run { context, crash, server, accounts, topics, swarm, clients, killer, scheduled: 0, samples: Vec::new() };
    run.connect()?;
    run.load()?;
    run.settle()?;
    run.report()
}

impl Run<'_> {
    fn plan(&self, number: ConnectionNumber) -> Plan {
        let dialect = Dialect::Plenum(Codecs::Mixed.of(number / self.topics.len().max(1)));
        let token = self.accounts.get(number).map_or("".into(), |account| account.token.clone());
        let topics = vec![(self.clients.topic(number), self.clients.position(number))];
        Plan { dialect, token, topics, socket: SocketOptions::default(), deaf: false }
    }

    fn connect(&mut self) -> Result<(), Failure> {
        let plans = (0..self.crash.senders).map(|number| self.plan(number)).collect();
        self.swarm.open_all(plans, RECOVERY_LIMIT, &mut self.clients)?;
        Ok(())
    }

    fn load(&mut self) -> Result<(), Failure> {
        let progress = Progress::start("crash", Duration::from_secs(self.crash.kills as u64), self.context.quiet);
        let start = self.swarm.now();
        self.killer.arm(start);
        let (mut next, mut last, mut end) = (start, 0, None);
        loop {
            let now = self.swarm.now();
            self.schedule(start, now);
            self.turn(now)?;
            self.kill_when_due(now)?;
            if self.killer.is_done() && *end.get_or_insert(now + nanos(TAIL)) < now {
                return Ok(());
            }
            if now >= next + 250_000_000 {
                let acked = self.clients.acked_count();
                self.samples.push((seconds(now - start), per_second(acked - last, now - next)));
                (next, last) = (now, acked);
                let text = format!("{} kills, {acked} acked, {} repeated", self.killer.done(), self.clients.repeated());
                progress.tick((now - start) / 1_000_000_000, &text);
            }
        }
    }

    /// One turn of the swarm, with reconnections and repetitions. Repetitions go out in the turn in which a client comes
    /// back: before anything new of the same client.
    fn turn(&mut self, now: Nanos) -> Result<(), Failure> {
        for number in self.clients.take_due_reconnects(now) {
            let plan = self.plan(number);
            // Loopback may refuse at once while nobody listens: that is one more try.
            if self.swarm.reopen(number, plan).is_err() {
                self.clients.closed(number, None);
            }
        }
        self.swarm.turn(&mut self.clients)?;
        for (number, marker) in self.clients.take_repeats() {
            self.send(number, marker);
        }
        Ok(())
    }

    /// New messages that are due, each to a sender that has room; a due message without one is skipped.
    fn schedule(&mut self, start: Nanos, now: Nanos) {
        while start + crate::load::due_after(self.scheduled, self.crash.rate) <= now {
            let number = usize::try_from(self.scheduled).unwrap_or(0) % self.crash.senders.max(1);
            self.scheduled += 1;
            if let Some(marker) = self.clients.new_message(number) {
                self.send(number, marker);
            }
        }
    }

    fn send(&mut self, number: ConnectionNumber, marker: u64) {
        let Some(&topic) = self.topics.get(self.clients.topic(number) as usize) else { return };
        let Some(Dialect::Plenum(codec)) = self.swarm.get(number).map(|live| live.dialect()) else { return };
        if let Some(id) = self.swarm.command(number, |id| wire::send(codec, id, topic, marker, 64)) {
            self.clients.sent(number, id, marker);
        }
    }

    fn kill_when_due(&mut self, now: Nanos) -> Result<(), Failure> {
        self.killer.saw_acks(now, self.clients.acked_in_this_life());
        if self.killer.is_overdue(now, nanos(RECOVERY_LIMIT)) {
            let log = self.server.log_end();
            return Err(crate::target::TargetError::Start { what: "did not come back".to_owned(), log }.into());
        }
        if !self.killer.is_due(now) {
            return Ok(());
        }
        self.server.kill();
        self.server.launch()?;
        self.clients.server_restarted();
        self.killer.killed(now, self.swarm.now());
        Ok(())
    }

    /// Everything unacknowledged is repeated until it is acknowledged; everyone catches up.
    fn settle(&mut self) -> Result<(), Failure> {
        let deadline = self.swarm.clock().deadline(SETTLE_LIMIT);
        while !self.clients.is_settled() && self.swarm.now() < deadline {
            let now = self.swarm.now();
            self.turn(now)?;
        }
        for (number, unacked) in self.clients.unsettled() {
            let state = self.swarm.get(number).map(|live| (live.phase(), live.position(self.clients.topic(number))));
            self.swarm.checks().acked_lost += unacked;
            self.swarm
                .checks()
                .example(|| format!("client {number} is not settled: {unacked} unacknowledged, {state:?}"));
        }
        Ok(())
    }

    #[expect(clippy::cast_precision_loss, reason = "counts to print")]
    fn report(mut self) -> Result<Report, Failure> {
        let mut report = Report::new("crash");
        report.parameter("senders", self.crash.senders);
        report.parameter("conversations", self.topics.len());
        report.parameter("kills", self.crash.kills);
        report.parameter("messages per second wanted", self.crash.rate);
        report.parameter("unacknowledged messages per sender", self.crash.window);
        report.parameter("seed", self.crash.seed);
        self.check(&mut report)?;
        report.figure("kills", self.killer.done() as f64);
        report.figure("kills_while_starting", self.killer.early() as f64);
        report.figure("acked_messages", self.clients.acked_count() as f64);
        report.figure("repeated_sends", self.clients.repeated() as f64);
        report.figure("repetitions_answered_with_the_first_offset", self.clients.duplicate_acks() as f64);
        report.figure("reconnects", self.clients.reconnects() as f64);
        report.figure("retryable_refusals", self.clients.refused() as f64);
        report.figure("acked_lost", report.checks.acked_lost as f64);
        report.figure("duplicates", report.checks.duplicates as f64);
        report.figure("reordered", report.checks.reordered as f64);
        report.figure("gaps", report.checks.lost as f64);
        report.latencies("recovery_", "kill to first acknowledgement", self.killer.recoveries());
        let series = vec![Series { name: "acknowledged".to_owned(), points: std::mem::take(&mut self.samples) }];
        report.timelines.push(Timeline {
            title: "Acknowledged messages".to_owned(),
            unit: "per second".to_owned(),
            series,
        });
        report.notes.push("Each kill is SIGKILL at a random moment: most of them 0.2 to 1.2 s after the server acknowledged again, a fifth 5 to 300 ms after its start. SIGKILL leaves the kernel's page cache alive: it proves crash safety of the process, not of the power supply.".to_owned());
        report.notes.push("Checked: every receiver's stream has every offset once and in order across all reconnects, with the same content as everybody else's; every acknowledged message is in the log at the offset of its acknowledgement; no client ref is twice in the log; each sender's messages stand in the order they were sent in.".to_owned());
        Ok(report)
    }

    fn check(&mut self, report: &mut Report) -> Result<(), Failure> {
        let server = (self.server.address, self.context.clock);
        judge(server, (&self.topics, &self.accounts), (&mut self.swarm, &mut self.clients), report)
    }
}

/// Reads the whole logs back from a server and compares everything that anybody was told with them.
fn judge(
    (server, clock): (SocketAddr, Clock),
    (topics, accounts): (&[Topic], &[Account]),
    (swarm, clients): (&mut Swarm, &mut Clients),
    report: &mut Report,
) -> Result<(), Failure> {
    let mut checks = clients.take_checks();
    let mut orders: Vec<(TopicIndex, Vec<EventFrame>)> = Vec::new();
    for (index, topic) in topics.iter().enumerate() {
        let Some(member) = accounts.get(index) else { continue };
        let events = readback::read(server, clock, *topic, member)?;
        let index = TopicIndex::try_from(index).unwrap_or(0);
        readback::judge(&events, clients.acked(index), &mut checks);
        orders.push((index, events));
    }
    for (index, events) in &orders {
        let head = events.last().map_or(0, |event| event.offset);
        let all_there = |swarm: &mut Swarm, _: &mut Clients| swarm.everyone_has(*index, head);
        swarm.turn_until(Duration::from_secs(10), clients, all_there)?;
        swarm.settle(*index, head);
        check_orders(events, clients, &mut checks);
    }
    checks.merge(std::mem::take(swarm.checks()));
    swarm.cut_all();
    report.checks.merge(checks);
    Ok(())
}

/// Each sender's messages must stand in the order of sending, except those a refusal made them send again.
fn check_orders(events: &[EventFrame], clients: &Clients, checks: &mut crate::checker::Checks) {
    let mut last: HashMap<u64, u64> = HashMap::new();
    for event in events {
        let Some(marker) = wire::message_of(event).and_then(|message| wire::marker_of(&message.content.text)) else {
            continue;
        };
        let sender = client::sender_of(marker);
        if clients.was_refused(sender) {
            continue;
        }
        let before = last.insert(sender, marker);
        if before.is_some_and(|before| before > marker) {
            checks.reordered += 1;
            checks.example(|| format!("{marker:x} stands behind {before:x?} in {}", event.topic));
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a count of a quarter of a second")]
fn per_second(count: u64, span: Nanos) -> f64 {
    count as f64 / seconds(span).max(1e-9)
}
