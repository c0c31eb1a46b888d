//! How polling connections end.

use super::poller::Poller;
use super::reading::Reading;
use crate::socket::eventually;
use crate::socket::program::Program;
use crate::socket::world::World;
use plenum_schema::wire::CloseCode;
use std::time::{Duration, Instant};

#[tokio::test]
async fn a_revoked_session_ends_its_polling_within_a_second() {
    let world = World::start();
    let people = world.people(1).await;
    let mut poller = Poller::identified(world.address(), &people[0]).await;
    let began = Instant::now();
    world.accounts().set_active(people[0].user, false).await.unwrap();
    assert_eq!(poller.goodbye().await.code, CloseCode::SessionEnded.code());
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    // Saying that the goodbye has arrived ends the connection.
    let path = format!("/api/v1/poll?after={}", poller.after);
    let (status, _) = poller.request("GET", &path, "").await;
    assert!(status == 200 || status == 404, "{status}");
    eventually("it is forgotten", || (world.metric("plenum_polls") == 0).then_some(())).await;
    assert_eq!(poller.request("GET", &path, "").await.0, 404);
}

#[tokio::test]
async fn a_poller_that_does_not_come_back_or_does_not_identify_is_forgotten() {
    let world = World::with(|config| {
        config.hub.heartbeat_interval_ms = 200;
        config.hub.heartbeat_timeout_ms = 600;
        config.hub.identify_within_ms = 2_000;
        config.hub.close_timeout_ms = 200;
        config.poll.wait_ms = 100;
    });
    let people = world.people(1).await;
    let poller = Poller::open(world.address()).await;
    let identified = Poller::identified(world.address(), &people[0]).await;
    assert!(world.metric("plenum_polls") >= 1);
    eventually("both are forgotten", || (world.metric("plenum_polls") == 0).then_some(())).await;
    assert_eq!(world.metric("plenum_connections"), 0);
    assert_eq!(
        (poller.request("GET", "/api/v1/poll", "").await.0, identified.request("GET", "/api/v1/poll", "").await.0),
        (404, 404)
    );
}

#[tokio::test]
async fn a_terminated_server_tells_pollers_when_to_come_back_and_ends_with_0() {
    let data = tempfile::tempdir().unwrap();
    let world = World::at(data.path(), |_| {});
    let people = world.people(1).await;
    world.end().await;
    let mut program = Program::start(data.path(), &["hub.close_timeout_ms=1000"]);
    let mut poller = Poller::identified(program.address, &people[0]).await;
    let key = format!("Poll {}", poller.key);
    let headers = [("Authorization", key.as_str()), ("Connection", "keep-alive")];
    let path = format!("/api/v1/poll?after={}&waitMs=0", poller.after);
    let reading = Reading::ask(program.address, "GET", &path, &headers, "").await;
    // A server that ends accepts no connection, but goes on with those it has.
    let (_, stream) = reading.body_and_stream().await;
    program.terminate();
    let path = format!("/api/v1/poll?after={}", poller.after);
    let reading = Reading::ask_on(stream, program.address, "GET", &path, &headers, "").await.unwrap();
    let page: serde_json::Value = serde_json::from_str(&reading.body().await).unwrap();
    let goodbye = page["frames"].as_array().unwrap().iter().find_map(|frame| frame.get("goodbye")).expect("goodbye");
    assert_eq!(goodbye["code"], CloseCode::Draining.code());
    assert!(goodbye["retryAfterMs"].is_u64());
    poller.after = 0;
    assert_eq!(program.ended().await.code(), Some(0));
}
