//! What is short-lived: typing, marks, being added.

use crate::socket::peer::BOTH;
use crate::socket::world::World;
use plenum_schema::codec::Codec;
use plenum_schema::wire::{AckResult, Command, ConversationAdded, Mark, Signal, Typing, TypingSignal};
use serde_json::json;

#[tokio::test]
async fn typing_reaches_the_others_and_is_not_in_the_log() {
    let world = World::start();
    let people = world.people(2).await;
    let topic = world.direct(&people[0], &people[1]);
    let mut ada = world.peer(Codec::Json, &people[0]).await;
    let mut listeners = Vec::new();
    for codec in BOTH {
        let mut peer = world.peer(codec, &people[1]).await;
        peer.follow(topic).await;
        listeners.push(peer);
    }
    for active in [true, false] {
        let id = ada.push(Command::Typing(Typing { topic, active })).await;
        assert!(matches!(ada.expect_ack(id).await, AckResult::Pong(_)));
        for peer in &mut listeners {
            let expected = Signal::Typing(TypingSignal { user: people[0].user, active });
            assert_eq!(peer.expect_signal().await, (topic, expected));
        }
    }
    assert_eq!(ada.whole_history(topic).await.len(), 1);
}

#[tokio::test]
async fn marks_reach_the_others_and_only_grow() {
    let world = World::start();
    let people = world.people(2).await;
    let topic = world.direct(&people[0], &people[1]);
    let mut ada = world.peer(Codec::Json, &people[0]).await;
    let mut bob = world.peer(Codec::MessagePack, &people[1]).await;
    ada.follow(topic).await;
    let mut said = Vec::new();
    for _ in 0..3 {
        said.push(ada.say(topic, "hello").await.message);
    }
    // What is asked, and what stands afterwards: delivered and read.
    let steps = [
        ((Some(3), None), (3, 0)),
        ((None, Some(2)), (3, 2)),
        ((Some(1), Some(1)), (3, 2)),
        ((None, Some(99)), (4, 4)),
    ];
    let mut before = (0, 0);
    for ((delivered, read), expected) in steps {
        let id = bob.push(Command::Mark(Mark { topic, delivered, read })).await;
        match bob.expect_ack(id).await {
            AckResult::Marked(marked) => assert_eq!((marked.delivered, marked.read), expected),
            other => panic!("{other:?}"),
        }
        if before != expected {
            let (told, Signal::Marks(marks)) = ada.expect_signal().await else { panic!("no marks") };
            assert_eq!(
                (told, marks.user, marks.delivered, marks.read),
                (topic, people[1].user, expected.0, expected.1)
            );
            // A mark that has moved names its message: the first one stands at offset 2.
            let named = |mark: u64, was: u64| (mark > was).then(|| said[usize::try_from(mark).unwrap() - 2]);
            let expected_ids = (named(expected.0, before.0), named(expected.1, before.1));
            assert_eq!((marks.delivered_message, marks.read_message), expected_ids);
        }
        before = expected;
    }
    let (status, answer) = world.rest(&people[1], "GET", &World::path_of(topic, ""), &serde_json::Value::Null);
    assert_eq!((status, answer["unreadCount"].as_u64(), answer["readPosition"].as_u64()), (200, Some(0), Some(4)));
}

#[tokio::test]
async fn whoever_is_taken_into_a_conversation_hears_of_it_on_their_own_topic() {
    let world = World::start();
    let people = world.people(3).await;
    let mut peers = Vec::new();
    for person in &people[1..] {
        for codec in BOTH {
            let mut peer = world.peer(codec, person).await;
            peer.subscribe(person.topic(), None).await;
            // The own topic has no log and so no catching up: the answer to the next command shows that it is live.
            peer.fence().await;
            peers.push((person.topic(), peer));
        }
    }
    let group = world.group(&[&people[0], &people[1]]);
    for (topic, peer) in peers.iter_mut().take(2) {
        let added = Signal::ConversationAdded(ConversationAdded { conversation: group });
        assert_eq!(peer.expect_signal().await, (*topic, added));
    }
    let (status, answer) =
        world.rest(&people[0], "POST", &World::path_of(group, "/members"), &json!({ "userId": people[2].user }));
    assert_eq!(status, 200, "{answer}");
    let direct = world.direct(&people[0], &people[2]);
    for (topic, peer) in peers.iter_mut().skip(2) {
        for conversation in [group, direct] {
            let added = Signal::ConversationAdded(ConversationAdded { conversation });
            assert_eq!(peer.expect_signal().await, (*topic, added));
        }
    }
}
