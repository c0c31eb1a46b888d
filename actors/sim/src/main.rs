//! `plenum-sim`: replays one seed with a trace, or runs many and reports the first that breaks a promise.

use clap::Parser;
use plenum_sim::{BusMutation, Failure, Mutation, Options, SubscriberMutation, Summary, run};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// Seeded simulation of conversation owners against a faulty store, network and nodes.
#[derive(Parser, Debug)]
#[command(name = "plenum-sim", version)]
struct Arguments {
    /// Replays one seed and prints everything that happens.
    #[arg(long, conflicts_with_all = ["runs", "from"])]
    seed: Option<u64>,
    /// How many seeds to run.
    #[arg(long, default_value_t = 10_000)]
    runs: u64,
    /// The first seed.
    #[arg(long, default_value_t = 1)]
    from: u64,
    /// How many threads run them.
    #[arg(long, default_value_t = 2)]
    threads: u64,
    /// Clients also edit, delete and react to messages.
    #[arg(long)]
    changes: bool,
    /// Nodes send commands over a bus to the one that a conversation is placed on.
    #[arg(long)]
    bus: bool,
    /// Breaks a rule on purpose (names as in the `Mutation`, `BusMutation` and `SubscriberMutation` types), to see it caught.
    #[arg(long)]
    mutation: Option<String>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let Some(options) = options(&arguments) else {
        let (owner, bus, subscriber) = (Mutation::ALL, BusMutation::ALL, SubscriberMutation::ALL);
        eprintln!("there is no such mutation; there are {owner:?}, {bus:?} and {subscriber:?}");
        return ExitCode::from(2);
    };
    match arguments.seed {
        Some(seed) => replay(seed, Options { trace: true, ..options }),
        None => run_many(&arguments, options),
    }
}

/// What the arguments ask for; `None`: they name a mutation that there is not.
fn options(arguments: &Arguments) -> Option<Options> {
    let mut options = Options { changes: arguments.changes, bus: arguments.bus, ..Options::default() };
    if let Some(name) = &arguments.mutation {
        options.mutation = named(Mutation::ALL, name);
        options.bus_mutation = named(BusMutation::ALL, name);
        options.subscriber_mutation = named(SubscriberMutation::ALL, name);
        let Options { mutation, bus_mutation, subscriber_mutation, .. } = options;
        if mutation.is_none() && bus_mutation.is_none() && subscriber_mutation.is_none() {
            return None;
        }
    }
    Some(options)
}

fn named<M: std::fmt::Debug, const N: usize>(all: [M; N], name: &str) -> Option<M> {
    all.into_iter().find(|mutation| format!("{mutation:?}") == name)
}

fn replay(seed: u64, options: Options) -> ExitCode {
    match run(seed, options) {
        Ok(summary) => {
            println!("seed {seed}: every promise was kept; {summary:?}");
            ExitCode::SUCCESS
        }
        Err(failure) => {
            println!("seed {seed}: broken at {} ms: {}", failure.at, failure.what);
            ExitCode::FAILURE
        }
    }
}

/// What the threads share.
struct Shared {
    next: AtomicU64,
    end: u64,
    total: Mutex<Summary>,
    failures: Mutex<Vec<Failure>>,
}

fn run_many(arguments: &Arguments, options: Options) -> ExitCode {
    let end = arguments.from.saturating_add(arguments.runs);
    let shared =
        Shared { next: AtomicU64::new(arguments.from), end, total: Mutex::default(), failures: Mutex::default() };
    std::thread::scope(|scope| {
        for _ in 0..arguments.threads.max(1) {
            scope.spawn(|| work(&shared, arguments, options));
        }
    });
    report(&shared, arguments)
}

fn work(shared: &Shared, arguments: &Arguments, options: Options) {
    let mut total = Summary::default();
    loop {
        let seed = shared.next.fetch_add(1, Ordering::Relaxed);
        if seed >= shared.end {
            break;
        }
        match run(seed, options) {
            Ok(summary) => total.add(&summary),
            Err(failure) => lock(&shared.failures).push(failure),
        }
        let done = seed - arguments.from + 1;
        if done.is_multiple_of((arguments.runs / 10).max(1)) {
            eprintln!("{done} of {} runs, {} failures", arguments.runs, lock(&shared.failures).len());
        }
    }
    lock(&shared.total).add(&total);
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn report(shared: &Shared, arguments: &Arguments) -> ExitCode {
    let total = *lock(&shared.total);
    let mut failures = lock(&shared.failures);
    failures.sort_by_key(|failure| failure.seed);
    println!(
        "{} events, {} messages acked, {} conflicts, {} unknown outcomes, {} repetitions, {} crashes, {} gaps told",
        total.events, total.acked, total.conflicts, total.unknowns, total.duplicates, total.crashes, total.gaps
    );
    if arguments.bus {
        let Summary { carried, fallbacks, questions, .. } = total;
        println!("{carried} commands answered by another node, {fallbacks} taken back from one, {questions} questions");
    }
    println!("{} runs, {} failures", arguments.runs, failures.len());
    let Some(first) = failures.first() else { return ExitCode::SUCCESS };
    println!("first: seed {}, at {} ms: {}", first.seed, first.at, first.what);
    let mutation = arguments.mutation.as_ref().map(|name| format!(" --mutation {name}")).unwrap_or_default();
    let with = |is_on: bool, flag: &'static str| if is_on { flag } else { "" };
    let (bus, changes) = (with(arguments.bus, " --bus"), with(arguments.changes, " --changes"));
    println!("replay: plenum-sim --seed {}{bus}{changes}{mutation}", first.seed);
    ExitCode::FAILURE
}
