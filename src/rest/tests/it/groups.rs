//! Groups: members, roles, titles, unread beyond what a digest names.

use crate::world::{Person, World};
use plenum_actors::store::Mutation;
use plenum_schema::entities::Membership;
use plenum_schema::table::Entity;
use plenum_schema::{ConversationId, UserId};
use serde_json::json;
use uuid::Uuid;

#[actix_web::test]
async fn members_come_and_go_and_the_list_follows() {
    let world = World::new();
    let (ann, ben, eve) = (world.register("ann").await, world.register("ben").await, world.register("eve").await);
    let id = world.group(&ann, &[&ben]).await;
    let members = format!("/conversations/{id}/members");
    assert_eq!(world.post(&ben, &members, json!({ "userId": eve.id })).await.problem().0, 403);
    let added = world.post(&ann, &members, json!({ "userId": eve.id, "role": "admin" })).await.ok(200);
    assert_eq!((&added["role"], &added["offset"]), (&json!("admin"), &json!(2)));
    assert_eq!(world.item(&eve, &id).await["participantCount"], 3);
    assert_eq!(world.delete(&eve, &format!("{members}/{}", ann.id)).await.problem().0, 403);
    assert_eq!(world.delete(&eve, &format!("{members}/{}", ben.id)).await.status, 204);
    assert!(world.item(&ben, &id).await.is_null());
    assert_eq!(world.get(&ben, &format!("/conversations/{id}")).await.problem().0, 404);
    assert_eq!(world.delete(&eve, &format!("{members}/{}", eve.id)).await.status, 204);
    let left = world.get(&ann, &members).await.ok(200);
    assert_eq!(left["items"].as_array().map(Vec::len), Some(1));
    assert_eq!(left["items"][0]["role"], "owner");
    // Back again, and in the list again.
    world.post(&ann, &members, json!({ "userId": ben.id })).await.ok(200);
    assert_eq!(world.item(&ben, &id).await["title"], "a group");
}

#[actix_web::test]
async fn a_title_is_changed_by_those_who_may() {
    let world = World::new();
    let (ann, ben) = (world.register("ann").await, world.register("ben").await);
    let id = world.group(&ann, &[&ben]).await;
    let path = format!("/conversations/{id}");
    assert_eq!(world.put(&ann, &path, json!({ "title": "new" })).await.ok(200)["title"], "new");
    assert_eq!(world.put(&ben, &path, json!({ "title": "mine" })).await.problem().0, 403);
    assert_eq!(world.put(&ann, &path, json!({ "title": "" })).await.problem(), (422, "invalid".to_owned()));
    assert_eq!(world.get(&ben, &path).await.ok(200)["title"], "new");
}

#[actix_web::test]
async fn a_refused_creation_leaves_nothing_in_any_list() {
    let world = World::new();
    let (ann, ben) = (world.register("ann").await, world.register("ben").await);
    let wrong = json!({ "kind": "group", "title": "x".repeat(500), "members": [ben.id] });
    assert_eq!(world.post(&ann, "/conversations", wrong).await.status, 413);
    let nobody = json!({ "kind": "group", "members": [uuid::Uuid::now_v7()] });
    let seen = world.post(&ann, "/conversations", nobody).await;
    assert_eq!((seen.problem().0, &seen.json()["errors"][0]["field"]), (404, &json!("members")));
    for who in [&ann, &ben] {
        assert_eq!(world.get(who, "/messages/conversations").await.ok(200), json!({ "items": [], "nextCursor": null }));
    }
}

#[actix_web::test]
async fn unread_is_exact_beyond_what_the_digest_names() {
    let world = World::new();
    let mut people = Vec::new();
    for n in 0..14 {
        people.push(world.register(&format!("p{n}")).await);
    }
    let (first, others) = people.split_first().expect("people");
    let id = world.group(first, &others.iter().collect::<Vec<&Person>>()).await;
    // Everybody writes once, so the first ones fall out of the digest's authors, and four are not among its members.
    for who in &people {
        world.say(who, &id, "here").await;
    }
    for (n, who) in people.iter().enumerate() {
        assert_eq!(world.item(who, &id).await["unreadCount"], json!(13 - n), "person {n}");
    }
    let members = format!("/conversations/{id}/members?limit=10");
    let page = world.get(first, &members).await.ok(200);
    let cursor = page["nextCursor"].as_str().expect("a cursor");
    let rest = world.get(first, &format!("{members}&cursor={cursor}")).await.ok(200);
    assert_eq!((page["items"].as_array().map(Vec::len), rest["items"].as_array().map(Vec::len)), (Some(10), Some(4)));
    assert!(rest["nextCursor"].is_null());
}

async fn put_row(world: &World, user: &Person, conversation: Uuid) {
    let user_id = UserId(user.id.parse().expect("an id"));
    let row = Membership { user_id, conversation_id: ConversationId(conversation), since: 1 };
    world.store.write(Membership::TABLE, vec![Mutation::Put(row.to_row())]).await.expect("written");
}

#[actix_web::test]
async fn rows_that_a_crash_left_behind_are_not_listed() {
    let world = World::new();
    let (ann, ben) = (world.register("ann").await, world.register("ben").await);
    let foreign = world.group(&ann, &[]).await;
    put_row(&world, &ben, Uuid::now_v7()).await;
    put_row(&world, &ben, foreign.parse().expect("an id")).await;
    let own = world.group(&ben, &[]).await;
    let list = world.get(&ben, "/messages/conversations?limit=1").await.ok(200);
    assert_eq!((&list["items"][0]["id"], &list["nextCursor"]), (&json!(own), &json!(null)));
    assert_eq!(world.get(&ben, &format!("/conversations/{foreign}")).await.problem().0, 404);
}

#[actix_web::test]
async fn nobody_is_in_more_conversations_than_allowed() {
    let world = World::new();
    let (ann, ben) = (world.register("ann").await, world.register("ben").await);
    for _ in 0..world.state.conversations.config().per_person {
        put_row(&world, &ben, Uuid::now_v7()).await;
    }
    let seen = world.post(&ann, "/conversations", json!({ "userId": ben.id })).await;
    assert_eq!(seen.problem(), (429, "limitReached".to_owned()));
    assert_eq!(world.get(&ann, "/messages/conversations").await.ok(200)["items"], json!([]));
}
