//! The redirect flow's own secrets (RFC 6749 §10.12, RFC 7636, RFC 9700 §2.1).
//!
//! Nothing is kept while somebody is at Google, so that every node can go on with what any has begun: the *state* that travels with
//! the person and the *cookie* that stays in the browser belong together by a MAC with a key of the server. The verifier of the code and the
//! nonce of the token are derived from both, so whoever reads the address that leads back, but does not have the browser, has neither.

use crate::accounts::Secret;
use crate::accounts::keyring::{self, KeyError};
use crate::accounts::refresh_token::{RefreshKey, mac};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use hmac::Mac;
use plenum_actors::clock::WallMillis;
use plenum_schema::UserId;
use sha2::{Digest, Sha256};
use uuid::Uuid;

const COOKIE: usize = 32;
const RANDOM: usize = 16;
const NUMBER: usize = 8;
const TAG: usize = 32;
/// The longest text of any of these, bytes.
const MAX_TEXT: usize = 160;

/// A flow that was begun here, in this browser.
pub(super) struct Flow {
    random: [u8; RANDOM],
    cookie: [u8; COOKIE],
    pub expires_at: WallMillis,
}

fn decoded<const N: usize>(text: &str) -> Option<[u8; N]> {
    let bytes = BASE64.decode(text).ok().filter(|_| text.len() <= MAX_TEXT)?;
    bytes.try_into().ok()
}

/// A number after the first `at` bytes.
fn number(bytes: &[u8], at: usize) -> Option<i64> {
    bytes.get(at..)?.first_chunk().map(|bytes| i64::from_be_bytes(*bytes))
}

impl Flow {
    pub fn begin(expires_at: WallMillis) -> Result<Self, KeyError> {
        Ok(Self { random: keyring::random()?, cookie: keyring::random()?, expires_at })
    }

    /// The flow that a state and a cookie belong to; `None` when they do not belong together, or its time is over.
    pub fn resume(key: &RefreshKey, state: &str, cookie: &str, now: WallMillis) -> Option<Self> {
        let state: [u8; RANDOM + NUMBER + TAG] = decoded(state)?;
        let flow =
            Self { random: *state.first_chunk()?, cookie: decoded(cookie)?, expires_at: number(&state, RANDOM)? };
        let (_, tag) = state.split_at(RANDOM + NUMBER);
        let is_ours = flow.tag(key, "plenum google state").verify_slice(tag).is_ok();
        (is_ours && now < flow.expires_at).then_some(flow)
    }

    fn tag(&self, key: &RefreshKey, purpose: &str) -> hmac::Hmac<Sha256> {
        mac(key, purpose, &[&self.random, &self.expires_at.to_be_bytes(), &self.cookie])
    }

    fn derived(&self, key: &RefreshKey, purpose: &str) -> Secret {
        Secret::from(BASE64.encode(self.tag(key, purpose).finalize().into_bytes()))
    }

    /// What travels with the person.
    pub fn state(&self, key: &RefreshKey) -> String {
        let tag: [u8; TAG] = self.tag(key, "plenum google state").finalize().into_bytes().into();
        BASE64.encode([&self.random[..], &self.expires_at.to_be_bytes(), &tag].concat())
    }

    /// What stays in the browser.
    pub fn cookie(&self) -> Secret {
        Secret::from(BASE64.encode(self.cookie))
    }

    /// What the code is given out for only.
    pub fn verifier(&self, key: &RefreshKey) -> Secret {
        self.derived(key, "plenum google verifier")
    }

    /// Its hash, which travels with the person.
    pub fn challenge(&self, key: &RefreshKey) -> String {
        BASE64.encode(Sha256::digest(self.verifier(key).expose()))
    }

    /// What the token must repeat.
    pub fn nonce(&self, key: &RefreshKey) -> Secret {
        self.derived(key, "plenum google nonce")
    }

    /// What it is known by once it was used.
    pub fn key(&self) -> Uuid {
        plenum_schema::id::derived("plenum.spent.google-state", &[&self.random])
    }
}

/// Says for a moment that somebody has come back from Google; the page changes it into tokens, once.
pub(super) struct Ticket {
    pub user: UserId,
    /// The account's `credential` when they came back.
    pub credential: i64,
    pub expires_at: WallMillis,
    random: [u8; RANDOM],
}

impl Ticket {
    pub fn new(user: UserId, credential: i64, expires_at: WallMillis) -> Result<Self, KeyError> {
        Ok(Self { user, credential, expires_at, random: keyring::random()? })
    }

