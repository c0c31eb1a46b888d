use super::*;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use plenum_actors::clock::Clock;
use plenum_schema::RefusalCode;
use serde_json::{Value, json};

/// A world, somebody signed in, and the server's own key for making tokens by hand.
pub(super) struct Forge {
    pub world: World,
    pub header: Header,
    pub claims: Value,
    pub key: EncodingKey,
    public: Vec<u8>,
}

fn part(token: &str, place: usize) -> Value {
    serde_json::from_slice(&BASE64.decode(token.split('.').nth(place).unwrap()).unwrap()).unwrap()
}

impl Forge {
    pub async fn new() -> Self {
        let world = World::new();
        let signed_in = world.register("ada@example.org").await.unwrap();
        let token = signed_in.access_token.expose();
        let ring: Value =
            serde_json::from_slice(&std::fs::read(world.dir.path().join("keys/ring.json")).unwrap()).unwrap();
        let seed = BASE64.decode(ring["signing"][0]["seed"].as_str().unwrap()).unwrap();
        let prefix = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];
        let public = BASE64.decode(world.accounts.jwks()["keys"][0]["x"].as_str().unwrap()).unwrap();
        Self {
            header: jsonwebtoken::decode_header(token).unwrap(),
            claims: part(token, 1),
            key: EncodingKey::from_ed_der(&[&prefix[..], &seed].concat()),
            public,
            world,
        }
    }

    pub fn signed(&self, header: &Header, claims: &Value) -> String {
        encode(header, claims, &self.key).unwrap()
    }

    fn with_claim(&self, name: &str, value: Value) -> String {
        let mut claims = self.claims.clone();
        claims[name] = value;
        self.signed(&self.header, &claims)
    }

    pub async fn refused(&self, token: &str) {
        let refusal = self.world.identify(token).await.expect_err(token);
        assert_eq!(refusal.code, RefusalCode::Unauthenticated);
        assert_eq!(refusal.message, "sign in again: the token is not valid", "nothing is said about why");
    }
}

#[tokio::test]
async fn a_token_has_the_shape_of_rfc_9068() {
    let forge = Forge::new().await;
    assert_eq!((forge.header.typ.as_deref(), forge.header.alg), (Some("at+jwt"), Algorithm::EdDSA));
    for claim in ["iss", "aud", "sub", "sid", "role", "iat", "nbf", "exp", "jti"] {
        assert!(!forge.claims[claim].is_null(), "{claim}");
    }
    assert_eq!((&forge.claims["iss"], &forge.claims["aud"]), (&json!("plenum"), &json!("plenum:user")));
    assert_eq!(forge.claims["exp"].as_i64().unwrap() - forge.claims["iat"].as_i64().unwrap(), 3_600);
    forge.world.identify(&forge.signed(&forge.header, &forge.claims)).await.expect("the forge works");
}

#[tokio::test]
async fn a_token_of_another_issuer_audience_or_type_is_refused() {
    let forge = Forge::new().await;
    forge.refused(&forge.with_claim("iss", json!("somebody"))).await;
    forge.refused(&forge.with_claim("aud", json!("plenum:host"))).await;
    for claim in ["iss", "aud", "exp", "nbf", "sub", "sid"] {
        forge.refused(&forge.with_claim(claim, Value::Null)).await;
    }
    for typ in [None, Some("JWT".to_owned()), Some("refresh+jwt".to_owned())] {
        forge.refused(&forge.signed(&Header { typ, ..forge.header.clone() }, &forge.claims)).await;
    }
}

#[tokio::test]
async fn no_algorithm_but_the_keys_own_is_accepted() {
    let forge = Forge::new().await;
    let claims = BASE64.encode(forge.claims.to_string());
    let kid = forge.header.kid.clone().unwrap();
    for alg in ["none", "None", "NONE", ""] {
        let header = BASE64.encode(json!({ "alg": alg, "typ": "at+jwt", "kid": kid }).to_string());
        forge.refused(&format!("{header}.{claims}.")).await;
    }
    // The public key, which everybody knows, as the secret of an HMAC.
    for alg in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
        let header = Header { alg, ..forge.header.clone() };
        forge.refused(&encode(&header, &forge.claims, &EncodingKey::from_secret(&forge.public)).unwrap()).await;
        let jwk = forge.world.accounts.jwks()["keys"][0].to_string();
        forge.refused(&encode(&header, &forge.claims, &EncodingKey::from_secret(jwk.as_bytes())).unwrap()).await;
    }
}

