//! Which account a Google account opens.

use super::{House, field, person};
use crate::world::{PASSWORD, Person, id_of, plain};
use futures_util::future::join_all;
use plenum_services::messenger::{Recipient, Text};
use serde_json::{Value, json};

/// An account that has proved its address by a code.
async fn proved(house: &House, email: &str) -> Person {
    house.world.ask(plain("POST", "/auth/send-code").set_json(json!({ "email": email }))).await.ok(200);
    let code = house.world.letters.code().1;
    let body = json!({ "email": email, "code": code, "password": PASSWORD });
    let made = house.world.ask(plain("POST", "/auth/verify-code").set_json(body)).await.ok(200);
    house.world.letters.take();
    person(&made)
}

async fn registered(house: &House, email: &str) -> Person {
    let body = json!({ "email": email, "password": PASSWORD });
    person(&house.world.ask(plain("POST", "/auth/register").set_json(body)).await.ok(201))
}

async fn login(house: &House, email: &str) -> u16 {
    let body = json!({ "email": email, "password": PASSWORD });
    house.world.ask(plain("POST", "/auth/login").set_json(body)).await.status
}

#[actix_web::test]
async fn an_account_that_proved_its_address_is_linked_where_google_keeps_the_address_and_is_told() {
    let house = House::new();
    let ann = proved(&house, "ann@gmail.com").await;
    let opened = house.show_claims(&house.claims("1", "ann@gmail.com")).await.ok(200);
    assert_eq!(id_of(&opened["user"]), ann.id);
    let told: Vec<_> = house.world.letters.take().into_iter().map(|letter| (letter.to, letter.text)).collect();
    assert_eq!(told, [(Recipient::Email("ann@gmail.com".to_owned()), Text::GoogleLinked)]);
    // What stood there stands.
    assert_eq!(login(&house, "ann@gmail.com").await, 200);
    house.world.get(&ann, "/auth/me").await.ok(200);
    house.show_claims(&house.claims("1", "ann@gmail.com")).await.ok(200);
    assert!(house.world.letters.take().is_empty(), "it is told once");
}

#[actix_web::test]
async fn an_address_of_an_organisation_that_google_keeps_is_linked_too() {
    let house = House::new();
    let ann = proved(&house, "ann@school.example").await;
    let mut claims = house.claims("1", "ann@school.example");
    assert_eq!(field(&house.show_claims(&claims).await), (409, "email".to_owned()), "Google verified it once");
    claims["hd"] = json!("school.example");
    assert_eq!(id_of(&house.show_claims(&claims).await.ok(200)["user"]), ann.id);
}

#[actix_web::test]
async fn an_account_that_has_not_proved_its_address_is_never_linked() {
    let house = House::new();
    let squatter = registered(&house, "ann@gmail.com").await;
    let seen = house.show_claims(&house.claims("1", "ann@gmail.com")).await;
    assert_eq!(field(&seen), (409, "email".to_owned()));
    assert!(house.world.letters.take().is_empty());
    house.world.get(&squatter, "/auth/me").await.ok(200);
    // The owner of the address proves it: then it is the same person.
    house.world.ask(plain("POST", "/auth/send-code").set_json(json!({ "email": "ann@gmail.com" }))).await.ok(200);
    let body = json!({ "email": "ann@gmail.com", "code": house.world.letters.code().1 });
    house.world.ask(plain("POST", "/auth/verify-code").set_json(body)).await.ok(200);
    assert_eq!(login(&house, "ann@gmail.com").await, 401);
    house.show_claims(&house.claims("1", "ann@gmail.com")).await.ok(200);
}

#[actix_web::test]
async fn a_second_google_account_with_the_same_address_does_not_open_it() {
    let house = House::new();
    house.show_claims(&house.claims("1", "ann@gmail.com")).await.ok(200);
    assert_eq!(field(&house.show_claims(&house.claims("2", "ann@gmail.com")).await), (409, "email".to_owned()));
}

