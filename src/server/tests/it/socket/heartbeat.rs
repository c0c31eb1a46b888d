//! Signs of life, and what happens without them.

use super::peer::{BOTH, Heard, Peer, subscribe};
use super::world::World;
use super::{SOON, eventually};
use plenum_schema::codec::Codec;
use plenum_schema::wire::CloseCode;
use std::time::{Duration, Instant};

#[tokio::test]
async fn pings_and_heart_beats_with_the_top_of_each_topic_arrive() {
    let world = World::with(|config| config.hub.heartbeat_interval_ms = 200);
    let people = world.people(1).await;
    let topics = [world.group(&[&people[0]]), world.group(&[&people[0]])];
    for codec in BOTH {
        let mut peer = world.peer(codec, &people[0]).await;
        peer.subscribe(people[0].topic(), None).await;
        for topic in topics {
            peer.follow(topic).await;
        }
        let sent = peer.say(topics[0], "hello").await;
        let beat = loop {
            let beat = peer.expect_heartbeat().await;
            if beat.tops.get(&topics[0]) == Some(&sent.offset) {
                break beat;
            }
        };
        assert_eq!(beat.tops.keys().collect::<std::collections::BTreeSet<_>>(), topics.iter().collect());
        assert!(beat.at > 1_700_000_000_000);
        peer.find("a ping", |heard| (*heard == Heard::Ping).then_some(())).await;
    }
}

#[tokio::test]
async fn a_peer_that_reads_but_never_answers_is_closed_and_one_that_answers_stays() {
    let world = World::with(|config| {
        config.hub.heartbeat_interval_ms = 100;
        config.hub.heartbeat_timeout_ms = 600;
    });
    let people = world.people(1).await;
    let mut silent = world.peer(Codec::Json, &people[0]).await;
    let mut lively = world.peer(Codec::Json, &people[0]).await;
    let began = Instant::now();
    // Not reading it answers none of its pings.
    while began.elapsed() < Duration::from_millis(2_500) {
        lively.expect_heartbeat().await;
    }
    lively.fence().await;
    let ended = silent.expect_close().await;
    assert_eq!(ended.code, CloseCode::Silent.code());
    assert!(ended.goodbye.expect("a goodbye").retry_after_ms.is_some());
}

/// Fills everything between the server and a peer that does not read: kernel buffers, then the outbox.
async fn clog(world: &World, peer: &mut Peer, healthy: &mut Peer, topic: plenum_schema::Topic) {
    let deadline = Instant::now() + SOON;
    // A single look may see bytes that are about to be written.
    while (0..5).any(|_| world.metric("plenum_outbox_bytes") == 0) {
        for _ in 0..4 {
            peer.push(subscribe(topic, Some(0))).await;
        }
        healthy.fence().await;
        assert!(Instant::now() < deadline, "the peer's window does not close");
    }
}

#[tokio::test]
async fn a_peer_whose_window_is_closed_cannot_suspend_its_own_deadline() {
    let world = World::with(|config| {
        config.hub.heartbeat_interval_ms = 200;
        config.hub.heartbeat_timeout_ms = 3_000;
        config.hub.close_timeout_ms = 500;
        config.hub.outbox_bytes = 64 << 20;
    });
    let people = world.people(1).await;
    let topic = world.group(&[&people[0]]);
    let mut healthy = world.peer(Codec::Json, &people[0]).await;
    for _ in 0..40 {
        healthy.say(topic, &"x".repeat(16 * 1_024)).await;
    }
    let mut dead = Peer::connect_narrow(world.address(), Codec::Json).await;
    dead.identify(&people[0].token).await;
    clog(&world, &mut dead, &mut healthy, topic).await;
    assert_eq!(world.metric("plenum_connections"), 2);
    let deadline = Instant::now() + SOON;
    while world.metric("plenum_connections") == 2 {
        healthy.expect_heartbeat().await;
        assert!(Instant::now() < deadline, "the dead peer is not cut off");
    }
    healthy.fence().await;
    eventually("nothing waits", || (world.metric("plenum_outbox_bytes") == 0).then_some(())).await;
    while dead.hear().await != Heard::End {
        assert!(Instant::now() < deadline);
    }
}
