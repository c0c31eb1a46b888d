//! Looking for messages.

use crate::world::{Person, World, id_of};
use serde_json::{Value, json};

/// The texts of one part, and where it goes on.
async fn part(world: &World, who: &Person, query: &str) -> (Vec<String>, Option<String>) {
    let page = world.get(who, &format!("/search/messages?{query}")).await.ok(200);
    let items = page["items"].as_array().expect("items");
    let texts = items.iter().map(|item| item["content"].as_str().expect("a text").to_owned()).collect();
    (texts, page["nextCursor"].as_str().map(str::to_owned))
}

/// The texts of all parts, sorted.
async fn all(world: &World, who: &Person, query: &str) -> Vec<String> {
    let (mut texts, mut next) = part(world, who, query).await;
    while let Some(cursor) = next {
        let (more, then) = part(world, who, &format!("{query}&cursor={cursor}")).await;
        texts.extend(more);
        next = then;
    }
    texts.sort_unstable();
    texts
}

#[actix_web::test]
async fn messages_are_found_by_their_words_of_now_in_ones_own_conversations_alone() {
    let world = World::new();
    let (ann, ben, eve) = (world.register("ann").await, world.register("ben").await, world.register("eve").await);
    let (ours, theirs) = (world.group(&ann, &[&ben]).await, world.group(&ben, &[&eve]).await);
    let direct = id_of(&world.post(&ann, "/conversations", json!({ "userId": eve.id })).await.ok(201));
    world.say(&ann, &ours, "Budget for the summer party").await;
    world.say(&ben, &theirs, "party without ann").await;
    world.say(&eve, &direct, "The PARTY is off").await;
    let edited = world.say(&ben, &ours, "the picnic").await;
    let deleted = world.say(&ben, &ours, "party at my place").await;
    let message = |offset: u64| format!("/conversations/{ours}/messages/{offset}");
    world.put(&ben, &message(edited), json!({ "text": "the garden party" })).await.ok(200);
    world.delete(&ben, &message(deleted)).await.ok(200);

    let everywhere = ["Budget for the summer party", "The PARTY is off", "the garden party"];
    assert_eq!(all(&world, &ann, "q=Party").await, everywhere);
    assert_eq!(all(&world, &ann, "q=summer%20PART").await, ["Budget for the summer party"]);
    assert_eq!(all(&world, &ann, "q=picnic").await, [""; 0]);
    assert_eq!(all(&world, &ann, &format!("q=party&conversation={direct}")).await, ["The PARTY is off"]);
    assert_eq!(all(&world, &ann, &format!("q=party&from={}", ben.id)).await, ["the garden party"]);
    assert_eq!(all(&world, &ann, "q=party&before=2001-01-01T00:00:00Z").await, [""; 0]);
    let foreign = world.get(&ann, &format!("/search/messages?q=party&conversation={theirs}")).await;
    assert_eq!(foreign.problem().0, 404);
    world.post(&ann, &format!("/users/{}/block", eve.id), Value::Null).await;
    assert_eq!(all(&world, &ann, "q=party").await, ["Budget for the summer party", "the garden party"]);
    let left = world.delete(&ben, &format!("/conversations/{ours}/members/{}", ben.id)).await;
    assert!(left.status < 300, "{}", left.status);
    assert_eq!(all(&world, &ben, "q=party").await, ["party without ann"], "who has left reads it no more");
}

#[actix_web::test]
async fn a_search_goes_on_where_it_stopped_and_finds_each_message_once() {
    let world = World::new();
    let (ann, ben) = (world.register("ann").await, world.register("ben").await);
    let mut expected = Vec::new();
    for number in 0..3 {
        let id = world.group(&ann, &[&ben]).await;
        for message in 0..5 {
            let text = format!("needle {number}{message}");
            world.say(&ben, &id, &text).await;
            world.say(&ben, &id, "hay").await;
            expected.push(text);
        }
    }
    for limit in [1, 2, 4, 100] {
        assert_eq!(all(&world, &ann, &format!("q=needle&limit={limit}")).await, expected, "{limit}");
    }
    let (first, _) = part(&world, &ann, "q=needle&limit=3").await;
    let numbers: Vec<&str> = first.iter().map(|text| text.get(8..).expect("a number")).collect();
    assert_eq!(numbers, ["4", "3", "2"], "the newest of a conversation first");
}

#[actix_web::test]
async fn what_cannot_be_looked_for_is_refused_with_the_member_named() {
    let world = World::new();
    let ann = world.register("ann").await;
    let long = format!("q={}", "x".repeat(201));
    for (query, status) in [
        ("", 422),
        ("q=", 422),
        ("q=a", 422),
        (long.as_str(), 422),
        ("q=ab&conversation=x", 400),
        ("q=ab&before=yesterday", 422),
        ("q=ab&cursor=AAAA", 422),
        ("q=ab&limit=101", 422),
    ] {
        let seen = world.get(&ann, &format!("/search/messages?{query}")).await;
        assert_eq!(seen.problem().0, status, "{query}");
    }
}
