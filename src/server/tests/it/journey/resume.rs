//! From any position, everything after it, once and in order.

use crate::socket::peer::{BOTH, Peer, subscribe};
use crate::socket::world::World;
use plenum_schema::codec::Codec;
use plenum_schema::wire::{Command, Unsubscribe};
use plenum_schema::{Offset, RefusalCode, Topic};

async fn with_messages(world: &World, count: usize) -> (Vec<crate::socket::world::Person>, Topic, Peer) {
    let people = world.people(2).await;
    let topic = world.group(&[&people[0], &people[1]]);
    let mut writer = world.peer(Codec::Json, &people[0]).await;
    for number in 0..count {
        writer.say(topic, &format!("{number}")).await;
    }
    (people, topic, writer)
}

async fn unsubscribe(peer: &mut Peer, topic: Topic) {
    let id = peer.push(Command::Unsubscribe(Unsubscribe { topic })).await;
    peer.expect_ack(id).await;
}

#[tokio::test]
async fn from_every_position_each_later_event_comes_once_and_then_caught_up_and_then_live() {
    let world = World::with(|config| {
        // So that some of it comes from memory and some from the log, by several pages.
        config.hub.ring_events = 4;
        config.hub.page_events = 5;
        config.owner.recent_entries = 8;
    });
    let (people, topic, mut writer) = with_messages(&world, 25).await;
    for codec in BOTH {
        let mut peers = Vec::new();
        let head = writer.subscribe(topic, None).await.head;
        for since in 0..=head {
            let mut peer = world.peer(codec, &people[1]).await;
            let subscribed = peer.subscribe(topic, Some(since)).await;
            assert_eq!((subscribed.since, subscribed.head), (since, head));
            let (gaps, offsets, position) = peer.expect_caught_up().await;
            assert_eq!((gaps.len(), position), (0, head));
            assert_eq!(offsets, (since + 1..=head).collect::<Vec<_>>(), "since {since}");
            peers.push(peer);
        }
        let live = writer.say(topic, "live").await.offset;
        for peer in &mut peers {
            assert_eq!(peer.expect_event().await.offset, live);
            peer.fence().await;
            assert_eq!(peer.kept_events(), 0, "nothing comes twice");
        }
    }
}

#[tokio::test]
async fn whoever_subscribes_while_others_write_misses_nothing_and_gets_nothing_twice() {
    const COUNT: u64 = 200;
    let world = World::with(|config| {
        config.hub.ring_events = 8;
        config.hub.page_events = 16;
        config.owner.recent_entries = 16;
    });
    let (people, topic, mut writer) = with_messages(&world, 0).await;
    let writing = tokio::spawn(async move {
        for number in 0..COUNT {
            writer.say(topic, &format!("{number}")).await;
        }
        writer
    });
    let mut readers = Vec::new();
    for number in 0..12_usize {
        let mut peer = world.peer(BOTH[number % 2], &people[1]).await;
        readers.push(tokio::spawn(async move {
            peer.subscribe(topic, Some(0)).await;
            let mut expected = 1;
            while expected <= COUNT + 1 {
                let offset: Offset = peer.expect_event().await.offset;
                assert_eq!(offset, expected);
                expected += 1;
            }
            peer.fence().await;
            assert_eq!(peer.kept_events(), 0);
        }));
    }
    for reader in readers {
        reader.await.unwrap();
    }
    drop(writing.await.unwrap());
}

#[tokio::test]
async fn a_subscription_without_a_position_brings_only_what_is_new() {
    let world = World::start();
    let (people, topic, mut writer) = with_messages(&world, 5).await;
    let mut peer = world.peer(Codec::Json, &people[1]).await;
    let subscribed = peer.subscribe(topic, None).await;
    assert_eq!((subscribed.since, subscribed.head), (6, 6));
    let live = writer.say(topic, "live").await.offset;
    assert_eq!(peer.expect_event().await.offset, live);
}

