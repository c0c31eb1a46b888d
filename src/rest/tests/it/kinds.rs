//! Accounts of hosts, speakers and institutions: their doors, what their tokens open, and what they do not.

use crate::world::{PASSWORD, Person, Seen, World, id_of, plain};
use plenum_schema::entities::OneTimeCode;
use plenum_schema::table::Entity;
use plenum_services::accounts::Role;
use serde_json::{Value, json};

async fn open(world: &World, path: &str, body: Value) -> Seen {
    world.ask(plain("POST", path).set_json(body)).await
}

async fn login(world: &World, path: &str, email: &str, password: &str) -> Seen {
    open(world, path, json!({ "email": email, "password": password })).await
}

fn person(answer: &Value) -> Person {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    Person { id: id_of(&answer["user"]), token: text(&answer["accessToken"]), email: text(&answer["user"]["email"]) }
}

async fn give(world: &World, who: &Person, role: Role) {
    world.state.accounts.set_role(who.id.parse().expect("an id"), role, None).await.expect("a role");
}

/// What the tokens of the own devices are for, the newest first.
async fn audiences(world: &World, who: &Person) -> Vec<String> {
    let devices = world.get(who, "/auth/devices").await.ok(200);
    let items = devices["items"].as_array().expect("items");
    items.iter().map(|one| one["audience"].as_str().expect("a word").to_owned()).collect()
}

#[actix_web::test]
async fn each_kind_signs_up_at_its_own_door_and_its_tokens_open_what_is_meant_for_it() {
    let world = World::new();
    let conference = json!({ "title": "A hall" });
    for (kind, role, may_run) in [("host", "host", true), ("speaker", "speaker", true), ("university", "user", false)] {
        let body =
            json!({ "email": format!("{kind}@example.org"), "password": PASSWORD, "kind": "user", "role": "admin" });
        let made = open(&world, &format!("/{kind}/auth/register"), body).await;
        assert!(made.header("ignored-fields").contains("role") && made.header("ignored-fields").contains("kind"));
        let made = made.ok(201);
        assert_eq!((&made["success"], &made["token"]), (&json!(true), &made["accessToken"]));
        assert_eq!((&made["user"]["kind"], &made["user"]["role"]), (&json!(kind), &json!(role)));
        let who = person(&made);
        assert_eq!(world.get(&who, "/auth/me").await.ok(200)["kind"], kind);
        assert_eq!(audiences(&world, &who).await, [kind]);
        let run = world.post(&who, "/conference", conference.clone()).await;
        if may_run {
            drop(run.ok(201));
        } else {
            assert_eq!(run.problem(), (403, "forbidden".to_owned()));
        }
        for path in ["/marketplace/cart", "/orders", "/payments/history", "/keys"] {
            assert_eq!(world.get(&who, path).await.problem(), (403, "forbidden".to_owned()), "{kind} {path}");
        }
        let again = json!({ "email": format!("{kind}@example.org"), "password": PASSWORD });
        assert_eq!(open(&world, "/auth/register", again).await.problem(), (409, "conflict".to_owned()));
    }
}

#[actix_web::test]
async fn nobody_comes_in_at_the_door_of_another_kind() {
    let world = World::new();
    let (ann, hana) = (world.register("ann").await, world.register_at("/host/auth/register", "hana").await);
    for path in ["/host/auth/login", "/speaker/auth/login", "/university/auth/login"] {
        assert_eq!(login(&world, path, &ann.email, PASSWORD).await.problem(), (403, "forbidden".to_owned()));
        let (wrong, unknown) =
            (login(&world, path, &ann.email, "a wrong password").await, login(&world, path, "no@b.cd", PASSWORD).await);
        assert_eq!(wrong.problem(), (401, "unauthenticated".to_owned()));
        assert_eq!((wrong.problem(), &wrong.json()["detail"]), (unknown.problem(), &unknown.json()["detail"]));
    }
    assert_eq!(login(&world, "/speaker/auth/login", &hana.email, PASSWORD).await.problem().0, 403);
    let own = person(&login(&world, "/host/auth/login", &hana.email, PASSWORD).await.ok(200));
    // The door for everybody opens for all kinds, each with tokens of its own.
    let common = person(&login(&world, "/auth/login", &hana.email, PASSWORD).await.ok(200));
    assert_eq!(audiences(&world, &own).await, ["host"; 3]);
    assert_eq!(world.get(&common, "/cart").await.problem().0, 403);
}

