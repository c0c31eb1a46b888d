//! The operator's port of a whole server in this process.

use super::http::{ask, get};
use super::socket::SOON;
use super::socket::world::World;
use plenum_actors::clock::{Clock, SystemClock};
use plenum_schema::codec::Codec;
use plenum_server::config::{Config, Sources, load};
use plenum_server::operations::{Phase, Readiness};
use plenum_server::serve::{Given, Running, start, start_on};
use plenum_store::{Embedded, EmbeddedConfig};
use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Instant;

fn server() -> (tempfile::TempDir, Running) {
    let folder = tempfile::tempdir().unwrap();
    let running = start(Config::for_tests(folder.path())).unwrap();
    (folder, running)
}

/// Name → kind, and all samples as (name, labels).
struct Exposition {
    kinds: BTreeMap<String, String>,
    helps: BTreeMap<String, String>,
    samples: Vec<(String, String)>,
}

fn read(text: &str) -> Exposition {
    let mut found = Exposition { kinds: BTreeMap::new(), helps: BTreeMap::new(), samples: Vec::new() };
    for line in text.lines() {
        if let Some((name, kind)) = line.strip_prefix("# TYPE ").and_then(|rest| rest.split_once(' ')) {
            assert!(found.kinds.insert(name.to_owned(), kind.to_owned()).is_none(), "{name} comes twice");
        } else if let Some((name, help)) = line.strip_prefix("# HELP ").and_then(|rest| rest.split_once(' ')) {
            found.helps.insert(name.to_owned(), help.to_owned());
        } else {
            let (name, value) = line.rsplit_once(' ').unwrap();
            value.parse::<f64>().unwrap();
            let (name, labels) = name.split_once('{').unwrap_or((name, ""));
            found.samples.push((name.to_owned(), labels.trim_end_matches('}').to_owned()));
        }
    }
    found
}

