//! `crash --nodes`: a cluster is hurt again and again under load. Clients are spread over its nodes; one that loses its node, or hears
//! nothing of it, goes to the next.

use super::bus::{Gate, Nats};
use super::client::Clients;
use super::store::StoreNodes;
use super::{Crash, Failure, judge, per_second};
use crate::clock::{Nanos, nanos, seconds};
use crate::connection::{ConnectionNumber, Plan, Sink};
use crate::histogram::Latencies;
use crate::load::Codecs;
use crate::names;
use crate::net::SocketOptions;
use crate::progress::Progress;
use crate::report::{Report, Series, Timeline};
use crate::scenario::Context;
use crate::swarm::Swarm;
use crate::target::{self, Account, Server, TargetError};
use crate::wire::{self, Dialect};
use clap::ValueEnum;
use plenum_schema::topic::Topic;
use std::path::PathBuf;
use std::time::Duration;

/// Sends to every conversation are acknowledged again within this time, or the run has failed.
const RECOVERY_LIMIT: Duration = Duration::from_secs(60);
const SETTLE_LIMIT: Duration = Duration::from_secs(60);
/// A client that hears nothing of a stopped node for so long goes to another.
const PATIENCE: Duration = Duration::from_secs(2);
/// Quiet load between two faults.
const BETWEEN: Duration = Duration::from_secs(2);

/// The cluster under test.
#[derive(Debug, Clone)]
pub struct Cluster {
    /// How many nodes.
    pub nodes: usize,
    /// What is done to it.
    pub fault: Fault,
    /// How long what was hurt stays so.
    pub away: Duration,
    /// Contact points of the CQL cluster.
    pub cql: String,
    /// The NATS server's program.
    pub nats: PathBuf,
}

/// What is done to a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Fault {
    /// SIGKILL of a node.
    Kill,
    /// SIGSTOP of a node, and SIGCONT: a zombie wakes.
    Pause,
    /// SIGKILL of NATS.
    Bus,
    /// One node is cut from NATS.
    Cut,
    /// A node drains and is started again, one after another.
    Restart,
    /// SIGKILL of a node of the store, which is started by `with-cluster`.
    Store,
    /// All of these in turn.
    Mixed,
}

impl Fault {
    /// What the fault is this time.
    fn turn(self, number: usize) -> Self {
        let all = [Self::Kill, Self::Pause, Self::Bus, Self::Cut, Self::Restart, Self::Store];
        if self == Self::Mixed { all.get(number % all.len()).copied().unwrap_or(Self::Kill) } else { self }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Kill => "kill",
            Self::Pause => "pause",
            Self::Bus => "bus",
            Self::Cut => "cut",
            Self::Restart => "restart",
            Self::Store => "store",
            Self::Mixed => "mixed",
        }
    }
}

/// Something that is hurt at the moment.
#[derive(Debug, Clone, Copy)]
struct Hurt {
    fault: Fault,
    node: usize,
    at: Nanos,
    mended: bool,
    /// Its clients have been sent to other nodes.
    left: bool,
    /// Sends to all conversations were acknowledged after it.
    recovered: bool,
}

struct Run<'a> {
    context: &'a Context,
    crash: Crash,
    cluster: &'a Cluster,
    nats: Nats,
    store: Option<StoreNodes>,
    gates: Vec<Gate>,
    servers: Vec<Server>,
    accounts: Vec<Account>,
    topics: Vec<Topic>,
    swarm: Swarm,
    clients: Clients,
    /// The node of each client.
    homes: Vec<usize>,
    hurt: Option<Hurt>,
    done: usize,
    due: Nanos,
    scheduled: u64,
    recoveries: Latencies,
    samples: Vec<(f64, f64)>,
}

/// Hurts and checks.
///
/// # Errors
/// When the cluster cannot be started, does not recover, or does not give its history.
pub fn run_cluster(context: &Context, crash: Crash, cluster: &Cluster) -> Result<Report, Failure> {
    if context.foreign.is_some() || cluster.cql.is_empty() {
        return Err(Failure::Usage(
            "crash --nodes starts its own nodes on a store that they share: give --cql".to_owned(),
        ));
    }
    let nats = Nats::start(&cluster.nats)?;
    let gates = (0..cluster.nodes).map(|_| Gate::to(nats.address)).collect::<Result<Vec<_>, _>>()?;
    let (servers, accounts) = start(context, crash, cluster, &gates)?;
    let first = servers.first().map(|server| server.address).ok_or_else(|| Failure::Usage("no nodes".to_owned()))?;
    let conversations = crash.conversations.clamp(1, crash.senders);
    let mut topics = Vec::new();
    for topic in 0..conversations {
        let members: Vec<Account> = accounts.iter().skip(topic).step_by(conversations).cloned().collect();
        topics.push(target::create_group(first, &format!("cluster {topic}"), &members)?);
    }
    let swarm = Swarm::new(first, &topics, context.clock)?;
    let clients = Clients::new(crash.senders, conversations, crash.window);
    let homes = (0..crash.senders).map(|number| (number / conversations) % cluster.nodes).collect();
    let mut run = Run {
        context,
        crash,
        cluster,
        nats,
        store: StoreNodes::find(),
        gates,
        servers,
        accounts,
        topics,
        swarm,
        clients,
        homes,
        hurt: None,
        done: 0,
        due: 0,
        scheduled: 0,
        recoveries: Latencies::new(),
        samples: Vec::new(),
    };
    run.connect()?;
    run.load()?;
    run.settle()?;
    run.report()
}

