//! What one connection and one person may do at once.

use super::SOON;
use super::peer::{Peer, identify, send, subscribe};
use super::world::World;
use plenum_schema::RefusalCode;
use plenum_schema::codec::Codec;
use plenum_schema::wire::{AckResult, CloseCode, Command, History, Ping};
use std::time::Instant;

#[tokio::test]
async fn all_connections_of_a_person_share_a_rate_and_nobody_else_is_slowed_down() {
    let world = World::with(|config| (config.limits.commands_per_second, config.limits.user_commands_factor) = (5, 2));
    let people = world.people(2).await;
    let began = Instant::now();
    let (mut taken, mut refused) = (0, None);
    for _ in 0..12 {
        let mut peer = world.peer(Codec::Json, &people[0]).await;
        for _ in 0..8 {
            let id = peer.push(Command::Ping(Ping {})).await;
            match peer.answer(id).await {
                Ok(_) => taken += 1,
                Err(refusal) => refused = Some(refusal),
            }
        }
    }
    // No connection reached its own ten at once; together they may have twenty, and ten a second.
    let most = 20 + 10 * (began.elapsed().as_secs() + 1);
    assert!(taken <= most, "{taken} of at most {most}");
    if let Some(refusal) = refused {
        assert_eq!(refusal.code, RefusalCode::RateLimited);
        assert!(refusal.retry_after_ms.is_some_and(|wait| wait <= 100), "{refusal:?}");
    }
    world.peer(Codec::Json, &people[1]).await.fence().await;
}

