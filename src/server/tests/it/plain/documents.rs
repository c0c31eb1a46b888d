//! The examples of `docs/protocol.md` for plain HTTP are what the server does.

use super::events::Stream;
use super::poller::Poller;
use super::reading::Reading;
use crate::socket::world::World;
use plenum_schema::codec::{Codec, decode, encode};
use plenum_schema::wire::ServerFrame;
use serde_json::{Value, json};

fn protocol() -> String {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/protocol.md");
    std::fs::read_to_string(path).unwrap()
}

/// The block behind a label.
fn block(label: &str) -> String {
    let text = protocol();
    let rest = text.split_once(&format!("<!-- {label} -->\n")).unwrap_or_else(|| panic!("{label}")).1;
    let (_, rest) = rest.split_once('\n').unwrap();
    rest.split_once("\n```").unwrap().0.to_owned()
}

/// The same members of the same types; texts and numbers may differ.
fn same_form(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => {
            one.keys().eq(other.keys()) && one.iter().all(|(name, value)| same_form(value, &other[name]))
        }
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same_form(one, other))
        }
        (Value::String(_), Value::String(_)) | (Value::Number(_), Value::Number(_)) => true,
        (one, other) => one == other,
    }
}

/// Carries out an example; answers what the server said, after comparing it.
async fn run(world: &World, label: &str, replace: &[(&str, &str)]) -> Value {
    let mut example = block(&format!("poll: {label}"));
    for (name, value) in replace {
        example = example.replace(name, value);
    }
    let (request, answer) = example.split_once("\n\n").unwrap();
    let mut lines = request.lines();
    let (method, path) = lines.next().unwrap().split_once(' ').unwrap();
    let lines: Vec<&str> = lines.collect();
    let headers: Vec<_> =
        lines.iter().filter(|line| !line.starts_with('{')).filter_map(|line| line.split_once(": ")).collect();
    let body = lines.iter().find(|line| line.starts_with('{')).copied().unwrap_or_default();
    let headers = if body.is_empty() { [&headers[..], &[("Content-Length", "0")][..]].concat() } else { headers };
    let reading = Reading::ask(world.address(), method, path, &headers, body).await;
    let (status, expected) = answer.split_once('\n').unwrap_or((answer, "null"));
    assert_eq!(reading.status.to_string(), status, "{label}");
    let answered: Value = serde_json::from_str(&reading.body().await).unwrap_or(Value::Null);
    let expected: Value = serde_json::from_str(expected).unwrap();
    assert!(same_form(&answered, &expected), "{label}: {answered} instead of {expected}");
    answered
}

#[tokio::test]
async fn the_examples_of_long_polling_are_what_the_server_answers() {
    let world = World::start();
    let people = world.people(1).await;
    let opened = run(&world, "open", &[]).await;
    let key = [("KEY", opened["key"].as_str().unwrap()), ("TOKEN", &people[0].token)];
    assert_eq!(run(&world, "identify", &key).await, json!({ "taken": 1 }));
    let identified = run(&world, "receive", &key).await;
    assert_eq!(identified["frames"][0]["ack"]["result"]["identified"]["user"], json!(people[0].user));
    run(&world, "leave", &key).await;
    assert_eq!(world.metric("plenum_polls"), 0);
}

#[test]
fn every_event_of_the_example_of_a_stream_is_a_frame_as_the_server_writes_it() {
    let example = block("stream: example");
    let mut kinds = Vec::new();
    for data in example.lines().filter_map(|line| line.strip_prefix("data: ")) {
        let frame: ServerFrame = decode(Codec::Json, data.as_bytes()).unwrap_or_else(|error| panic!("{error}: {data}"));
        assert_eq!(encode(Codec::Json, &frame).unwrap(), data.as_bytes());
        kinds.push(data.split('"').nth(1).unwrap().to_owned());
    }
    assert_eq!(kinds, ["ack", "refusal", "event", "caughtUp", "goodbye"]);
    for line in example.lines() {
        assert!(
            ["", ":"].contains(&line) || ["data: ", "id: ", "retry: "].iter().any(|name| line.starts_with(name)),
            "{line}"
        );
    }
}

#[tokio::test]
async fn the_id_of_the_example_belongs_to_the_topics_of_the_example() {
    let example = block("stream: example");
    let id = example.lines().find_map(|line| line.strip_prefix("id: ")).unwrap();
    let text = protocol();
    let topics = text.split_once("The answer to `topics=").unwrap().1.split_once('`').unwrap().0;
    let world = World::start();
    let people = world.people(1).await;
    // Nobody may receive these topics here; an id of others would be refused before that.
    for (id, status) in [(id, 404), ("00000000.41.-", 422)] {
        let path = format!("/api/stream?topics={topics}&lastEventId={id}");
        assert_eq!(Stream::ask(world.address(), &people[0], &path, "").await.status, status, "{id}");
    }
}

#[tokio::test]
async fn what_the_openapi_document_says_of_the_edge_is_served() {
    let world = World::start();
    let poller = Poller::open(world.address()).await;
    let key = format!("Poll {}", poller.key);
    for one in plenum_rest::listed_elsewhere() {
        for prefix in ["/api", "/api/v1"] {
            let headers = [("Authorization", key.as_str()), ("Content-Length", "0")];
            let path = format!("{prefix}{}?waitMs=0", one.path);
            let reading = Reading::ask(world.address(), one.method, &path, &headers, "").await;
            let expected = match (one.method, one.path.as_str(), prefix) {
                ("DELETE", "/poll", "/api") | ("POST", "/poll", _) => 200..300,
                // DELETE comes first and has ended it.
                _ => 400..500,
            };
            assert!(
                expected.contains(&reading.status) && reading.status != 405,
                "{} {path}: {}",
                one.method,
                reading.status
            );
            assert!(!reading.body().await.contains("nothing at this path"), "{} {path}", one.method);
        }
    }
}
