//! One-time codes: signing in and up with them, proving a number, changing one; and what somebody without the code gets.

use crate::world::{PASSWORD, Person, Seen, World, id_of, plain};
use futures_util::future::join_all;
use plenum_services::messenger::{Recipient, SendError, Text};
use serde_json::{Value, json};

const PHONE: &str = "+49301234567";

async fn open(world: &World, path: &str, body: Value) -> Seen {
    world.ask(plain("POST", path).set_json(body)).await
}

async fn code(world: &World, body: Value) -> String {
    open(world, "/auth/send-code", body).await.ok(200);
    world.letters.code().1
}

fn person(answer: &Value) -> Person {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    Person { id: id_of(&answer["user"]), token: text(&answer["accessToken"]), email: text(&answer["user"]["email"]) }
}

/// Another code than this.
fn other(code: &str) -> String {
    let number: u32 = code.parse().expect("digits");
    format!("{:06}", (number + 1) % 1_000_000)
}

#[actix_web::test]
async fn whoever_has_the_code_is_signed_in_and_the_first_one_makes_the_account() {
    let world = World::new();
    let sent = open(&world, "/auth/send-otp-signup", json!({ "email": " New@Example.org " })).await.ok(200);
    assert_eq!((&sent["success"], &sent["expiresIn"], &sent["retryAfter"]), (&json!(true), &json!(300), &json!(30)));
    let (to, digits) = world.letters.code();
    assert_eq!(to, "new@example.org");
    let body =
        json!({ "email": "new@example.org", "otp": digits, "fullName": "New", "role": "admin", "isVerified": false });
    let made = open(&world, "/auth/verify-otp-signup", body).await;
    assert_eq!(made.header("cache-control"), "no-store");
    assert!(made.header("ignored-fields").contains("role"));
    let made = made.ok(200);
    assert_eq!((&made["user"]["role"], &made["user"]["isVerified"]), (&json!("user"), &json!(true)));
    assert_eq!((&made["user"]["fullName"], &made["token"]), (&json!("New"), &made["accessToken"]));
    let me = person(&made);
    assert_eq!(world.get(&me, "/auth/me").await.ok(200)["email"], "new@example.org");

    world.clock.advance(60);
    let again = code(&world, json!({ "email": "new@example.org" })).await;
    let body = json!({ "email": "new@example.org", "code": again });
    assert_eq!(id_of(&open(&world, "/auth/verify-code", body).await.ok(200)["user"]), me.id);
}

#[actix_web::test]
async fn a_telephone_alone_is_enough_for_an_account() {
    let world = World::new();
    open(&world, "/auth/phone/send-otp", json!({ "phoneNumber": "+49 (30) 123-4567" })).await.ok(200);
    let (to, digits) = world.letters.code();
    assert_eq!(to, PHONE);
    // Some clients send digits as a number.
    let number: u32 = digits.parse().expect("digits");
    let made = open(&world, "/auth/phone/verify", json!({ "phone": PHONE, "otp": number })).await.ok(200);
    assert_eq!((&made["user"]["phone"], &made["user"]["email"]), (&json!(PHONE), &Value::Null));
}

#[actix_web::test]
async fn a_code_is_good_once_also_when_it_comes_many_times_at_once() {
    let world = World::new();
    let digits = code(&world, json!({ "phone": PHONE })).await;
    let tries = (0..8).map(|_| open(&world, "/auth/verify-code", json!({ "phone": PHONE, "code": digits })));
    let answers = join_all(tries).await;
    let count = |status: u16| answers.iter().filter(|seen| seen.status == status).count();
    assert_eq!(count(200), 1, "{:?}", answers.iter().map(|seen| seen.status).collect::<Vec<_>>());
    assert_eq!(count(500), 0);
    let late = open(&world, "/auth/verify-code", json!({ "phone": PHONE, "code": digits })).await;
    assert_eq!(late.problem(), (422, "invalid".to_owned()));
}

