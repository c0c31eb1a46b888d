//! `rest`: many people leaf through a big community by REST, each over a connection of its own, at a steady pace.

mod line;
mod paths;

use super::{Context, Failure, Target};
use crate::checker::Checks;
use crate::clock::{Nanos, nanos, seconds};
use crate::histogram::Latencies;
use crate::progress::Progress;
use crate::report::Report;
use crate::target::Account;
use crate::{http, process, swarm};
use line::{Answered, Line};
use mio::{Events, Poll, Token};
use paths::{KINDS, Known, ROOMS, Sort, own_room};
use serde_json::{Value, json};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

const EVENTS: usize = 1_024;
const DRAIN_LIMIT: Duration = Duration::from_secs(20);

/// What is run.
#[derive(Debug, Clone, Copy)]
pub struct Rest {
    /// People who ask, each with a connection.
    pub users: usize,
    /// The time between two requests of one of them.
    pub pause: Duration,
    /// How long.
    pub length: Duration,
    /// People in the store, beside those who ask.
    pub people: usize,
    /// Messages in its rooms.
    pub messages: usize,
}

/// What was measured.
struct Measured {
    kinds: Vec<Latencies>,
    answered: u64,
    bytes: u64,
    checks: Checks,
}

fn failed(error: &http::HttpError) -> Failure {
    Failure::History(error.to_string())
}

/// Fills the store of a server of ours, which stands still meanwhile: a store belongs to one process at a time.
fn fill(target: &mut Target, wanted: Rest) -> Result<Option<String>, Failure> {
    let Target::Own(server) = target else { return Ok(None) };
    server.kill();
    // As a community of this size would have them.
    let [people, messages, rooms, events, products] = [
        wanted.people,
        wanted.messages,
        wanted.people.div_ceil(100),
        wanted.people.div_ceil(20),
        wanted.people.div_ceil(10),
    ]
    .map(|count| count.to_string());
    let told = server.ask(&[
        "seed",
        "crowd",
        "--people",
        &people,
        "--messages",
        &messages,
        "--rooms",
        &rooms,
        "--events",
        &events,
        "--products",
        &products,
    ])?;
    server.launch()?;
    server.wait_ready()?;
    Ok(Some(told.trim().to_owned()))
}

/// Runs it. A foreign server is asked for what it has.
///
/// # Errors
/// When the server or the connections fail, or there is nothing to read in it.
pub fn run(context: &Context, wanted: Rest) -> Result<Report, Failure> {
    let mut context = context.clone();
    for name in ["PLENUM__HTTP__ADDRESS_RATE__PER_SECOND", "PLENUM__HTTP__CALLER_RATE__PER_SECOND"] {
        context.options.environment.push((name.to_owned(), "0".to_owned()));
    }
    let (mut target, accounts) = context.open(wanted.users)?;
    let progress = Progress::start("filling the store", Duration::from_secs(1), context.quiet);
    let store = fill(&mut target, wanted)?;
    drop(progress);
    let known = look_around(&target, &accounts)?;
    let lines = accounts.iter().zip(0_u64..).map(|(account, number)| Line::new(&account.token, number));
    let mut crowd = Crowd {
        poll: Poll::new()?,
        lines: lines.collect(),
        measured: Measured {
            kinds: KINDS.iter().map(|_| Latencies::new()).collect(),
            answered: 0,
            bytes: 0,
            checks: Checks::default(),
        },
        known,
    };
    // The first round opens the connections and warms what is warm in a server that runs.
    crowd.load(&context, &target, wanted, Duration::from_secs(2).min(wanted.length), "warming up")?;
    crowd.measured.forget();
    let used = target.pid().and_then(process::cpu);
    let span = crowd.load(&context, &target, wanted, wanted.length, "requests")?;
    let cpu = process::used(used, target.pid().and_then(process::cpu)).map(|(all, ..)| all);
    let mut report = figures(wanted, crowd.measured, cpu, span);
    if let Some(store) = store {
        report.parameter("store", store);
    }
    Ok(report)
}

struct Crowd {
    poll: Poll,
    lines: Vec<Line>,
    measured: Measured,
    known: Known,
}

impl Measured {
    fn forget(&mut self) {
        self.kinds.iter_mut().for_each(|one| *one = Latencies::new());
        (self.answered, self.bytes) = (0, 0);
    }
}

