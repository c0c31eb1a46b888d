//! Accounts that are deleted, addresses that are changed, people who are blocked.

use crate::world::{PASSWORD, Person, Seen, World, id_of, plain};
use plenum_schema::entities::{AccountKey, Erasure, TABLES};
use plenum_schema::table::Entity;
use plenum_services::messenger::{Recipient, Text};
use serde_json::{Value, json};

const LATER_S: u64 = 301;

async fn delete(world: &World, who: &Person, whom: &Person, body: Value) -> Seen {
    // A body that may be absent is looked for where its length is said.
    let length = ("Content-Length", body.to_string().len().to_string());
    world.ask(who.request("DELETE", &format!("/users/{}", whom.id)).insert_header(length).set_json(body)).await
}

/// The tables in which one of these texts stands.
async fn on_disk(world: &World, texts: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for table in TABLES {
        for row in world.store.sweep(table, None, 1_000).await.expect("rows") {
            let text = format!("{row:?}");
            if texts.iter().any(|one| text.contains(one)) {
                found.push(format!("{}: {text}", table.name));
            }
        }
    }
    found
}

#[actix_web::test]
async fn of_a_deleted_account_nothing_is_left_but_what_others_read() {
    let world = World::new();
    let (ann, ben) = (world.register("ann").await, world.register("ben").await);
    let about = json!({ "username": "annabel", "fullName": "Annabel Lee", "bio": "by the sea", "location": "Kingdom" });
    world.put(&ann, "/auth/update-profile", about).await.ok(200);
    let group = world.group(&ben, &[&ann]).await;
    world.say(&ann, &group, "what I wrote").await;
    let direct = id_of(&world.post(&ann, "/conversations", json!({ "userId": ben.id })).await.ok(201));
    world.say(&ann, &direct, "to you alone").await;
    world.post(&ann, &format!("/conversations/{group}/mute"), json!({})).await;
    world.post(&ann, &format!("/users/{}/block", ben.id), json!({})).await;
    let event = json!({ "title": "Party", "date": "2099-05-01T18:00:00Z", "maxParticipants": 1 });
    let event = id_of(&world.post(&ben, "/events", event).await.ok(201));
    for who in [&ann, &ben] {
        world.post(who, &format!("/events/{event}/join"), json!({})).await.ok(200);
    }
    world.post(&ann, "/marketplace/seller-applications", json!({ "shop": "Sepulchre" })).await.ok(201);
    assert_eq!(delete(&world, &ann, &ann, json!({})).await.status, 204);

    assert_eq!(world.get(&ann, "/auth/me").await.problem().0, 401, "the session has ended");
    let login = plain("POST", "/auth/login").set_json(json!({ "email": ann.email, "password": PASSWORD }));
    assert_eq!(world.ask(login).await.problem(), (401, "unauthenticated".to_owned()));
    let texts = [ann.email.as_str(), "annabel", "Annabel", "by the sea", "Kingdom", "Sepulchre"];
    assert_eq!(on_disk(&world, &texts).await, [""; 0]);
    let page = world.get(&ben, &format!("/conversations/{group}/messages")).await.ok(200);
    assert!(page.to_string().contains("what I wrote"), "{page}");
    let item = world.item(&ben, &direct).await.to_string();
    assert!(item.contains("to you alone") && item.contains("deleted account"), "{item}");
    let members = world.get(&ben, &format!("/conversations/{group}/members")).await.ok(200);
    assert!(!members.to_string().contains(&ann.id), "{members}");
    let seen = world.get(&ben, &format!("/events/{event}")).await.ok(200);
    assert_eq!(seen["mine"]["status"], "joined", "the seat is the next one's");
    let direct = world.post(&ben, "/conversations", json!({ "userId": ann.id })).await;
    assert_eq!(direct.problem().0, 404, "nobody is there");
    let found = world.get(&ben, &format!("/users/lookup?email={}", ann.email)).await;
    assert_eq!(found.problem().0, 404);

    // The names are free, and the new account is another one.
    let again = world.register("ann").await;
    assert_ne!(again.id, ann.id);
    world.put(&again, "/auth/update-profile", json!({ "username": "annabel" })).await.ok(200);
    world.clock.advance(LATER_S);
    assert_eq!(world.state.erasures.sweep().await, Ok(1));
    assert_eq!(world.state.erasures.sweep().await, Ok(0));
    assert_eq!(world.get(&again, "/auth/me").await.ok(200)["username"], "annabel", "the sweep leaves others alone");
}

#[actix_web::test]
async fn a_sign_in_of_long_ago_needs_the_password_to_delete_the_account() {
    let world = World::new();
    let ann = world.register("ann").await;
    world.clock.advance(1_000);
    for body in [json!({}), json!({ "currentPassword": "wrong" })] {
        let seen = delete(&world, &ann, &ann, body).await;
        assert_eq!((seen.problem().0, &seen.json()["errors"][0]["field"]), (422, &json!("currentPassword")));
    }
    world.get(&ann, "/auth/me").await.ok(200);
    assert_eq!(delete(&world, &ann, &ann, json!({ "currentPassword": PASSWORD })).await.status, 204);
}

#[actix_web::test]
async fn others_delete_no_account_but_admins_do_and_nobody_deletes_the_last_admin_by_a_slip() {
    let world = World::new();
    let (ann, ben, eve) = (world.admin("ann").await, world.register("ben").await, world.register("eve").await);
    assert_eq!(delete(&world, &eve, &ben, json!({})).await.problem(), (403, "forbidden".to_owned()));
    let own = delete(&world, &ann, &ann, json!({})).await;
    assert_eq!((own.problem().0, &own.json()["errors"][0]["field"]), (409, &json!("role")));
    assert_eq!(delete(&world, &ann, &ben, json!({})).await.status, 204);
    assert_eq!(delete(&world, &ann, &ben, json!({})).await.problem().0, 404, "it is gone");
    let all = world.get(&ann, "/users").await.ok(200).to_string();
    assert!(!all.contains(&ben.id) && all.contains(&eve.id), "{all}");
}

