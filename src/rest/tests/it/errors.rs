//! What is refused, and how.

use crate::world::{World, plain};
use serde_json::json;

#[actix_web::test]
async fn bodies_that_cannot_be_read_are_refused_as_problems() {
    let world = World::new();
    let login = |kind: &str, body: &str| {
        world.ask(plain("POST", "/auth/login").insert_header(("Content-Type", kind)).set_payload(body.to_owned()))
    };
    assert_eq!(login("application/json", "{\"email\":").await.problem(), (400, "malformed".to_owned()));
    assert_eq!(login("text/plain", "{}").await.problem().0, 415);
    let missing = login("application/json", r#"{"email":"a@b.org"}"#).await;
    assert_eq!((missing.problem().0, &missing.json()["errors"][0]["field"]), (422, &json!("password")));
    let wrong = login("application/json", r#"{"email":1,"password":"x"}"#).await;
    assert_eq!((wrong.problem().0, &wrong.json()["errors"][0]["field"]), (400, &json!("email")));
}

#[actix_web::test]
async fn unknown_paths_and_methods_are_told_apart() {
    let world = World::new();
    let ann = world.register("ann").await;
    assert_eq!(world.ask(plain("GET", "/nowhere")).await.problem(), (404, "notFound".to_owned()));
    assert_eq!(world.ask(plain("GET", "").uri("/api")).await.problem().0, 404);
    assert_eq!(world.ask(plain("GET", "").uri("/")).await.problem().0, 404);
    let wrong = world.ask(plain("DELETE", "/auth/login")).await;
    assert_eq!((wrong.problem().0, wrong.header("allow")), (405, "POST"));
    let both = world.ask(ann.request("POST", "/auth/me")).await;
    assert_eq!((both.problem().0, both.header("allow")), (405, "GET, HEAD"));
}

#[actix_web::test]
async fn a_conversation_needs_somebody() {
    let world = World::new();
    let ann = world.register("ann").await;
    for (body, status) in [
        (json!({}), 422),
        (json!({ "kind": "direct" }), 422),
        (json!({ "kind": "group", "userId": ann.id }), 422),
        (json!({ "kind": "other" }), 400),
        (json!({ "email": "nobody@example.org" }), 404),
        (json!({ "email": "nobody" }), 422),
        (json!({ "userId": uuid::Uuid::now_v7() }), 404),
        (json!({ "userId": "x" }), 400),
        (json!({ "kind": "direct", "userId": ann.id, "title": "Us" }), 422),
        (json!({ "userId": ann.id, "title": "Us" }), 422),
        (json!({ "kind": "direct", "userId": ann.id, "members": [ann.id] }), 422),
        (json!({ "userId": ann.id, "members": [ann.id] }), 422),
        (json!({ "userId": ann.id, "email": "ann@example.org" }), 422),
        (json!({ "kind": "group", "email": "ann@example.org" }), 422),
    ] {
        assert_eq!(world.post(&ann, "/conversations", body.clone()).await.problem().0, status, "{body}");
    }
}

#[actix_web::test]
async fn a_body_that_contradicts_itself_is_refused_by_the_member_that_does_not_fit() {
    let world = World::new();
    let ann = world.register("ann").await;
    for (body, field) in [
        (json!({ "userId": ann.id, "title": "Us" }), "title"),
        (json!({ "userId": ann.id, "members": [ann.id] }), "members"),
        (json!({ "userId": ann.id, "email": "ann@example.org" }), "email"),
        (json!({ "kind": "group", "email": "ann@example.org" }), "email"),
    ] {
        let seen = world.post(&ann, "/conversations", body.clone()).await;
        assert_eq!(seen.json()["errors"][0]["field"], json!(field), "{body}");
    }
}

#[actix_web::test]
async fn a_wrong_query_parameter_is_named() {
    let world = World::new();
    let ann = world.register("ann").await;
    for (path, status) in [("/conversations?limit=ten", 400), ("/conversations?limit=0", 422)] {
        let seen = world.get(&ann, path).await;
        assert_eq!((seen.problem().0, &seen.json()["errors"][0]["field"]), (status, &json!("limit")));
    }
}

#[actix_web::test]
async fn what_is_read_with_get_is_read_with_head_and_nothing_else() {
    let world = World::new();
    for path in
        ["/docs", "/api/docs", "/api/docs/docs.js", "/.well-known/jwks.json", "/api/health", "/api/openapi.json"]
    {
        let (get, head) = (world.ask(plain("GET", "").uri(path)).await, world.ask(plain("HEAD", "").uri(path)).await);
        assert_eq!((get.status, get.header("content-type")), (head.status, head.header("content-type")), "{path}");
        let post = world.ask(plain("POST", "").uri(path)).await;
        assert_eq!((post.problem().0, post.header("allow")), (405, "GET, HEAD"), "{path}");
    }
}

#[actix_web::test]
async fn messages_that_cannot_be_sent_are_refused_with_the_member_named() {
    let world = World::new();
    let ann = world.register("ann").await;
    let id = world.group(&ann, &[]).await;
    for (body, status, field) in [
        (json!({ "conversationId": id }), 422, "text"),
        (json!({ "conversationId": id, "text": "" }), 422, "content.text"),
        (json!({ "conversationId": id, "text": "x".repeat(20_000) }), 413, "content.text"),
        (json!({ "conversationId": id, "text": "x", "clientRef": "r".repeat(65) }), 422, "clientRef"),
        (json!({ "text": "x" }), 422, "conversationId"),
    ] {
        let seen = world.post(&ann, "/chat/message", body).await;
        assert_eq!((seen.problem().0, &seen.json()["errors"][0]["field"]), (status, &json!(field)));
    }
}

#[actix_web::test]
async fn health_is_open_and_says_how_the_node_is() {
    let world = World::new();
    let health = world.ask(plain("GET", "/health")).await.ok(200);
    assert_eq!(
        (&health["status"], &health["store"], &health["uptimeSeconds"]),
        (&json!("ok"), &json!("ok"), &json!(1))
    );
}
