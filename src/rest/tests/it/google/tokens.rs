//! Tokens of identity: whose are accepted, and what is refused.

use super::issuer::{key, public, signed};
use super::{House, field, person};
use crate::world::{id_of, plain};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};

#[actix_web::test]
async fn a_token_of_google_signs_in_and_the_first_one_makes_the_account() {
    let house = House::new();
    let claims = house.claims("1", "Ann@Gmail.com");
    let body = json!({ "idToken": signed(0, &claims), "device": { "name": "phone" }, "role": "admin" });
    let made = house.world.ask(plain("POST", "/auth/verify-google-token").set_json(body)).await;
    assert_eq!(made.header("cache-control"), "no-store");
    assert!(made.header("ignored-fields").contains("role"));
    let made = made.ok(200);
    assert_eq!((&made["success"], &made["token"]), (&json!(true), &made["accessToken"]));
    let user = &made["user"];
    assert_eq!(
        (&user["email"], &user["fullName"], &user["role"]),
        (&json!("ann@gmail.com"), &json!("Ann Example"), &json!("user"))
    );
    assert_eq!((&user["firstName"], &user["isVerified"]), (&json!("Ann"), &json!(true)));
    let me = person(&made);
    let devices = house.world.get(&me, "/auth/devices").await.ok(200);
    assert_eq!(devices["items"][0]["name"], "phone");

    let again = house.show_claims(&claims).await.ok(200);
    assert_eq!(id_of(&again["user"]), me.id);
    assert_eq!(house.issuer.keys_asked(), 1);
}

#[actix_web::test]
async fn tokens_of_the_apps_are_accepted_under_each_name_that_clients_use() {
    let house = House::new();
    for (audience, asked) in [("web", "android"), ("android", "android"), ("ios", "ios"), ("web", "web")] {
        let mut claims = house.claims("1", "ann@gmail.com");
        (claims["aud"], claims["azp"]) = (json!(audience), json!(asked));
        house.show_claims(&claims).await.ok(200);
    }
    let token = signed(0, &house.claims("1", "ann@gmail.com"));
    for name in ["idToken", "id_token", "credential"] {
        let mut body = json!({});
        body[name] = json!(token);
        house.world.ask(plain("POST", "/auth/verify-google-token").set_json(body)).await.ok(200);
    }
}

#[actix_web::test]
async fn a_token_for_another_client_of_another_issuer_or_another_time_is_refused() {
    let house = House::new();
    let now = house.claims("1", "ann@gmail.com")["iat"].as_i64().expect("a time");
    for (member, value) in [
        ("aud", json!("another")),
        ("aud", json!([])),
        ("aud", json!(["web", "another"])),
        ("aud", json!("")),
        ("azp", json!("another")),
        ("iss", json!("https://accounts.example.com")),
        ("iss", json!("https://accounts.google.com/")),
        ("iss", json!("http://accounts.google.com")),
        ("iss", json!("")),
        ("exp", json!(now - 31)),
        ("exp", Value::Null),
        ("exp", json!("soon")),
        ("iat", json!(now + 60)),
        ("iat", Value::Null),
        ("nbf", json!(now + 60)),
        ("sub", json!("")),
        ("sub", json!("x".repeat(300))),
        ("sub", json!("a b")),
        ("sub", Value::Null),
    ] {
        let mut claims = house.claims("1", "ann@gmail.com");
        claims[member] = value.clone();
        assert_eq!(field(&house.show_claims(&claims).await), (422, "idToken".to_owned()), "{member}: {value}");
    }
    // Several audiences need to say who asked.
    let mut claims = house.claims("1", "ann@gmail.com");
    claims["aud"] = json!(["web", "android"]);
    claims.as_object_mut().expect("claims").remove("azp");
    assert_eq!(field(&house.show_claims(&claims).await).0, 422);
}

#[actix_web::test]
async fn clocks_may_differ_a_little_and_google_writes_its_name_in_two_ways() {
    let house = House::new();
    let now = house.claims("1", "ann@gmail.com")["iat"].as_i64().expect("a time");
    for (member, value) in [
        ("exp", json!(now - 25)),
        ("iat", json!(now + 25)),
        ("iss", json!("accounts.google.com")),
        ("email_verified", json!("true")),
    ] {
        let mut claims = house.claims("1", "ann@gmail.com");
        claims[member] = value;
        house.show_claims(&claims).await.ok(200);
    }
}