#[actix_web::test]
async fn five_wrong_tries_end_a_code_also_when_they_come_at_once() {
    let world = World::new();
    let digits = code(&world, json!({ "phone": PHONE })).await;
    let wrong = other(&digits);
    let tries = (0..5).map(|_| open(&world, "/auth/verify-code", json!({ "phone": PHONE, "code": wrong })));
    for seen in join_all(tries).await {
        assert!([422, 503].contains(&seen.status), "{}", seen.status);
    }
    // Those that lost every race were not looked at.
    for _ in 0..5 {
        let seen = open(&world, "/auth/verify-code", json!({ "phone": PHONE, "code": wrong })).await;
        assert!([422, 429].contains(&seen.status), "{}", seen.status);
    }
    world.clock.advance(120);
    let seen = open(&world, "/auth/verify-code", json!({ "phone": PHONE, "code": digits })).await;
    assert_eq!((seen.problem().0, &seen.json()["errors"][0]["field"]), (422, &json!("code")));
}

#[actix_web::test]
async fn a_code_ends_after_five_minutes() {
    let world = World::new();
    let digits = code(&world, json!({ "phone": PHONE })).await;
    world.clock.advance(301);
    assert_eq!(open(&world, "/auth/verify-code", json!({ "phone": PHONE, "code": digits })).await.problem().0, 422);
}

#[actix_web::test]
async fn a_code_opens_the_door_it_was_made_for_and_no_other() {
    let world = World::new();
    let ann = world.register("ann").await;
    let digits = code(&world, json!({ "phone": PHONE })).await;
    for (path, body) in [
        ("/verify-otp", json!({ "phone": PHONE, "code": digits })),
        ("/auth/verify-code", json!({ "phone": "+49301234568", "code": digits })),
        ("/auth/verify-code", json!({ "email": "ann@example.org", "code": digits })),
    ] {
        assert_eq!(open(&world, path, body).await.problem().0, 422, "{path}");
    }
    let body = json!({ "phone": PHONE, "code": digits });
    assert_eq!(world.post(&ann, "/user/phone/verify-otp", body).await.problem().0, 422);
    let body = json!({ "phone": PHONE, "code": digits });
    open(&world, "/auth/verify-code", body).await.ok(200);
}

#[actix_web::test]
async fn codes_for_one_recipient_come_slowly_and_the_newest_one_counts() {
    let world = World::new();
    let first = code(&world, json!({ "phone": PHONE })).await;
    let hasty = open(&world, "/auth/send-code", json!({ "phone": PHONE })).await;
    assert_eq!(hasty.problem(), (429, "rateLimited".to_owned()));
    let wait: u64 = hasty.header("retry-after").parse().expect("seconds");
    assert!((1..=30).contains(&wait), "{wait}");
    world.clock.advance(wait);
    let second = code(&world, json!({ "phone": PHONE })).await;
    if first != second {
        assert_eq!(open(&world, "/auth/verify-code", json!({ "phone": PHONE, "code": first })).await.problem().0, 422);
    }
    for _ in 0..3 {
        world.clock.advance(31);
        code(&world, json!({ "phone": PHONE })).await;
    }
    world.clock.advance(31);
    let sixth = open(&world, "/auth/send-code", json!({ "phone": PHONE })).await;
    assert_eq!(sixth.problem().0, 429, "five in an hour");
    assert!(sixth.header("retry-after").parse::<u64>().expect("seconds") > 3_000);
    world.clock.advance(3_600);
    code(&world, json!({ "phone": PHONE })).await;
}

#[actix_web::test]
async fn nothing_in_the_answers_tells_who_has_an_account() {
    let world = World::new();
    world.register("ann").await;
    let mut seen = Vec::new();
    for email in ["ann@example.org", "nobody@example.org"] {
        let sent = open(&world, "/auth/send-code", json!({ "email": email })).await;
        let again = open(&world, "/auth/send-code", json!({ "email": email })).await;
        let wrong = other(&world.letters.code().1);
        let tried = open(&world, "/auth/verify-code", json!({ "email": email, "code": wrong })).await;
        let texts = [&sent, &again, &tried].map(|one| {
            let mut json = one.json();
            if let Some(object) = json.as_object_mut() {
                object.retain(|name, _| !["requestId", "retryAfterMs"].contains(&name.as_str()));
            }
            (one.status, json.to_string())
        });
        seen.push(texts);
    }
    assert_eq!(seen[0], seen[1]);
    assert_eq!(world.letters.take().len(), 2, "both get one");
}

