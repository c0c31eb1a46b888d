//! Repeated requests.

use crate::world::{PASSWORD, World, id_of, plain};
use futures_util::future::join_all;
use serde_json::{Value, json};
use std::collections::BTreeSet;

#[actix_web::test]
async fn the_same_key_and_body_give_the_same_answer_and_another_body_a_conflict() {
    let world = World::new();
    let (ann, ben) = (world.register("ann").await, world.register("ben").await);
    let create = |who: &crate::world::Person, key: &str, body: Value| {
        world.ask(who.request("POST", "/conversations").insert_header(("Idempotency-Key", key)).set_json(body))
    };
    let body = json!({ "kind": "group", "title": "one", "members": [ben.id] });
    let first = create(&ann, "k1", body.clone()).await;
    let again = create(&ann, "k1", body.clone()).await;
    assert_eq!((first.status, &first.body), (201, &again.body));
    assert_eq!(again.status, 201);
    assert_eq!(create(&ann, "k1", json!({ "kind": "group", "title": "two" })).await.problem().0, 409);
    assert_ne!(id_of(&create(&ann, "k2", body.clone()).await.ok(201)), id_of(&first.json()));
    // Another person's same key is another key.
    assert_ne!(
        id_of(&create(&ben, "k1", json!({ "kind": "group", "title": "one" })).await.ok(201)),
        id_of(&first.json())
    );
    assert_eq!(create(&ann, &"k".repeat(300), body).await.problem().0, 400);
}

#[actix_web::test]
async fn many_at_once_create_one_group() {
    let world = World::new();
    let ann = world.register("ann").await;
    let asks = (0..6).map(|_| {
        let request = ann.request("POST", "/conversations").insert_header(("Idempotency-Key", "same"));
        world.ask(request.set_json(json!({ "kind": "group", "title": "one" })))
    });
    let answers = join_all(asks).await;
    let created: BTreeSet<String> =
        answers.iter().filter(|seen| seen.status == 201).map(|seen| id_of(&seen.json())).collect();
    assert_eq!(created.len(), 1);
    for other in answers.iter().filter(|seen| seen.status != 201) {
        assert_eq!((other.problem(), other.header("retry-after")), ((409, "busy".to_owned()), "1"));
        assert_eq!(other.json()["retryAfterMs"], 1_000);
    }
    let list = world.get(&ann, "/messages/conversations").await.ok(200);
    assert_eq!(list["items"].as_array().map(Vec::len), Some(1));
}

#[actix_web::test]
async fn a_refused_request_may_be_tried_again_under_its_key() {
    let world = World::new();
    let ann = world.register("ann").await;
    let send = |text: &str, conversation: &str| {
        let request = ann.request("POST", "/chat/message").insert_header(("Idempotency-Key", "m1"));
        world.ask(request.set_json(json!({ "conversationId": conversation, "text": text })))
    };
    assert_eq!(send("x", &uuid::Uuid::now_v7().to_string()).await.problem().0, 404);
    let id = id_of(&world.post(&ann, "/conversations", json!({ "userId": ann.id })).await.ok(201));
    let sent = send("x", &id).await.ok(201);
    assert_eq!(send("x", &id).await.ok(201), sent);
    assert_eq!(send("y", &id).await.problem().0, 409);
    assert_eq!(world.item(&ann, &id).await["head"], 2);
}

#[actix_web::test]
async fn a_repeated_registration_signs_in_and_a_wrong_password_does_not() {
    let world = World::new();
    let register = |body: Value| {
        world.ask(plain("POST", "/auth/register").insert_header(("Idempotency-Key", "r1")).set_json(body))
    };
    let body = json!({ "email": "ann@example.org", "password": PASSWORD, "bio": "x" });
    let first = register(body.clone()).await.ok(201);
    let again = register(body).await.ok(201);
    assert_eq!(first["user"]["id"], again["user"]["id"]);
    assert_ne!(first["refreshToken"], again["refreshToken"]);
    let guess = json!({ "email": "ann@example.org", "password": "another password 12", "bio": "x" });
    assert_eq!(register(guess).await.problem().0, 409);
    let other = json!({ "email": "ann@example.org", "password": PASSWORD, "bio": "y" });
    assert_eq!(register(other).await.problem().0, 409);
}