#[actix_web::test]
async fn a_google_account_is_known_by_its_subject_whatever_its_address_is_then() {
    let house = House::new();
    let first = house.show_claims(&house.claims("1", "ann@gmail.com")).await.ok(200);
    proved(&house, "bob@gmail.com").await;
    let later = house.show_claims(&house.claims("1", "bob@gmail.com")).await.ok(200);
    assert_eq!(id_of(&first["user"]), id_of(&later["user"]));
    assert_eq!(later["user"]["email"], "ann@gmail.com");
}

#[actix_web::test]
async fn without_a_verified_address_no_account_is_made() {
    let house = House::new();
    for (member, value) in [
        ("email_verified", json!(false)),
        ("email_verified", Value::Null),
        ("email", Value::Null),
        ("email", json!("no")),
    ] {
        let mut claims = house.claims("1", "ann@gmail.com");
        claims[member] = value;
        assert_eq!(field(&house.show_claims(&claims).await), (422, "email".to_owned()), "{member}");
    }
}

#[actix_web::test]
async fn whoever_proves_an_address_that_google_does_not_keep_gets_the_account_alone() {
    let house = House::new();
    let former = person(&house.show_claims(&house.claims("1", "info@house.example")).await.ok(200));
    let me = house.world.get(&former, "/auth/me").await.ok(200);
    assert_eq!((&me["email"], &me["isVerified"]), (&json!("info@house.example"), &json!(false)));
    let present = proved(&house, "info@house.example").await;
    assert_eq!(present.id, former.id);
    assert_eq!(house.world.get(&former, "/auth/me").await.status, 401, "the devices of before are signed out");
    assert_eq!(field(&house.show_claims(&house.claims("1", "info@house.example")).await), (409, "email".to_owned()));
    // The Google account is free for an account of its own.
    let other = house.show_claims(&house.claims("1", "former@gmail.com")).await.ok(200);
    assert_ne!(id_of(&other["user"]), former.id);
}

#[actix_web::test]
async fn an_account_that_is_switched_off_stays_shut() {
    let house = House::new();
    let ann = person(&house.show_claims(&house.claims("1", "ann@gmail.com")).await.ok(200));
    let id = ann.id.parse().expect("an id");
    house.world.state.accounts.set_active(id, false).await.expect("it is switched off");
    assert_eq!(house.show_claims(&house.claims("1", "ann@gmail.com")).await.problem(), (403, "forbidden".to_owned()));
}

#[actix_web::test]
async fn after_a_deletion_the_google_account_makes_a_new_one() {
    let house = House::new();
    let ann = person(&house.show_claims(&house.claims("1", "ann@gmail.com")).await.ok(200));
    let gone = house.world.delete(&ann, &format!("/users/{}", ann.id)).await;
    assert!((200..300).contains(&gone.status), "{}", gone.status);
    let again = house.show_claims(&house.claims("1", "ann@gmail.com")).await.ok(200);
    assert_ne!(id_of(&again["user"]), ann.id);
}

#[actix_web::test]
async fn many_first_sign_ins_at_once_make_one_account() {
    let house = House::new();
    let claims = house.claims("1", "ann@gmail.com");
    let answers = join_all((0..8).map(|_| house.show_claims(&claims))).await;
    let mut ids: Vec<String> = answers.iter().map(|seen| id_of(&seen.ok(200)["user"])).collect();
    ids.dedup();
    assert_eq!(ids.len(), 1);
}

#[actix_web::test]
async fn names_that_are_none_here_are_left_out() {
    let house = House::new();
    let mut claims = house.claims("1", "ann@gmail.com");
    (claims["name"], claims["given_name"]) = (json!("x".repeat(500)), json!("\u{202e}nnA"));
    let made = house.show_claims(&claims).await.ok(200);
    assert_eq!(made["user"]["fullName"], Value::Null);
}