impl Crowd {
    /// Lets everybody ask at their pace for a while, and waits for the last answers; how long it took, seconds.
    fn load(
        &mut self,
        context: &Context,
        target: &Target,
        wanted: Rest,
        length: Duration,
        phase: &str,
    ) -> Result<f64, Failure> {
        let (clock, server) = (context.clock, target.address());
        let mut events = Events::with_capacity(EVENTS);
        let start = clock.now() + nanos(Duration::from_millis(50));
        let every = nanos(wanted.pause);
        let count = self.lines.len().max(1) as u64;
        // Open loop: a request has a moment at which it is due, whatever became of the one before.
        let spread = |number: usize| Reverse((start + every * number as u64 / count, number));
        let mut due: BinaryHeap<_> = (0..self.lines.len()).map(spread).collect();
        let (end, progress) = (start + nanos(length), Progress::start(phase, length, context.quiet));
        let mut open = 0_usize;
        loop {
            let now = clock.now();
            while let Some(&Reverse((at, number))) = due.peek()
                && at <= now
            {
                due.pop();
                if at >= end {
                    continue;
                }
                let Some(line) = self.lines.get_mut(number) else { continue };
                line.ask(server, number, at, &self.known, self.poll.registry())?;
                open += 1;
            }
            if (due.is_empty() && open == 0) || now > end + nanos(DRAIN_LIMIT) {
                break;
            }
            self.poll.poll(&mut events, Some(swarm::REST))?;
            for event in &events {
                let Token(number) = event.token();
                let Some(line) = self.lines.get_mut(number) else { continue };
                let Some(answered) = line.ready(self.poll.registry())? else { continue };
                open -= 1;
                due.push(Reverse((answered.due + every, number)));
                self.measured.note(&answered, clock.now());
            }
            progress.tick(now.saturating_sub(start) / 1_000_000_000, &format!("{} answers", self.measured.answered));
        }
        self.measured.checks.acked_lost += open as u64;
        if open > 0 {
            self.measured.checks.example(|| format!("{open} requests were not answered"));
        }
        Ok(seconds(clock.now().saturating_sub(start)))
    }
}

impl Measured {
    fn note(&mut self, answered: &Answered, now: Nanos) {
        self.answered += 1;
        self.bytes += answered.bytes;
        match &answered.trouble {
            Some(trouble) => {
                self.checks.unexpected_refusals += 1;
                self.checks.example(|| trouble.clone());
            }
            None => {
                if let Some(latencies) = self.kinds.get_mut(answered.kind) {
                    latencies.record(answered.due, now);
                }
            }
        }
    }
}

/// Learns what there is to ask for; the callers join some rooms.
fn look_around(target: &Target, accounts: &[Account]) -> Result<Known, Failure> {
    let first = accounts.first().ok_or_else(|| Failure::Usage("nobody to ask".to_owned()))?;
    let ids = |path: &str, name: &str| -> Result<Vec<String>, Failure> {
        let page = http::get_as(target.address(), path, &first.token).map_err(|error| failed(&error))?;
        let items = page.get("items").and_then(Value::as_array).cloned().unwrap_or_default();
        let ids: Vec<String> =
            items.iter().filter_map(|item| item.get(name)?.as_str().map(ToOwned::to_owned)).collect();
        if ids.is_empty() { Err(Failure::History(format!("{path}: nothing there to read"))) } else { Ok(ids) }
    };
    let known = Known {
        users: ids("/api/users?limit=100", "id")?,
        rooms: ids("/api/rooms?limit=100", "id")?,
        events: ids("/api/events?limit=100", "id")?,
        products: ids("/api/marketplace/products?limit=100", "id")?,
    };
    for (account, number) in accounts.iter().zip(0_u64..) {
        for room in (0..ROOMS).filter_map(|nth| known.rooms.get(own_room(number, nth) % known.rooms.len())) {
            let path = format!("/api/rooms/{room}/join");
            http::post(target.address(), &path, &account.token, &json!({})).map_err(|error| failed(&error))?;
        }
    }
    Ok(known)
}

#[expect(clippy::cast_precision_loss, reason = "counts to print")]
fn figures(wanted: Rest, measured: Measured, cpu: Option<f64>, span: f64) -> Report {
    let mut report = Report::new("rest");
    report.parameter("users", wanted.users);
    report.parameter("ms between two requests of one", wanted.pause.as_millis());
    report.parameter("seconds", wanted.length.as_secs());
    report.parameter("people in the store", wanted.people);
    report.parameter("messages in the store", wanted.messages);
    for sort in [Sort::Read, Sort::List] {
        let mut all = Latencies::new();
        let kinds = KINDS.iter().zip(&measured.kinds).filter(|(kind, _)| kind.sort == sort);
        kinds.for_each(|(_, latencies)| all.add(latencies));
        let name = if sort == Sort::Read { "read" } else { "list" };
        report.latencies(&format!("{name}_"), &format!("all of the sort {name}"), &all);
    }
    for (kind, latencies) in KINDS.iter().zip(&measured.kinds) {
        report.figure(format!("of_{}_p99_ms", kind.name), (latencies.count() > 0).then(|| latencies.ms(99.0)));
    }
    let answered = measured.answered as f64;
    report.figure("requests_per_second", answered / span.max(1e-9));
    report.figure("bytes_per_answer", measured.bytes as f64 / answered.max(1.0));
    report.figure("cpu_share", cpu.map(|cpu| cpu / span.max(1e-9)));
    report.figure("cpu_us_per_request", cpu.map(|cpu| cpu * 1e6 / answered.max(1.0)));
    report.checks.merge(measured.checks);
    report.notes.push("Open loop: each person has a moment at which the next request is due; a request that has to wait for the answer before it counts from when it was due. An answer that is not 2xx, not whole or not what was asked for is a violation.".to_owned());
    report
}