#[tokio::test]
async fn keys_come_from_the_ring_only() {
    let forge = Forge::new().await;
    let mut seed = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20].to_vec();
    seed.extend((0..32).map(|n| n * 7));
    let own = EncodingKey::from_ed_der(&seed);
    let mut jwk: jsonwebtoken::jwk::Jwk =
        serde_json::from_value(forge.world.accounts.jwks()["keys"][0].clone()).unwrap();
    jwk.common.key_id = Some("mine".to_owned());
    for kid in [None, Some("mine".to_owned()), forge.header.kid.clone()] {
        let url = Some("http://127.0.0.1:1/keys".to_owned());
        let header = Header { kid, jku: url.clone(), x5u: url, jwk: Some(jwk.clone()), ..forge.header.clone() };
        forge.refused(&encode(&header, &forge.claims, &own).unwrap()).await;
    }
    let header = Header { kid: None, ..forge.header.clone() };
    forge.refused(&forge.signed(&header, &forge.claims)).await;
    let header = Header { crit: Some(vec!["exp".to_owned()]), ..forge.header.clone() };
    forge.refused(&forge.signed(&header, &forge.claims)).await;
}

#[tokio::test]
async fn a_changed_or_cut_token_is_refused() {
    let forge = Forge::new().await;
    let token = forge.signed(&forge.header, &forge.claims);
    for place in (0..token.len()).step_by(7) {
        let mut bytes = token.clone().into_bytes();
        bytes[place] = if bytes[place] == b'A' { b'B' } else { b'A' };
        forge.refused(&String::from_utf8(bytes).unwrap()).await;
        forge.refused(&token[..place]).await;
    }
    for wrong in ["", ".", "..", "...", "ä.ö.ü", &"a".repeat(100_000), &format!("{token}.x"), &format!(" {token}")] {
        forge.refused(wrong).await;
    }
}

#[tokio::test]
async fn time_is_checked_with_a_small_leeway() {
    let forge = Forge::new().await;
    let now = forge.world.clock.wall() / 1_000;
    forge.world.identify(&forge.with_claim("exp", json!(now - 29))).await.expect("within the leeway");
    forge.refused(&forge.with_claim("exp", json!(now - 31))).await;
    forge.world.identify(&forge.with_claim("nbf", json!(now + 29))).await.expect("within the leeway");
    forge.refused(&forge.with_claim("nbf", json!(now + 31))).await;
    forge.refused(&forge.with_claim("exp", json!("soon"))).await;
    let token = forge.signed(&forge.header, &forge.claims);
    forge.world.later(3_600 + 31);
    forge.refused(&token).await;
}

#[tokio::test]
async fn a_token_for_a_session_that_never_was_is_refused() {
    let forge = Forge::new().await;
    forge.refused(&forge.with_claim("sid", json!(uuid::Uuid::from_u128(7)))).await;
    forge.refused(&forge.with_claim("sub", json!(uuid::Uuid::from_u128(7)))).await;
    forge.refused(&forge.with_claim("sid", json!("../../x"))).await;
}

#[tokio::test]
async fn a_refresh_token_is_no_access_token_and_the_other_way_round() {
    let world = World::new();
    let signed_in = world.register("ada@example.org").await.unwrap();
    world.identify(signed_in.refresh_token.expose()).await.unwrap_err();
    world.accounts.refresh(&signed_in.access_token).await.unwrap_err();
}

#[tokio::test]
async fn secrets_do_not_show_in_debug_output() {
    let world = World::new();
    let signed_in = world.register("ada@example.org").await.unwrap();
    let shown = format!("{signed_in:?} {:?} {:?}", registration("a@b.cd"), login("a@b.cd", PASSWORD));
    for secret in [signed_in.access_token.expose(), signed_in.refresh_token.expose(), PASSWORD] {
        assert!(!shown.contains(secret));
    }
}

#[tokio::test]
#[ignore = "a measurement: run with --release --ignored --nocapture"]
async fn checking_a_token_is_fast() {
    let world = World::new();
    let signed_in = world.register("ada@example.org").await.unwrap();
    let clock = plenum_actors::clock::SystemClock::new();
    let start = clock.micros();
    for _ in 0..10_000 {
        world.identity(&signed_in).await;
    }
    println!("{:.1} µs for a check of signature, claims and session", (clock.micros() - start) as f64 / 10_000.0);
}