fn foreign_store() -> Failure {
    Failure::Usage("the fault `store` needs a cluster of scripts/services/cassandra/with-cluster".to_owned())
}

/// Starts the nodes on one keyspace, one set of keys, and a gate to the bus each.
fn start(
    context: &Context,
    crash: Crash,
    cluster: &Cluster,
    gates: &[Gate],
) -> Result<(Vec<Server>, Vec<Account>), Failure> {
    let environment = |gate: &Gate| {
        let url = format!("nats://{}", gate.address);
        let fixed = [names::ENV_ENGINE, names::ENV_BUS, (names::ENV_CQL, &cluster.cql), (names::ENV_NATS, &url)];
        fixed.map(|(key, value)| (key.to_owned(), value.to_owned())).to_vec()
    };
    let mut options = context.options.clone();
    // All nodes and the generator share the machine: no core belongs to one of them.
    options.pin = false;
    if let Some(gate) = gates.first() {
        options.environment.extend(environment(gate));
    }
    let (first, accounts) = Server::start_on_shared(&options, crash.senders)?;
    let mut servers = vec![first];
    for (number, gate) in gates.iter().enumerate().skip(1) {
        let Some(first) = servers.first() else { break };
        let mut server = first.beside(number, &environment(gate))?;
        server.launch()?;
        server.wait_ready()?;
        servers.push(server);
    }
    Ok((servers, accounts))
}