/// What is wrong with the names, as `promtool check metrics` would say it and a little more.
fn complaints(found: &Exposition) -> Vec<String> {
    let mut complaints = Vec::new();
    for (name, kind) in &found.kinds {
        let mut unless = |fine: bool, what: &str| {
            if !fine {
                complaints.push(format!("{name}: {what}"));
            }
        };
        unless(found.helps.get(name).is_some_and(|help| help.len() > 3), "has no help");
        unless(name.starts_with("plenum_") || name.starts_with("process_"), "belongs to nobody");
        unless(name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_'), "has a strange letter");
        unless((kind == "counter") == name.ends_with("_total"), "a counter, and only a counter, ends in _total");
        let shortened = ["_ms", "_millis", "_milliseconds", "_micros", "_secs", "_kib", "_mb", "_kilobytes"];
        unless(!shortened.iter().any(|unit| name.ends_with(unit)), "use seconds and bytes");
        unless(
            !["_count", "_sum", "_bucket", "_info"].iter().any(|end| name.ends_with(end))
                || name.ends_with("build_info"),
            "ends in a reserved word",
        );
    }
    // People, sessions and conversations are many, and nobody's business: never a label.
    let personal = ["user=", "user_id=", "session=", "conversation=", "topic=", "address=", "ip="];
    let labelled = found.samples.iter().filter(|(_, labels)| personal.iter().any(|label| labels.contains(label)));
    complaints.extend(labelled.map(|(name, labels)| format!("{name}: personal label in {{{labels}}}")));
    complaints
}

#[test]
fn metrics_have_help_units_and_no_personal_labels() {
    let (_folder, server) = server();
    assert_eq!(get(server.http(), "/").status, 200);
    let answer = get(server.operations(), "/metrics");
    assert_eq!(answer.status, 200);
    assert!(answer.head.contains("content-type: text/plain; version=0.0.4"), "{}", answer.head);
    let found = read(&answer.body);
    assert_eq!(complaints(&found), [""; 0]);
    let expected = [
        "plenum_build_info",
        "plenum_closed_total",
        "plenum_commands_total",
        "plenum_connections",
        "plenum_fanout_seconds",
        "plenum_hub_ladder_step",
        "plenum_hub_mailbox_batches",
        "plenum_hub_mailbox_full_total",
        "plenum_hub_panics_total",
        "plenum_hub_pending_full_total",
        "plenum_hub_shed_total",
        "plenum_http_request_seconds",
        "plenum_http_requests_total",
        "plenum_outbox_bytes",
        "plenum_owner_append_seconds",
        "plenum_owner_batch_entries",
        "plenum_owner_mailbox_commands",
        "plenum_owner_pending_commands",
        "plenum_resumes_total",
        "plenum_store_commit_seconds",
        "plenum_store_disk_bytes",
        "plenum_store_fsyncs_total",
        "process_cpu_seconds_total",
        "process_open_fds",
        "process_resident_memory_bytes",
    ];
    for name in expected {
        assert!(found.kinds.contains_key(name), "{name} is missing");
    }
    let slow = |(name, labels): &(String, String)| name == "plenum_closed_total" && labels.contains("slow consumer");
    assert!(found.samples.iter().any(slow), "slow consumers are shown before there are any");
    let route = found.samples.iter().find(|(name, _)| name == "plenum_http_requests_total").unwrap();
    assert!(route.1.contains("status=\"200\""), "{}", route.1);
}

#[test]
fn the_check_of_metrics_bites() {
    let bad = "# HELP plenum_wait_ms x\n# TYPE plenum_wait_ms counter\nplenum_wait_ms{user=\"7\"} 1\n";
    let complaints = complaints(&read(bad)).join("\n");
    for part in ["has no help", "_total", "use seconds", "personal label"] {
        assert!(complaints.contains(part), "{part} in {complaints}");
    }
}

#[test]
fn the_operators_routes_are_not_on_the_public_port() {
    let (_folder, server) = server();
    for path in ["/metrics", "/health/live", "/health/ready"] {
        assert_eq!(get(server.http(), path).status, 404, "{path}");
    }
    assert_eq!(get(server.operations(), "/api/v1/health").status, 404);
}

#[test]
fn a_running_node_is_live_and_ready() {
    let (_folder, server) = server();
    assert_eq!(get(server.operations(), "/health/live").body, "{\"status\":\"live\"}");
    let ready = get(server.operations(), "/health/ready");
    assert_eq!(ready.status, 200);
    let body: serde_json::Value = serde_json::from_str(&ready.body).unwrap();
    assert_eq!(
        (&body["status"], &body["store"], &body["reasons"]),
        (&"ready".into(), &"ok".into(), &serde_json::json!([]))
    );
    assert_eq!(get(server.http(), "/api/v1/health").status, 200);
}

#[test]
fn metrics_ask_for_the_token_when_there_is_one() {
    let folder = tempfile::tempdir().unwrap();
    let environment = vec![("PLENUM__OPERATIONS__TOKEN".to_owned(), "s3cret".to_owned())];
    let token = load(&Sources { environment, ..Sources::default() }).into_config().unwrap().operations.token;
    let mut config = Config::for_tests(folder.path());
    config.operations.token = token;
    let server = start(config).unwrap();
    let with = |value: &str| ask(server.operations(), "GET", "/metrics", &[("Authorization", value)], "").status;
    assert_eq!(get(server.operations(), "/metrics").status, 401);
    assert_eq!([with("Bearer wrong"), with("Bearer s3cret!"), with("Bearer s3cret")], [401, 401, 200]);
    assert_eq!(get(server.operations(), "/health/ready").status, 200);
}

#[test]
fn a_node_that_starts_or_drains_is_not_ready_and_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let store = Embedded::open(EmbeddedConfig::at(folder.path().join("store"))).unwrap();
    let readiness = Readiness::new(Arc::new(SystemClock::new()));
    assert_eq!((readiness.health().reasons, readiness.summary().status), (vec!["starting".to_owned()], "degraded"));
    readiness.opened(store, Box::new(|| "none"));
    assert_eq!(readiness.health().reasons, ["starting"]);
    readiness.enter(Phase::Running);
    assert_eq!((readiness.health().status, readiness.summary().status), ("ready", "ok"));
    readiness.enter(Phase::Draining);
    assert_eq!(readiness.health().reasons, ["draining"]);
    assert_eq!((readiness.health().status, readiness.summary().status), ("notReady", "draining"));
}

/// A clock that gives no ids until it is told to: a node that starts on it waits for its own.
#[derive(Default)]
struct Gate {
    clock: SystemClock,
    is_open: Mutex<bool>,
    opened: Condvar,
}

