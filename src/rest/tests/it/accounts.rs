//! Signing up and in, the own profile, the own devices.

use crate::world::{PASSWORD, Person, World, plain};
use plenum_http::Rate;
use plenum_rest::RestConfig;
use serde_json::json;

#[actix_web::test]
async fn whoever_registers_is_signed_in_and_finds_the_own_profile() {
    let world = World::new();
    let body = json!({ "email": "Ann@Example.org", "password": PASSWORD, "firstName": "Ann", "role": "admin", "stars": 9,
        "device": { "name": "phone", "colour": "red" } });
    let seen = world.ask(plain("POST", "/auth/signup").set_json(body)).await;
    let answer = seen.ok(201);
    assert_eq!((&answer["success"], &answer["token"]), (&json!(true), &answer["accessToken"]));
    assert!(answer["refreshToken"].is_string() && answer["expiresIn"].is_u64());
    assert_eq!((&answer["user"]["email"], &answer["user"]["role"]), (&json!("ann@example.org"), &json!("user")));
    let mut ignored: Vec<&str> = seen.header("ignored-fields").split(", ").collect();
    ignored.sort_unstable();
    assert_eq!(ignored, ["device.colour", "role", "stars"]);
    let token = answer["accessToken"].as_str().expect("a token");
    for path in ["/auth/me", "/auth/profile", "/users/me"] {
        let me = world.ask(plain("GET", path).insert_header(("Authorization", format!("Bearer {token}")))).await;
        assert_eq!(me.ok(200)["firstName"], "Ann", "{path}");
    }
}

#[actix_web::test]
async fn both_mounts_and_head_requests_serve_the_same_table() {
    let world = World::new();
    let ann = world.register("ann").await;
    let old = ann.request("GET", "").uri("/api/auth/me");
    assert_eq!(world.ask(old).await.ok(200)["id"], ann.id.as_str());
    assert_eq!(world.ask(ann.request("HEAD", "/auth/me")).await.status, 200);
}

#[actix_web::test]
async fn a_taken_address_is_a_conflict_that_names_the_member() {
    let world = World::new();
    world.register("ann").await;
    let body = json!({ "email": "ANN@example.org", "password": PASSWORD });
    let seen = world.ask(plain("POST", "/auth/register").set_json(body)).await;
    assert_eq!(seen.problem(), (409, "conflict".to_owned()));
    assert_eq!(seen.json()["errors"][0]["field"], "email");
}

#[actix_web::test]
async fn a_wrong_password_and_an_unknown_name_are_answered_alike() {
    let world = World::new();
    let ann = world.register("ann").await;
    let login = |email: &str, password: &str| {
        world.ask(plain("POST", "/auth/login").set_json(json!({ "email": email, "password": password })))
    };
    let (wrong, unknown) = (login(&ann.email, "not the password").await, login("zoe@example.org", PASSWORD).await);
    assert_eq!(wrong.problem(), (401, "unauthenticated".to_owned()));
    assert_eq!((wrong.problem(), &wrong.json()["detail"]), (unknown.problem(), &unknown.json()["detail"]));
    assert_eq!(login(&ann.email, PASSWORD).await.ok(200)["user"]["id"], ann.id.as_str());
}

#[actix_web::test]
async fn a_profile_changes_only_in_the_version_that_was_read() {
    let world = World::new();
    let ann = world.register("ann").await;
    let me = world.get(&ann, "/auth/me").await;
    let tag = me.header("etag").to_owned();
    assert_eq!(tag, format!("\"{}\"", me.json()["version"]));
    let update = |bio: &str| ann.request("PUT", "/users/me").set_json(json!({ "bio": bio, "points": 5 }));
    let first = world.ask(update("one").insert_header(("If-Match", tag.as_str()))).await;
    assert_eq!((first.ok(200)["bio"].as_str(), first.header("ignored-fields")), (Some("one"), "points"));
    assert_ne!(first.header("etag"), tag);
    let late = world.ask(update("two").insert_header(("If-Match", tag.as_str()))).await;
    assert_eq!(late.problem(), (412, "preconditionFailed".to_owned()));
    let alias = ann.request("PATCH", "/users/profile").set_json(json!({ "bio": "three" }));
    assert_eq!(world.ask(alias).await.ok(200)["bio"], "three");
}

#[actix_web::test]
async fn a_refresh_token_works_once_and_its_reuse_ends_the_session() {
    let world = World::new();
    let ann = world.register("ann").await;
    let login = json!({ "email": ann.email, "password": PASSWORD });
    let first = world.ask(plain("POST", "/auth/login").set_json(login)).await.ok(200);
    let refresh = |token: &serde_json::Value| {
        world.ask(plain("POST", "/auth/refresh-token").set_json(json!({ "refreshToken": token })))
    };
    let second = refresh(&first["refreshToken"]).await.ok(200);
    let third = refresh(&second["refreshToken"]).await.ok(200);
    assert_ne!(first["refreshToken"], third["refreshToken"]);
    assert_eq!(refresh(&first["refreshToken"]).await.problem().0, 401);
    assert_eq!(refresh(&third["refreshToken"]).await.problem().0, 401);
}

