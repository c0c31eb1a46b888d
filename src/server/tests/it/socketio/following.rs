//! What a client hears without asking, also when there is more of it than is followed, and when the node cannot for a moment.

use super::client::Client;
use super::recovery::{again, id_of, say};
use crate::cluster::gate::Gated;
use crate::journey::conference::Hall;
use crate::socket::world::World;
use plenum_actors::clock::SystemClock;
use plenum_actors::store::SharedStore;
use plenum_schema::Topic;
use plenum_server::config::Config;
use plenum_server::serve::Given;
use plenum_store::embedded::Parts;
use plenum_store::{Embedded, EmbeddedConfig, StoreMetrics};
use serde_json::json;
use std::sync::Arc;
use tempfile::TempDir;

/// A store of the test's own, behind a gate.
struct Stored {
    data: TempDir,
    store: SharedStore,
    gate: Arc<Gated>,
}

impl Stored {
    fn new() -> Self {
        let data = tempfile::tempdir().unwrap();
        let metrics = StoreMetrics::new(&prometheus::Registry::new()).unwrap();
        let parts = Parts { metrics, clock: Arc::new(SystemClock::new()), hook: None };
        let settings = EmbeddedConfig { path: data.path().join("store"), ..EmbeddedConfig::default() };
        let store: SharedStore = Embedded::open_with(settings, parts).unwrap();
        Self { gate: Gated::new(store.clone()), data, store }
    }

    fn world(&self, edit: impl FnOnce(&mut Config)) -> World {
        World::on(Given { store: Some(self.gate.clone()), ..Given::default() }, self.data.path(), edit)
    }
}

fn one_followed(config: &mut Config) {
    config.socketio.followed_conversations = 1;
    config.socketio.follow_retries = 2;
}

/// A client that follows one of its two groups and has joined the other one has gone, and missed something in both; the node has been
/// started anew. Its owners are not loaded yet.
async fn away(stored: &Stored) -> (World, Vec<crate::socket::world::Person>, Topic, Client) {
    let world = stored.world(one_followed);
    let people = world.people(2).await;
    let [joined, followed] = [0, 1].map(|_| world.group(&[&people[0], &people[1]]));
    say(&world, &people[1], followed, &["before"]).await;
    let mut client = Client::web(world.address()).await;
    client.enter(&people[0].token).await;
    assert_eq!(client.ask("join-conversation", &json!({ "conversationId": id_of(joined) })).await["ok"], true);
    client.catch_up().await;
    let mut before = Client::web(world.address()).await;
    (before.pid, before.offset) = (client.pid.clone(), client.offset.clone());
    drop(client);
    say(&world, &people[1], joined, &["missed"]).await;
    say(&world, &people[1], followed, &["missed, too"]).await;
    world.end().await;
    (stored.world(one_followed), people, joined, before)
}

#[tokio::test]
async fn a_conversation_that_cannot_be_followed_for_a_moment_is_heard_a_moment_later() {
    let stored = Stored::new();
    let (world, people, joined, before) = away(&stored).await;
    stored.gate.refuse_loads(joined.log().unwrap(), 1);
    let mut client = again(&world, &people[0], before).await;
    let mut missed = client.messages("new-message", 2).await;
    missed.sort_unstable();
    assert_eq!(missed, ["missed", "missed, too"]);
    assert_eq!(world.metric("plenum_socketio_follow_retries_total"), 1);
    assert_eq!(world.metric("plenum_socketio_given_up_total"), 0);
    say(&world, &people[1], joined, &["now"]).await;
    assert_eq!(client.messages("new-message", 1).await, ["now"]);
}

#[tokio::test]
async fn a_client_whose_conversation_cannot_be_followed_comes_back_and_misses_nothing() {
    let stored = Stored::new();
    let (world, people, joined, before) = away(&stored).await;
    stored.gate.refuse_loads(joined.log().unwrap(), 3);
    let client = again(&world, &people[0], before).await;
    let (pid, offset) = (client.pid.clone(), client.offset.clone());
    let last = client.end().await;
    assert_eq!(last.last().map(String::as_str), Some("close"), "{last:?}");
    assert_eq!(world.metric("plenum_socketio_follow_retries_total"), 2);
    assert_eq!(world.metric("plenum_socketio_given_up_total"), 1);
    let mut before = Client::web(world.address()).await;
    (before.pid, before.offset) = (pid, offset);
    let mut client = again(&world, &people[0], before).await;
    while client.messages("new-message", 1).await != ["missed"] {}
}

