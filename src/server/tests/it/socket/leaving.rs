//! When everybody has left, nothing is left.

use super::eventually;
use super::peer::{BOTH, Peer, send, subscribe};
use super::world::World;
use plenum_schema::codec::Codec;
use plenum_websocket::Opcode;

const GAUGES: [&str; 6] = [
    "plenum_connections",
    "plenum_topics",
    "plenum_subscriptions",
    "plenum_outbox_bytes",
    "plenum_owner_live",
    "plenum_owner_pending_commands",
];

async fn expect_nothing_left(world: &World) {
    for gauge in GAUGES {
        eventually(gauge, || (world.metric(gauge) == 0).then_some(())).await;
    }
}

#[tokio::test]
async fn after_all_kinds_of_leaving_every_gauge_is_back_at_zero() {
    let world = World::with(|config| {
        config.owner.idle_after_ms = 200;
        config.hub.close_timeout_ms = 300;
    });
    let people = world.people(6).await;
    let everybody: Vec<_> = people.iter().collect();
    let topics: Vec<_> = (0..3).map(|_| world.group(&everybody)).collect();
    let mut peers = Vec::new();
    for person in &people {
        for codec in BOTH {
            let mut peer = world.peer(codec, person).await;
            for topic in &topics {
                peer.follow(*topic).await;
            }
            peer.subscribe(person.topic(), None).await;
            peers.push(peer);
        }
    }
    let counts = ["plenum_connections", "plenum_topics", "plenum_subscriptions"].map(|name| world.metric(name));
    assert_eq!((counts[0], counts[2]), (12, 48));
    assert!(counts[1] >= 9, "{} topics", counts[1]);
    for (way, mut peer) in peers.into_iter().enumerate() {
        peer.say(topics[way % 3], "goodbye").await;
        match way % 4 {
            // Politely.
            0 => {
                peer.push_raw(Opcode::Close, &1000_u16.to_be_bytes()).await;
                drop(peer);
            }
            // Without a word.
            1 => drop(peer),
            // With commands on their way.
            2 => {
                peer.push(subscribe(topics[0], Some(0))).await;
                peer.push(send(topics[1], None, "on my way out")).await;
                drop(peer);
            }
            // By breaking a rule.
            _ => {
                peer.push_raw(Opcode::Continuation, b"").await;
                drop(peer);
            }
        }
    }
    expect_nothing_left(&world).await;
}

#[tokio::test]
async fn a_hundred_connections_that_come_and_go_leave_nothing() {
    let world = World::with(|config| config.owner.idle_after_ms = 200);
    let people = world.people(2).await;
    let topic = world.group(&[&people[0], &people[1]]);
    for round in 0..10 {
        let mut peers: Vec<Peer> = Vec::new();
        for number in 0..10 {
            let mut peer = world.peer(BOTH[number % 2], &people[number % 2]).await;
            peer.subscribe(topic, Some(0)).await;
            peers.push(peer);
        }
        peers[round].say(topic, "hello").await;
    }
    expect_nothing_left(&world).await;
    let mut last = world.peer(Codec::Json, &people[0]).await;
    assert_eq!(last.whole_history(topic).await.len(), 11);
    drop(last);
    expect_nothing_left(&world).await;
}