impl Gate {
    fn open(&self) {
        *self.is_open.lock().unwrap() = true;
        self.opened.notify_all();
    }
}

impl Clock for Gate {
    fn wall(&self) -> i64 {
        self.clock.wall()
    }

    fn mono(&self) -> u64 {
        self.clock.mono()
    }

    fn micros(&self) -> u64 {
        self.clock.micros()
    }

    fn new_id(&self) -> uuid::Uuid {
        let closed = self.is_open.lock().unwrap();
        drop(self.opened.wait_while(closed, |is_open| !*is_open).unwrap());
        self.clock.new_id()
    }
}

fn health(address: SocketAddr, path: &str) -> (u16, serde_json::Value) {
    let answer = get(address, path);
    (answer.status, serde_json::from_str(&answer.body).unwrap())
}

/// Waits until somebody takes connections there.
fn await_listener(address: SocketAddr) {
    let deadline = Instant::now() + SOON;
    while TcpStream::connect(address).is_err() {
        assert!(Instant::now() < deadline, "nobody listens on {address}");
        std::thread::yield_now();
    }
}

#[test]
fn a_node_that_takes_long_to_start_is_live_meanwhile_and_not_ready() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = Config::for_tests(folder.path());
    // Known before the node is there.
    config.operations.listen = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let operations = config.operations.listen;
    let gate = Arc::new(Gate::default());
    let store = Embedded::open(EmbeddedConfig::at(folder.path().join("given"))).unwrap();
    let given = Given { store: Some(store), clock: Some(gate.clone()), ..Given::default() };
    let starting = std::thread::spawn(move || start_on(config, given));
    await_listener(operations);
    assert_eq!(health(operations, "/health/live"), (200, serde_json::json!({ "status": "live" })));
    let (status, body) = health(operations, "/health/ready");
    assert_eq!(
        (status, &body["status"], &body["reasons"]),
        (503, &"notReady".into(), &serde_json::json!(["starting"]))
    );
    assert!(!starting.is_finished());
    gate.open();
    let server = starting.join().unwrap().unwrap_or_else(|error| panic!("{error}"));
    assert_eq!((server.operations(), health(operations, "/health/ready").0), (operations, 200));
}

#[tokio::test]
async fn a_node_that_drains_is_live_and_not_ready() {
    // Whoever is told to go and does not answer holds the drain.
    let mut world = World::with(|config| {
        config.hub.close_timeout_ms = 60_000;
        config.hub.heartbeat_timeout_ms = 120_000;
    });
    let people = world.people(1).await;
    let peer = world.peer(Codec::Json, &people[0]).await;
    let operations = world.server.operations();
    assert_eq!(health(operations, "/health/ready").0, 200);
    world.server.request_stop();
    let deadline = Instant::now() + SOON;
    let body = loop {
        let (status, body) = health(operations, "/health/ready");
        if status == 503 {
            break body;
        }
        assert!(Instant::now() < deadline, "{body}");
    };
    assert_eq!((&body["status"], &body["reasons"]), (&"notReady".into(), &serde_json::json!(["draining"])));
    assert_eq!(health(operations, "/health/live").0, 200);
    drop(peer);
    world.end().await;
}

#[test]
fn a_node_that_cannot_start_leaves_the_operators_port() {
    let folder = tempfile::tempdir().unwrap();
    let held = start(Config::for_tests(folder.path())).unwrap();
    let mut config = Config::for_tests(folder.path());
    config.operations.listen = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let operations = config.operations.listen;
    assert!(start(config).is_err(), "the directory is in use");
    let deadline = Instant::now() + SOON;
    while let Err(error) = TcpListener::bind(operations) {
        assert!(Instant::now() < deadline, "{operations} is still held: {error}");
        std::thread::yield_now();
    }
    held.stop();
}

#[test]
fn a_stopped_server_frees_its_ports_and_its_data() {
    let (folder, server) = server();
    let address = server.http();
    server.stop();
    let mut config = Config::for_tests(folder.path());
    config.http.listen = address;
    let again = start(config).unwrap();
    assert_eq!(again.http(), address);
    assert_eq!(get(again.http(), "/").status, 200);
}