#[tokio::test]
async fn what_was_said_while_away_in_a_conversation_that_was_not_followed_comes_whole() {
    let world = World::with(one_followed);
    let people = world.people(2).await;
    let [quiet, lively] = [0, 1].map(|_| world.group(&[&people[0], &people[1]]));
    say(&world, &people[1], quiet, &["old"]).await;
    say(&world, &people[1], lively, &["older than the connection"]).await;
    let mut client = Client::web(world.address()).await;
    client.enter(&people[0].token).await;
    say(&world, &people[1], lively, &["heard"]).await;
    assert_eq!(client.messages("new-message", 1).await, ["heard"]);
    let said: Vec<String> = (0..120).map(|number| format!("m{number}")).collect();
    say(&world, &people[1], quiet, &said.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let mut client = again(&world, &people[0], client).await;
    assert_eq!(client.messages("new-message", 120).await, said);
    say(&world, &people[1], lively, &["heard, too"]).await;
    assert_eq!(client.messages("new-message", 1).await, ["heard, too"]);
    client.catch_up().await;
    assert!(client.events.iter().all(|(name, _)| name != "new-message" && name != "gap"), "{:?}", client.events);
}

fn soon_delivered(config: &mut Config) {
    // Long beside a message on a busy machine: one mark for several of them.
    config.conversations.service.unread_every_ms = 1_000;
    config.socketio.delivered_every_ms = 500;
}

#[tokio::test]
async fn whoever_writes_is_told_that_it_has_reached_the_other_and_that_once_for_many() {
    let world = World::with(soon_delivered);
    let people = world.people(2).await;
    let id = id_of(world.direct(&people[0], &people[1]));
    let mut writer = Client::web(world.address()).await;
    let mut reader = Client::web(world.address()).await;
    writer.enter(&people[0].token).await;
    reader.enter(&people[1].token).await;
    let mut last = serde_json::Value::Null;
    for number in 0..20 {
        last = writer.ask("send-message", &json!({ "conversationId": id, "content": format!("m{number}") })).await;
    }
    reader.messages("new-message", 20).await;
    let mut told = 0;
    loop {
        let status = writer.expect("message-status").await;
        assert_eq!((&status["status"], &status["userId"]), (&json!("delivered"), &json!(people[1].user)));
        told += 1;
        if status["messageId"] == last["messageId"] {
            assert_eq!(status["upTo"], last["offset"]);
            break;
        }
    }
    assert!(told < 20, "{told} marks for 20 messages");

    // What comes with a recovery has reached it as well.
    let mut before = Client::web(world.address()).await;
    (before.pid, before.offset) = (reader.pid.clone(), reader.offset.clone());
    drop(reader);
    let sent = writer.ask("send-message", &json!({ "conversationId": id, "content": "while away" })).await;
    let mut reader = again(&world, &people[1], before).await;
    assert_eq!(reader.messages("new-message", 1).await, ["while away"]);
    while writer.expect("message-status").await["messageId"] != sent["messageId"] {}
}

#[tokio::test]
async fn whoever_comes_to_a_conference_is_told_as_the_last_how_it_stands_as_a_whole() {
    let stored = Stored::new();
    let world = stored.world(|_| {});
    let hall = Hall::open(&world, &json!({ "title": "Town hall" })).await;
    let question = hall.question(&world, &json!({ "text": "Which?", "options": ["a", "b"] }));
    let token = hall.join(&world);
    let mut host = Client::web(world.address()).await;
    host.enter(&hall.host.token).await;
    host.ask("push_question", &json!({ "conferenceId": hall.id, "questionId": question })).await;
    let whole = |state: &serde_json::Value| {
        let known = json!({
            "conferenceId": state["conferenceId"], "status": state["status"], "publicCode": state["publicCode"],
            "title": state["conference"]["title"], "live": state["live"], "anonymised": state["anonymised"],
        });
        let wanted = json!({
            "conferenceId": hall.id, "status": "ACTIVE", "publicCode": hall.code, "title": "Town hall",
            "live": [question], "anonymised": false,
        });
        known == wanted
    };
    let mut phone = Client::web(world.address()).await;
    phone.enter(&token).await;
    let joined = phone.ask("join_conference", &json!({})).await;
    while !whole(&phone.expect("conference_state").await) {}
    phone.expect("audience_count").await;
    phone.catch_up().await;
    assert!(phone.events.iter().all(|(name, _)| name != "conference_state"), "it is the last: {:?}", phone.events);
    // The same with a position, and when it comes back.
    phone.ask("leave_conference", &json!({})).await;
    phone.ask("join_conference", &json!({ "since": joined["head"] })).await;
    assert!(whole(&phone.expect("conference_state").await));
    let mut before = Client::web(world.address()).await;
    (before.pid, before.offset) = (phone.pid.clone(), phone.offset.clone());
    drop(phone);
    let mut client = again_with(&world, &token, before).await;
    assert!(whole(&client.expect("conference_state").await));
    drop((client, host));
    world.end().await;

    // Retention has removed what its log began with.
    stored.store.trim(Topic::Conference(hall.id).log().unwrap(), 2).await.unwrap();
    let world = stored.world(|_| {});
    let mut late = Client::web(world.address()).await;
    late.enter(&token).await;
    late.ask("join_conference", &json!({})).await;
    assert_eq!(late.expect("gap").await, json!({ "conferenceId": hall.id, "from": 1, "to": 2 }));
    while !whole(&late.expect("conference_state").await) {}
}

async fn again_with(world: &World, token: &str, before: Client) -> Client {
    let mut client = Client::web(world.address()).await;
    (client.pid, client.offset) = (before.pid.clone(), before.offset.clone());
    client.connect(token).await;
    assert_eq!(client.pid, before.pid, "recovered");
    client
}