#[actix_web::test]
async fn a_deletion_that_was_cut_off_is_finished_by_the_sweep() {
    let world = World::new();
    let (ann, ben) = (world.register("ann").await, world.register("ben").await);
    let group = world.group(&ben, &[&ann]).await;
    // As after a crash behind the first step.
    let row = Erasure { user_id: ann.id.parse().expect("an id"), since: 0 };
    world.store.insert(Erasure::TABLE, row.to_row()).await.expect("a row");
    assert_eq!(world.state.erasures.sweep().await, Ok(1));
    assert_eq!(world.get(&ann, "/auth/me").await.problem().0, 401);
    assert_eq!(on_disk(&world, &[&ann.email]).await, [""; 0]);
    let members = world.get(&ben, &format!("/conversations/{group}/members")).await.ok(200);
    assert!(!members.to_string().contains(&ann.id), "{members}");
}

#[actix_web::test]
async fn names_of_an_account_that_is_being_deleted_are_not_taken_before_their_rows_are_gone() {
    let world = World::new();
    let ann = world.register("ann").await;
    let register = || plain("POST", "/auth/register").set_json(json!({ "email": ann.email, "password": PASSWORD }));
    assert_eq!(world.ask(register()).await.problem().0, 409);
    delete(&world, &ann, &ann, json!({})).await;
    let keys = world.store.sweep(AccountKey::TABLE, None, 10).await.expect("rows");
    assert_eq!(keys.len(), 0, "{keys:?}");
    world.ask(register()).await.ok(201);
}

#[actix_web::test]
async fn a_new_address_needs_its_code_and_the_old_one_is_told_and_free() {
    let world = World::new();
    let (ann, ben) = (world.register("ann").await, world.register("ben").await);
    let change = async |who: &Person, email: &str| {
        world.post(who, "/user/email/send-otp", json!({ "email": email })).await.ok(200);
        let (to, digits) = world.letters.code();
        assert_eq!(to, email.to_lowercase());
        world.post(who, "/user/email/verify-otp", json!({ "email": email, "otp": digits })).await
    };
    let wrong = world.post(&ann, "/user/email/verify-otp", json!({ "email": "lee@example.org", "code": "1" })).await;
    assert_eq!((wrong.problem().0, &wrong.json()["errors"][0]["field"]), (422, &json!("code")));
    let changed = change(&ann, "Lee@example.org").await.ok(200);
    assert_eq!((&changed["email"], &changed["isVerified"]), (&json!("lee@example.org"), &json!(true)));
    let told = world.letters.take().pop().expect("a message");
    assert_eq!((told.to, told.text), (Recipient::Email(ann.email.clone()), Text::EmailChanged));
    world.get(&ann, "/auth/me").await.ok(200);
    let taken = change(&ben, "lee@example.org").await;
    assert_eq!((taken.problem().0, &taken.json()["errors"][0]["field"]), (409, &json!("email")));
    assert_eq!(change(&ben, &ann.email).await.ok(200)["email"], ann.email.as_str(), "the old address is free");
    let login = |email: &str| plain("POST", "/auth/login").set_json(json!({ "email": email, "password": PASSWORD }));
    assert_eq!(world.ask(login("lee@example.org")).await.ok(200)["user"]["id"], ann.id.as_str());
}

#[actix_web::test]
async fn a_sign_in_of_long_ago_needs_the_password_to_change_the_address() {
    let world = World::new();
    let ann = world.register("ann").await;
    world.clock.advance(1_000);
    let ask = async |password: Option<&str>| {
        let body = json!({ "email": "lee@example.org", "currentPassword": password });
        world.post(&ann, "/user/email/send-otp", body).await
    };
    for password in [None, Some("wrong")] {
        let seen = ask(password).await;
        assert_eq!((seen.problem().0, &seen.json()["errors"][0]["field"]), (422, &json!("currentPassword")));
    }
    ask(Some(PASSWORD)).await.ok(200);
}

#[actix_web::test]
async fn the_people_one_has_blocked_come_in_pages_and_nobody_sees_another_list() {
    let world = World::new();
    let (ann, eve) = (world.register("ann").await, world.register("eve").await);
    let mut wanted = Vec::new();
    for number in 0..3 {
        let other = world.register(&format!("person{number}")).await;
        assert_eq!(world.post(&ann, &format!("/users/{}/block", other.id), json!({})).await.status, 204);
        wanted.push(other.id);
    }
    let first = world.get(&ann, "/users/blocked?limit=2").await.ok(200);
    assert_eq!((first["items"].as_array().map(Vec::len), &first["items"][0]["fullName"]), (Some(2), &json!("person0")));
    let cursor = first["nextCursor"].as_str().expect("more");
    let rest = world.get(&ann, &format!("/users/blocked?limit=2&cursor={cursor}")).await.ok(200);
    assert_eq!((rest["items"][0]["id"].as_str(), &rest["nextCursor"]), (Some(wanted[2].as_str()), &Value::Null));
    assert_eq!(world.get(&eve, "/users/blocked").await.ok(200)["items"], json!([]));
    assert_eq!(world.delete(&ann, &format!("/users/{}/block", wanted[0])).await.status, 204);
    assert_eq!(world.get(&ann, "/users/blocked").await.ok(200)["items"].as_array().map(Vec::len), Some(2));
    assert_eq!(world.get(&ann, "/users/blocked?cursor=x").await.problem().0, 422);
}
