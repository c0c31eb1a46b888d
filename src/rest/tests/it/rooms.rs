//! Rooms: found, joined, never over-full.

use crate::world::{World, id_of, plain};
use futures_util::future::join_all;
use serde_json::{Value, json};
use std::collections::BTreeSet;

async fn room(world: &World, owner: &crate::world::Person, body: Value) -> String {
    id_of(&world.post(owner, "/rooms", body).await.ok(201))
}

#[actix_web::test]
async fn a_room_is_made_found_joined_written_in_and_left() {
    let world = World::new();
    let (ann, ben) = (world.register("ann").await, world.register("ben").await);
    let body = json!({ "name": "Algebra", "description": "evenings", "subjectId": "algebra", "maxParticipants": 5,
        "clientRef": "r1", "memberCount": 99 });
    let made = world.post(&ann, "/rooms", body.clone()).await;
    assert_eq!(made.header("ignored-fields"), "memberCount");
    let made = made.ok(201);
    assert_eq!(
        (&made["roomType"], &made["memberCount"], &made["role"]),
        (&json!("public"), &json!(1), &json!("owner"))
    );
    assert_eq!(
        id_of(&world.post(&ann, "/rooms", body).await.ok(200)),
        id_of(&made),
        "the same reference, the same room"
    );
    let id = id_of(&made);
    // Anybody finds it, without signing in.
    let found = world.ask(plain("GET", "/rooms?subjectId=algebra&q=ALG")).await.ok(200);
    assert_eq!((&found["items"][0]["id"], &found["items"][0]["memberCount"]), (&json!(id), &json!(1)));
    assert_eq!(world.ask(plain("GET", "/rooms?q=geometry")).await.ok(200)["items"], json!([]));
    assert_eq!(world.ask(plain("GET", &format!("/rooms/{id}"))).await.ok(200)["name"], "Algebra");
    // History is for members.
    let history = format!("/messages/room/{id}");
    assert_eq!(world.get(&ben, &history).await.problem().0, 404);
    let joined = world.post(&ben, &format!("/rooms/{id}/join"), json!({})).await.ok(200);
    assert_eq!((&joined["memberCount"], &joined["role"]), (&json!(2), &json!("member")));
    world.post(&ben, "/chat/message", json!({ "roomId": id, "text": "hello" })).await.ok(201);
    assert_eq!(world.get(&ann, &history).await.ok(200)["head"], 3);
    assert_eq!(world.item(&ben, &id).await["kind"], "room");
    let members = world.get(&ben, &format!("/rooms/{id}/members?limit=1")).await.ok(200);
    assert!(members["items"].as_array().is_some_and(|list| list.len() == 1) && members["nextCursor"].is_string());
    assert_eq!(world.post(&ben, &format!("/rooms/{id}/leave"), json!({})).await.status, 204);
    assert_eq!(world.get(&ben, &history).await.problem().0, 404);
    assert!(world.item(&ben, &id).await.is_null());
    assert_eq!(world.post(&ann, &format!("/rooms/{id}/leave"), json!({})).await.problem().0, 403);
}

#[actix_web::test]
async fn a_burst_of_joins_never_overfills_a_room() {
    let world = World::new();
    let ann = world.register("ann").await;
    let id = room(&world, &ann, json!({ "name": "small", "maxParticipants": 8 })).await;
    let conversation = id.parse().expect("an id");
    let people: Vec<plenum_schema::UserId> = (0..60).map(|_| plenum_schema::UserId(uuid::Uuid::now_v7())).collect();
    // Twice each, all at once.
    let joins = people.iter().chain(&people).map(|user| world.state.conversations.join_room(*user, conversation));
    let outcomes = join_all(joins).await;
    let inside = |user: &plenum_schema::UserId| {
        people.iter().zip(&outcomes).any(|(one, outcome)| one == user && outcome.is_ok())
    };
    let told: BTreeSet<_> = people.iter().filter(|user| inside(user)).collect();
    assert_eq!(told.len(), 7);
    for (user, outcome) in people.iter().chain(&people).zip(&outcomes) {
        assert_eq!(outcome.is_ok(), told.contains(user), "{outcome:?}");
    }
    assert_eq!(world.get(&ann, &format!("/rooms/{id}")).await.ok(200)["memberCount"], 8);
    // Nobody who was sent away has it in their list.
    for user in people.iter().filter(|user| !told.contains(user)) {
        let list = world.state.conversations.list(*user, 10, None, false).await.expect("a list");
        assert!(list.items.is_empty());
    }
}

