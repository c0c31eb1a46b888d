//! The whole server on a CQL cluster: it is migrated, serves, is killed and goes on, and takes over a data directory.
//!
//! Like the tests of the engine these are ignored by `cargo test` and run by `scripts/test cql`, which starts a cluster. One that is
//! asked for without a cluster fails.

use crate::faults::crash::{Trial, survive};
use crate::http;
use crate::socket::peer::{BOTH, Peer, texts};
use crate::socket::program::Program;
use crate::socket::world::World;
use plenum_actors::store::SharedStore;
use plenum_schema::Topic;
use plenum_schema::cql::MIGRATIONS;
use plenum_server::config::{Config, Engine};
use plenum_server::transfer::{Patience, totals};
use plenum_store::{CqlConfig, Embedded, EmbeddedConfig};
use serde_json::{Value, json};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

/// A keyspace of its own on the cluster that `scripts/services/cassandra/with-cluster` has started.
struct Keyspace {
    name: String,
    nodes: String,
}

impl Keyspace {
    fn new(name: &str) -> Self {
        let nodes = std::env::var("PLENUM_CQL_NODES");
        let nodes = nodes.expect("PLENUM_CQL_NODES is not set: run these tests with `scripts/test cql`");
        Self { name: name.to_owned(), nodes }
    }

    /// Patient, because the machine may be busy.
    fn settings(&self) -> Vec<String> {
        let below = |key: &str, value: &str| format!("store.scylla.{key}={value}");
        vec![
            "store.engine=scylla".to_owned(),
            below("nodes", &self.nodes),
            below("keyspace", &self.name),
            below("request_timeout_ms", "10000"),
            below("conditional_timeout_ms", "4000"),
            below("conditional_attempts", "8"),
            below("connect_timeout_ms", "10000"),
        ]
    }

    /// The same for a server in this process.
    fn edit(&self, config: &mut Config) {
        config.store.engine = Engine::Scylla;
        config.store.cql = CqlConfig {
            nodes: self.nodes.split(',').map(str::to_owned).collect(),
            keyspace: self.name.clone(),
            request_timeout_ms: 10_000,
            conditional_timeout_ms: 4_000,
            conditional_attempts: 8,
            connect_timeout_ms: 10_000,
            ..CqlConfig::default()
        };
    }

    /// The program with these settings.
    fn plenum(&self, data: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_plenum"));
        command.env_clear().arg("--data").arg(data).args(arguments).stdin(Stdio::null());
        for setting in self.settings() {
            command.args(["--set", &setting]);
        }
        command
    }

    fn run(&self, data: &Path, arguments: &[&str]) -> Output {
        self.plenum(data, arguments).output().unwrap()
    }

    fn migrate(&self, data: &Path) {
        out(&self.run(data, &["migrate"]));
    }