#[actix_web::test]
async fn whoever_has_the_role_of_a_kind_signs_in_at_its_door_for_as_long_as_they_have_it() {
    let world = World::new();
    let ann = world.register("ann").await;
    give(&world, &ann, Role::Host).await;
    let answer = login(&world, "/host/auth/login", &ann.email, PASSWORD).await.ok(200);
    let host = person(&answer);
    assert_eq!(world.post(&host, "/conference", json!({ "title": "A hall" })).await.status, 201);
    assert_eq!(world.get(&host, "/cart").await.problem().0, 403, "the token is that of a host");
    assert_eq!(world.get(&ann, "/cart").await.status, 200, "and this one that of a person");
    assert_eq!(audiences(&world, &ann).await, ["host", "user"]);
    give(&world, &ann, Role::User).await;
    assert_eq!(world.get(&host, "/auth/me").await.problem().0, 401);
    let refreshed = open(&world, "/auth/refresh", json!({ "refreshToken": answer["refreshToken"] })).await;
    assert_eq!(refreshed.problem().0, 401);
    assert_eq!(audiences(&world, &ann).await, ["user"]);
}

#[actix_web::test]
async fn a_refreshed_token_is_for_what_the_one_before_was_for() {
    let world = World::new();
    world.register_at("/host/auth/register", "hana").await;
    let mut answer = login(&world, "/host/auth/login", "hana@example.org", PASSWORD).await.ok(200);
    for _ in 0..2 {
        answer = open(&world, "/auth/refresh", json!({ "refreshToken": answer["refreshToken"] })).await.ok(200);
        let host = person(&answer);
        assert_eq!(world.get(&host, "/cart").await.problem().0, 403);
        assert_eq!(world.post(&host, "/conference", json!({ "title": "A hall" })).await.status, 201);
    }
    let devices = world.get(&person(&answer), "/auth/devices").await.ok(200);
    let other = devices["items"].as_array().expect("items").iter().find(|one| one["current"] == false);
    let path = format!("/auth/devices/{}", id_of(other.expect("the first device")));
    assert_eq!(world.delete(&person(&answer), &path).await.status, 204);
    assert_eq!(world.ask(person(&answer).request("POST", "/auth/logout")).await.status, 200);
    assert_eq!(world.get(&person(&answer), "/auth/me").await.problem().0, 401);
}

#[actix_web::test]
async fn an_admin_who_came_in_at_another_door_looks_after_nothing() {
    let world = World::new();
    let admin = world.admin("boss").await;
    let host = person(&login(&world, "/host/auth/login", &admin.email, PASSWORD).await.ok(200));
    let ann = world.register("ann").await;
    assert_eq!(world.get(&admin, "/keys").await.status, 200);
    assert_eq!(world.get(&host, "/keys").await.problem(), (403, "forbidden".to_owned()));
    assert_eq!(world.delete(&host, &format!("/users/{}", ann.id)).await.problem().0, 403);
    assert_eq!(world.get(&host, &format!("/users/{}", ann.id)).await.ok(200)["email"], Value::Null);
    let role = json!({ "role": "admin" });
    assert_eq!(world.put(&host, &format!("/users/{}", host.id), role).await.status, 200, "one's own profile");
    assert_eq!(world.post(&host, "/products", json!({ "title": "Cup" })).await.problem().0, 403);
}