#[actix_web::test]
async fn the_first_code_takes_an_account_back_from_whoever_made_it_with_anothers_address() {
    let world = World::new();
    let thief = world.register("ann").await;
    let digits = code(&world, json!({ "email": "ann@example.org" })).await;
    let owner = open(&world, "/auth/verify-code", json!({ "email": "ann@example.org", "code": digits })).await.ok(200);
    let owner = person(&owner);
    assert_eq!(owner.id, thief.id);
    assert_eq!(world.get(&thief, "/auth/me").await.problem().0, 401, "the other session has ended");
    let login = json!({ "email": "ann@example.org", "password": PASSWORD });
    assert_eq!(open(&world, "/auth/login", login).await.problem().0, 401, "the password is worth nothing");
    let first = json!({ "currentPassword": "", "newPassword": "a new one for the house" });
    assert_eq!(world.put(&owner, "/auth/change-password", first).await.status, 200, "a first password of their own");
    let login = json!({ "email": "ann@example.org", "password": "a new one for the house" });
    open(&world, "/auth/login", login).await.ok(200);
}

#[actix_web::test]
async fn whoever_knows_the_password_keeps_it_and_a_proved_address_changes_nothing_more() {
    let world = World::new();
    let ann = world.register("ann").await;
    let digits = code(&world, json!({ "email": "ann@example.org" })).await;
    let body = json!({ "email": "ann@example.org", "code": digits, "password": PASSWORD });
    open(&world, "/auth/verify-code", body).await.ok(200);
    assert_eq!(world.get(&ann, "/auth/me").await.ok(200)["isVerified"], true);
    world.clock.advance(60);
    let digits = code(&world, json!({ "email": "ann@example.org" })).await;
    let body = json!({ "email": "ann@example.org", "code": digits, "password": "another password" });
    open(&world, "/auth/verify-code", body).await.ok(200);
    let login = json!({ "email": "ann@example.org", "password": PASSWORD });
    open(&world, "/auth/login", login).await.ok(200);
}

#[actix_web::test]
async fn a_wrong_member_does_not_use_the_code_up() {
    let world = World::new();
    let digits = code(&world, json!({ "phone": PHONE })).await;
    let short = json!({ "phone": PHONE, "code": digits, "password": "short" });
    let seen = open(&world, "/auth/verify-code", short).await;
    assert_eq!((seen.problem().0, &seen.json()["errors"][0]["field"]), (422, &json!("password")));
    open(&world, "/auth/verify-code", json!({ "phone": PHONE, "code": digits })).await.ok(200);
}

#[actix_web::test]
async fn the_two_endpoints_at_the_root_only_verify() {
    let world = World::new();
    let root = |path: &'static str, body: Value| world.ask(plain("POST", "").uri(path).set_json(body));
    root("/send-otp", json!({ "phoneNumber": PHONE })).await.ok(200);
    let digits = world.letters.code().1;
    let verified = root("/verify-otp", json!({ "phoneNumber": PHONE, "otp": digits })).await.ok(200);
    assert_eq!(verified, json!({ "success": true, "verified": true }));
    assert_eq!(world.state.accounts.find(PHONE).await.expect("a store"), None, "nobody was made");
    assert_eq!(root("/verify-otp", json!({ "phoneNumber": PHONE, "otp": digits })).await.problem().0, 422);
    assert_eq!(world.ask(plain("GET", "").uri("/send-otp")).await.problem().0, 405);
}

