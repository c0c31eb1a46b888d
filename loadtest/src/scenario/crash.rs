//! `crash`: the server is killed with SIGKILL again and again under load, at any instant, also while it starts. Clients
//! come back, resume where they were and repeat what was not acknowledged. At the end the whole log is read back.

mod bus;
mod client;
mod crew;
mod killer;
mod nodes;
mod outbox;
mod store;
mod story;

pub use nodes::{Cluster, Fault, run_cluster};

use super::{Context, Failure, Target};
use crate::book::TopicIndex;
use crate::clock::{Clock, Nanos, nanos, seconds};
use crate::progress::Progress;
use crate::readback;
use crate::report::Report;
use crate::swarm::Swarm;
use crate::target::Server;
use crate::wire;
use client::Clients;
use crew::Crew;
use killer::Killer;
use plenum_schema::wire::EventFrame;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Duration;

/// A server that is not back after this long has failed.
const RECOVERY_LIMIT: Duration = Duration::from_secs(60);
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
    server: Box<Server>,
    crew: Crew,
    killer: Killer,
}

/// Kills and checks.
///
/// # Errors
/// When the server cannot be started, does not come back, or does not give its history.
pub fn run(context: &Context, crash: Crash) -> Result<Report, Failure> {
    let (Target::Own(server), accounts) = context.open(crash.senders)? else {
        return Err(Failure::Usage("crash kills its own server; it does not take --target".to_owned()));
    };
    let crew = Crew::gather(server.address, context.clock, crash, accounts)?;
    let mut run = Run { context, server, crew, killer: Killer::new(crash.kills, crash.seed) };
    run.crew.connect(RECOVERY_LIMIT)?;
    run.load()?;
    run.crew.settle(|_| None)?;
    run.report()
}

impl Run<'_> {
    fn load(&mut self) -> Result<(), Failure> {
        let wanted = Duration::from_secs(self.crew.crash.kills as u64);
        let progress = Progress::start("crash", wanted, self.context.quiet);
        let start = self.crew.swarm.now();
        self.killer.arm(start);
        let mut end = None;
        loop {
            let now = self.crew.swarm.now();
            self.crew.schedule(start, now);
            self.crew.turn(now, |_| None)?;
            self.kill_when_due(now)?;
            if self.killer.is_done() && *end.get_or_insert(now + nanos(TAIL)) < now {
                return Ok(());
            }
            self.crew.sample((start, now), &progress, &format!("{} kills", self.killer.done()));
        }
    }

    fn kill_when_due(&mut self, now: Nanos) -> Result<(), Failure> {
        self.killer.saw_acks(now, self.crew.clients.acked_in_this_life());
        if self.killer.is_overdue(now, nanos(RECOVERY_LIMIT)) {
            let log = self.server.log_end();
            return Err(crate::target::TargetError::Start { what: "did not come back".to_owned(), log }.into());
        }
        if !self.killer.is_due(now) {
            return Ok(());
        }
        self.server.kill();
        self.server.launch()?;
        self.crew.clients.server_restarted();
        self.killer.killed(now, self.crew.swarm.now());
        Ok(())
    }

    #[expect(clippy::cast_precision_loss, reason = "counts to print")]
    fn report(mut self) -> Result<Report, Failure> {
        let mut report = Report::new("crash");
        report.parameter("kills", self.crew.crash.kills);
        report.parameter("seed", self.crew.crash.seed);
        self.crew.parameters(&mut report);
        judge((self.server.address, self.context.clock), &mut self.crew, &mut report)?;
        report.figure("kills", self.killer.done() as f64);
        report.figure("kills_while_starting", self.killer.early() as f64);
        self.crew.figures(&mut report);
        report.latencies("recovery_", "kill to first acknowledgement", self.killer.recoveries());
        report.notes.push("Each kill is SIGKILL at a random moment: most of them 0.2 to 1.2 s after the server acknowledged again, a fifth 5 to 300 ms after its start. SIGKILL leaves the kernel's page cache alive: it proves crash safety of the process, not of the power supply.".to_owned());
        report.notes.push("Latencies of acknowledgements count from the moment at which a message was due. One whose sender had no room then (as many unacknowledged as it may have, or no connection) is sent as soon as it has (late_messages); a sender holds 64 of them at most, and what is due beyond that is counted (skipped_messages), not timed.".to_owned());
        report.notes.push("Checked: every receiver's stream has every offset once and in order across all reconnects, with the same content as everybody else's; every acknowledged message is in the log at the offset of its acknowledgement; no client ref is twice in the log; each sender's messages stand in the order they were sent in, but for those that were refused for the moment and those that were under way with them.".to_owned());
        Ok(report)
    }
}

/// Reads the whole logs back from a server and compares everything that anybody was told with them.
#[expect(clippy::cast_precision_loss, reason = "a count to print")]
fn judge((server, clock): (SocketAddr, Clock), crew: &mut Crew, report: &mut Report) -> Result<(), Failure> {
    let Crew { topics, accounts, swarm, clients, .. } = crew;
    let mut checks = clients.take_checks();
    let mut orders: Vec<(TopicIndex, Vec<EventFrame>)> = Vec::new();
    for (index, topic) in topics.iter().enumerate() {
        let Some(member) = accounts.get(index) else { continue };
        let events = readback::read(server, clock, *topic, member)?;
        let index = TopicIndex::try_from(index).unwrap_or(0);
        readback::judge(&events, clients.acked(index), &mut checks);
        orders.push((index, events));
    }
    let mut compared = 0;
    for (index, events) in &orders {
        let head = events.last().map_or(0, |event| event.offset);
        let all_there = |swarm: &mut Swarm, _: &mut Clients| swarm.everyone_has(*index, head);
        swarm.turn_until(Duration::from_secs(10), clients, all_there)?;
        swarm.settle(*index, head);
        compared += check_orders(events, clients, &mut checks);
    }
    checks.merge(std::mem::take(swarm.checks()));
    swarm.cut_all();
    report.checks.merge(checks);
    report.figure("messages_compared_with_their_senders_order", compared as f64);
    Ok(())
}

/// Each sender's messages must stand in the order of sending, unless a refusal made it send one again behind others under way.
/// Answers how many messages were compared.
fn check_orders(events: &[EventFrame], clients: &Clients, checks: &mut crate::checker::Checks) -> u64 {
    let mut last: HashMap<u64, u64> = HashMap::new();
    let mut compared = 0;
    for event in events {
        let Some(marker) = wire::message_of(event).and_then(|message| wire::marker_of(&message.content.text)) else {
            continue;
        };
        if clients.is_out_of_order(marker) {
            continue;
        }
        compared += 1;
        let before = last.insert(client::sender_of(marker), marker);
        if before.is_some_and(|before| before > marker) {
            checks.reordered += 1;
            checks.example(|| format!("{marker:x} stands behind {before:x?} in {}", event.topic));
        }
    }
    compared
}

#[expect(clippy::cast_precision_loss, reason = "a count of a quarter of a second")]
fn per_second(count: u64, span: Nanos) -> f64 {
    count as f64 / seconds(span).max(1e-9)
}
