//! Accounts of hosts, speakers and institutions: their doors, what their tokens open, and what they do not.

use crate::world::{PASSWORD, Person, Seen, World, id_of, plain};
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
            drop(run.ok(201))
        } else {
            assert_eq!(run.problem(), (403, "forbidden".to_owned()))
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
    let proved = verify(&uni.email, &code).await.ok(200);
    assert_eq!((&proved["user"]["role"], &proved["user"]["isVerified"]), (&json!("university"), &json!(true)));
    assert_eq!(verify(&uni.email, &code).await.problem().0, 422, "a code is good once");
    assert_eq!(audiences(&world, &person(&proved)).await, ["university"; 2]);
    let again = login(&world, "/university/auth/login", &uni.email, PASSWORD).await.ok(200);
    assert_eq!(again["user"]["role"], "university", "its password goes on being good");
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