#[actix_web::test]
async fn a_provider_that_fails_is_said_and_costs_no_waiting() {
    let world = World::new();
    for (failure, status) in [
        (SendError::Provider("down".to_owned()), 503),
        (SendError::Recipient("no such number".to_owned()), 422),
        (SendError::NotSetUp, 503),
    ] {
        world.letters.fail(Some(failure));
        let seen = open(&world, "/auth/send-code", json!({ "phone": PHONE })).await;
        assert_eq!(seen.problem().0, status);
        assert!(!String::from_utf8_lossy(&seen.body).contains("down"), "what the provider said is for the log");
    }
    world.letters.fail(None);
    code(&world, json!({ "phone": PHONE })).await;
}

#[actix_web::test]
async fn a_provider_may_make_and_check_codes_itself() {
    let world = World::new();
    world.letters.make_own_codes("424242");
    open(&world, "/auth/send-code", json!({ "phone": PHONE })).await.ok(200);
    let verify = |code: &'static str| open(&world, "/auth/verify-code", json!({ "phone": PHONE, "code": code }));
    assert_eq!(verify("000000").await.problem().0, 422);
    world.letters.fail(Some(SendError::Provider("slow".to_owned())));
    assert_eq!(verify("424242").await.problem().0, 503);
    world.letters.fail(None);
    verify("424242").await.ok(200);
    assert_eq!(verify("424242").await.problem().0, 422, "once");
}

#[actix_web::test]
async fn a_new_number_needs_its_code_and_the_old_address_is_told() {
    let world = World::new();
    let (ann, ben) = (world.register("ann").await, world.register("ben").await);
    let change = async |who: &Person, phone: &str| {
        world.post(who, "/user/phone/send-otp", json!({ "phone": phone })).await.ok(200);
        let digits = world.letters.code().1;
        world.post(who, "/user/phone/verify-otp", json!({ "phone": phone, "otp": digits })).await
    };
    assert_eq!(change(&ann, PHONE).await.ok(200)["phone"], PHONE);
    let told = world.letters.take().pop().expect("a message");
    assert_eq!((told.to, told.text), (Recipient::Email(ann.email.clone()), Text::PhoneChanged));
    let taken = change(&ben, PHONE).await;
    assert_eq!((taken.problem().0, &taken.json()["errors"][0]["field"]), (409, &json!("phone")));
    assert_eq!(change(&ann, "+49301234568").await.ok(200)["phone"], "+49301234568");
    world.clock.advance(60);
    assert_eq!(change(&ben, PHONE).await.ok(200)["phone"], PHONE, "the old number is free");
}

#[actix_web::test]
async fn a_sign_in_of_long_ago_needs_the_password_to_change_the_number() {
    let world = World::new();
    let ann = world.register("ann").await;
    world.clock.advance(1_000);
    let ask = async |password: Option<&str>| {
        let body = json!({ "phone": PHONE, "currentPassword": password });
        world.post(&ann, "/user/phone/send-otp", body).await
    };
    for password in [None, Some("wrong")] {
        let seen = ask(password).await;
        assert_eq!((seen.problem().0, &seen.json()["errors"][0]["field"]), (422, &json!("currentPassword")));
    }
    ask(Some(PASSWORD)).await.ok(200);
}

#[actix_web::test]
async fn codes_are_not_stored_as_they_are() {
    let world = World::new();
    let digits = code(&world, json!({ "phone": PHONE })).await;
    use plenum_schema::entities::OneTimeCode;
    use plenum_schema::table::Entity;
    let rows = world.store.sweep(OneTimeCode::TABLE, None, 10).await.expect("rows");
    let text = format!("{rows:?}");
    assert_eq!(rows.len(), 1);
    assert!(!text.contains(&digits) && !text.contains(PHONE), "{text}");
    assert_eq!(world.state.codes.purge(None, 10).await, Ok(None));
    assert_eq!(world.store.sweep(OneTimeCode::TABLE, None, 10).await.expect("rows").len(), 1);
    world.clock.advance(4_000);
    assert_eq!(world.state.codes.purge(None, 10).await, Ok(None));
    assert_eq!(world.store.sweep(OneTimeCode::TABLE, None, 10).await.expect("rows").len(), 0);
}
