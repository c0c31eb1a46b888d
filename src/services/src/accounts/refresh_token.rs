//! Refresh tokens: opaque, 256 random bits, and a tag by which a token of ours is told from an invented one.
//!
//! `plr1_<user>.<session>.<secret><tag>` in base64url. Only a hash of the secret is stored. The next secret of a session
//! is derived from the present one, a random number of the session and a key of the server: two refreshes at once, on
//! whichever nodes, give the device the same next token, and none of the three parts alone gives it to anybody else. The
//! tag lets an old token of ours raise the alarm while one made up from known ids does nothing.

use super::secret::Secret;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use hmac::{Hmac, Mac};
use plenum_schema::{SessionId, UserId};
use sha2::{Digest, Sha256};
use uuid::Uuid;
use zeroize::Zeroizing;

const PREFIX: &str = "plr1_";
const SECRET: usize = 32;
const TAG: usize = 16;
/// The longest text that can be a token, bytes.
const MAX_TEXT: usize = 160;

/// The key of the server that derives and tags.
pub(super) type RefreshKey = Zeroizing<[u8; 32]>;

/// A parsed token.
pub(super) struct RefreshToken {
    pub user: UserId,
    pub session: SessionId,
    secret: Zeroizing<[u8; SECRET]>,
}

pub(super) fn mac(key: &RefreshKey, purpose: &str, parts: &[&[u8]]) -> Hmac<Sha256> {
    // HMAC takes keys of every length, so the fallback is never used.
    let mut mac = Hmac::<Sha256>::new_from_slice(&key[..])
        .unwrap_or_else(|_| Hmac::new(&hmac::digest::Key::<Hmac<Sha256>>::default()));
    mac.update(purpose.as_bytes());
    for part in parts {
        mac.update(part);
    }
    mac
}

impl RefreshToken {
    /// The first token of a session.
    pub fn first(user: UserId, session: SessionId, secret: [u8; SECRET]) -> Self {
        Self { user, session, secret: Zeroizing::new(secret) }
    }

    /// The token that replaces this one. `family` is the session's random number.
    pub fn next(&self, key: &RefreshKey, family: &[u8]) -> Self {
        let mac = mac(key, "plenum refresh next", &[family, self.session.0.as_bytes(), &self.secret[..]]);
        Self { user: self.user, session: self.session, secret: Zeroizing::new(mac.finalize().into_bytes().into()) }
    }

    /// What is stored.
    pub fn hash(&self) -> [u8; 32] {
        Sha256::digest(&self.secret[..]).into()
    }

    fn tagging(&self, key: &RefreshKey) -> Hmac<Sha256> {
        mac(key, "plenum refresh tag", &[self.user.0.as_bytes(), self.session.0.as_bytes(), &self.secret[..]])
    }

    /// The text that the device keeps.
    pub fn text(&self, key: &RefreshKey) -> Secret {
        let tag = self.tagging(key).finalize().into_bytes();
        let mut proof = Zeroizing::new([0_u8; SECRET + TAG]);
        proof[..SECRET].copy_from_slice(&self.secret[..]);
        proof[SECRET..].copy_from_slice(&tag[..TAG]);
        let [user, session] = [self.user.0, self.session.0].map(|id| BASE64.encode(id.as_bytes()));
        let proof = Zeroizing::new(BASE64.encode(&proof[..]));
        format!("{PREFIX}{user}.{session}.{}", proof.as_str()).into()
    }

    /// Reads a token that this server (or one with the same key) has issued; `None` for everything else.
    pub fn parse(text: &str, key: &RefreshKey) -> Option<Self> {
        let rest = text.strip_prefix(PREFIX).filter(|_| text.len() <= MAX_TEXT)?;
        let mut parts = rest.split('.');
        let (user, session, proof) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() {
            return None;
        }
        let id = |text: &str| Uuid::from_slice(&BASE64.decode(text).ok()?).ok();
        let proof = Zeroizing::new(BASE64.decode(proof).ok()?);
        let (secret, tag) = proof.split_first_chunk::<SECRET>().filter(|(_, tag)| tag.len() == TAG)?;
        let token = Self::first(UserId(id(user)?), SessionId(id(session)?), *secret);
        token.tagging(key).verify_truncated_left(tag).ok()?;
        Some(token)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token() -> (RefreshKey, RefreshToken) {
        let key = Zeroizing::new([7; 32]);
        (key, RefreshToken::first(UserId(Uuid::from_u128(1)), SessionId(Uuid::from_u128(2)), [9; 32]))
    }

    #[test]
    fn a_token_reads_back() {
        let (key, token) = token();
        let again = RefreshToken::parse(token.text(&key).expose(), &key).unwrap();
        assert_eq!((again.user, again.session, again.hash()), (token.user, token.session, token.hash()));
    }

    #[test]
    fn every_changed_character_makes_it_a_stranger() {
        let (key, token) = token();
        let text = token.text(&key).expose().to_owned();
        for place in 0..text.len() {
            let mut bytes = text.clone().into_bytes();
            bytes[place] = if bytes[place] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).unwrap();
            assert!(RefreshToken::parse(&changed, &key).is_none(), "{place}");
        }
        assert!(RefreshToken::parse(&text, &Zeroizing::new([8; 32])).is_none());
        assert!(RefreshToken::parse(&format!("{text}."), &key).is_none());
        assert!(RefreshToken::parse("", &key).is_none());
    }

    #[test]
    fn whatever_is_cut_inserted_or_swapped_no_other_text_is_a_token() {
        let (key, token) = token();
        let text = token.text(&key).expose().to_owned();
        let strange = ['\0', '.', '=', '_', 'A', 'é', '\u{1f600}'];
        for at in 0..text.len() {
            let (head, tail) = text.split_at(at);
            let inserted = strange.map(|letter| format!("{head}{letter}{tail}"));
            let replaced = strange.map(|letter| format!("{head}{letter}{}", &tail[1..]));
            let others = [head.to_owned(), tail.to_owned(), format!("{tail}{head}"), format!("{head}{text}{tail}")];
            for other in inserted.into_iter().chain(replaced).chain(others).filter(|other| *other != text) {
                assert!(RefreshToken::parse(&other, &key).is_none(), "{other}");
            }
        }
    }

    #[test]
    fn the_next_token_is_the_same_for_everybody_who_knows_all_three_parts() {
        let (key, token) = token();
        assert_eq!(token.next(&key, b"family").hash(), token.next(&key, b"family").hash());
        assert_ne!(token.next(&key, b"family").hash(), token.next(&key, b"another").hash());
        assert_ne!(token.next(&key, b"family").hash(), token.next(&Zeroizing::new([8; 32]), b"family").hash());
        assert_ne!(token.next(&key, b"family").hash(), token.hash());
    }
}