#[actix_web::test]
async fn a_nonce_that_the_client_has_sent_must_come_back() {
    let house = House::new();
    let mut claims = house.claims("1", "ann@gmail.com");
    let ask = async |claims: &Value, nonce: &str| {
        let body = json!({ "idToken": signed(0, claims), "nonce": nonce });
        house.world.ask(plain("POST", "/auth/verify-google-token").set_json(body)).await
    };
    assert_eq!(ask(&claims, "mine").await.problem().0, 422, "the token has none");
    claims["nonce"] = json!("mine");
    assert_eq!(ask(&claims, "another").await.problem().0, 422);
    ask(&claims, "mine").await.ok(200);
}

fn encoded(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

#[actix_web::test]
async fn no_algorithm_but_rs256_by_a_published_key_is_accepted() {
    let house = House::new();
    let claims = house.claims("1", "ann@gmail.com");
    let modulus = public(0)["n"].as_str().expect("a number").to_owned();
    let by = |header: Header, key: &EncodingKey| encode(&header, &claims, key).expect("a token");
    let named = |algorithm| Header { kid: Some("0".to_owned()), ..Header::new(algorithm) };
    let hmac = |secret: &[u8]| by(named(Algorithm::HS256), &EncodingKey::from_secret(secret));
    let none = format!("{}.{}.", encoded(&json!({ "alg": "none", "kid": "0", "typ": "JWT" })), encoded(&claims));
    let genuine = signed(0, &claims);
    let (head, signature) =
        (encoded(&json!({ "alg": "none", "kid": "0" })), genuine.rsplit('.').next().expect("a part"));
    let mut changed = claims.clone();
    changed["sub"] = json!("2");
    let mut parts: Vec<&str> = genuine.split('.').collect();
    let other = encoded(&changed);
    parts[1] = &other;
    let own_key = serde_json::from_value(public(1)).expect("a key");
    let cases = [
        ("none", none),
        ("none with a signature", format!("{head}.{}.{signature}", encoded(&claims))),
        ("HMAC with the public key as it is published", hmac(public(0).to_string().as_bytes())),
        ("HMAC with the modulus as text", hmac(modulus.as_bytes())),
        ("HMAC with the modulus", hmac(&URL_SAFE_NO_PAD.decode(&modulus).expect("base64"))),
        ("another hash", by(named(Algorithm::RS512), &key(0))),
        ("another padding", by(named(Algorithm::PS256), &key(0))),
        ("another key under its name", by(named(Algorithm::RS256), &key(1))),
        ("a key of its own", by(Header { jwk: Some(own_key), ..named(Algorithm::RS256) }, &key(1))),
        ("a key elsewhere", by(Header { jku: Some(house.issuer.url("/mine")), ..named(Algorithm::RS256) }, &key(1))),
        ("no name of a key", by(Header::new(Algorithm::RS256), &key(0))),
        ("an access token's type", by(Header { typ: Some("at+jwt".to_owned()), ..named(Algorithm::RS256) }, &key(0))),
        ("changed claims", parts.join(".")),
        ("cut off", genuine.chars().take(genuine.len() - 1).collect()),
        ("nothing", String::new()),
        ("no token", "a.b.c".to_owned()),
        ("long", "x".repeat(20_000)),
    ];
    for (case, token) in cases {
        assert_eq!(field(&house.show(&token).await), (422, "idToken".to_owned()), "{case}");
    }
    house.show(&genuine).await.ok(200);
}

#[actix_web::test]
async fn a_token_of_google_is_no_access_token_and_the_other_way_round() {
    let house = House::new();
    let token = signed(0, &house.claims("1", "ann@gmail.com"));
    let request = plain("GET", "/auth/me").insert_header(("Authorization", format!("Bearer {token}")));
    assert_eq!(house.world.ask(request).await.problem().0, 401);
    let ann = house.world.register("ann").await;
    assert_eq!(field(&house.show(&ann.token).await).0, 422);
}

#[actix_web::test]
async fn where_google_is_not_set_up_that_is_said() {
    let house = House::with(|config| (config.enabled, config.redirect_url) = (false, String::new()));
    let token = signed(0, &house.claims("1", "ann@gmail.com"));
    assert_eq!(house.show(&token).await.problem(), (503, "unavailable".to_owned()));
    for path in ["/auth/google", "/auth/google/callback?state=a&code=b"] {
        assert_eq!(house.world.ask(plain("GET", path)).await.problem(), (503, "unavailable".to_owned()));
    }
    assert_eq!(house.issuer.keys_asked(), 0);
}
