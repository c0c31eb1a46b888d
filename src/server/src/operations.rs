//! The operator's port: `/metrics`, `/health/live`, `/health/ready`. It is never the public one.

use crate::config::{ConfigSecret, OperationsConfig};
use crate::serve::ServeError;
use crate::telemetry::VERSION;
use actix_web::dev::{Server, ServerHandle};
use actix_web::http::header;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use plenum_actors::clock::SharedClock;
use plenum_actors::store::SharedStore;
use plenum_rest::HealthSummary;
use prometheus::{Registry, TextEncoder};
use serde::Serialize;
use std::fmt;
use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, OnceLock};

/// The exposition format that Prometheus reads.
const METRICS_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Where the node stands between its start and its end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Phase {
    /// Parts are still being started.
    Starting = 0,
    /// Everything runs.
    Running = 1,
    /// Connections are sent away; nothing new is accepted.
    Draining = 2,
}

/// Says how the bus stands: `none`, `connected`, `away`.
pub type BusState = Box<dyn Fn() -> &'static str + Send + Sync>;

/// What can be looked at once it has been opened.
struct Opened {
    store: SharedStore,
    bus: BusState,
}

/// Whether the node should be given work. It is there before the store is: opening one may take long.
pub struct Readiness {
    opened: OnceLock<Opened>,
    clock: SharedClock,
    started: u64,
    phase: AtomicU8,
}

impl fmt::Debug for Readiness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Readiness").field("phase", &self.phase()).finish_non_exhaustive()
    }
}

/// The answer of `/health/ready`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Health {
    /// `ready` or `notReady`.
    pub status: &'static str,
    /// Version of the program.
    pub version: &'static str,
    /// Seconds since the start.
    pub uptime_s: u64,
    /// `ok`, or what the store says.
    pub store: String,
    /// What connects the nodes: `none`, `connected`, `away`. Without it a node goes on by itself.
    pub bus: &'static str,
    /// Why it is not ready; empty when it is.
    pub reasons: Vec<String>,
}

impl Readiness {
    /// The readiness of a node that is starting.
    #[must_use]
    pub fn new(clock: SharedClock) -> Arc<Self> {
        let started = clock.mono();
        Arc::new(Self { opened: OnceLock::new(), clock, started, phase: AtomicU8::new(Phase::Starting as u8) })
    }

    /// The store is open, and the bus is there. Later calls change nothing.
    pub fn opened(&self, store: SharedStore, bus: BusState) {
        // Once in a node's life.
        let _already = self.opened.set(Opened { store, bus }).is_err();
    }

    /// What the store says against writes.
    fn trouble(&self) -> Option<String> {
        match self.opened.get() {
            Some(opened) => opened.store.health().err().map(|error| error.to_string()),
            None => Some("not open yet".to_owned()),
        }
    }

    fn bus(&self) -> &'static str {
        self.opened.get().map_or("none", |opened| (opened.bus)())
    }

    /// Moves on.
    pub fn enter(&self, phase: Phase) {
        self.phase.store(phase as u8, Ordering::Release);
    }

    /// Where the node stands.
    #[must_use]
    pub fn phase(&self) -> Phase {
        match self.phase.load(Ordering::Acquire) {
            0 => Phase::Starting,
            1 => Phase::Running,
            _ => Phase::Draining,
        }
    }

    /// The state in words.
    #[must_use]
    pub fn health(&self) -> Health {
        let mut reasons = Vec::new();
        match self.phase() {
            Phase::Starting => reasons.push("starting".to_owned()),
            Phase::Running => {}
            Phase::Draining => reasons.push("draining".to_owned()),
        }
        let store = self.trouble();
        // While it is being opened the reason is that the node starts.
        reasons.extend(store.clone().filter(|_| self.opened.get().is_some()));
        Health {
            status: if reasons.is_empty() { "ready" } else { "notReady" },
            version: VERSION,
            uptime_s: self.uptime_s(),
            store: store.unwrap_or_else(|| "ok".to_owned()),
            bus: self.bus(),
            reasons,
        }
    }
}

