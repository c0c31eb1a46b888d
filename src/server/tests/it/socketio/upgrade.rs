//! From polling to WebSocket under traffic.

use super::client::{Client, Raw, request};
use crate::socket::world::World;
use plenum_schema::codec::Codec;
use serde_json::json;
use std::time::Duration;
use tokio::time::Instant;

const MESSAGES: usize = 300;

#[tokio::test]
async fn nothing_is_lost_doubled_or_reordered_while_a_client_goes_over() {
    // A poll for each message: more requests than one address usually may send.
    let world = World::with(|config| config.http.surface.address_rate.per_second = 0.0);
    let people = world.people(2).await;
    let topic = world.group(&[&people[0], &people[1]]);
    // Requests land on both workers: some of these sessions are carried from one to the other.
    for _ in 0..4 {
        let mut client = Client::polling(world.address()).await;
        client.enter(&people[0].token).await;
        let mut native = world.peer(Codec::Json, &people[1]).await;
        let writer = tokio::spawn(async move {
            for number in 0..MESSAGES {
                native.say(topic, &number.to_string()).await;
            }
        });
        let mut heard = client.messages("new-message", 20).await;
        let probing = client.probe().await;
        heard.extend(client.messages("new-message", 5).await);
        client.go_over(probing).await;
        heard.extend(client.messages("new-message", MESSAGES - 25).await);
        writer.await.unwrap();
        assert!(heard.iter().map(|text| text.parse::<usize>().unwrap()).eq(0..MESSAGES), "{heard:?}");
        assert_eq!(client.ask("echo", &json!("there")).await, "there");
    }
    assert_eq!(world.metric("plenum_socketio_upgrades_total"), 4);
}

/// A WebSocket for a session, in whatever state that is.
async fn second_transport(world: &World, client: &Client) -> Raw {
    Raw::open(world.address(), client.sid()).await
}

async fn talk_until(client: &mut Client, until: Instant) {
    while Instant::now() < until {
        assert_eq!(client.ask("echo", &json!("there")).await, "there");
    }
}

#[tokio::test]
async fn a_probe_that_is_given_up_does_not_end_the_next_one() {
    const PATIENCE: u64 = 1_500;
    let world = World::with(|config| {
        config.socketio.upgrade_timeout_ms = PATIENCE;
        config.http.surface.address_rate.per_second = 0.0;
    });
    let person = world.people(1).await.remove(0);
    let mut client = Client::polling(world.address()).await;
    client.enter(&person.token).await;
    let began = Instant::now();
    let mut first = second_transport(&world, &client).await;
    first.say("2probe").await;
    assert_eq!(first.next().await, "3probe");
    first.say("nonsense").await;
    assert_eq!(first.rest().await, ["close"], "a probe that says something else is closed in order");
    // Half of the first one's time later the second begins.
    talk_until(&mut client, began + Duration::from_millis(PATIENCE / 2)).await;
    let probing = client.probe().await;
    talk_until(&mut client, began + Duration::from_millis(PATIENCE + PATIENCE / 4)).await;
    client.go_over(probing).await;
    assert_eq!(client.ask("echo", &json!("there")).await, "there");
    assert_eq!(world.metric("plenum_socketio_upgrades_total"), 1);
}

#[tokio::test]
async fn a_websocket_that_may_not_probe_is_closed_in_order_and_harms_nothing() {
    let world = World::with(|config| config.socketio.upgrade_timeout_ms = 500);
    let person = world.people(1).await.remove(0);
    let mut client = Client::polling(world.address()).await;
    client.enter(&person.token).await;
    let mut first = second_transport(&world, &client).await;
    let mut second = second_transport(&world, &client).await;
    assert_eq!(second.rest().await, ["close"], "one probes already");
    assert_eq!(first.rest().await, ["close"], "its time is over");
    assert_eq!(client.ask("echo", &json!("there")).await, "there");
    let probing = client.probe().await;
    client.go_over(probing).await;
    let mut late = second_transport(&world, &client).await;
    assert_eq!(late.rest().await, ["close"], "it has gone over already");
    assert_eq!(client.ask("echo", &json!("still")).await, "still");
}

#[tokio::test]
async fn a_session_that_has_gone_over_polls_no_more_and_its_place_is_free_at_once() {
    let world = World::with(|config| {
        config.socketio.polling_sessions = 1;
        config.socketio.upgrade_timeout_ms = 600_000;
    });
    let person = world.people(1).await.remove(0);
    let mut client = Client::polling(world.address()).await;
    client.enter(&person.token).await;
    assert_eq!(world.metric("plenum_socketio_polling_sessions"), 1);
    let late = client.path();
    let probing = client.probe().await;
    client.go_over(probing).await;
    client.catch_up().await;
    assert_eq!(world.metric("plenum_socketio_polling_sessions"), 0);
    let _next = Client::polling(world.address()).await;
    // Requests that were on their way are still known as this session's.
    let answer = request(world.address(), "GET", late, String::new()).await;
    assert!(!answer.body.contains("Session ID unknown"), "{}", answer.body);
    client.catch_up().await;
}