    fn serve(&self, data: &Path) -> Program {
        let settings = self.settings();
        Program::start(data, &settings.iter().map(String::as_str).collect::<Vec<_>>())
    }
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn out(output: &Output) -> String {
    assert!(output.status.success(), "{}", err(output));
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// What a request without and with a token answers.
fn post(program: &Program, path: &str, token: Option<&str>, body: &Value) -> Value {
    let bearer = token.map(|token| format!("Bearer {token}"));
    let headers: Vec<_> = bearer.iter().map(|bearer| ("Authorization", bearer.as_str())).collect();
    let answer = http::ask(program.address, "POST", path, &headers, &body.to_string());
    assert!((200..300).contains(&answer.status), "{path}: {} {}", answer.status, answer.body);
    serde_json::from_str(&answer.body).unwrap()
}

/// Somebody registers over REST: id and token.
fn register(program: &Program, name: &str) -> (String, String) {
    let body = json!({ "email": format!("{name}@example.org"), "password": "correct horse battery 9" });
    let answer = post(program, "/api/v1/auth/register", None, &body);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (text(&answer["user"]["id"]), text(&answer["accessToken"]))
}

#[test]
#[ignore = "needs a CQL cluster: scripts/test cql"]
fn a_server_waits_for_the_schema_and_two_migrators_at_once_make_it_once() {
    let (keyspace, data) = (Keyspace::new("serve_migrated"), tempfile::tempdir().unwrap());
    let refused = keyspace.run(data.path(), &["serve", "--listen", "127.0.0.1:0"]);
    assert!(!refused.status.success() && err(&refused).contains("run `plenum migrate`"), "{}", err(&refused));
    let planned = out(&keyspace.run(data.path(), &["migrate", "--dry-run"]));
    assert!(planned.contains("CREATE KEYSPACE") && planned.contains("log_entries"), "{planned}");
    let status = keyspace.run(data.path(), &["migrate", "status"]);
    assert!(!status.status.success(), "a dry run changes nothing");

    let start = || {
        let mut command = keyspace.plenum(data.path(), &["migrate"]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let migrators = [start(), start()];
    let outputs = migrators.map(|migrator| out(&migrator.wait_with_output().unwrap()));
    let applied = outputs.iter().flat_map(|text| text.lines()).filter(|line| line.ends_with(" applied")).count();
    assert_eq!(applied, MIGRATIONS.len(), "{outputs:?}");
    assert!(out(&keyspace.run(data.path(), &["migrate"])).starts_with("nothing to do"));
    let status = out(&keyspace.run(data.path(), &["migrate", "status"]));
    assert_eq!(status.lines().filter(|line| line.ends_with(" applied")).count(), MIGRATIONS.len(), "{status}");
}

#[tokio::test]
#[ignore = "needs a CQL cluster: scripts/test cql"]
async fn people_register_and_chat_the_server_is_killed_and_the_next_one_goes_on_exactly_there() {
    let (keyspace, data) = (Keyspace::new("serve_chat"), tempfile::tempdir().unwrap());
    keyspace.migrate(data.path());
    let program = keyspace.serve(data.path());
    let ((_, ada), (bob_id, bob)) = (register(&program, "ada"), register(&program, "bob"));
    let twice = json!({ "email": "ada@example.org", "password": "correct horse battery 9" });
    let answer = http::ask(program.address, "POST", "/api/v1/auth/register", &[], &twice.to_string());
    assert_eq!(answer.status, 409, "an address belongs to one person: {}", answer.body);
    let made = post(&program, "/api/v1/conversations", Some(&ada), &json!({ "userId": bob_id }));
    let topic: Topic = made["topic"].as_str().unwrap().parse().unwrap();
    let mut writer = Peer::connect(program.address, BOTH[0]).await;
    writer.identify(&ada).await;
    let mut first = Vec::new();
    for number in 0..5 {
        first.push(writer.send(topic, Some(&format!("ref {number}")), &format!("before {number}")).await);
    }
    program.kill();

    let program = keyspace.serve(data.path());
    let mut reader = Peer::connect(program.address, BOTH[1]).await;
    reader.identify(&bob).await;
    reader.subscribe(topic, Some(first[1].offset)).await;
    let (gaps, offsets, position) = reader.expect_caught_up().await;
    assert_eq!((gaps.len(), position), (0, first[4].offset));
    assert_eq!(offsets, [first[2].offset, first[3].offset, first[4].offset]);
    let mut writer = Peer::connect(program.address, BOTH[0]).await;
    writer.identify(&ada).await;
    let again = writer.send(topic, Some("ref 3"), "before 3").await;
    assert_eq!((again.offset, again.duplicate), (first[3].offset, true));
    let next = writer.send(topic, Some("ref 5"), "after").await;
    assert_eq!((next.offset, next.duplicate), (first[4].offset + 1, false));
    assert_eq!(reader.expect_message().await.0, next.offset);
    assert_eq!(texts(&reader.whole_history(topic).await).len(), 6);
}

#[tokio::test]
#[ignore = "needs a CQL cluster: scripts/test cql"]
async fn nothing_acknowledged_is_lost_doubled_or_moved_when_a_server_on_a_cluster_is_killed_again_and_again() {
    let (keyspace, data) = (Keyspace::new("serve_crash"), tempfile::tempdir().unwrap());
    keyspace.migrate(data.path());
    let settings = keyspace.settings();
    let settings: Vec<_> = settings.iter().map(String::as_str).collect();
    let trial = Trial { kills: 3, between: 60, patience: Duration::from_secs(120) };
    survive(trial, |config| keyspace.edit(config), &settings).await;
}

#[tokio::test]
#[ignore = "needs a CQL cluster: scripts/test cql"]
async fn a_server_on_an_empty_keyspace_ends_when_an_import_begins_and_the_tokens_of_the_source_go_on() {
    let (keyspace, data, elsewhere) =
        (Keyspace::new("serve_emptied"), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let world = World::at(data.path(), |_| {});
    let person = world.people(1).await.remove(0);
    world.end().await;
    keyspace.migrate(elsewhere.path());
    let mut before = keyspace.serve(elsewhere.path());
    let imported = keyspace.run(elsewhere.path(), &["import", "--from", data.path().to_str().unwrap()]);
    assert!(err(&imported).contains("a server has been on this store"), "{}", err(&imported));
    assert!(out(&imported).starts_with("verified: "), "{}", err(&imported));
    assert!(!before.ended().await.success(), "it has ended, and says that nobody told it to");
    let program = keyspace.serve(elsewhere.path());
    let mut peer = Peer::connect(program.address, BOTH[0]).await;
    peer.identify(&person.token).await;
}

#[tokio::test]
#[ignore = "needs a CQL cluster: scripts/test cql"]
async fn a_data_directory_is_taken_over_and_verified_and_the_server_goes_on_with_it() {
    let (keyspace, data) = (Keyspace::new("serve_imported"), tempfile::tempdir().unwrap());
    let world = World::at(data.path(), |_| {});
    let people = world.people(3).await;
    let topic = world.group(&people.iter().collect::<Vec<_>>());
    let mut writer = world.peer(BOTH[0], &people[0]).await;
    for number in 0..40 {
        writer.send(topic, Some(&format!("ref {number}")), &format!("text {number}")).await;
    }
    let before = writer.whole_history(topic).await;
    drop(writer);
    world.end().await;

    keyspace.migrate(data.path());
    let from = data.path().to_str().unwrap();
    let imported = out(&keyspace.run(data.path(), &["import", "--from", from]));
    let store = EmbeddedConfig { min_free_bytes: 1 << 20, ..EmbeddedConfig::at(data.path().join("store")) };
    let store: SharedStore = Embedded::open(store).unwrap();
    let counted = totals(&store, &Patience::none()).await.unwrap();
    drop(store);
    assert!(counted.entries > 40 && counted.rows > 3, "{counted}");
    assert_eq!(imported.trim(), format!("verified: {counted}; 0 images with 0 bytes"));
    assert_eq!(out(&keyspace.run(data.path(), &["import", "--from", from])), imported, "again changes nothing");

    let program = keyspace.serve(data.path());
    let mut reader = Peer::connect(program.address, BOTH[1]).await;
    reader.identify(&people[1].token).await;
    assert_eq!(reader.whole_history(topic).await, before);
    let mut writer = Peer::connect(program.address, BOTH[0]).await;
    writer.identify(&people[0].token).await;
    let again = writer.send(topic, Some("ref 39"), "text 39").await;
    assert!(again.duplicate, "what was sent before the move is known after it");
    let next = writer.send(topic, None, "after the move").await;
    assert_eq!(next.offset, before.last().unwrap().offset + 1);
    drop((reader, writer, program));
    let differs = keyspace.run(data.path(), &["import", "--from", from, "--verify-only"]);
    assert!(!differs.status.success() && err(&differs).contains("source and target differ"), "{}", err(&differs));
}
