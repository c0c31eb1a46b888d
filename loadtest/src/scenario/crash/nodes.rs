//! `crash --nodes`: a cluster is hurt again and again under load. Clients are spread over its nodes; one that loses its node, or hears
//! nothing of it, goes to the next.

mod fault;
mod gates;

pub use fault::Fault;

use super::bus::Nats;
use super::crew::Crew;
use super::store::StoreNodes;
use super::{Crash, Failure, RECOVERY_LIMIT, judge};
use crate::clock::{Nanos, nanos, seconds};
use crate::connection::{ConnectionNumber, Sink};
use crate::histogram::Latencies;
use crate::names;
use crate::progress::Progress;
use crate::report::Report;
use crate::scenario::Context;
use crate::target::{Account, Server, TargetError};
use gates::Gates;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

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
    /// Within this time sends to every conversation are acknowledged again after any fault, instead of [`Fault::recovery_limit`].
    pub patience: Option<Duration>,
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
    crew: Crew,
    cluster: &'a Cluster,
    nats: Nats,
    store: Option<StoreNodes>,
    gates: Vec<Gates>,
    servers: Vec<Server>,
    /// The node of each client.
    homes: Vec<usize>,
    hurt: Option<Hurt>,
    done: usize,
    due: Nanos,
    recoveries: Latencies,
    /// The same by fault.
    by_fault: HashMap<&'static str, Latencies>,
    /// Seconds of load.
    took: f64,
    /// What the costs stood at when the load began; without faults only, as counters begin anew with a node's life.
    before: Costs,
}

/// What the nodes have sent on the bus and asked the store for.
#[derive(Debug, Clone, Copy, Default)]
struct Costs {
    bus_bytes: f64,
    requests: f64,
    conditional: f64,
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
    let gates = (0..cluster.nodes).map(|_| Gates::open(nats.address, cluster)).collect::<Result<Vec<_>, _>>()?;
    let (servers, accounts) = start(context, crash, cluster, &gates)?;
    let mut crew = Crew::gather(address_of(&servers, 0)?, context.clock, crash, accounts)?;
    let conversations = crew.topics.len().max(1);
    let homes: Vec<usize> = (0..crash.senders).map(|number| (number / conversations) % cluster.nodes).collect();
    for (number, home) in homes.iter().enumerate() {
        crew.swarm.direct(number, address_of(&servers, *home)?);
    }
    let mut run = Run {
        context,
        crew,
        cluster,
        nats,
        store: StoreNodes::find(),
        gates,
        servers,
        homes,
        hurt: None,
        done: 0,
        due: 0,
        recoveries: Latencies::new(),
        by_fault: HashMap::new(),
        took: 0.0,
        before: Costs::default(),
    };
    run.crew.connect(RECOVERY_LIMIT)?;
    if run.crew.crash.kills == 0 {
        run.before = run.costs();
    }
    run.load()?;
    run.settle()?;
    run.report()
}

fn address_of(servers: &[Server], number: usize) -> Result<SocketAddr, Failure> {
    servers.get(number).map(|server| server.address).ok_or_else(no_such_node)
}

fn no_such_node() -> Failure {
    Failure::Usage("there is no such node".to_owned())
}

fn foreign_store() -> Failure {
    Failure::Usage("the fault `store` needs a cluster of scripts/services/cassandra/with-cluster".to_owned())
}

/// Starts the nodes on one keyspace, one set of keys, and gates of their own.
fn start(
    context: &Context,
    crash: Crash,
    cluster: &Cluster,
    gates: &[Gates],
) -> Result<(Vec<Server>, Vec<Account>), Failure> {
    let mut options = context.options.clone();
    // All nodes and the generator share the machine: no core belongs to one of them.
    options.pin = false;
    if let Some(gates) = gates.first() {
        options.environment.extend(gates.environment(cluster));
    }
    let (first, accounts) = Server::start_on_shared(&options, crash.senders)?;
    let mut servers = vec![first];
    for (number, gates) in gates.iter().enumerate().skip(1) {
        let Some(first) = servers.first() else { break };
        let mut server = first.beside(number, &gates.environment(cluster))?;
        server.launch()?;
        server.wait_ready()?;
        servers.push(server);
    }
    Ok((servers, accounts))
}

