//! Two people talk.

use crate::socket::peer::{BOTH, Peer, texts};
use crate::socket::world::World;
use plenum_schema::codec::Codec;
use plenum_schema::conversation::{ConversationEvent, ConversationKind};
use plenum_schema::wire::{Event, History};
use std::collections::HashSet;

#[tokio::test]
async fn two_people_chat_in_both_codecs_and_see_the_same_messages_at_the_same_offsets() {
    let world = World::start();
    let people = world.people(2).await;
    let topic = world.direct(&people[0], &people[1]);
    let mut ada = world.peer(Codec::Json, &people[0]).await;
    let mut bob = world.peer(Codec::MessagePack, &people[1]).await;
    assert_eq!(ada.follow(topic).await, 1);
    assert_eq!(bob.follow(topic).await, 1);
    for round in 0..10_u64 {
        let (speaker, listener) = if round % 2 == 0 { (&mut ada, &mut bob) } else { (&mut bob, &mut ada) };
        let text = format!("Nummer {round} – 你好");
        let sent = speaker.say(topic, &text).await;
        assert_eq!((sent.offset, sent.duplicate, sent.topic), (round + 2, false, topic));
        let own = speaker.expect_message().await;
        let heard = listener.expect_message().await;
        assert_eq!(own, heard);
        let (offset, message) = heard;
        assert_eq!((offset, message.id, message.number), (sent.offset, sent.message, round + 1));
        assert_eq!(message.author, people[usize::try_from(round % 2).unwrap()].user);
        assert_eq!(message.content.text, text);
    }
    let log = ada.whole_history(topic).await;
    assert_eq!(log, bob.whole_history(topic).await);
    assert!(
        matches!(&log[0].event, Event::Conversation(ConversationEvent::Created(created)) if created.kind == ConversationKind::Direct)
    );
    assert_eq!(texts(&log).len(), 10);
}

#[tokio::test]
async fn many_who_write_at_once_are_heard_by_everybody_in_one_order() {
    const EACH: usize = 25;
    let world = World::start();
    let people = world.people(6).await;
    let everybody: Vec<_> = people.iter().collect();
    let topic = world.group(&everybody);
    let mut peers = Vec::new();
    for (number, person) in people.iter().enumerate() {
        let mut peer = world.peer(BOTH[number % 2], person).await;
        peer.follow(topic).await;
        peers.push(peer);
    }
    let talks = peers.into_iter().enumerate().map(|(number, mut peer)| {
        tokio::spawn(async move {
            for message in 0..EACH {
                let text = format!("{number}/{message}");
                peer.push(crate::socket::peer::send(topic, None, &text)).await;
            }
            let mut heard = Vec::new();
            for _ in 0..6 * EACH {
                let (offset, message) = peer.expect_message().await;
                heard.push((offset, message.content.text));
            }
            heard
        })
    });
    let mut all = Vec::new();
    for talk in talks.collect::<Vec<_>>() {
        all.push(talk.await.unwrap());
    }
    let first = &all[0];
    assert!(first.iter().map(|(offset, _)| *offset).eq(2..2 + 6 * EACH as u64), "offsets without holes");
    assert_eq!(first.iter().map(|(_, text)| text).collect::<HashSet<_>>().len(), 6 * EACH);
    assert!(all.iter().all(|heard| heard == first));
    for number in 0..6 {
        let of_one =
            first.iter().filter_map(|(_, text)| text.strip_prefix(&format!("{number}/"))?.parse::<usize>().ok());
        assert!(of_one.eq(0..EACH), "what one connection sends stays in its order");
    }
}