    fn bytes(&self) -> Vec<u8> {
        let numbers = [self.credential.to_be_bytes(), self.expires_at.to_be_bytes()].concat();
        [&self.random[..], &self.user.0.as_bytes()[..], &numbers].concat()
    }

    fn tag(&self, key: &RefreshKey) -> hmac::Hmac<Sha256> {
        mac(key, "plenum google ticket", &[&self.bytes()])
    }

    pub fn text(&self, key: &RefreshKey) -> Secret {
        let tag: [u8; TAG] = self.tag(key).finalize().into_bytes().into();
        Secret::from(BASE64.encode([&self.bytes()[..], &tag].concat()))
    }

    /// A ticket of ours whose time is not over.
    pub fn read(key: &RefreshKey, text: &str, now: WallMillis) -> Option<Self> {
        let bytes: [u8; RANDOM + 16 + 2 * NUMBER + TAG] = decoded(text)?;
        let ticket = Self {
            random: *bytes.first_chunk()?,
            user: UserId(Uuid::from_bytes(*bytes.get(RANDOM..)?.first_chunk()?)),
            credential: number(&bytes, RANDOM + 16)?,
            expires_at: number(&bytes, RANDOM + 16 + NUMBER)?,
        };
        let (_, tag) = bytes.split_at(RANDOM + 16 + 2 * NUMBER);
        (ticket.tag(key).verify_slice(tag).is_ok() && now < ticket.expires_at).then_some(ticket)
    }

    /// What it is known by once it was used.
    pub fn key(&self) -> Uuid {
        plenum_schema::id::derived("plenum.spent.google-ticket", &[&self.random])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use zeroize::Zeroizing;

    fn key(byte: u8) -> RefreshKey {
        Zeroizing::new([byte; 32])
    }

    #[test]
    fn a_flow_goes_on_with_its_own_cookie_and_key_and_within_its_time_only() {
        let (flow, other) = (Flow::begin(1_000).unwrap(), Flow::begin(1_000).unwrap());
        let (state, cookie) = (flow.state(&key(1)), flow.cookie());
        let resumed = Flow::resume(&key(1), &state, cookie.expose(), 999).unwrap();
        assert_eq!(resumed.verifier(&key(1)), flow.verifier(&key(1)));
        assert_eq!(resumed.nonce(&key(1)), flow.nonce(&key(1)));
        assert!((43..=128).contains(&resumed.verifier(&key(1)).expose().len()), "RFC 7636 §4.1");
        assert!(Flow::resume(&key(1), &state, cookie.expose(), 1_000).is_none(), "its time is over");
        assert!(Flow::resume(&key(2), &state, cookie.expose(), 0).is_none(), "another server's");
        assert!(Flow::resume(&key(1), &state, other.cookie().expose(), 0).is_none(), "another browser");
        let mut bytes = BASE64.decode(&state).unwrap();
        bytes[RANDOM] ^= 1;
        assert!(Flow::resume(&key(1), &BASE64.encode(bytes), cookie.expose(), 0).is_none(), "a longer life");
        for nonsense in ["", "a", "?", &"A".repeat(75), &"A".repeat(100_000)] {
            assert!(Flow::resume(&key(1), nonsense, cookie.expose(), 0).is_none());
            assert!(Flow::resume(&key(1), &state, nonsense, 0).is_none());
        }
    }

    #[test]
    fn nothing_that_travels_tells_the_verifier() {
        let flow = Flow::begin(1_000).unwrap();
        let verifier = flow.verifier(&key(1));
        assert_ne!(flow.challenge(&key(1)), verifier.expose());
        assert_ne!(flow.nonce(&key(1)), verifier);
        assert!(!flow.state(&key(1)).contains(verifier.expose()));
    }

    #[test]
    fn a_ticket_is_good_for_its_time_and_as_it_was_written_only() {
        let ticket = Ticket::new(UserId(Uuid::from_u128(7)), 3, 1_000).unwrap();
        let text = ticket.text(&key(1));
        let read = Ticket::read(&key(1), text.expose(), 999).unwrap();
        assert_eq!((read.user, read.credential, read.key()), (ticket.user, 3, ticket.key()));
        assert!(
            Ticket::read(&key(1), text.expose(), 1_000).is_none() && Ticket::read(&key(2), text.expose(), 0).is_none()
        );
        let mut bytes = BASE64.decode(text.expose()).unwrap();
        bytes[RANDOM] ^= 1;
        assert!(Ticket::read(&key(1), &BASE64.encode(bytes), 0).is_none(), "another person");
    }
}
