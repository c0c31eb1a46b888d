//! `board`: many status boards watch, a checker reports at a steady rate, and every report must reach every board soon.

mod checker;

use super::{Context, Failure, Target};
use crate::clock::{Nanos, nanos, seconds};
use crate::connection::{ConnectionNumber, Plan, Sink};
use crate::histogram::Latencies;
use crate::http;
use crate::load::Codecs;
use crate::net::SocketOptions;
use crate::process;
use crate::progress::Progress;
use crate::report::Report;
use crate::swarm::Swarm;
use crate::target::Account;
use crate::wire::Dialect;
use checker::Checker;
use plenum_schema::DomainId;
use plenum_schema::topic::Topic;
use plenum_schema::wire::Signal;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::time::Duration;

const ACCOUNTS: usize = 50;
const CONNECT_LIMIT: Duration = Duration::from_secs(180);
const DRAIN_LIMIT: Duration = Duration::from_secs(20);

/// What is run.
#[derive(Debug, Clone, Copy)]
pub struct Board {
    /// Boards.
    pub boards: usize,
    /// Domains that are reported on in turns.
    pub domains: usize,
    /// Reports a second, open loop.
    pub rate: f64,
    /// How long.
    pub length: Duration,
}

/// What the boards have heard.
struct Boards {
    /// The place of each domain in the order of reports.
    places: HashMap<DomainId, u64>,
    /// When the first report is due, and the time between two.
    start: Nanos,
    every: Nanos,
    latencies: Latencies,
    heard: u64,
    strange: u64,
}

impl Sink for Boards {
    fn signalled(&mut self, _: ConnectionNumber, signal: &Signal, at: Nanos) {
        let Signal::DomainChecked(checked) = signal else { return };
        // Domains are reported on in turns, and each report makes the version one higher: it says which report this is.
        let number = self.places.get(&checked.id).and_then(|place| {
            let round = checked.version.checked_sub(2)?;
            round.checked_mul(self.places.len() as u64)?.checked_add(*place)
        });
        match number {
            Some(number) => {
                let due = self.start.saturating_add(self.every.saturating_mul(number));
                self.latencies.record(due, at);
                self.heard += 1;
            }
            None => self.strange += 1,
        }
    }
}

fn failed(error: &http::HttpError) -> Failure {
    Failure::History(error.to_string())
}

fn text<'v>(value: &'v Value, name: &str) -> Result<&'v str, Failure> {
    value.get(name).and_then(Value::as_str).ok_or_else(|| Failure::History(format!("an answer without {name}")))
}

/// Makes the first account an admin. A store belongs to one process at a time, so the server stands still meanwhile.
fn appoint(target: &mut Target, admin: &Account) -> Result<(), Failure> {
    let Target::Own(server) = target else { return Ok(()) };
    server.kill();
    server.run(&["user", "set-role", &admin.user.to_string(), "admin"])?;
    server.launch()?;
    server.wait_ready()?;
    Ok(())
}