/// Where a client goes that comes back: to the next node, as the one it was on may be gone.
fn next_home(homes: &mut [usize], servers: &[Server], number: ConnectionNumber) -> Option<SocketAddr> {
    let home = homes.get_mut(number)?;
    *home = (*home + 1) % servers.len().max(1);
    servers.get(*home).map(|server| server.address)
}

impl Run<'_> {
    fn load(&mut self) -> Result<(), Failure> {
        let expected = self.cluster.away + BETWEEN * 2;
        let faults = self.crew.crash.kills;
        let total = expected * u32::try_from(faults).unwrap_or(u32::MAX);
        let progress = Progress::start("crash", total, self.context.quiet);
        let start = self.crew.swarm.now();
        // Without faults it is a measurement, as long as something would be away.
        self.due = start + nanos(if faults == 0 { self.cluster.away } else { BETWEEN });
        loop {
            let now = self.crew.swarm.now();
            self.crew.schedule(start, now);
            self.turn(now)?;
            self.hurt_and_mend(now)?;
            if self.done >= faults && self.hurt.is_none() && now >= self.due {
                self.took = seconds(now - start);
                return Ok(());
            }
            self.crew.sample((start, now), &progress, &format!("{} faults", self.done));
        }
    }

    fn turn(&mut self, now: Nanos) -> Result<(), Failure> {
        let (homes, servers) = (&mut self.homes, &self.servers);
        self.crew.turn(now, |number| next_home(homes, servers, number))
    }

    fn settle(&mut self) -> Result<(), Failure> {
        let (homes, servers) = (&mut self.homes, &self.servers);
        self.crew.settle(|number| next_home(homes, servers, number))
    }

    fn hurt_and_mend(&mut self, now: Nanos) -> Result<(), Failure> {
        let Some(mut hurt) = self.hurt else {
            if self.done < self.crew.crash.kills && now >= self.due {
                self.hurt = Some(self.hurt_now(now)?);
            }
            return Ok(());
        };
        if !hurt.left && hurt.fault == Fault::Pause && now >= hurt.at + nanos(PATIENCE) {
            hurt.left = true;
            self.leave(hurt.node);
        }
        if !hurt.recovered && self.crew.clients.all_acked_since(hurt.at) {
            hurt.recovered = true;
            self.recoveries.record(hurt.at, now);
            self.by_fault.entry(hurt.fault.name()).or_default().record(hurt.at, now);
        }
        if !hurt.mended && now >= hurt.at + nanos(self.cluster.away) {
            hurt.mended = self.mend(hurt)?;
        }
        let limit = self.cluster.patience.unwrap_or(hurt.fault.recovery_limit());
        if now > hurt.at + nanos(limit) && !hurt.recovered {
            let log = self.servers.get(hurt.node).map(Server::log_end).unwrap_or_default();
            let what = format!("cluster did not recover from `{}` within {} s", hurt.fault.name(), limit.as_secs_f64());
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
        let server = self.servers.get_mut(node).ok_or_else(no_such_node)?;
        let gates = self.gates.get(node).ok_or_else(no_such_node)?;
        match fault {
            Fault::Kill | Fault::Mixed => server.kill(),
            Fault::Clock => {
                server.kill();
                server.set_variable(names::ENV_CLOCK, &fault::offset_ms(self.done).to_string());
            }
            Fault::Pause => server.pause(true),
            Fault::Restart => server.ask_to_end(),
            Fault::Bus => self.nats.kill(),
            Fault::Store => self.store.as_ref().ok_or_else(foreign_store)?.kill(node)?,
            Fault::Cut => gates.bus.close(true),
            Fault::CutStore => gates.close_store(true),
        }
        self.done += 1;
        Ok(Hurt { fault, node, at: now, mended: false, left: false, recovered: false })
    }

    /// Answers whether it is whole again.
    fn mend(&mut self, hurt: Hurt) -> Result<bool, Failure> {
        let server = self.servers.get_mut(hurt.node).ok_or_else(no_such_node)?;
        let gates = self.gates.get(hurt.node).ok_or_else(no_such_node)?;
        match hurt.fault {
            Fault::Kill | Fault::Mixed | Fault::Clock => server.launch()?,
            Fault::Pause => server.pause(false),
            Fault::Restart => {
                if !server.has_ended() {
                    return Ok(false);
                }
                server.kill();
                server.launch()?;
            }
            Fault::Bus => self.nats.launch()?,
            Fault::Store => return self.store.as_mut().ok_or_else(foreign_store)?.is_back(hurt.node),
            Fault::Cut => gates.bus.close(false),
            Fault::CutStore => gates.close_store(false),
        }
        Ok(true)
    }

    /// The clients of a node have waited long enough.
    fn leave(&mut self, node: usize) {
        for number in 0..self.homes.len() {
            if self.homes.get(number) == Some(&node) && self.crew.swarm.get(number).is_some() {
                self.crew.swarm.cut(number);
                self.crew.clients.closed(number, None);
            }
        }
    }

    fn metric(&self, name: &str) -> f64 {
        let pages = self.servers.iter().filter_map(Server::metrics);
        pages.filter_map(|page| crate::metrics::sum(&page, name)).sum()
    }

    fn costs(&self) -> Costs {
        let requests = self.metric(names::METRIC_CQL_REQUESTS);
        let conditional = self.metric(names::METRIC_CQL_CONDITIONAL);
        Costs { bus_bytes: self.metric(names::METRIC_BUS_BYTES), requests, conditional }
    }

    #[expect(clippy::cast_precision_loss, reason = "counts to print")]
    fn report(mut self) -> Result<Report, Failure> {
        let mut report = Report::new("crash");
        report.parameter("nodes", self.cluster.nodes);
        report.parameter("fault", self.cluster.fault.name());
        report.parameter("milliseconds away", self.cluster.away.as_millis());
        self.crew.parameters(&mut report);
        report.figure("faults", self.done as f64);
        report.figure("conflicts", self.metric(names::METRIC_CONFLICTS));
        report.figure("fallbacks", self.metric(names::METRIC_FALLBACKS));
        let (acked, delivered) = (self.crew.clients.acked_count() as f64, self.crew.clients.delivered_count() as f64);
        let (now, before) = (self.costs(), self.before);
        let bus_bytes = now.bus_bytes - before.bus_bytes;
        report.figure("bus_bytes_per_delivery", bus_bytes / delivered.max(1.0));
        report.figure("bus_bytes_per_ack", bus_bytes / acked.max(1.0));
        report.figure("cql_requests_per_ack", (now.requests - before.requests) / acked.max(1.0));
        report.figure("cql_conditional_writes_per_ack", (now.conditional - before.conditional) / acked.max(1.0));
        report.figure("acks_per_second", acked / self.took.max(1e-9));
        report.figure("deliveries_per_second", delivered / self.took.max(1e-9));
        judge((address_of(&self.servers, 0)?, self.context.clock), &mut self.crew, &mut report)?;
        self.crew.figures(&mut report);
        let what = "fault until sends to every conversation are acknowledged again";
        report.latencies("recovery_", what, &self.recoveries);
        for (name, recoveries) in
            self.cluster.fault.kinds().iter().filter_map(|fault| self.by_fault.get_key_value(fault.name()))
        {
            report.figure(format!("recovery_{}_max_ms", name.replace('-', "_")), recoveries.ms(100.0));
        }
        report.notes.push("Clients are spread over the nodes and go to the next one when theirs ends, or is silent for 2 s. Conflicts, fallbacks and bytes are those of the nodes' present lives.".to_owned());
        Ok(report)
    }
}
