//! Editing, deleting and reacting to messages over REST, and what readers of the past get then.

use crate::world::{Person, World};
use plenum_actors::history::{History, HistoryConfig};
use plenum_actors::owner::Recents;
use plenum_actors::owner::recent::Span;
use plenum_schema::{Topic, UserId};
use serde_json::{Value, json};
use std::sync::Arc;

fn message(id: &str, offset: u64) -> String {
    format!("/conversations/{id}/messages/{offset}")
}

async fn page(world: &World, who: &Person, id: &str) -> Value {
    world.get(who, &format!("/conversations/{id}/messages?limit=100")).await.ok(200)
}

fn content(page: &Value, offset: u64) -> Value {
    let items = page["items"].as_array().expect("items");
    let item = items.iter().find(|item| item["offset"] == offset).expect("the event");
    item["event"]["conversation"]["message"]["content"].clone()
}

fn state(page: &Value, offset: u64) -> Value {
    let states = page["states"].as_array().expect("states");
    states.iter().find(|state| state["target"] == offset).cloned().unwrap_or(Value::Null)
}

#[actix_web::test]
async fn an_edited_message_keeps_its_place_and_shows_its_present_text() {
    let world = World::new();
    let (ann, ben) = (world.register("ann").await, world.register("ben").await);
    let id = world.group(&ann, &[&ben]).await;
    let at = world.say(&ben, &id, "frist").await;
    let edited = world.put(&ben, &message(&id, at), json!({ "text": "first", "clientRef": "e1" })).await.ok(200);
    assert_eq!((&edited["target"], &edited["offset"], &edited["duplicate"]), (&json!(at), &json!(3), &json!(false)));
    assert_eq!(world.put(&ann, &message(&id, at), json!({ "text": "mine" })).await.problem().0, 403);
    // A later edit stands; the repeated first one does not bring its text back.
    world.put(&ben, &message(&id, at), json!({ "text": "first!" })).await.ok(200);
    let again = world.put(&ben, &message(&id, at), json!({ "text": "first", "clientRef": "e1" })).await.ok(200);
    assert_eq!((&again["offset"], &again["duplicate"]), (&json!(3), &json!(true)));
    let page = page(&world, &ann, &id).await;
    assert_eq!(content(&page, at), json!({ "kind": "text", "text": "first!" }));
    assert!(state(&page, at)["editedAt"].is_i64());
    let shown = &page["messages"][0];
    let expected = (&json!(at), &json!("first!"), &json!(id), &json!("text"), true);
    assert_eq!(
        (&shown["offset"], &shown["content"], &shown["conversationId"], &shown["type"], shown["editedAt"].is_string()),
        expected
    );
    assert_eq!(world.item(&ann, &id).await["lastMessage"]["text"], "first!");
}

#[actix_web::test]
async fn a_deleted_text_comes_back_to_nobody() {
    let world = World::new();
    let (ann, ben) = (world.register("ann").await, world.register("ben").await);
    let id = world.group(&ann, &[&ben]).await;
    let at = world.say(&ben, &id, "a secret").await;
    world.put(&ben, &message(&id, at), json!({ "text": "another secret" })).await.ok(200);
    // Ann owns the group.
    let gone = world.delete(&ann, &message(&id, at)).await.ok(200);
    assert_eq!((&gone["offset"], &gone["duplicate"]), (&json!(4), &json!(false)));
    assert_eq!(world.delete(&ben, &message(&id, at)).await.ok(200)["duplicate"], true);
    assert_eq!(world.put(&ben, &message(&id, at), json!({ "text": "x" })).await.problem().0, 410);
    let react = json!({ "emoji": "👍" });
    assert_eq!(world.post(&ben, &format!("{}/reactions", message(&id, at)), react).await.problem().0, 410);
    let seen = page(&world, &ben, &id).await;
    assert_eq!(content(&seen, at), json!({ "kind": "deleted", "text": "" }));
    assert!(state(&seen, at)["deletedAt"].is_i64());
    assert!(!seen.to_string().contains("secret"));
    let item = world.item(&ben, &id).await;
    assert_eq!((&item["lastMessage"]["deleted"], &item["lastMessage"]["text"]), (&json!(true), &json!("")));
    // The same from the store, where no owner holds it in memory.
    let history = History::new(world.store.clone(), Arc::new(Recents::default()), HistoryConfig::default());
    let topic: Topic = format!("conversation:{id}").parse().expect("a topic");
    for span in [Span::After(0), Span::After(2), Span::Before(u64::MAX)] {
        let page = history.read(topic, span, 100, 100_000, 0).await.expect("a page");
        let text = page.publications.iter().map(|one| format!("{:?}", one.body())).collect::<String>();
        assert!(!text.contains("secret"), "{text}");
    }
}