/// Runs it. The first account of a foreign server must be an admin's.
///
/// # Errors
/// When the server or the connections fail.
pub fn run(context: &Context, wanted: Board) -> Result<Report, Failure> {
    let mut context = context.clone();
    let limit = (wanted.boards * 2 + 1_000).to_string();
    context.options.environment.push(("PLENUM__LIMITS__CONNECTIONS".to_owned(), limit.clone()));
    context.options.environment.push(("PLENUM__LIMITS__CONNECTIONS_PER_USER".to_owned(), limit));
    context.options.environment.push(("PLENUM__REST__KEY_RATE__PER_SECOND".to_owned(), "1000000".to_owned()));
    let (mut target, accounts) = context.open(ACCOUNTS)?;
    let admin = accounts.first().cloned().ok_or_else(|| Failure::Usage("an admin is needed".to_owned()))?;
    appoint(&mut target, &admin)?;
    let (domains, key) = set_up(&target, &admin, wanted.domains)?;
    let mut swarm = Swarm::new(target.address(), &[Topic::Status], context.clock)?;
    let every = nanos(Duration::from_secs_f64(1.0 / wanted.rate.max(0.001)));
    let places = domains.iter().enumerate().map(|(place, id)| (*id, place as u64)).collect();
    let mut boards = Boards { places, start: 0, every, latencies: Latencies::new(), heard: 0, strange: 0 };
    let plan = |number: usize| {
        let token = accounts.get(number % accounts.len()).map_or_else(|| "".into(), |account| account.token.clone());
        let dialect = Dialect::Plenum(Codecs::Mixed.of(number));
        Plan { dialect, token, topics: vec![(0, None)], socket: SocketOptions::default(), deaf: false }
    };
    swarm.open_all((0..wanted.boards).map(plan).collect(), CONNECT_LIMIT, &mut boards)?;
    let used = target.pid().and_then(process::cpu);
    boards.start = swarm.now() + every.max(nanos(Duration::from_millis(200)));
    let progress = Progress::start("reports", wanted.length, context.quiet);
    let due = Due { first: boards.start, every, count: count(wanted) };
    let checker = Checker::start(target.address(), key, domains, due, context.clock);
    let expected = due.count * wanted.boards as u64;
    let deadline = boards.start + nanos(wanted.length) + nanos(DRAIN_LIMIT);
    while boards.heard < expected && swarm.now() < deadline {
        swarm.turn(&mut boards)?;
        progress.tick(swarm.now().saturating_sub(boards.start) / 1_000_000_000, &format!("{} heard", boards.heard));
    }
    let span = seconds(swarm.now().saturating_sub(boards.start));
    let cpu = process::used(used, target.pid().and_then(process::cpu)).map(|(all, ..)| all);
    let reported = checker.end()?;
    let mut checks = std::mem::take(swarm.checks());
    swarm.cut_all();
    checks.unexpected_refusals += reported.refused + boards.strange;
    reported.examples.iter().take(3).for_each(|trouble| checks.example(|| trouble.clone()));
    let missing = expected.saturating_sub(boards.heard);
    if missing > 0 {
        checks.acked_lost += missing;
        checks.example(|| format!("{missing} of {expected} signals were not heard"));
    }
    let mut report = figures(wanted, &boards, reported.acked, cpu, span);
    report.checks.merge(checks);
    Ok(report)
}

/// When reports are due.
#[derive(Debug, Clone, Copy)]
struct Due {
    first: Nanos,
    every: Nanos,
    count: u64,
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a positive number of reports")]
fn count(wanted: Board) -> u64 {
    (wanted.rate * wanted.length.as_secs_f64()).ceil().max(1.0) as u64
}

fn set_up(target: &Target, admin: &Account, domains: usize) -> Result<(Vec<DomainId>, String), Failure> {
    let post = |path: &str, body: &Value| {
        http::post(target.address(), path, &admin.token, body).map_err(|error| failed(&error))
    };
    let scopes = json!({ "name": "load", "scopes": ["status:read", "status:write"] });
    let key = text(&post("/api/keys", &scopes)?, "key")?.to_owned();
    let run = admin.user.0.simple().to_string();
    let make = |number: usize| {
        let made = post("/api/domains", &json!({ "domain": format!("d{number}-{run}.example") }))?;
        text(&made, "id")?.parse::<DomainId>().map_err(|_| Failure::History("a domain without an id".to_owned()))
    };
    let made: Result<Vec<DomainId>, Failure> = (0..domains).map(make).collect();
    Ok((made?, key))
}

#[expect(clippy::cast_precision_loss, reason = "counts to print")]
fn figures(wanted: Board, boards: &Boards, acked: u64, cpu: Option<f64>, span: f64) -> Report {
    let mut report = Report::new("board");
    report.parameter("boards", wanted.boards);
    report.parameter("domains", wanted.domains);
    report.parameter("reports a second", wanted.rate);
    report.parameter("seconds", wanted.length.as_secs());
    report.figure("reports_acked", acked as f64);
    report.figure("signals_heard", boards.heard as f64);
    report.latencies("arrival_", "arrival of a report at a board", &boards.latencies);
    report.figure("cpu_share", cpu.map(|cpu| cpu / span.max(1e-9)));
    let for_each = |cpu: f64| cpu * 1e6 / (boards.heard as f64).max(1.0);
    report.figure("cpu_s_per_million_signals", cpu.map(for_each));
    report.notes.push("Open loop: each report has a moment at which it is due, whatever became of those before; arrival counts from there to the board, over HTTP, the fsync and the socket. A signal that a board does not hear counts as lost.".to_owned());
    report
}
