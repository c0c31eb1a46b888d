//! Keys of programs: made, used, rotated, revoked; and the roles of those who may.

use crate::world::{Person, Seen, World, id_of, plain};
use plenum_http::Rate;
use plenum_rest::{Access, RestConfig};
use serde_json::{Value, json};

async fn key(world: &World, admin: &Person, scopes: &[&str]) -> Value {
    world.post(admin, "/keys", json!({ "name": "checker", "scopes": scopes })).await.ok(201)
}

async fn urls(world: &World, header: (&'static str, String)) -> Seen {
    world.ask(plain("GET", "/urls").insert_header(header)).await
}

fn text(key: &Value) -> String {
    key["key"].as_str().expect("a key").to_owned()
}

#[actix_web::test]
async fn a_key_is_shown_once_and_opens_what_its_scopes_say() {
    let world = World::new();
    let admin = world.admin("ann").await;
    let made = world.post(&admin, "/keys", json!({ "name": "checker", "scopes": ["status:read"] })).await;
    assert_eq!(made.header("cache-control"), "no-store");
    let made = made.ok(201);
    let key = text(&made);
    assert!(key.starts_with(made["prefix"].as_str().expect("a prefix")));
    assert_eq!(made["createdBy"], json!(admin.id));
    for header in [("Authorization", format!("ApiKey {key}")), ("X-Api-Key", key.clone())] {
        assert_eq!(urls(&world, header).await.ok(200), json!([]));
    }
    let report = json!({ "id": admin.id, "scanResult": { "status": "blocked" } });
    let request = plain("POST", "/urls/update").insert_header(("X-Api-Key", key.clone())).set_json(report);
    assert_eq!(world.ask(request).await.problem(), (403, "forbidden".to_owned()));
    let list = world.get(&admin, "/keys").await;
    assert!(!String::from_utf8_lossy(&list.body).contains(&key[40..]), "nothing of the secret");
    let listed = &list.ok(200)["items"][0];
    assert_eq!((&listed["id"], &listed["name"]), (&made["id"], &json!("checker")));
    assert!(listed["lastUsedAt"].is_string());
}

#[actix_web::test]
async fn what_is_no_key_is_refused_alike() {
    let world = World::new();
    let admin = world.admin("ann").await;
    let mut wrong = text(&key(&world, &admin, &["status:read"]).await);
    let other = if wrong.as_bytes()[50] == b'A' { "B" } else { "A" };
    wrong.replace_range(50..51, other);
    for key in ["plk_x".to_owned(), admin.token.clone(), wrong, "x".repeat(2_000)] {
        let seen = urls(&world, ("X-Api-Key", key)).await;
        assert_eq!((seen.problem().0, seen.header("www-authenticate")), (401, "ApiKey"));
        assert_eq!(seen.json()["detail"], "the API key is not valid");
    }
    assert_eq!(world.ask(plain("GET", "/urls")).await.problem().0, 401);
    assert_eq!(world.get(&admin, "/urls").await.problem().0, 401, "a person's token is no key");
}

#[actix_web::test]
async fn after_a_rotation_both_secrets_are_valid_and_after_a_revocation_none() {
    let world = World::new();
    let admin = world.admin("ann").await;
    let first = key(&world, &admin, &["status:read"]).await;
    let path = format!("/keys/{}/rotate", id_of(&first));
    let second = world.post(&admin, &path, json!({})).await.ok(200);
    assert!(second["previousUntil"].is_string());
    let status = async |key: &Value| urls(&world, ("X-Api-Key", text(key))).await.status;
    assert_eq!((status(&first).await, status(&second).await), (200, 200));
    let third = world.post(&admin, &path, json!({ "overlapSeconds": 0 })).await.ok(200);
    assert_eq!((status(&first).await, status(&second).await, status(&third).await), (401, 401, 200));
    let too_long = world.post(&admin, &path, json!({ "overlapSeconds": 99_999_999 })).await;
    assert_eq!((too_long.problem().0, &too_long.json()["errors"][0]["field"]), (422, &json!("overlapSeconds")));
    assert_eq!(world.delete(&admin, &format!("/keys/{}", id_of(&first))).await.status, 204);
    assert_eq!(status(&third).await, 401);
    assert_eq!(world.delete(&admin, &format!("/keys/{}", id_of(&first))).await.problem().0, 404);
}

#[actix_web::test]
async fn a_key_is_limited_by_itself() {
    let key_rate = Rate { per_second: 0.001, burst: 2.0 };
    let world = World::with(&RestConfig { key_rate, ..RestConfig::default() });
    let admin = world.admin("ann").await;
    let (one, other) = (key(&world, &admin, &["status:read"]).await, key(&world, &admin, &["status:read"]).await);
    for _ in 0..2 {
        urls(&world, ("X-Api-Key", text(&one))).await.ok(200);
    }
    let refused = urls(&world, ("X-Api-Key", text(&one))).await;
    assert_eq!(refused.problem(), (429, "rateLimited".to_owned()));
    assert!(!refused.header("retry-after").is_empty());
    urls(&world, ("X-Api-Key", text(&other))).await.ok(200);
}

#[actix_web::test]
async fn a_key_that_cannot_be_made_is_refused_with_the_member_named() {
    let world = World::new();
    let admin = world.admin("ann").await;
    for (body, status, field) in [
        (json!({ "scopes": ["status:read"] }), 422, "name"),
        (json!({ "name": " ", "scopes": ["status:read"] }), 422, "name"),
        (json!({ "name": "x", "scopes": [] }), 422, "scopes"),
        (json!({ "name": "x", "scopes": ["status:read"], "expiresAt": "soon" }), 422, "expiresAt"),
        (json!({ "name": "x", "scopes": ["status:read"], "expiresAt": "2020-01-01T00:00:00Z" }), 422, "expiresAt"),
    ] {
        let seen = world.post(&admin, "/keys", body.clone()).await;
        assert_eq!((seen.problem().0, &seen.json()["errors"][0]["field"]), (status, &json!(field)), "{body}");
    }
    let unknown = json!({ "name": "x", "scopes": ["everything"] });
    assert_eq!(world.post(&admin, "/keys", unknown).await.problem().0, 400);
}

#[actix_web::test]
async fn routes_of_admins_are_closed_to_everybody_else() {
    let world = World::new();
    let (ann, ben) = (world.admin("ann").await, world.register("ben").await);
    let key = text(&key(&world, &ann, &["status:read", "status:write"]).await);
    let mut seen = 0;
    for route in plenum_rest::listed().into_iter().filter(|one| one.access == Access::Admin) {
        let path = route.path.replace("{id}", &ben.id);
        // Nothing of the body is looked at before the role.
        let asked = world.ask(ben.request(route.method, &path).set_payload("{")).await;
        assert_eq!(asked.problem(), (403, "forbidden".to_owned()), "{} {path}", route.method);
        let asked = world.ask(plain(route.method, &path).insert_header(("X-Api-Key", key.clone()))).await;
        assert_eq!(asked.problem().0, 401, "{} {path}", route.method);
        seen += 1;
    }
    assert!(seen >= 11, "{seen}");
}

#[actix_web::test]
async fn a_role_counts_at_once_and_nobody_takes_their_own_admin() {
    let world = World::new();
    let (ann, ben) = (world.admin("ann").await, world.register("ben").await);
    let role = async |who: &Person, whom: &Person, role: &str| {
        world.put(who, &format!("/users/{}/role", whom.id), json!({ "role": role })).await
    };
    assert_eq!(role(&ben, &ben, "admin").await.problem().0, 403);
    assert_eq!(role(&ann, &ben, "admin").await.ok(200)["role"], "admin");
    world.get(&ben, "/keys").await.ok(200);
    assert_eq!(role(&ben, &ben, "user").await.problem(), (409, "conflict".to_owned()));
    role(&ben, &ann, "seller").await.ok(200);
    assert_eq!(world.get(&ann, "/keys").await.problem().0, 403);
    assert_eq!(world.get(&ann, "/auth/me").await.ok(200)["role"], "seller");
    assert_eq!(role(&ben, &ann, "emperor").await.problem().0, 400);
}
