//! Direct conversations: start, write, read, mark.

use crate::world::{World, id_of};
use futures_util::future::join_all;
use plenum_schema::wire::Signal;
use serde_json::json;
use std::collections::BTreeSet;

#[actix_web::test]
async fn two_people_talk_and_unread_follows() {
    let world = World::new();
    let (ann, ben) = (world.register("ann").await, world.register("ben").await);
    let started = world.post(&ann, "/conversations", json!({ "email": ben.email })).await.ok(201);
    let id = id_of(&started);
    assert_eq!(
        (&started["kind"], &started["unreadCount"], &started["lastMessage"]),
        (&json!("direct"), &json!(0), &json!(null))
    );
    assert_eq!(started["topic"], format!("conversation:{id}"));
    for n in 1..=3 {
        world.say(&ann, &id, &format!("hello {n}")).await;
    }
    let item = world.item(&ben, &id).await;
    assert_eq!(
        (&item["unreadCount"], &item["lastMessage"]["text"], &item["head"]),
        (&json!(3), &json!("hello 3"), &json!(4))
    );
    assert!(item["lastMessageAt"].as_str().expect("a time").ends_with('Z'));
    let names: BTreeSet<&str> =
        item["participants"].as_array().expect("people").iter().filter_map(|one| one["fullName"].as_str()).collect();
    assert_eq!(names, BTreeSet::from(["ann", "ben"]));
    assert_eq!(world.item(&ann, &id).await["unreadCount"], 0);

    // Read up to the second message, then write: what stood before is seen.
    let read = format!("/conversations/{id}/read");
    assert_eq!(world.post(&ben, &read, json!({ "read": 3 })).await.ok(200), json!({ "read": 3, "delivered": 3 }));
    assert_eq!(world.item(&ben, &id).await["unreadCount"], 1);
    let misspelt = world.post(&ben, &read, json!({ "raed": 3 })).await.ok(422);
    assert_eq!(misspelt["errors"][0]["field"], "read");
    assert_eq!(world.item(&ben, &id).await["unreadCount"], 1);
    world.say(&ben, &id, "hi").await;
    assert_eq!(
        (&world.item(&ben, &id).await["unreadCount"], &world.item(&ann, &id).await["unreadCount"]),
        (&json!(0), &json!(1))
    );
}

#[actix_web::test]
async fn the_same_pair_at_once_has_one_conversation() {
    let world = World::new();
    let (ann, ben) = (world.register("ann").await, world.register("ben").await);
    let asks = (0..8).map(|n| {
        let (who, other) = if n % 2 == 0 { (&ann, &ben) } else { (&ben, &ann) };
        world.post(who, "/conversations", json!({ "userId": other.id }))
    });
    let answers = join_all(asks).await;
    let ids: BTreeSet<String> = answers.iter().map(|seen| id_of(&seen.json())).collect();
    assert_eq!(ids.len(), 1);
    assert_eq!(answers.iter().filter(|seen| seen.status == 201).count(), 1);
    for who in [&ann, &ben] {
        let list = world.get(who, "/chat/conversations").await.ok(200);
        assert_eq!(list["items"].as_array().map(Vec::len), Some(1));
    }
}

#[actix_web::test]
async fn one_person_may_write_to_themself() {
    let world = World::new();
    let ann = world.register("ann").await;
    let id = id_of(&world.post(&ann, "/conversations", json!({ "userId": ann.id })).await.ok(201));
    world.say(&ann, &id, "a note").await;
    assert_eq!(world.item(&ann, &id).await["unreadCount"], 0);
}

#[actix_web::test]
async fn marks_only_grow_stop_at_the_head_and_are_told_once() {
    let world = World::new();
    let (ann, ben) = (world.register("ann").await, world.register("ben").await);
    let id = id_of(&world.post(&ann, "/conversations", json!({ "userId": ben.id })).await.ok(201));
    for text in ["one", "two"] {
        world.say(&ann, &id, text).await;
    }
    world.signals.take();
    let path = format!("/conversations/{id}/read");
    let mark = |body| world.post(&ben, &path, body);
    assert_eq!(mark(json!({ "delivered": 2 })).await.ok(200), json!({ "read": 0, "delivered": 2 }));
    assert_eq!(mark(json!({ "read": 999 })).await.ok(200), json!({ "read": 3, "delivered": 3 }));
    assert_eq!(mark(json!({ "read": 1, "delivered": 1 })).await.ok(200), json!({ "read": 3, "delivered": 3 }));
    let told = world.signals.take().into_iter().filter(|(_, signal)| matches!(signal, Signal::Marks(_))).count();
    assert_eq!(told, 2);
    let readers = world.get(&ann, &format!("/conversations/{id}/readers")).await.ok(200);
    let of_ben =
        readers["items"].as_array().expect("readers").iter().find(|one| one["user"]["id"] == ben.id.as_str()).cloned();
    assert_eq!(of_ben.map(|one| (one["read"].clone(), one["role"].clone())), Some((json!(3), json!("member"))));
}

#[actix_web::test]
async fn marks_from_many_devices_at_once_end_at_the_greatest() {
    let world = World::new();
    let (ann, ben) = (world.register("ann").await, world.register("ben").await);
    let id = id_of(&world.post(&ann, "/conversations", json!({ "userId": ben.id })).await.ok(201));
    for n in 0..10 {
        world.say(&ann, &id, &format!("{n}")).await;
    }
    let path = format!("/conversations/{id}/read");
    let answers = join_all((1..=11).rev().map(|read| world.post(&ben, &path, json!({ "read": read })))).await;
    assert!(answers.iter().all(|seen| seen.status == 200));
    let item = world.item(&ben, &id).await;
    assert_eq!((&item["readPosition"], &item["unreadCount"]), (&json!(11), &json!(0)));
    // Without a body: everything has been read.
    world.say(&ann, &id, "more").await;
    assert_eq!(world.ask(ben.request("POST", &path)).await.ok(200)["read"], 12);
}

#[actix_web::test]
async fn a_repeated_client_ref_is_one_message() {
    let world = World::new();
    let (ann, ben) = (world.register("ann").await, world.register("ben").await);
    let id = id_of(&world.post(&ann, "/conversations", json!({ "userId": ben.id })).await.ok(201));
    let body = json!({ "conversationId": id, "content": { "kind": "text", "text": "once" }, "clientRef": "r1" });
    let first = world.post(&ann, "/chat/message", body.clone()).await.ok(201);
    let again = world.post(&ann, "/chat/message", body).await.ok(200);
    assert_eq!((&first["offset"], &first["message"]), (&again["offset"], &again["message"]));
    assert_eq!((&first["duplicate"], &again["duplicate"]), (&json!(false), &json!(true)));
    assert_eq!(world.item(&ben, &id).await["unreadCount"], 1);
}

#[actix_web::test]
async fn both_people_are_told_of_a_new_conversation() {
    let world = World::new();
    let (ann, ben) = (world.register("ann").await, world.register("ben").await);
    world.signals.take();
    world.post(&ann, "/conversations", json!({ "userId": ben.id })).await.ok(201);
    let told: BTreeSet<String> = world.signals.take().iter().map(|(topic, _)| topic.to_string()).collect();
    assert_eq!(told, BTreeSet::from([format!("user:{}", ann.id), format!("user:{}", ben.id)]));
    world.post(&ben, "/conversations", json!({ "userId": ann.id })).await.ok(200);
    assert!(world.signals.take().is_empty());
}