impl Run<'_> {
    fn plan(&mut self, number: ConnectionNumber) -> Plan {
        let home = self.homes.get(number).copied().unwrap_or(0);
        if let Some(server) = self.servers.get(home) {
            self.swarm.direct(number, server.address);
        }
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
        let expected = self.cluster.away + BETWEEN * 2;
        let total = expected * u32::try_from(self.crash.kills).unwrap_or(u32::MAX);
        let progress = Progress::start("crash", total, self.context.quiet);
        let start = self.swarm.now();
        self.due = start + nanos(BETWEEN);
        let (mut next, mut last) = (start, 0);
        loop {
            let now = self.swarm.now();
            self.schedule(start, now);
            self.turn(now)?;
            self.hurt_and_mend(now)?;
            if self.done >= self.crash.kills && self.hurt.is_none() && now >= self.due {
                return Ok(());
            }
            if now >= next + 250_000_000 {
                let acked = self.clients.acked_count();
                self.samples.push((seconds(now - start), per_second(acked - last, now - next)));
                (next, last) = (now, acked);
                let text = format!("{} faults, {acked} acked, {} repeated", self.done, self.clients.repeated());
                progress.tick((now - start) / 1_000_000_000, &text);
            }
        }
    }

    fn turn(&mut self, now: Nanos) -> Result<(), Failure> {
        for number in self.clients.take_due_reconnects(now) {
            // To the next node: the one it was on may be gone.
            if let Some(home) = self.homes.get_mut(number) {
                *home = (*home + 1) % self.cluster.nodes;
            }
            let plan = self.plan(number);
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

    fn hurt_and_mend(&mut self, now: Nanos) -> Result<(), Failure> {
        let Some(mut hurt) = self.hurt else {
            if self.done < self.crash.kills && now >= self.due {
                self.hurt = Some(self.hurt_now(now)?);
            }
            return Ok(());
        };
        if !hurt.left && hurt.fault == Fault::Pause && now >= hurt.at + nanos(PATIENCE) {
            hurt.left = true;
            self.leave(hurt.node);
        }
        if !hurt.recovered && self.clients.all_acked_since(hurt.at) {
            hurt.recovered = true;
            self.recoveries.record(hurt.at, now);
        }
        if !hurt.mended && now >= hurt.at + nanos(self.cluster.away) {
            hurt.mended = self.mend(hurt)?;
        }
        if !hurt.recovered && now > hurt.at + nanos(RECOVERY_LIMIT) {
            let log = self.servers.get(hurt.node).map(Server::log_end).unwrap_or_default();
            let what = format!("cluster did not recover from `{}`", hurt.fault.name());
            return Err(TargetError::Start { what, log }.into());
        }
        self.hurt = Some(hurt);
        if hurt.mended && hurt.recovered {
            self.hurt = None;
            self.due = now + nanos(BETWEEN);
        }
        Ok(())
    }

    fn hurt_now(&mut self, now: Nanos) -> Result<Hurt, Failure> {
        let (fault, node) = (self.cluster.fault.turn(self.done), self.done % self.cluster.nodes);
        self.done += 1;
        match (fault, self.servers.get_mut(node)) {
            (Fault::Kill | Fault::Mixed, Some(server)) => server.kill(),
            (Fault::Pause, Some(server)) => server.pause(true),
            (Fault::Restart, Some(server)) => server.ask_to_end(),
            (Fault::Bus, _) => self.nats.kill(),
            (Fault::Store, _) => self.store.as_ref().ok_or_else(foreign_store)?.kill(node)?,
            (Fault::Cut, _) => self.gates.get(node).into_iter().for_each(|gate| gate.close(true)),
            (_, None) => return Err(Failure::Usage("there is no such node".to_owned())),
        }
        Ok(Hurt { fault, node, at: now, mended: false, left: false, recovered: false })
    }

    /// Answers whether it is whole again.
    fn mend(&mut self, hurt: Hurt) -> Result<bool, Failure> {
        match (hurt.fault, self.servers.get_mut(hurt.node)) {
            (Fault::Kill | Fault::Mixed, Some(server)) => server.launch()?,
            (Fault::Pause, Some(server)) => server.pause(false),
            (Fault::Restart, Some(server)) => {
                if !server.has_ended() {
                    return Ok(false);
                }
                server.kill();
                server.launch()?;
            }
            (Fault::Bus, _) => self.nats.launch()?,
            (Fault::Store, _) => return self.store.as_mut().ok_or_else(foreign_store)?.is_back(hurt.node),
            (Fault::Cut, _) => self.gates.get(hurt.node).into_iter().for_each(|gate| gate.close(false)),
            (_, None) => {}
        }
        Ok(true)
    }

    /// The clients of a node have waited long enough.
    fn leave(&mut self, node: usize) {
        for number in 0..self.homes.len() {
            if self.homes.get(number) == Some(&node) && self.swarm.get(number).is_some() {
                self.swarm.cut(number);
                self.clients.closed(number, None);
            }
        }
    }

    fn settle(&mut self) -> Result<(), Failure> {
        let deadline = self.swarm.clock().deadline(SETTLE_LIMIT);
        while !self.clients.is_settled() && self.swarm.now() < deadline {
            let now = self.swarm.now();
            self.turn(now)?;
        }
        for (number, unacked) in self.clients.unsettled() {
            self.swarm.checks().acked_lost += unacked;
            self.swarm.checks().example(|| format!("client {number} is not settled: {unacked} unacknowledged"));
        }
        Ok(())
    }

    fn metric(&self, name: &str) -> f64 {
        let pages = self.servers.iter().filter_map(Server::metrics);
        pages.filter_map(|page| crate::metrics::sum(&page, name)).sum()
    }

    #[expect(clippy::cast_precision_loss, reason = "counts to print")]
    fn report(mut self) -> Result<Report, Failure> {
        let mut report = Report::new("crash");
        report.parameter("nodes", self.cluster.nodes);
        report.parameter("fault", self.cluster.fault.name());
        report.parameter("milliseconds away", self.cluster.away.as_millis());
        report.parameter("senders", self.crash.senders);
        report.parameter("conversations", self.topics.len());
        report.parameter("messages per second wanted", self.crash.rate);
        report.parameter("unacknowledged messages per sender", self.crash.window);
        report.figure("faults", self.done as f64);
        report.figure("conflicts", self.metric(names::METRIC_CONFLICTS));
        report.figure("fallbacks", self.metric(names::METRIC_FALLBACKS));
        report.figure("bus_bytes", self.metric(names::METRIC_BUS_BYTES));
        let clock = self.context.clock;
        let first = self.servers.first().map(|server| server.address);
        let first = first.ok_or_else(|| Failure::Usage("no nodes".to_owned()))?;
        let load = (&mut self.swarm, &mut self.clients);
        judge((first, clock), (&self.topics, &self.accounts), load, &mut report)?;
        report.figure("acked_messages", self.clients.acked_count() as f64);
        report.figure("repeated_sends", self.clients.repeated() as f64);
        report.figure("repetitions_answered_with_the_first_offset", self.clients.duplicate_acks() as f64);
        report.figure("reconnects", self.clients.reconnects() as f64);
        report.figure("retryable_refusals", self.clients.refused() as f64);
        report.figure("acked_lost", report.checks.acked_lost as f64);
        report.figure("duplicates", report.checks.duplicates as f64);
        report.figure("reordered", report.checks.reordered as f64);
        report.figure("gaps", report.checks.lost as f64);
        let what = "fault until sends to every conversation are acknowledged again";
        report.latencies("recovery_", what, &self.recoveries);
        let series = vec![Series { name: "acknowledged".to_owned(), points: std::mem::take(&mut self.samples) }];
        let (title, unit) = ("Acknowledged messages".to_owned(), "per second".to_owned());
        report.timelines.push(Timeline { title, unit, series });
        report.notes.push("Clients are spread over the nodes and go to the next one when theirs ends, or is silent for 2 s. Conflicts, fallbacks and bytes are those of the nodes' present lives.".to_owned());
        Ok(report)
    }
}
