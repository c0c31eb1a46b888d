//! What a person's own topic tells: changes of conversations, and what is unread.

use crate::socket::peer::Peer;
use crate::socket::world::{Person, World};
use plenum_schema::Topic;
use plenum_schema::codec::Codec;
use plenum_schema::wire::{AckResult, Command, ConversationChange, ConversationUpdated, Mark, Signal, UnreadSignal};
use serde_json::{Value, json};

/// A connection that follows its person's own topic.
async fn device(world: &World, person: &Person) -> Peer {
    let mut peer = world.peer(Codec::Json, person).await;
    peer.subscribe(person.topic(), None).await;
    peer.fence().await;
    peer
}

fn updated(conversation: Topic, change: ConversationChange) -> Signal {
    Signal::ConversationUpdated(ConversationUpdated { conversation, change })
}

#[tokio::test]
async fn members_hear_of_titles_members_roles_and_of_their_own_removal() {
    let world = World::start();
    let people = world.people(3).await;
    let group = world.group(&[&people[0], &people[1]]);
    let mut member = device(&world, &people[1]).await;
    let mut stranger = device(&world, &people[2]).await;
    let path = |rest: &str| World::path_of(group, rest);
    assert_eq!(world.rest(&people[0], "PUT", &path(""), &json!({ "title": "Planning" })).0, 200);
    let own = people[1].topic();
    assert_eq!(member.expect_signal().await, (own, updated(group, ConversationChange::Title)));
    let body = json!({ "userId": people[2].user });
    assert_eq!(world.rest(&people[0], "POST", &path("/members"), &body).0, 200);
    assert_eq!(member.expect_signal().await, (own, updated(group, ConversationChange::Members)));
    let (_, added) = stranger.expect_signal().await;
    assert!(matches!(added, Signal::ConversationAdded(_)), "{added:?}");
    let role = json!({ "userId": people[2].user, "role": "admin" });
    assert_eq!(world.rest(&people[0], "POST", &path("/members"), &role).0, 200);
    for (peer, person) in [(&mut member, &people[1]), (&mut stranger, &people[2])] {
        assert_eq!(peer.expect_signal().await, (person.topic(), updated(group, ConversationChange::Members)));
    }
    let gone = path(&format!("/members/{}", people[2].user));
    assert_eq!(world.rest(&people[0], "DELETE", &gone, &Value::Null).0, 204);
    assert_eq!(stranger.expect_signal().await, (people[2].topic(), updated(group, ConversationChange::Removed)));
    assert_eq!(member.expect_signal().await, (own, updated(group, ConversationChange::Members)));
}

#[tokio::test]
async fn the_own_devices_hear_how_much_is_unread_without_following_the_conversation() {
    let world = World::with(|config| config.conversations.service.unread_every_ms = 20);
    let people = world.people(2).await;
    let topic = world.direct(&people[0], &people[1]);
    let mut writer = world.peer(Codec::Json, &people[0]).await;
    let mut phone = device(&world, &people[1]).await;
    let mut tablet = device(&world, &people[1]).await;
    for _ in 0..3 {
        writer.say(topic, "hello").await;
    }
    for peer in [&mut phone, &mut tablet] {
        // Perhaps less than three times: what comes close together is told once.
        let told = until_unread(peer, &people[1], 3).await;
        assert_eq!(told.members.len(), 2, "who is in it");
        assert_eq!(told.last.map(|last| last.text).as_deref(), Some("hello"), "and what was said last");
    }
    let id = phone.push(Command::Mark(Mark { topic, delivered: None, read: Some(3) })).await;
    assert!(matches!(phone.expect_ack(id).await, AckResult::Marked(_)));
    assert_eq!(until_unread(&mut tablet, &people[1], 1).await.conversation, topic);
}

/// The signal that says so.
async fn until_unread(peer: &mut Peer, of: &Person, unread: u64) -> UnreadSignal {
    loop {
        match peer.expect_signal().await {
            (topic, Signal::Unread(told)) if topic == of.topic() && told.unread == unread => return told,
            _ => {}
        }
    }
}