#[actix_web::test]
async fn devices_are_listed_and_ended() {
    let world = World::new();
    let ann = world.register("ann").await;
    let login = json!({ "email": ann.email, "password": PASSWORD, "device": { "name": "tablet" } });
    let tablet = world.ask(plain("POST", "/auth/login").set_json(login)).await.ok(200);
    let tablet = crate::world::Person { token: tablet["token"].as_str().expect("a token").to_owned(), ..ann.clone() };
    let devices = world.get(&ann, "/auth/devices").await.ok(200);
    assert_eq!(devices["items"].as_array().map(Vec::len), Some(2));
    let other = devices["items"].as_array().expect("items").iter().find(|one| one["name"] == "tablet").expect("it");
    let path = format!("/auth/devices/{}", other["id"].as_str().expect("an id"));
    assert_eq!(world.delete(&ann, &path).await.status, 204);
    assert_eq!(world.get(&tablet, "/auth/me").await.problem().0, 401);
    assert_eq!(world.delete(&ann, &path).await.problem().0, 404);
    assert_eq!(world.ask(ann.request("POST", "/auth/logout")).await.ok(200)["success"], true);
    assert_eq!(world.get(&ann, "/auth/me").await.problem().0, 401);
}

#[actix_web::test]
async fn a_changed_password_ends_the_other_devices() {
    let world = World::new();
    let ann = world.register("ann").await;
    let login = json!({ "email": ann.email, "password": PASSWORD });
    let other = world.ask(plain("POST", "/auth/login").set_json(login)).await.ok(200);
    let other = crate::world::Person { token: other["token"].as_str().expect("a token").to_owned(), ..ann.clone() };
    let wrong = json!({ "currentPassword": "something else", "newPassword": "a quite different phrase 8" });
    assert_eq!(world.put(&ann, "/auth/change-password", wrong).await.problem().0, 422);
    let right = json!({ "currentPassword": PASSWORD, "newPassword": "a quite different phrase 8" });
    assert_eq!(world.put(&ann, "/auth/change-password", right).await.ok(200)["success"], true);
    assert_eq!(world.get(&other, "/auth/me").await.problem().0, 401);
    assert_eq!(world.get(&ann, "/auth/me").await.status, 200);
}

#[actix_web::test]
async fn people_are_found_by_exact_address_and_not_too_often() {
    let world =
        World::with(&RestConfig { lookup_rate: Rate { per_second: 0.001, burst: 3.0 }, ..RestConfig::default() });
    let (ann, ben) = (world.register("ann").await, world.register("ben").await);
    let found = world.get(&ann, "/users/lookup?email=BEN@example.org").await.ok(200);
    assert_eq!(found, json!({ "id": ben.id, "fullName": "ben", "avatar": null }));
    assert_eq!(world.get(&ann, "/users/lookup?email=be@example.org").await.problem().0, 404);
    assert_eq!(world.get(&ann, "/users/lookup?email=ben").await.problem().0, 404);
    let fourth = world.get(&ann, "/users/lookup?email=ben@example.org").await;
    assert_eq!((fourth.problem().0, fourth.header("retry-after").is_empty()), (429, false));
    assert_eq!(world.get(&ben, "/users/lookup?email=ann@example.org").await.status, 200);
}

#[actix_web::test]
async fn a_profile_has_numbers_of_what_is_ones_own_and_its_enumerations_are_those_of_the_configuration() {
    let world = World::new();
    let (ann, ben) = (world.register("ann").await, world.register("ben").await);
    let numbers = async |who: &Person| world.get(who, "/users/profile").await.ok(200)["statistics"].clone();
    let nothing = json!({ "characters": 0, "favourites": 0, "images": 0, "messages": 0, "events": 0, "courses": 0 });
    assert_eq!(numbers(&ann).await, nothing);
    let group = world.group(&ann, &[&ben]).await;
    world.say(&ann, &group, "one").await;
    world.say(&ben, &group, "two").await;
    let party = json!({ "title": "Party", "date": "2099-05-01T18:00:00Z", "maxParticipants": 5 });
    world.post(&ann, "/events", party).await.ok(201);
    let seen = world.get(&ann, "/users/profile").await;
    assert_eq!((&seen.json()["email"], seen.header("etag")), (&json!(ann.email), "\"1\""));
    assert_eq!((&seen.json()["statistics"]["messages"], &seen.json()["statistics"]["events"]), (&json!(2), &json!(1)));
    assert_eq!((&numbers(&ben).await["messages"], &numbers(&ben).await["events"]), (&json!(2), &json!(0)));
    for (member, wrong, right) in [("field", json!("ART"), json!("GLSI")), ("year", json!(9), json!(3))] {
        let refused = world.put(&ann, "/users/me", json!({ member: wrong })).await;
        assert_eq!(refused.problem(), (422, "invalid".to_owned()), "{member}");
        assert_eq!(refused.json()["errors"][0]["field"], member);
        assert_eq!(world.put(&ann, "/users/me", json!({ member: right })).await.ok(200)[member], right);
        let body = json!({ "email": "zoe@example.org", "password": PASSWORD, member: wrong });
        assert_eq!(world.ask(plain("POST", "/auth/register").set_json(body)).await.problem().0, 422, "{member}");
    }
}