#[tokio::test]
async fn a_burst_beyond_the_rate_is_refused_with_the_time_to_wait_and_commands_are_taken_again_after_it() {
    let world = World::with(|config| config.limits.commands_per_second = 5);
    let mut peer = Peer::connect(world.address(), Codec::Json).await;
    let (mut taken, mut refused) = (0, 0);
    let mut wait = 0;
    for _ in 0..15 {
        let id = peer.push(Command::Ping(Ping {})).await;
        match peer.answer(id).await {
            Ok(_) => taken += 1,
            Err(refusal) => {
                assert_eq!(refusal.code, RefusalCode::RateLimited);
                wait = refusal.retry_after_ms.expect("a time to wait");
                refused += 1;
            }
        }
    }
    assert!(taken >= 10 && refused >= 1, "{taken} taken, {refused} refused: twice the rate is a burst");
    assert!((1..=200).contains(&wait), "{wait} ms");
    let deadline = Instant::now() + SOON;
    loop {
        let id = peer.push(Command::Ping(Ping {})).await;
        if peer.answer(id).await.is_ok() {
            return;
        }
        assert!(Instant::now() < deadline);
        // The bucket is refilled by time, also while it is asked.
        peer.hear_until(tokio::time::Instant::now() + std::time::Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn whoever_floods_without_a_pause_is_closed_with_advice() {
    let world = World::with(|config| {
        config.limits.commands_per_second = 5;
        config.limits.flood_refusals = 10;
    });
    let mut peer = Peer::connect(world.address(), Codec::MessagePack).await;
    let mut packet = Vec::new();
    for _ in 0..40 {
        packet.extend(peer.framed(Command::Ping(Ping {})).1);
    }
    peer.write(&packet).await.unwrap();
    let ended = peer.expect_close().await;
    assert_eq!(ended.code, CloseCode::Flood.code());
    assert!(ended.goodbye.expect("a goodbye").retry_after_ms.is_some());
}

#[tokio::test]
async fn a_connection_has_so_many_topics_and_no_more() {
    let world = World::with(|config| config.limits.topics_per_connection = 2);
    let people = world.people(1).await;
    let topics: Vec<_> = (0..3).map(|_| world.group(&[&people[0]])).collect();
    let mut peer = world.peer(Codec::Json, &people[0]).await;
    peer.follow(topics[0]).await;
    peer.follow(topics[1]).await;
    peer.refused(subscribe(topics[2], None), RefusalCode::LimitReached).await;
    peer.subscribe(topics[0], Some(0)).await;
    peer.expect_caught_up().await;
    let id = peer.push(Command::Unsubscribe(plenum_schema::wire::Unsubscribe { topic: topics[0] })).await;
    peer.expect_ack(id).await;
    peer.follow(topics[2]).await;
}

#[tokio::test]
async fn subscriptions_that_are_being_checked_count_towards_the_limit() {
    let world = World::with(|config| config.limits.topics_per_connection = 2);
    let people = world.people(1).await;
    let topics: Vec<_> = (0..4).map(|_| world.group(&[&people[0]])).collect();
    let mut peer = world.peer(Codec::Json, &people[0]).await;
    let (mut packet, mut ids) = (Vec::new(), Vec::new());
    for topic in &topics {
        let (id, bytes) = peer.framed(subscribe(*topic, None));
        packet.extend(bytes);
        ids.push(id);
    }
    peer.write(&packet).await.unwrap();
    let mut taken = 0;
    for id in ids {
        match peer.answer(id).await {
            Ok(_) => taken += 1,
            Err(refusal) => assert_eq!(refusal.code, RefusalCode::LimitReached),
        }
    }
    assert_eq!(taken, 2);
}

#[tokio::test]
async fn a_person_has_so_many_connections_and_gets_a_place_when_one_leaves() {
    let world = World::with(|config| config.limits.connections_per_user = 2);
    let people = world.people(2).await;
    let first = world.peer(Codec::Json, &people[0]).await;
    let _second = world.peer(Codec::Json, &people[0]).await;
    let mut third = Peer::connect(world.address(), Codec::Json).await;
    third.refused(identify(&people[0].token), RefusalCode::LimitReached).await;
    let _other = world.peer(Codec::Json, &people[1]).await;
    drop(first);
    let deadline = Instant::now() + SOON;
    loop {
        let id = third.push(identify(&people[0].token)).await;
        match third.answer(id).await {
            Ok(result) => return assert!(matches!(result, AckResult::Identified(_))),
            Err(refusal) => assert_eq!(refusal.code, RefusalCode::LimitReached),
        }
        assert!(Instant::now() < deadline, "the place is not given back");
    }
}

#[tokio::test]
async fn a_connection_has_so_many_commands_without_an_answer() {
    let world = World::with(|config| config.limits.commands_in_flight = 3);
    let people = world.people(1).await;
    let topic = world.group(&[&people[0]]);
    let mut peer = world.peer(Codec::Json, &people[0]).await;
    let (mut packet, mut ids) = (Vec::new(), Vec::new());
    for number in 0..8 {
        let (id, bytes) = peer.framed(send(topic, None, &format!("{number}")));
        packet.extend(bytes);
        ids.push(id);
    }
    peer.write(&packet).await.unwrap();
    let mut outcomes = Vec::new();
    for id in ids {
        outcomes.push(peer.answer(id).await.map_err(|refusal| refusal.code));
    }
    let refused = outcomes.iter().filter(|outcome| **outcome == Err(RefusalCode::LimitReached)).count();
    let sent = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    assert!(refused >= 1 && sent >= 3 && refused + sent == 8, "{outcomes:?}");
    peer.say(topic, "and now there is room").await;
}

#[tokio::test]
async fn what_is_out_of_bounds_is_refused_by_the_member_that_is_wrong() {
    let world = World::with(|config| config.hub.page_events = 20);
    let people = world.people(1).await;
    let topic = world.group(&[&people[0]]);
    let mut peer = world.peer(Codec::Json, &people[0]).await;
    let page = |before, after, limit| Command::History(History { topic, before, after, limit });
    let cases = [
        (page(None, None, Some(0)), RefusalCode::Invalid, Some("limit")),
        (page(None, None, Some(21)), RefusalCode::Invalid, Some("limit")),
        (page(Some(1), Some(1), None), RefusalCode::Invalid, Some("before")),
        (subscribe(topic, Some(2)), RefusalCode::Invalid, Some("since")),
        (subscribe(topic, Some(1 << 53)), RefusalCode::Invalid, Some("since")),
        (send(topic, Some(""), "hello"), RefusalCode::Invalid, Some("clientRef")),
        (send(topic, Some(&"r".repeat(65)), "hello"), RefusalCode::Invalid, Some("clientRef")),
        (send(people[0].topic(), None, "hello"), RefusalCode::Invalid, Some("topic")),
    ];
    for (command, code, field) in cases {
        let what = format!("{command:?}");
        let refusal = peer.refused(command, code).await;
        assert_eq!(refusal.field.as_deref(), field, "{what}: {refusal}");
    }
    let id = peer.push(send(topic, None, "")).await;
    assert_eq!(peer.expect_refusal(id).await.code, RefusalCode::Invalid);
    let id = peer.push(send(topic, None, &"x".repeat(16 * 1_024 + 1))).await;
    assert_eq!(peer.expect_refusal(id).await.code, RefusalCode::TooLarge);
    let longest = peer.say(topic, &"x".repeat(16 * 1_024)).await;
    assert_eq!(longest.offset, 2);
}

#[tokio::test]
async fn a_text_may_be_as_long_as_hello_says_and_not_a_byte_longer() {
    let world = World::with(|config| config.conversations.text_bytes = 100);
    let people = world.people(1).await;
    let topic = world.group(&[&people[0]]);
    let mut peer = world.peer(Codec::Json, &people[0]).await;
    let most = peer.hello.as_ref().unwrap().limits.text_bytes as usize;
    assert_eq!(most, 100);
    peer.say(topic, &"x".repeat(most)).await;
    peer.refused(send(topic, None, &"x".repeat(most + 1)), RefusalCode::TooLarge).await;
}
