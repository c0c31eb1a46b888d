//! Who may see and do what.

use crate::socket::peer::{BOTH, send, subscribe};
use crate::socket::world::World;
use plenum_schema::codec::Codec;
use plenum_schema::conversation::ConversationEvent;
use plenum_schema::wire::{Command, Delete, Edit, Event, History, Mark, React, Typing, Unreact};
use plenum_schema::{Content, ConversationId, RefusalCode, Topic};
use serde_json::{Value, json};

fn everything_with(topic: Topic) -> Vec<Command> {
    vec![
        subscribe(topic, None),
        subscribe(topic, Some(0)),
        send(topic, None, "hello"),
        Command::History(History { topic, before: None, after: None, limit: None }),
        Command::Typing(Typing { topic, active: true }),
        Command::Mark(Mark { topic, delivered: None, read: Some(1) }),
        Command::Edit(Edit { topic, target: 1, client_ref: None, content: Content::text("x") }),
        Command::Delete(Delete { topic, target: 1 }),
        Command::React(React { topic, target: 1, emoji: "x".into() }),
        Command::Unreact(Unreact { topic, target: 1, emoji: "x".into() }),
    ]
}

#[tokio::test]
async fn a_stranger_cannot_tell_a_conversation_from_one_that_does_not_exist() {
    let world = World::start();
    let people = world.people(3).await;
    let real = world.group(&[&people[0], &people[1]]);
    let none = Topic::Conversation(ConversationId::direct(people[0].user, people[1].user));
    for codec in BOTH {
        let mut stranger = world.peer(codec, &people[2]).await;
        for (asked_real, asked_none) in everything_with(real).into_iter().zip(everything_with(none)) {
            let one = stranger.refused(asked_real, RefusalCode::NotFound).await;
            let other = stranger.refused(asked_none, RefusalCode::NotFound).await;
            assert_eq!(one, other);
        }
    }
    let mut member = world.peer(Codec::Json, &people[0]).await;
    assert_eq!(member.whole_history(real).await.len(), 1, "a stranger's commands leave no trace");
}

#[tokio::test]
async fn a_persons_own_topic_is_nobody_elses() {
    let world = World::start();
    let people = world.people(2).await;
    let mut peer = world.peer(Codec::Json, &people[0]).await;
    peer.subscribe(people[0].topic(), None).await;
    peer.refused(subscribe(people[1].topic(), None), RefusalCode::NotFound).await;
}

#[tokio::test]
async fn a_removed_member_hears_of_it_and_then_nothing_more() {
    // One worker, one round: what reaches the one who stays would have reached the one who went.
    let world = World::with(|config| config.server.workers = 1);
    let people = world.people(2).await;
    let topic = world.group(&[&people[0], &people[1]]);
    let mut owner = world.peer(Codec::Json, &people[0]).await;
    owner.follow(topic).await;
    let mut removed = Vec::new();
    for codec in BOTH {
        let mut peer = world.peer(codec, &people[1]).await;
        peer.follow(topic).await;
        removed.push(peer);
    }
    let path = World::path_of(topic, &format!("/members/{}", people[1].user));
    assert_eq!(world.rest(&people[0], "DELETE", &path, &Value::Null).0, 204);
    for peer in &mut removed {
        match peer.expect_event().await.event {
            Event::Conversation(ConversationEvent::MemberRemoved(gone)) => {
                assert_eq!((gone.user, gone.by), (people[1].user, people[0].user));
            }
            other => panic!("{other:?}"),
        }
    }
    owner.expect_event().await;
    let secret = owner.say(topic, "not for the one who went").await.offset;
    assert_eq!(owner.expect_event().await.offset, secret);
    for peer in &mut removed {
        peer.fence().await;
        assert_eq!(peer.kept_events(), 0);
        for command in everything_with(topic) {
            peer.refused(command, RefusalCode::NotFound).await;
        }
    }
    assert_eq!(world.metric("plenum_subscriptions"), 1);
}

#[tokio::test]
async fn whoever_is_added_again_sees_the_whole_conversation() {
    let world = World::start();
    let people = world.people(2).await;
    let topic = world.group(&[&people[0], &people[1]]);
    let mut owner = world.peer(Codec::Json, &people[0]).await;
    let path = World::path_of(topic, &format!("/members/{}", people[1].user));
    assert_eq!(world.rest(&people[0], "DELETE", &path, &Value::Null).0, 204);
    owner.say(topic, "while you were away").await;
    let body = json!({ "userId": people[1].user });
    let (status, answer) = world.rest(&people[0], "POST", &World::path_of(topic, "/members"), &body);
    assert_eq!(status, 200, "{answer}");
    let mut back = world.peer(Codec::MessagePack, &people[1]).await;
    back.subscribe(topic, Some(0)).await;
    let (_, offsets, _) = back.expect_caught_up().await;
    assert_eq!(offsets, [1, 2, 3, 4]);
    back.say(topic, "thanks").await;
}
