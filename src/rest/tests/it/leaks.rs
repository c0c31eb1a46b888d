//! Every route against nobody and against somebody else.

use crate::world::{Person, World, plain};
use serde_json::{Value, json};

/// A body with every member any route reads, so that each gets past its own reading.
fn any_body(stranger: &Person, conversation: &str) -> Value {
    json!({ "email": "new@example.org", "password": "x", "refreshToken": "x", "currentPassword": "x", "newPassword": "x",
        "name": "x", "code": "X", "scopes": ["status:read"], "role": "admin", "domain": "x.example",
        "id": conversation, "scanResult": { "status": "blocked" },
        "userId": stranger.id, "title": "taken over", "conversationId": conversation, "text": "intruder", "emoji": "👍", "read": 1 })
}

#[actix_web::test]
async fn nobody_gets_past_a_route_that_needs_a_token() {
    let world = World::new();
    let ann = world.register("ann").await;
    let id = world.group(&ann, &[]).await;
    for route in plenum_rest::listed() {
        let path = route
            .path
            .replace("{id}", &id)
            .replace("{userId}", &ann.id)
            .replace("{productId}", &id)
            .replace("{offset}", "2")
            .replace("{roomId}", &id);
        let request = plain(route.method, &path).set_json(any_body(&ann, &id));
        let seen = world.ask(request).await;
        if route.needs_token {
            assert_eq!(seen.problem(), (401, "unauthenticated".to_owned()), "{} {path}", route.method);
            let text = String::from_utf8_lossy(&seen.body).into_owned();
            assert!(!text.contains(&id) && !text.contains(&ann.email), "{text}");
        } else {
            assert_ne!(seen.status, 500, "{} {path}", route.method);
            assert!(!String::from_utf8_lossy(&seen.body).contains(&ann.email), "{} {path}", route.method);
        }
    }
}

#[actix_web::test]
async fn a_stranger_learns_nothing_about_a_conversation_and_changes_nothing() {
    let world = World::new();
    let (ann, ben, eve) = (world.register("ann").await, world.register("ben").await, world.register("eve").await);
    let id = world.group(&ann, &[&ben]).await;
    world.say(&ann, &id, "a secret").await;
    let before = world.get(&ann, &format!("/conversations/{id}")).await.body;
    let nowhere = uuid::Uuid::now_v7().to_string();
    let about_conversations = plenum_rest::listed()
        .into_iter()
        .filter(|one| one.path.starts_with("/conversations/{id}") || one.path == "/chat/message");
    for route in about_conversations {
        let ask = |conversation: &str| {
            let path = route.path.replace("{id}", conversation).replace("{userId}", &ben.id).replace("{offset}", "2");
            world.ask(eve.request(route.method, &path).set_json(any_body(&eve, conversation)))
        };
        let (foreign, absent) = (ask(&id).await, ask(&nowhere).await);
        assert_eq!(foreign.problem(), (404, "notFound".to_owned()), "{} {}", route.method, route.path);
        assert_eq!(foreign.json()["detail"], absent.json()["detail"], "{} {}", route.method, route.path);
        assert!(!String::from_utf8_lossy(&foreign.body).contains("secret"));
    }
    assert_eq!(world.get(&ann, &format!("/conversations/{id}")).await.body, before);
    assert!(world.item(&eve, &id).await.is_null());
    assert_eq!(world.get(&eve, &format!("/messages/direct/{}", ann.id)).await.problem().0, 404);
}

#[actix_web::test]
async fn nobody_ends_the_device_of_another() {
    let world = World::new();
    let (ann, eve) = (world.register("ann").await, world.register("eve").await);
    let devices = world.get(&ann, "/auth/devices").await.ok(200);
    let path = format!("/auth/devices/{}", devices["items"][0]["id"].as_str().expect("an id"));
    assert_eq!(world.delete(&eve, &path).await.problem().0, 404);
    assert_eq!(world.get(&ann, "/auth/me").await.status, 200);
}

#[actix_web::test]
async fn names_shown_to_others_carry_no_addresses() {
    let world = World::new();
    let (ann, ben) = (world.register("ann").await, world.register("ben").await);
    let id = world.group(&ann, &[&ben]).await;
    world.say(&ann, &id, "x").await;
    for path in [
        "/messages/conversations".to_owned(),
        format!("/conversations/{id}/readers"),
        format!("/conversations/{id}/messages"),
    ] {
        let body = world.get(&ben, &path).await.body;
        assert!(!String::from_utf8_lossy(&body).contains("@example.org"), "{path}");
    }
}
