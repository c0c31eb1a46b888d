//! What opens doors, broken: access tokens, refresh tokens, API keys. Nothing but the text that was given out opens anything, also when
//! what is inside a token was broken before it was signed.

use super::tokens::Forge;
use super::*;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use plenum_schema::RefusalCode;
use plenum_services::accounts::Secret;
use plenum_services::api_keys::{ApiKeys, KeyScope, NewKey};

const SEED: u64 = 0x5EED_0029;

/// What a long run chooses instead of the usual: `PLENUM_FUZZ_SEED` and `PLENUM_FUZZ_CASES`.
fn chosen(name: &str, usual: u64) -> u64 {
    let Ok(text) = std::env::var(name) else { return usual };
    text.parse().unwrap_or_else(|_| panic!("{name} is a number, not {text:?}"))
}

/// xorshift64*: enough to choose where to break something, and the same everywhere.
struct Dice(u64);

impl Dice {
    fn new() -> Self {
        Self(chosen("PLENUM_FUZZ_SEED", SEED).max(1))
    }

    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let high = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
        usize::try_from(high).unwrap() % sides.max(1)
    }

    fn broken(&mut self, original: &[u8], telling: &[u8]) -> Vec<u8> {
        let mut bytes = original.to_vec();
        for _ in 0..=self.roll(3) {
            let at = self.roll(bytes.len() + 1);
            match self.roll(6) {
                0 => bytes.truncate(at),
                1 => bytes.insert(at, telling[self.roll(telling.len())]),
                2 => drop(bytes.drain(at..bytes.len().min(at + 3))),
                3 => bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= 1 << (at % 7)),
                4 => bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte = telling[at % telling.len()]),
                _ => {
                    let end = (at + 1 + self.roll(20)).min(bytes.len());
                    let part = bytes[at.min(end)..end].to_vec();
                    drop(bytes.splice(at..at, part));
                }
            }
        }
        bytes
    }

    fn broken_text(&mut self, original: &str) -> String {
        String::from_utf8_lossy(&self.broken(original.as_bytes(), b"Aa0_-.= \0~\xc3")).into_owned()
    }
}

#[tokio::test]
async fn no_broken_copy_of_an_access_token_is_one() {
    let forge = Forge::new().await;
    let text = forge.signed(&forge.header, &forge.claims);
    let mut dice = Dice::new();
    for _ in 0..chosen("PLENUM_FUZZ_CASES", 3_000) {
        let other = dice.broken_text(&text);
        if other != text {
            forge.refused(&other).await;
        }
    }
}

#[tokio::test]
async fn what_is_broken_before_it_is_signed_is_refused_or_says_what_it_said() {
    let forge = Forge::new().await;
    let whole = forge.world.identify(&forge.signed(&forge.header, &forge.claims)).await.unwrap();
    let [header, claims] = [serde_json::to_vec(&forge.header).unwrap(), serde_json::to_vec(&forge.claims).unwrap()];
    let mut dice = Dice::new();
    let mut accepted = 0_u64;
    let cases = chosen("PLENUM_FUZZ_CASES", 3_000);
    for case in 0..cases {
        let telling = b"{}[]\",:\\0e-9 \0\xff";
        let header = if case.is_multiple_of(3) { dice.broken(&header, telling) } else { header.clone() };
        let claims = if case.is_multiple_of(3) { claims.clone() } else { dice.broken(&claims, telling) };
        let token = forge.signed_bytes(&header, &claims);
        if let Ok(identity) = forge.world.identify(&token).await {
            accepted += 1;
            assert_eq!((identity.user, identity.session, identity.scope), (whole.user, whole.session, whole.scope));
        }
    }
    assert!(cases < 3_000 || accepted > 0, "some breaks mean nothing");
}

#[tokio::test]
async fn no_broken_copy_of_a_refresh_token_is_one_or_ends_the_session() {
    let world = World::new();
    let signed_in = world.register("ada@example.org").await.unwrap();
    let text = signed_in.refresh_token.expose().to_owned();
    let mut dice = Dice::new();
    for _ in 0..chosen("PLENUM_FUZZ_CASES", 3_000) {
        let other = dice.broken_text(&text);
        if other != text {
            let refusal = world.accounts.refresh(&Secret::from(other.clone())).await.expect_err(&other);
            assert_eq!(refusal.code, RefusalCode::Unauthenticated);
        }
    }
    world.accounts.refresh(&Secret::from(text)).await.expect("the alarm was never raised");
}

#[tokio::test]
async fn no_broken_copy_of_an_api_key_is_one() {
    let world = World::new();
    let keys = ApiKeys::new(Arc::new(world.store.clone()), world.clock.clone(), Default::default());
    let scopes = [KeyScope::StatusRead].into();
    let made = keys.create(NewKey { name: "checker".into(), scopes, expires_at: None, by: None }).await.unwrap();
    let text = made.key.expose().to_owned();
    let mut dice = Dice::new();
    for _ in 0..chosen("PLENUM_FUZZ_CASES", 5_000) {
        let other = dice.broken_text(&text);
        if other != text {
            let refusal = keys.check(&other, KeyScope::StatusRead).await.expect_err(&other);
            assert_eq!(refusal.code, RefusalCode::Unauthenticated);
        }
    }
    keys.check(&text, KeyScope::StatusRead).await.expect("the key itself opens");
}

impl Forge {
    /// A token of exactly these bytes, signed with the server's key.
    fn signed_bytes(&self, header: &[u8], claims: &[u8]) -> String {
        let message = format!("{}.{}", BASE64.encode(header), BASE64.encode(claims));
        let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &self.key, jsonwebtoken::Algorithm::EdDSA);
        format!("{message}.{}", signature.unwrap())
    }
}