#[actix_web::test]
async fn a_lost_update_of_a_room_is_noticed() {
    let world = World::new();
    let (ann, ben) = (world.register("ann").await, world.register("ben").await);
    let id = room(&world, &ann, json!({ "name": "one", "description": "x" })).await;
    let path = format!("/rooms/{id}");
    let tag = world.get(&ann, &path).await.header("etag").to_owned();
    let put = |body: Value, tag: &str| {
        world.ask(ann.request("PUT", &path).insert_header(("If-Match", tag.to_owned())).set_json(body))
    };
    let changed = put(json!({ "name": "two", "description": null }), &tag).await;
    assert_ne!(changed.header("etag"), tag);
    let changed = changed.ok(200);
    assert_eq!(
        (&changed["name"], &changed["description"], &changed["version"]),
        (&json!("two"), &json!(null), &json!(2))
    );
    assert_eq!(put(json!({ "name": "three" }), &tag).await.problem().0, 412);
    assert_eq!(world.put(&ben, &path, json!({ "name": "mine" })).await.problem().0, 404);
    assert_eq!(world.ask(plain("GET", "/rooms")).await.ok(200)["items"][0]["name"], "two");
}

#[actix_web::test]
async fn private_and_closed_rooms_are_found_by_nobody() {
    let world = World::new();
    let (ann, ben) = (world.register("ann").await, world.register("ben").await);
    let private = room(&world, &ann, json!({ "name": "secret", "roomType": "private" })).await;
    let closed = room(&world, &ann, json!({ "name": "over" })).await;
    world.post(&ben, &format!("/rooms/{closed}/join"), json!({})).await.ok(200);
    assert_eq!(world.delete(&ben, &format!("/rooms/{closed}")).await.problem().0, 403);
    assert_eq!(world.delete(&ann, &format!("/rooms/{closed}")).await.status, 204);
    assert_eq!(world.ask(plain("GET", "/rooms")).await.ok(200)["items"], json!([]));
    assert_eq!(world.ask(plain("GET", &format!("/rooms/{private}"))).await.problem().0, 404);
    assert_eq!(world.ask(plain("GET", &format!("/rooms/{closed}"))).await.problem().0, 410);
    assert_eq!(world.get(&ben, &format!("/rooms/{closed}")).await.ok(200)["isClosed"], true);
    assert_eq!(world.post(&ben, &format!("/rooms/{private}/join"), json!({})).await.problem().0, 404);
    let late = json!({ "conversationId": closed, "text": "x" });
    assert_eq!(world.post(&ben, "/chat/message", late).await.problem().0, 410);
    let add = json!({ "userId": ben.id });
    world.post(&ann, &format!("/conversations/{private}/members"), add).await.ok(200);
    assert_eq!(world.get(&ben, &format!("/rooms/{private}")).await.ok(200)["role"], "member");
}

#[actix_web::test]
async fn all_rooms_are_listed_once_over_many_pages() {
    let world = World::new();
    let ann = world.register("ann").await;
    let mut made = BTreeSet::new();
    for number in 0..40 {
        made.insert(room(&world, &ann, json!({ "name": format!("room {number}") })).await);
    }
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = world.ask(plain("GET", &format!("/rooms?limit=7{cursor}"))).await.ok(200);
        let items = page["items"].as_array().cloned().expect("items");
        assert!(items.len() <= 7);
        seen.extend(items.iter().map(id_of));
        match page["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(seen.len(), 40);
    assert_eq!(seen.into_iter().collect::<BTreeSet<_>>(), made);
}

#[actix_web::test]
async fn muted_and_archived_are_the_callers_own_affair() {
    let world = World::new();
    let (ann, ben, eve) = (world.register("ann").await, world.register("ben").await, world.register("eve").await);
    let id = world.group(&ann, &[&ben]).await;
    let path = |what: &str| format!("/conversations/{id}/{what}");
    let muted = world.post(&ann, &path("mute"), json!({})).await.ok(200);
    assert_eq!(muted, json!({ "isMuted": true, "isArchived": false }));
    world.post(&ann, &path("archive"), json!({})).await.ok(200);
    assert!(world.item(&ann, &id).await.is_null());
    let archived = world.get(&ann, "/conversations?archived=true").await.ok(200);
    assert_eq!((&archived["items"][0]["id"], &archived["items"][0]["isMuted"]), (&json!(id), &json!(true)));
    assert_eq!(world.item(&ben, &id).await["isArchived"], false);
    world.delete(&ann, &path("archive")).await.ok(200);
    world.delete(&ann, &path("mute")).await.ok(200);
    assert_eq!(world.item(&ann, &id).await["isMuted"], false);
    assert_eq!(world.post(&eve, &path("mute"), json!({})).await.problem().0, 404);
}