#[tokio::test]
async fn a_position_beyond_the_head_is_refused_and_the_subscription_before_it_stays() {
    let world = World::start();
    let (people, topic, mut writer) = with_messages(&world, 2).await;
    let mut peer = world.peer(Codec::Json, &people[1]).await;
    peer.follow(topic).await;
    let refusal = peer.refused(subscribe(topic, Some(4)), RefusalCode::Invalid).await;
    assert_eq!(refusal.field.as_deref(), Some("since"));
    let live = writer.say(topic, "live").await.offset;
    assert_eq!(peer.expect_event().await.offset, live);
}

#[tokio::test]
async fn after_unsubscribing_nothing_comes_and_subscribing_again_resumes() {
    // One worker: what one connection got before an answer, the other one would have got too.
    let world = World::with(|config| config.server.workers = 1);
    let (people, topic, mut writer) = with_messages(&world, 0).await;
    let mut peer = world.peer(Codec::MessagePack, &people[1]).await;
    let position = peer.follow(topic).await;
    writer.follow(topic).await;
    unsubscribe(&mut peer, topic).await;
    let missed = writer.say(topic, "missed").await.offset;
    assert_eq!(writer.expect_event().await.offset, missed);
    peer.fence().await;
    assert_eq!(peer.kept_events(), 0);
    let refusal = peer.refused(Command::Unsubscribe(Unsubscribe { topic }), RefusalCode::NotFound).await;
    assert_eq!(refusal.field.as_deref(), Some("topic"));
    peer.subscribe(topic, Some(position)).await;
    let (_, offsets, _) = peer.expect_caught_up().await;
    assert_eq!(offsets, [missed]);
}

#[tokio::test]
async fn subscribing_again_moves_the_position() {
    let world = World::with(|config| config.server.workers = 1);
    let (people, topic, mut writer) = with_messages(&world, 5).await;
    let mut peer = world.peer(Codec::Json, &people[1]).await;
    peer.follow(topic).await;
    peer.subscribe(topic, Some(2)).await;
    assert_eq!(peer.expect_caught_up().await, (Vec::new(), vec![3, 4, 5, 6], 6));
    peer.subscribe(topic, None).await;
    assert_eq!(peer.expect_caught_up().await, (Vec::new(), Vec::new(), 6));
    assert_eq!(world.metric("plenum_subscriptions"), 1);
    let live = writer.say(topic, "live").await.offset;
    assert_eq!(peer.expect_event().await.offset, live);
    peer.fence().await;
    assert_eq!(peer.kept_events(), 0, "one subscription, one delivery");
}

#[tokio::test]
async fn the_largest_messages_are_resumed_with_the_limits_as_they_come() {
    let world = World::with(|config| config.server.workers = 1);
    // Somebody listens, so that the last messages are in the hub's memory: in JSON twice as long as they are.
    let (people, topic, mut writer) = with_messages(&world, 0).await;
    writer.follow(topic).await;
    for number in 2..=70 {
        assert_eq!(writer.say(topic, &"\"".repeat(16 * 1_024)).await.offset, number);
        writer.expect_event().await;
    }
    for codec in BOTH {
        for since in [0, 5, 6, 40, 69] {
            let mut peer = world.peer(codec, &people[1]).await;
            peer.subscribe(topic, Some(since)).await;
            let (_, offsets, _) = peer.expect_caught_up().await;
            assert_eq!(offsets, (since + 1..=70).collect::<Vec<_>>());
        }
    }
}

#[tokio::test]
async fn after_a_restart_everybody_resumes_where_they_were() {
    let world = World::start();
    let (people, topic, mut writer) = with_messages(&world, 10).await;
    let mut peer = world.peer(Codec::Json, &people[1]).await;
    peer.subscribe(topic, Some(0)).await;
    let (_, before, position) = peer.expect_caught_up().await;
    writer.say(topic, "not seen by the other one").await;
    drop((peer, writer));
    let world = world.restarted(|_| {}).await;
    let mut peer = world.peer(Codec::MessagePack, &people[1]).await;
    peer.subscribe(topic, Some(position)).await;
    let (_, after, _) = peer.expect_caught_up().await;
    assert_eq!([before, after].concat(), (1..=12).collect::<Vec<_>>());
}