impl Readiness {
    /// The state as the public says it: without reasons.
    #[must_use]
    pub fn summary(&self) -> HealthSummary {
        let is_writable = self.trouble().is_none();
        let status = match self.phase() {
            Phase::Draining => "draining",
            Phase::Running if is_writable => "ok",
            Phase::Running | Phase::Starting => "degraded",
        };
        HealthSummary {
            status,
            version: VERSION,
            uptime_seconds: self.uptime_s(),
            store: if is_writable { "ok" } else { "writes are not accepted" },
            bus: self.bus(),
        }
    }

    fn uptime_s(&self) -> u64 {
        self.clock.mono().saturating_sub(self.started) / 1_000
    }
}

/// What the handlers share.
struct Shared {
    registry: Registry,
    readiness: Arc<Readiness>,
    token: ConfigSecret,
}

/// Starts the operator's port on one thread of its own, so that a busy node can still be asked how it is.
///
/// # Errors
/// When the listener cannot be used.
pub fn serve(
    listener: TcpListener,
    registry: Registry,
    readiness: Arc<Readiness>,
    token: ConfigSecret,
) -> std::io::Result<Server> {
    let shared = web::Data::new(Shared { registry, readiness, token });
    let app = move || {
        App::new()
            .app_data(shared.clone())
            .route("/metrics", web::get().to(metrics))
            .route("/health/live", web::get().to(live))
            .route("/health/ready", web::get().to(ready))
    };
    Ok(HttpServer::new(app).workers(1).disable_signals().shutdown_timeout(1).listen(listener)?.run())
}

/// The operator's port of a node, open.
pub(crate) struct Operator {
    pub handle: ServerHandle,
    pub address: SocketAddr,
}

impl Operator {
    pub(crate) async fn serve(
        port: TcpListener,
        config: &OperationsConfig,
        registry: &Registry,
        readiness: &Arc<Readiness>,
    ) -> Result<Self, ServeError> {
        let address = port.local_addr().map_err(ServeError::Operations)?;
        let server = serve(port, registry.clone(), readiness.clone(), config.token.clone());
        let server = server.map_err(ServeError::Operations)?;
        let handle = server.handle();
        actix_web::rt::spawn(server);
        // It starts its threads when it is polled first; what comes next may hold this one.
        tokio::task::yield_now().await;
        Ok(Self { handle, address })
    }
}

async fn live() -> HttpResponse {
    HttpResponse::Ok().json(serde_json::json!({ "status": "live" }))
}

async fn ready(shared: web::Data<Shared>) -> HttpResponse {
    let health = shared.readiness.health();
    let mut answer = if health.reasons.is_empty() { HttpResponse::Ok() } else { HttpResponse::ServiceUnavailable() };
    answer.insert_header((header::CACHE_CONTROL, "no-store")).json(health)
}

async fn metrics(request: HttpRequest, shared: web::Data<Shared>) -> HttpResponse {
    if !is_allowed(&request, &shared.token) {
        return HttpResponse::Unauthorized().insert_header((header::WWW_AUTHENTICATE, "Bearer")).finish();
    }
    // Reading /proc may take milliseconds with many connections.
    let text = web::block(move || TextEncoder::new().encode_to_string(&shared.registry.gather())).await;
    match text {
        Ok(Ok(text)) => HttpResponse::Ok().content_type(METRICS_TYPE).body(text),
        Ok(Err(error)) => failed(&error),
        Err(error) => failed(&error),
    }
}

fn failed(error: &dyn fmt::Display) -> HttpResponse {
    tracing::error!(%error, "metrics could not be written");
    HttpResponse::InternalServerError().finish()
}

fn is_allowed(request: &HttpRequest, token: &ConfigSecret) -> bool {
    let given =
        request.headers().get(header::AUTHORIZATION).and_then(|value| value.as_bytes().strip_prefix(b"Bearer "));
    token.is_empty() || given.is_some_and(|given| is_same(given, token.expose().as_bytes()))
}

/// Compares without telling by its time how much was right.
fn is_same(given: &[u8], expected: &[u8]) -> bool {
    let differences = given.iter().zip(expected).fold(0, |seen, (one, other)| seen | (one ^ other));
    given.len() == expected.len() && differences == 0
}
