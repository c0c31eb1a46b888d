//! Logs and metrics: one registry for all parts of the node, one subscriber for all its lines.

use crate::config::{LogConfig, LogFormat};
use crate::process_metrics::ProcessMetrics;
use plenum_http::{Observed, Observer};
use prometheus::{HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGaugeVec, Opts, Registry};
use std::io::IsTerminal;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::filter::{FilterExt, dynamic_filter_fn, filter_fn};
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

/// Version of the program.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What the client of NATS says of its attempts: the node says it with the servers' names and what is seen of them.
const BUS: &str = "async_nats";
/// Where the HTTP parser logs what it cannot read.
const PARSER: &str = "actix_http::h1::dispatcher";

/// Where the HTTP server logs what its listeners say.
const ACCEPT: &str = "actix_server::accept";

/// Whether the process is closing its public port.
static IS_CLOSING: AtomicBool = AtomicBool::new(false);

/// One for the process, as its log is.
static UNREADABLE: LazyLock<prometheus::Result<IntCounter>> = LazyLock::new(|| {
    IntCounter::new("plenum_http_unreadable_total", "connections ended because what came was not HTTP")
});

/// Starts logging to the standard error output and sends panics there too. Later calls change nothing.
pub fn start_logs(config: &LogConfig) {
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let lines = match config.format {
        LogFormat::Text => lines.with_ansi(std::io::stderr().is_terminal()).boxed(),
        LogFormat::Json => lines.json().flatten_event(true).with_current_span(true).with_span_list(false).boxed(),
    };
    let unasked = dynamic_filter_fn(|event, _| event.target() != ACCEPT || !IS_CLOSING.load(Ordering::Relaxed));
    let counted = filter_fn(|event| event.target() == PARSER && *event.level() == Level::ERROR);
    let all = tracing_subscriber::registry().with(lines.with_filter(filter(&config.level).and(unasked)));
    let started = all.with(CountUnreadable.with_filter(counted)).try_init();
    if started.is_ok() {
        log_panics();
    }
}

/// From now on what the HTTP server's listeners say is not logged: a port that is shut while its thread may still wait on it is
/// no error, and there is nothing by which to see that the thread has let go of it.
pub fn expect_closed_listeners() {
    IS_CLOSING.store(true, Ordering::Relaxed);
}

/// What is logged at a level. What peers send that is no HTTP is not the operator's error: unless the level asks for it, such
/// lines are left out, and counted.
fn filter(level: &str) -> EnvFilter {
    // The level was checked with the configuration; a text that is no filter after all logs what is usual.
    let given = EnvFilter::builder().parse(level).unwrap_or_else(|_| EnvFilter::new("info"));
    let is_usual = given.max_level_hint().is_some_and(|most| most <= Level::INFO);
    let unwanted = [PARSER, BUS].into_iter().filter(|target| {
        let library = target.split("::").next().unwrap_or(target);
        is_usual && !level.contains(library)
    });
    unwanted.fold(given, |given, target| match format!("{target}=off").parse() {
        Ok(quiet) => given.add_directive(quiet),
        Err(_) => given,
    })
}

/// Counts what the HTTP parser gives up on; it answers such a peer itself, so that no request of it is ever seen.
struct CountUnreadable;

impl<S: Subscriber> Layer<S> for CountUnreadable {
    fn on_event(&self, _: &Event<'_>, _: Context<'_, S>) {
        if let Ok(unreadable) = &*UNREADABLE {
            unreadable.inc();
        }
    }
}

/// Puts the count of unreadable requests of the process into a registry.
///
/// # Errors
/// When the name is taken in the registry.
pub fn count_unreadable(registry: &Registry) -> prometheus::Result<()> {
    match &*UNREADABLE {
        Ok(unreadable) => registry.register(Box::new(unreadable.clone())),
        Err(error) => Err(prometheus::Error::Msg(error.to_string())),
    }
}

/// A panic is a line of the log with its place, not loose text between the lines.
fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let message = panic.payload_as_str().unwrap_or("no message");
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let thread = std::thread::current();
        let backtrace = std::backtrace::Backtrace::capture();
        tracing::error!(thread = thread.name().unwrap_or("-"), place, %backtrace, "panic: {message}");
    }));
}

/// The registry with what belongs to the process as a whole.
///
/// # Errors
/// Never for a fresh registry: only when one of the names were taken.
pub fn registry() -> prometheus::Result<Registry> {
    let registry = Registry::new();
    registry.register(Box::new(ProcessMetrics::new()?))?;
    let build = IntGaugeVec::new(Opts::new("plenum_build_info", "1, labelled with the version"), &["version"])?;
    build.with_label_values(&[VERSION]).set(1);
    registry.register(Box::new(build))?;
    Ok(registry)
}

/// Counts HTTP requests by the pattern of their route, never by a path with ids in it.
///
/// # Errors
/// When one of the names is taken in the registry.
pub fn http_observer(registry: &Registry) -> prometheus::Result<Observer> {
    let requests = IntCounterVec::new(
        Opts::new("plenum_http_requests_total", "HTTP requests answered"),
        &["method", "route", "status"],
    )?;
    let seconds = HistogramVec::new(
        HistogramOpts::new("plenum_http_request_seconds", "time from the head of an HTTP request to its answer")
            .buckets(prometheus::exponential_buckets(0.000_25, 2.0, 16)?),
        &["route"],
    )?;
    registry.register(Box::new(requests.clone()))?;
    registry.register(Box::new(seconds.clone()))?;
    Ok(Arc::new(move |seen: &Observed<'_>| {
        let status = seen.status.to_string();
        requests.with_label_values(&[seen.method.as_str(), seen.route, &status]).inc();
        #[expect(clippy::cast_precision_loss, reason = "a request takes less than 285 years")]
        seconds.with_label_values(&[seen.route]).observe(seen.micros as f64 / 1e6);
    }))
}