#[actix_web::test]
async fn a_person_has_each_reaction_once_and_takes_it_back() {
    let world = World::new();
    let (ann, ben, eve) = (world.register("ann").await, world.register("ben").await, world.register("eve").await);
    let id = world.group(&ann, &[&ben]).await;
    let at = world.say(&ben, &id, "hello").await;
    let path = format!("{}/reactions", message(&id, at));
    for who in [&ann, &ben, &ann] {
        world.post(who, &path, json!({ "emoji": "👍" })).await.ok(200);
    }
    world.post(&ann, &path, json!({ "emoji": "🎉" })).await.ok(200);
    assert_eq!(world.post(&eve, &path, json!({ "emoji": "👍" })).await.problem().0, 404);
    assert_eq!(world.post(&ann, &path, json!({ "emoji": "a b" })).await.problem().0, 422);
    let seen = page(&world, &ben, &id).await;
    let wanted = json!([{ "emoji": "👍", "count": 2, "mine": true }, { "emoji": "🎉", "count": 1, "mine": false }]);
    assert_eq!(state(&seen, at)["reactions"], wanted);
    assert_eq!(seen["head"], 5, "a repeated reaction is no event");
    let gone = world.delete(&ann, &format!("{path}?emoji=%F0%9F%8E%89")).await.ok(200);
    assert_eq!(gone["duplicate"], false);
    assert_eq!(world.delete(&ann, &format!("{path}?emoji=%F0%9F%8E%89")).await.ok(200)["duplicate"], true);
    assert_eq!(state(&page(&world, &ann, &id).await, at)["reactions"].as_array().map(Vec::len), Some(1));
}

#[actix_web::test]
async fn only_messages_are_changed() {
    let world = World::new();
    let ann = world.register("ann").await;
    let id = world.group(&ann, &[]).await;
    for offset in [0, 1, 2, 9_007_199_254_740_993_u64] {
        assert_eq!(world.delete(&ann, &message(&id, offset)).await.problem().0, 404, "{offset}");
    }
    assert_eq!(world.delete(&ann, &format!("/conversations/{id}/messages/x")).await.problem().0, 404);
}

#[actix_web::test]
async fn reactions_that_come_at_once_are_all_counted() {
    let world = World::new();
    let ann = world.register("ann").await;
    let id = world.group(&ann, &[]).await;
    let at = world.say(&ann, &id, "hello").await;
    let user = UserId(ann.id.parse().expect("an id"));
    let conversation = id.parse().expect("an id");
    let react = |n: usize| {
        let change = plenum_services::conversations::Change::React { emoji: format!("e{}", n % 20) };
        world.state.conversations.change_message(user, conversation, at, None, change)
    };
    let outcomes = futures_util::future::join_all((0..40).map(react)).await;
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    let seen = page(&world, &ann, &id).await;
    let reactions = state(&seen, at)["reactions"].as_array().cloned().expect("reactions");
    assert_eq!(reactions.len(), 20);
    assert!(reactions.iter().all(|one| one["count"] == 1 && one["mine"] == true));
    assert_eq!(react(20 * 7 + 3).await.map(|changed| changed.duplicate), Ok(true));
}

#[actix_web::test]
async fn a_message_to_a_person_makes_the_conversation_and_the_next_one_finds_it() {
    let world = World::new();
    let (ann, ben) = (world.register("ann").await, world.register("ben").await);
    let say = |text: &str| json!({ "recipientId": ben.id, "text": text, "clientRef": text });
    let first = world.post(&ann, "/chat/message", say("one")).await.ok(201);
    let second = world.post(&ann, "/chat/message", say("two")).await.ok(201);
    assert_eq!(first["topic"], second["topic"]);
    assert_eq!(world.post(&ann, "/chat/message", say("one")).await.ok(200)["offset"], first["offset"]);
    let seen = world.get(&ben, &format!("/messages/direct/{}", ann.id)).await.ok(200);
    assert_eq!(seen["items"].as_array().map(Vec::len), Some(3));
    let nobody = json!({ "recipientId": uuid::Uuid::now_v7(), "text": "x" });
    assert_eq!(world.post(&ann, "/chat/message", nobody).await.problem().0, 404);
    let both = json!({ "recipientId": ben.id, "conversationId": uuid::Uuid::now_v7(), "text": "x" });
    assert_eq!(world.post(&ann, "/chat/message", both).await.problem().0, 422);
}

#[actix_web::test]
async fn people_who_block_each_other_exchange_no_direct_messages() {
    let world = World::new();
    let (ann, ben, eve) = (world.register("ann").await, world.register("ben").await, world.register("eve").await);
    let say = |to: &Person| json!({ "recipientId": to.id, "text": "hello" });
    let at = world.post(&ann, "/chat/message", say(&ben)).await.ok(201);
    let block = |who: &Person| format!("/users/{}/block", who.id);
    assert_eq!(world.post(&ben, &block(&ann), json!({})).await.status, 204);
    assert_eq!(world.post(&ben, &block(&ann), json!({})).await.status, 204);
    for (from, to) in [(&ann, &ben), (&ben, &ann)] {
        assert_eq!(world.post(from, "/chat/message", say(to)).await.problem().0, 403);
    }
    let id = at["topic"].as_str().and_then(|topic| topic.split_once(':')).expect("a topic").1.to_owned();
    let react = format!("{}/reactions", message(&id, 2));
    assert_eq!(world.post(&ann, &react, json!({ "emoji": "👍" })).await.problem().0, 403);
    assert_eq!(world.delete(&ann, &message(&id, 2)).await.status, 200, "one's own message can still be deleted");
    assert_eq!(world.delete(&ben, &block(&ann)).await.status, 204);
    world.post(&ann, "/chat/message", say(&ben)).await.ok(201);
    // Also where there is no conversation yet.
    assert_eq!(world.post(&eve, &block(&ben), json!({})).await.status, 204);
    assert_eq!(world.post(&ben, "/chat/message", say(&eve)).await.problem().0, 403);
    assert!(world.get(&eve, "/messages/conversations").await.ok(200)["items"].as_array().is_some_and(Vec::is_empty));
    assert_eq!(world.post(&eve, &block(&eve), json!({})).await.problem().0, 422);
}
