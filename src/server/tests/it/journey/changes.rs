//! Messages change after they were sent.

use crate::socket::peer::{BOTH, Peer};
use crate::socket::world::World;
use plenum_schema::codec::Codec;
use plenum_schema::conversation::ConversationEvent;
use plenum_schema::wire::{
    AckResult, Changed, Command, Delete, Edit, Event, History, React, ReactionCount, SendDirect, Unreact,
};
use plenum_schema::{Content, ContentKind, Offset, RefusalCode, Topic};

async fn changed(peer: &mut Peer, command: Command) -> Changed {
    let id = peer.push(command).await;
    match peer.expect_ack(id).await {
        AckResult::Changed(changed) => changed,
        other => panic!("{other:?}"),
    }
}

fn edit(topic: Topic, target: Offset, text: &str) -> Command {
    Command::Edit(Edit { topic, target, client_ref: None, content: Content::text(text) })
}

fn react(topic: Topic, target: Offset, emoji: &str) -> Command {
    Command::React(React { topic, target, emoji: emoji.into() })
}

#[tokio::test]
async fn everybody_hears_of_a_change_in_its_place_in_the_order() {
    let world = World::start();
    let people = world.people(2).await;
    let topic = world.group(&[&people[0], &people[1]]);
    let mut ada = world.peer(Codec::Json, &people[0]).await;
    let mut bob = world.peer(Codec::MessagePack, &people[1]).await;
    bob.follow(topic).await;
    let at = ada.say(topic, "helo").await.offset;
    assert_eq!(changed(&mut ada, edit(topic, at, "hello")).await.offset, at + 1);
    assert_eq!(changed(&mut bob, react(topic, at, "👍")).await.offset, at + 2);
    assert!(changed(&mut bob, react(topic, at, "👍")).await.duplicate);
    let unreact = Command::Unreact(Unreact { topic, target: at, emoji: "👍".into() });
    assert_eq!(changed(&mut bob, unreact).await.offset, at + 3);
    assert_eq!(changed(&mut ada, Command::Delete(Delete { topic, target: at })).await.offset, at + 4);
    bob.expect_message().await;
    for offset in at + 1..=at + 4 {
        let event = bob.expect_event().await;
        let Event::Conversation(change) = event.event else { panic!("no change of a message") };
        assert_eq!((event.offset, change.target()), (offset, Some(at)));
    }
    bob.refused(edit(topic, at, "x"), RefusalCode::Forbidden).await;
    ada.refused(edit(topic, at, "x"), RefusalCode::Gone).await;
    ada.refused(edit(topic, at + 1, "x"), RefusalCode::NotFound).await;
}

#[tokio::test]
async fn who_resumes_over_a_deletion_never_gets_the_text_also_after_a_restart() {
    let world = World::start();
    let people = world.people(2).await;
    let topic = world.group(&[&people[0], &people[1]]);
    let mut ada = world.peer(Codec::Json, &people[0]).await;
    let at = ada.say(topic, "a secret").await.offset;
    changed(&mut ada, edit(topic, at, "a worse secret")).await;
    changed(&mut ada, Command::Delete(Delete { topic, target: at })).await;
    ada.say(topic, "after").await;
    drop(ada);
    let check = async |world: &World| {
        for codec in BOTH {
            let mut bob = world.peer(codec, &people[1]).await;
            bob.subscribe(topic, Some(0)).await;
            let mut heard = Vec::new();
            for _ in 1..=at + 3 {
                heard.push(bob.expect_event().await);
            }
            assert!(!format!("{heard:?}").contains("secret"), "{heard:?}");
            let masked = |event: &ConversationEvent| match event {
                ConversationEvent::Message(message) => message.content.kind == ContentKind::Deleted,
                ConversationEvent::MessageEdited(edited) => edited.content.kind == ContentKind::Deleted,
                _ => false,
            };
            let masked = heard.iter().filter(|one| matches!(&one.event, Event::Conversation(event) if masked(event)));
            assert_eq!(masked.count(), 2);
            let page = bob.history(History { topic, before: None, after: None, limit: None }).await;
            assert!(!format!("{page:?}").contains("secret"));
            assert!(page.states[0].deleted_at.is_some() && page.states.len() == 1);
        }
    };
    check(&world).await;
    let world = world.restarted(|_| {}).await;
    check(&world).await;
}

#[tokio::test]
async fn a_page_shows_texts_and_reactions_of_now() {
    let world = World::start();
    let people = world.people(2).await;
    let topic = world.group(&[&people[0], &people[1]]);
    let mut ada = world.peer(Codec::Json, &people[0]).await;
    let mut bob = world.peer(Codec::MessagePack, &people[1]).await;
    let at = ada.say(topic, "one").await.offset;
    changed(&mut ada, react(topic, at, "👍")).await;
    changed(&mut bob, react(topic, at, "👍")).await;
    changed(&mut bob, react(topic, at, "🎉")).await;
    changed(&mut ada, edit(topic, at, "two")).await;
    let page = ada.history(History { topic, before: Some(at + 1), after: None, limit: Some(1) }).await;
    let Event::Conversation(ConversationEvent::Message(message)) = &page.events[0].event else { panic!("{page:?}") };
    assert_eq!(message.content, Content::text("two"));
    let count = |emoji: &str, count, mine| ReactionCount { emoji: emoji.into(), count, mine };
    assert_eq!(page.states[0].reactions, [count("👍", 2, true), count("🎉", 1, false)]);
    assert!(page.states[0].edited_at.is_some());
}

#[tokio::test]
async fn a_message_to_a_person_reaches_them_without_a_conversation_before() {
    let world = World::start();
    let people = world.people(2).await;
    let mut ada = world.peer(Codec::Json, &people[0]).await;
    let send = |to, text: &str| {
        Command::SendDirect(SendDirect { to, client_ref: Some(text.into()), content: Content::text(text) })
    };
    let mut sent = Vec::new();
    for text in ["one", "two", "one"] {
        let id = ada.push(send(people[1].user, text)).await;
        let AckResult::Sent(one) = ada.expect_ack(id).await else { panic!("an ack of a send") };
        sent.push(one);
    }
    assert_eq!((sent[0].offset, sent[1].offset, sent[2].offset), (2, 3, 2));
    assert!(sent[2].duplicate && sent.iter().all(|one| one.topic == sent[0].topic));
    let mut bob = world.peer(Codec::MessagePack, &people[1]).await;
    assert_eq!(bob.whole_history(sent[0].topic).await.len(), 3);
    let nobody = "0192f0c4-0009-7000-8000-000000000012".parse::<plenum_schema::UserId>().unwrap();
    let refusal = ada.refused(send(nobody, "x"), RefusalCode::NotFound).await;
    assert_eq!(refusal.field.as_deref(), Some("to"));
}
