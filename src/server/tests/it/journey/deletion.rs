//! An account ends, and with it everything that was signed in to it.

use crate::socket::peer::{BOTH, Peer, identify};
use crate::socket::world::World;
use plenum_schema::codec::Codec;
use plenum_schema::wire::CloseCode;
use serde_json::Value;
use std::time::{Duration, Instant};

#[tokio::test]
async fn whoever_deletes_the_account_is_out_everywhere_within_a_second_and_stays_out_after_a_restart() {
    let world = World::start();
    let people = world.people(2).await;
    let topic = world.group(&[&people[1], &people[0]]);
    world.direct(&people[0], &people[1]);
    let mut doomed = Vec::new();
    for codec in BOTH {
        let mut peer = world.peer(codec, &people[0]).await;
        peer.follow(topic).await;
        doomed.push(peer);
    }
    doomed[0].say(topic, "my last words").await;
    let mut other = world.peer(Codec::Json, &people[1]).await;
    let began = Instant::now();
    let path = format!("/api/users/{}", people[0].user);
    assert_eq!(world.rest(&people[0], "DELETE", &path, &Value::Null).0, 204);
    for peer in &mut doomed {
        assert_eq!(peer.expect_close().await.code, CloseCode::SessionEnded.code());
        assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    }
    other.say(topic, "still here").await;
    let world = world.restarted(|_| {}).await;
    let mut late = Peer::connect(world.address(), Codec::Json).await;
    let id = late.push(identify(&people[0].token)).await;
    late.expect_refusal(id).await;
    let (status, page) = world.rest(&people[1], "GET", &World::path_of(topic, "/messages"), &Value::Null);
    assert_eq!(status, 200);
    assert!(page.to_string().contains("my last words"), "{page}");
    let (_, list) = world.rest(&people[1], "GET", "/api/conversations", &Value::Null);
    assert!(list.to_string().contains("deleted account"), "{list}");
    world.end().await;
}