#[actix_web::test]
async fn an_institution_has_its_role_when_it_has_proved_its_address() {
    let world = World::new();
    let uni = world.register_at("/university/auth/register", "uni").await;
    let (to, code) = world.letters.code();
    assert_eq!(to, uni.email);
    let verify =
        |email: &str, code: &str| open(&world, "/university/auth/verify", json!({ "email": email, "otp": code }));
    let wrong = if code == "000000" { "000001" } else { "000000" };
    let refused = verify(&uni.email, wrong).await;
    assert_eq!(refused.problem(), (422, "invalid".to_owned()));
    let nobody = verify("nobody@example.org", wrong).await;
    assert_eq!((refused.problem(), &refused.json()["detail"]), (nobody.problem(), &nobody.json()["detail"]));
    assert_eq!(world.get(&uni, "/auth/me").await.ok(200)["role"], "user");
    let proved = world.post(&uni, "/university/auth/verify", json!({ "email": uni.email, "otp": code })).await.ok(200);
    assert_eq!((&proved["user"]["role"], &proved["user"]["isVerified"]), (&json!("university"), &json!(true)));
    assert_eq!(verify(&uni.email, &code).await.problem().0, 422, "a code is good once");
    assert_eq!(audiences(&world, &person(&proved)).await, ["university"; 2]);
    let again = login(&world, "/university/auth/login", &uni.email, PASSWORD).await.ok(200);
    assert_eq!(again["user"]["role"], "university", "its password goes on being good");
}

#[actix_web::test]
async fn the_first_proof_of_an_institution_leaves_nothing_to_whoever_had_signed_up_with_its_address() {
    let world = World::new();
    let (email, phone) = ("uni@example.org", "+49301234567");
    let body = json!({ "email": email, "phone": phone, "password": PASSWORD });
    let made = open(&world, "/university/auth/register", body).await.ok(201);
    let thief = person(&made);
    let body = json!({ "email": email, "code": world.letters.code().1 });
    let proved = open(&world, "/university/auth/verify", body).await.ok(200);
    let owner = person(&proved);
    assert_eq!((&owner.id, &proved["user"]["role"]), (&thief.id, &json!("university")));
    assert_eq!(world.get(&thief, "/auth/me").await.problem().0, 401);
    let refresh = json!({ "refreshToken": made["refreshToken"] });
    assert_eq!(open(&world, "/auth/refresh", refresh).await.problem().0, 401);
    for path in ["/university/auth/login", "/auth/login"] {
        assert_eq!(login(&world, path, email, PASSWORD).await.problem().0, 401);
    }
    open(&world, "/auth/phone/send-otp", json!({ "phone": phone })).await.ok(200);
    let body = json!({ "phone": phone, "code": world.letters.code().1 });
    let by_phone = person(&open(&world, "/auth/phone/verify", body).await.ok(200));
    assert_ne!(by_phone.id, owner.id, "a telephone opens it no more");
    assert_eq!(audiences(&world, &owner).await, ["university"]);
}

#[actix_web::test]
async fn whoever_proves_an_institution_with_its_token_or_its_password_keeps_devices_and_password() {
    let world = World::new();
    let ann = world.register("ann").await;
    let another = "nine purple umbrellas";
    let cases = [("token", None, 200, 200), ("password", Some(PASSWORD), 200, 200), ("new", Some(another), 401, 401)];
    for (name, password, device, old) in cases {
        let uni = world.register_at("/university/auth/register", name).await;
        let body = json!({ "email": uni.email, "code": world.letters.code().1, "password": password });
        // With the new password comes the token of somebody else, which says nothing of this account.
        let who = if name == "new" { &ann } else { &uni };
        let seen = if name == "password" {
            open(&world, "/university/auth/verify", body).await
        } else {
            world.post(who, "/university/auth/verify", body).await
        };
        assert_eq!(seen.ok(200)["user"]["id"], uni.id.as_str());
        assert_eq!(world.get(&uni, "/auth/me").await.status, device, "{name}");
        assert_eq!(login(&world, "/university/auth/login", &uni.email, PASSWORD).await.status, old, "{name}");
        if name == "new" {
            login(&world, "/university/auth/login", &uni.email, another).await.ok(200);
        }
    }
}