#[tokio::test]
async fn a_repeated_client_ref_is_answered_with_the_first_offset_also_after_reconnects_and_restarts() {
    let world = World::start();
    let people = world.people(2).await;
    let topic = world.group(&[&people[0], &people[1]]);
    let mut ada = world.peer(Codec::Json, &people[0]).await;
    let first = ada.send(topic, Some("ref-1"), "once").await;
    assert!(!first.duplicate);
    let again = ada.send(topic, Some("ref-1"), "once").await;
    assert_eq!((again.offset, again.message, again.duplicate), (first.offset, first.message, true));
    drop(ada);
    let mut ada = world.peer(Codec::MessagePack, &people[0]).await;
    let again = ada.send(topic, Some("ref-1"), "once").await;
    assert_eq!((again.offset, again.message, again.duplicate), (first.offset, first.message, true));
    let mut bob = world.peer(Codec::Json, &people[1]).await;
    let other = bob.send(topic, Some("ref-1"), "the same reference of somebody else").await;
    assert_eq!((other.offset, other.duplicate), (first.offset + 1, false));
    drop((ada, bob));
    let world = world.restarted(|_| {}).await;
    let mut ada = world.peer(Codec::Json, &people[0]).await;
    let again = ada.send(topic, Some("ref-1"), "once").await;
    assert_eq!((again.offset, again.message, again.duplicate), (first.offset, first.message, true));
    let log = ada.whole_history(topic).await;
    assert_eq!(texts(&log).len(), 2);
}

#[tokio::test]
async fn a_message_carries_its_authors_reference_back_so_that_their_devices_recognise_it() {
    let world = World::start();
    let people = world.people(1).await;
    let topic = world.group(&[&people[0]]);
    let mut phone = world.peer(Codec::Json, &people[0]).await;
    let mut laptop = world.peer(Codec::MessagePack, &people[0]).await;
    laptop.follow(topic).await;
    phone.send(topic, Some("draft-7"), "hello").await;
    assert_eq!(laptop.expect_message().await.1.client_ref.as_deref(), Some("draft-7"));
}

#[tokio::test]
async fn pages_of_history_in_both_directions_join_with_what_is_live() {
    let world = World::start();
    let people = world.people(2).await;
    let topic = world.group(&[&people[0], &people[1]]);
    let mut ada = world.peer(Codec::Json, &people[0]).await;
    for number in 0..30 {
        ada.say(topic, &format!("{number}")).await;
    }
    let mut bob = world.peer(Codec::MessagePack, &people[1]).await;
    let position = bob.follow(topic).await;
    ada.say(topic, "live").await;
    let (live, _) = bob.expect_message().await;
    assert_eq!((position, live), (31, 32));
    assert_eq!(backwards(&mut bob, topic, live).await, (1..live).collect::<Vec<_>>());
    let mut forwards = Vec::new();
    loop {
        let after = forwards.last().copied().unwrap_or(0);
        let page = bob.history(History { topic, before: None, after: Some(after), limit: Some(7) }).await;
        assert_eq!((page.head, page.first), (32, 1));
        if page.events.is_empty() {
            break;
        }
        forwards.extend(page.events.iter().map(|event| event.offset));
    }
    assert_eq!(forwards, (1..=32).collect::<Vec<_>>());
    let newest = bob.history(History { topic, before: None, after: None, limit: Some(3) }).await;
    assert_eq!(newest.events.iter().map(|event| event.offset).collect::<Vec<_>>(), [30, 31, 32]);
}

/// All offsets below one, by pages from the newest to the oldest.
async fn backwards(peer: &mut Peer, topic: plenum_schema::Topic, from: u64) -> Vec<u64> {
    let mut offsets = vec![from];
    while offsets[0] > 1 {
        let page = peer.history(History { topic, before: Some(offsets[0]), after: None, limit: Some(7) }).await;
        assert!(!page.events.is_empty());
        offsets.splice(0..0, page.events.iter().map(|event| event.offset));
    }
    offsets.pop();
    offsets
}

#[tokio::test]
async fn what_was_said_over_rest_arrives_on_sockets_at_the_same_offset() {
    let world = World::start();
    let people = world.people(2).await;
    let topic = world.group(&[&people[0], &people[1]]);
    let mut bob = world.peer(Codec::Json, &people[1]).await;
    bob.follow(topic).await;
    let id = topic.to_string().split_once(':').unwrap().1.to_owned();
    let body = serde_json::json!({ "conversationId": id, "text": "by REST", "clientRef": "r" });
    let (status, answer) = world.rest(&people[0], "POST", "/api/v1/chat/message", &body);
    assert_eq!(status, 201, "{answer}");
    let (offset, message) = bob.expect_message().await;
    assert_eq!((answer["offset"].as_u64(), message.content.text.as_str()), (Some(offset), "by REST"));
    let mut ada = world.peer(Codec::Json, &people[0]).await;
    let again = ada.send(topic, Some("r"), "by REST").await;
    assert_eq!((again.offset, again.duplicate), (offset, true));
}
