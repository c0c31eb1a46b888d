//! `flood`: very many try to sign in, with wrong passwords, beside a chat. Those who chat must hardly notice.

use super::{Context, Failure, fanout, median, slow};
use crate::histogram::Latencies;
use crate::http::{self, HttpError};
use crate::load::{self, Round, Shape, Side, Speech};
use crate::report::Report;
use serde_json::json;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// Most accounts that stand for the crowd.
const ACCOUNTS: usize = 50;
/// How long somebody who was told that too many sign in waits before the next try.
const BUSY: Duration = Duration::from_millis(20);

/// What is done beside the chat.
#[derive(Debug, Clone, Copy)]
pub struct Flood {
    /// Sign-ins under way at the same time.
    pub sign_ins: usize,
    /// Rounds of each kind.
    pub rounds: usize,
}

#[derive(Debug, Default)]
struct Counts {
    is_over: AtomicBool,
    /// Tried, hashed and found wrong.
    wrong: AtomicU64,
    /// Told to come back.
    busy: AtomicU64,
    /// Anything else.
    strange: AtomicU64,
}

/// Those who try, until it is dropped.
struct Crowd {
    counts: Arc<Counts>,
    threads: Vec<JoinHandle<()>>,
}

impl Crowd {
    fn start(server: SocketAddr, sign_ins: usize, counts: &Arc<Counts>, round: usize) -> Self {
        counts.is_over.store(false, Ordering::SeqCst);
        let one = |number: usize| {
            let counts = Arc::clone(counts);
            std::thread::spawn(move || try_on(server, &counts, &format!("{round}-{number}")))
        };
        Self { counts: Arc::clone(counts), threads: (0..sign_ins).map(one).collect() }
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        self.counts.is_over.store(true, Ordering::SeqCst);
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

/// Nobody has these names: an unknown account costs the server the same hash as a wrong password.
fn try_on(server: SocketAddr, counts: &Counts, who: &str) {
    let mut number = 0_u64;
    while !counts.is_over.load(Ordering::SeqCst) {
        number += 1;
        let body = json!({ "email": format!("{who}-{number}@flood.example"), "password": "not the password" });
        match http::post(server, "/api/auth/login", "", &body) {
            Err(HttpError::Status { status: 401, .. }) => counts.wrong.fetch_add(1, Ordering::SeqCst),
            Err(HttpError::Status { status: 429 | 503, .. }) => {
                std::thread::sleep(BUSY);
                counts.busy.fetch_add(1, Ordering::SeqCst)
            }
            _ => counts.strange.fetch_add(1, Ordering::SeqCst),
        };
    }
}

/// Runs rounds without and with the flood, in turns.
///
/// # Errors
/// When the server or the connections fail.
pub fn run(context: &Context, shape: &Shape, flood: Flood) -> Result<Report, Failure> {
    let mut context = context.clone();
    // The flood comes from one address here: what is measured is the pool behind these limits.
    for (name, value) in
        [("PLENUM__ACCOUNTS__THROTTLE__ADDRESS_BURST", "1000000"), ("PLENUM__HTTP__ADDRESS_RATE__PER_SECOND", "0")]
    {
        context.options.environment.push((name.to_owned(), value.to_owned()));
    }
    let (target, accounts) = context.open(ACCOUNTS)?;
    let topics = fanout::create_topics(&target, 1, accounts.len(), &accounts)?;
    let (address, pid) = (target.address(), target.pid());
    let side = |name| Side { name, speech: Speech::Native, address, pid, topics: &topics, accounts: &accounts };
    let (alone, beside) = (side("chat alone"), side("chat beside the flood"));
    let counts = Arc::new(Counts::default());
    let (mut without, mut with) = (Vec::new(), Vec::new());
    for round in 0..flood.rounds.max(1) * 2 {
        // One, two, two, one: whoever goes first has no systematic advantage.
        if matches!(round % 4, 0 | 3) {
            without.push(load::round(&alone, shape, context.clock)?);
        } else {
            let crowd = Crowd::start(address, flood.sign_ins, &counts, round);
            with.push(load::round(&beside, shape, context.clock)?);
            drop(crowd);
        }
    }
    Ok(report(shape, flood, (&without, &with), &counts))
}

#[expect(clippy::cast_precision_loss, reason = "counts of a run")]
fn report(shape: &Shape, flood: Flood, (without, with): (&[Round], &[Round]), counts: &Counts) -> Report {
    let mut report = Report::new("flood");
    report.parameter("receivers", shape.members);
    report.parameter("sign-ins at once", flood.sign_ins);
    report.parameter("pace", fanout::pace(shape.pace));
    report.parameter("rounds of each kind", without.len());
    for (prefix, name, rounds) in [("alone_", "chat alone", without), ("beside_", "chat beside the flood", with)] {
        let mut all = Latencies::new();
        rounds.iter().for_each(|round| all.add(&round.latencies));
        report.latencies(prefix, name, &all);
        rounds.iter().for_each(|round| report.checks.merge(round.checks.clone()));
    }
    let of_rounds = |rounds: &[Round]| median(rounds.iter().map(|round| round.latencies.ms(99.0)));
    let typical = |rounds: &[Round]| median(rounds.iter().flat_map(|round| round.second_p99s.iter().copied()));
    report.figure("p99_ratio", of_rounds(with) / of_rounds(without).max(1e-3));
    report.figure("typical_second_p99_ratio", typical(with) / typical(without).max(1e-3));
    report.figure("noise_p99_change_percent", slow::noise(without));
    let seconds: f64 = with.iter().map(|round| round.seconds).sum();
    let count = |counter: &AtomicU64| counter.load(Ordering::SeqCst);
    report.figure("sign_ins_refused_per_second", count(&counts.wrong) as f64 / seconds.max(1e-9));
    report.figure("sign_ins_busy_per_second", count(&counts.busy) as f64 / seconds.max(1e-9));
    report.checks.unexpected_refusals += count(&counts.strange);
    fanout::timelines(&mut report, with);
    report.notes.push("The ratio is the median over the rounds of the chat's p99 beside the flood divided by that without it, rounds in turns. Each try is for another account that does not exist, which costs the server a hash as a wrong password does; who is told that too many sign in tries again at once.".to_owned());
    report
}