#[actix_web::test]
async fn an_institution_whose_role_was_taken_away_does_not_give_it_back_to_itself() {
    let world = World::new();
    let uni = world.register_at("/university/auth/register", "uni").await;
    let body = |code: String| json!({ "email": uni.email, "code": code });
    let proved = world.post(&uni, "/university/auth/verify", body(world.letters.code().1)).await.ok(200);
    assert_eq!(proved["user"]["role"], "university");
    give(&world, &uni, Role::User).await;
    for path in ["/university/auth/verify", "/user/email/verify-otp", "/auth/verify-code"] {
        world.clock.advance(60);
        if path.starts_with("/auth") {
            open(&world, "/auth/send-code", json!({ "email": uni.email })).await.ok(200);
        } else {
            world.post(&uni, "/user/email/send-otp", json!({ "email": uni.email })).await.ok(200);
        }
        world.post(&uni, path, body(world.letters.code().1)).await.ok(200);
        assert_eq!(world.get(&uni, "/auth/me").await.ok(200)["role"], "user", "{path}");
    }
    world.post(&uni, "/user/email/send-otp", json!({ "email": "new@example.org" })).await.ok(200);
    let body = json!({ "email": "new@example.org", "code": world.letters.code().1 });
    world.post(&uni, "/user/email/verify-otp", body).await.ok(200);
    assert_eq!(world.get(&uni, "/auth/me").await.ok(200)["role"], "user", "nor with another address");
}

#[actix_web::test]
async fn a_wrong_code_for_an_address_of_nobody_is_written_down_like_one_for_an_institution() {
    let world = World::new();
    let uni = world.register_at("/university/auth/register", "uni").await;
    let code = world.letters.code().1;
    let wrong = if code == "000000" { "000001" } else { "000000" };
    let verify = |email: &str| open(&world, "/university/auth/verify", json!({ "email": email, "code": wrong }));
    let rows = || world.store.sweep(OneTimeCode::TABLE, None, 100);
    assert_eq!(rows().await.expect("rows").len(), 1);
    for versions in [[2, 1], [3, 2]] {
        assert_eq!(verify(&uni.email).await.problem().0, 422);
        assert_eq!(verify("later@example.org").await.problem().0, 422);
        let rows = rows().await.expect("rows").into_iter().map(|row| OneTimeCode::from_row(row).expect("a row"));
        let mut found: Vec<i64> = rows.map(|row| row.version).collect();
        found.sort_unstable_by_key(|version| std::cmp::Reverse(*version));
        assert_eq!(found, versions);
    }
    let later = world.register_at("/university/auth/register", "later").await;
    let (to, code) = world.letters.code();
    assert_eq!(to, later.email, "nobody waits for a code because somebody else tried one");
    let body = json!({ "email": later.email, "code": code });
    assert_eq!(open(&world, "/university/auth/verify", body).await.ok(200)["user"]["role"], "university");
}

#[actix_web::test]
async fn a_token_of_an_institution_runs_no_conference_also_when_its_host_lets_it() {
    let world = World::new();
    let (owner, uni) = (world.register("owner").await, world.register_at("/university/auth/register", "uni").await);
    let made = world.post(&owner, "/conference", json!({ "title": "A hall" })).await.ok(201);
    let id = id_of(&made);
    let at = |rest: &str| format!("/conference/{id}{rest}");
    world.post(&owner, &at("/hosts"), json!({ "user": uni.id, "role": "cohost" })).await.ok(200);
    let question = json!({ "text": "Which?", "kind": "single", "options": ["one", "two"] });
    let live = id_of(&world.post(&owner, &at("/questions"), question.clone()).await.ok(201));
    let draft = id_of(&world.post(&owner, &at("/questions"), question).await.ok(201));
    let forbidden = (403, "forbidden".to_owned());
    assert_eq!(world.put(&uni, &at(""), json!({ "title": "Mine" })).await.problem(), forbidden);
    assert_eq!(world.post(&uni, &at("/speakers"), json!({ "name": "Me" })).await.problem(), forbidden);
    assert_eq!(world.post(&uni, &at("/start"), json!({})).await.problem(), forbidden);
    world.post(&owner, &at("/start"), json!({})).await.ok(200);
    assert_eq!(world.post(&uni, &at(&format!("/questions/{live}/live")), json!({})).await.problem(), forbidden);
    world.post(&owner, &at(&format!("/questions/{live}/live")), json!({})).await.ok(200);
    for role in [json!("host"), Value::Null] {
        let body = json!({ "user": uni.id, "role": role });
        assert_eq!(world.post(&uni, &at("/hosts"), body).await.problem(), forbidden);
    }
    assert_eq!(world.get(&uni, &at("/webhooks")).await.problem(), forbidden);
    let hook = json!({ "url": "https://example.org/hook" });
    assert_eq!(world.post(&uni, &at("/webhooks"), hook).await.problem(), forbidden);
    let seen = world.get(&uni, &at("/questions")).await.ok(200);
    assert!(!seen.to_string().contains(&draft), "{seen}");
    assert_eq!(world.get(&uni, &at(&format!("/questions/{draft}"))).await.problem().0, 404);
    assert_eq!(world.get(&uni, &at("")).await.ok(200)["role"], Value::Null);
    // A person in its place does.
    let person = world.register("person").await;
    world.post(&owner, &at("/hosts"), json!({ "user": person.id, "role": "cohost" })).await.ok(200);
    assert_eq!(world.put(&person, &at(""), json!({ "title": "Ours" })).await.status, 200);
    assert!(world.get(&person, &at("/questions")).await.ok(200).to_string().contains(&draft));
}

#[actix_web::test]
async fn a_code_for_something_else_proves_no_institution_and_a_new_one_can_be_asked_for() {
    let world = World::new();
    let (uni, ann) = (world.register_at("/university/auth/register", "uni").await, world.register("ann").await);
    world.clock.advance(60);
    open(&world, "/auth/send-code", json!({ "email": uni.email })).await.ok(200);
    let (_, code) = world.letters.code();
    let verify =
        |email: &str, code: &str| open(&world, "/university/auth/verify", json!({ "email": email, "code": code }));
    assert_eq!(verify(&uni.email, &code).await.problem().0, 422);
    world.post(&ann, "/user/email/send-otp", json!({ "email": ann.email })).await.ok(200);
    let (_, code) = world.letters.code();
    assert_eq!(verify(&ann.email, &code).await.problem().0, 422, "a person is no institution");
    world.post(&uni, "/user/email/send-otp", json!({ "email": uni.email })).await.ok(200);
    let (_, code) = world.letters.code();
    assert_eq!(verify(&uni.email, &code).await.ok(200)["user"]["role"], "university");
    let body = json!({ "phone": "+49301234567", "password": PASSWORD });
    assert_eq!(open(&world, "/university/auth/register", body).await.problem(), (422, "invalid".to_owned()));
}

#[actix_web::test]
async fn an_institution_is_made_also_when_its_code_cannot_be_sent() {
    let world = World::new();
    world.letters.fail(Some(plenum_services::messenger::SendError::Provider("away".to_owned())));
    let uni = world.register_at("/university/auth/register", "uni").await;
    world.letters.fail(None);
    world.post(&uni, "/user/email/send-otp", json!({ "email": uni.email })).await.ok(200);
    let body = json!({ "email": uni.email, "code": world.letters.code().1 });
    assert_eq!(open(&world, "/university/auth/verify", body).await.ok(200)["user"]["role"], "university");
}

#[actix_web::test]
async fn a_repeated_sign_up_of_a_host_signs_in_to_the_account_that_the_first_one_made() {
    let world = World::new();
    let body = json!({ "email": "hana@example.org", "password": PASSWORD });
    let ask = |path: &str| {
        let request = plain("POST", path).insert_header(("Idempotency-Key", "one")).set_json(body.clone());
        world.ask(request)
    };
    let (first, again) = (ask("/host/auth/register").await.ok(201), ask("/host/auth/register").await.ok(201));
    assert_eq!((&first["user"]["id"], &again["user"]["kind"]), (&again["user"]["id"], &json!("host")));
    assert_eq!(ask("/speaker/auth/register").await.problem().0, 409);
}
