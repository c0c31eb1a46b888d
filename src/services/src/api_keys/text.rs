//! A key as text.

use crate::accounts::Secret;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use plenum_schema::{ApiKeyId, Refusal, RefusalCode};
use rand::TryRngCore;
use rand::rngs::OsRng;
use sha2::{Digest, Sha256};
use uuid::Uuid;
use zeroize::Zeroizing;

const MARK: &str = "plk_";
const SECRET: usize = 32;
/// The longest text that can be a key, bytes; ours have 80.
const MAX_TEXT: usize = 128;

/// A parsed key.
pub(super) struct KeyText {
    pub id: ApiKeyId,
    secret: Zeroizing<[u8; SECRET]>,
}

/// What may be shown of a key.
pub(super) fn prefix(id: ApiKeyId) -> String {
    format!("{MARK}{}", id.0.simple())
}

impl KeyText {
    /// A new secret for a key.
    pub fn random(id: ApiKeyId) -> Result<Self, Refusal> {
        let mut secret = Zeroizing::new([0; SECRET]);
        OsRng.try_fill_bytes(&mut secret[..]).map_err(|error| {
            tracing::error!(%error, "the system's random source does not answer");
            Refusal::new(RefusalCode::Internal, "the server could not make a key; it has been logged")
        })?;
        Ok(Self { id, secret })
    }

    /// Reads a key; `None` for what is none.
    pub fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix(MARK).filter(|_| text.len() <= MAX_TEXT)?;
        let (id, secret) = rest.split_once('_')?;
        // One spelling: 32 digits in lower case.
        let id = Some(id).filter(|id| id.len() == 32 && !id.bytes().any(|byte| byte.is_ascii_uppercase()))?;
        let id = ApiKeyId(Uuid::try_parse(id).ok()?);
        let secret = Zeroizing::new(BASE64.decode(secret).ok()?);
        Some(Self { id, secret: Zeroizing::new(secret.as_slice().try_into().ok()?) })
    }

    /// The whole key.
    pub fn text(&self) -> Secret {
        let secret = Zeroizing::new(BASE64.encode(&self.secret[..]));
        Secret::from(format!("{}_{}", prefix(self.id), secret.as_str()))
    }

    /// What is stored.
    pub fn hash(&self) -> [u8; 32] {
        Sha256::digest(&self.secret[..]).into()
    }
}

/// Compares in a time that does not depend on where the difference is.
pub(super) fn is_same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |difference, (a, b)| difference | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_reads_back_what_it_says() {
        let key = KeyText::random(ApiKeyId(Uuid::now_v7())).unwrap();
        let read = KeyText::parse(key.text().expose()).unwrap();
        assert_eq!((read.id, read.hash()), (key.id, key.hash()));
    }

    #[test]
    fn anything_else_is_no_key() {
        let key = KeyText::random(ApiKeyId(Uuid::now_v7())).unwrap();
        let text = key.text().expose().to_owned();
        let long = format!("{text}{}", "A".repeat(200));
        for bad in ["", "plk_", "plk__", &text[..40], &text[4..], &text.to_uppercase(), &long, &format!("{text}A")] {
            assert!(KeyText::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn only_equal_bytes_are_the_same() {
        assert!(is_same(b"abc", b"abc"));
        assert!(!is_same(b"abc", b"abd") && !is_same(b"abc", b"ab") && !is_same(b"", b"a"));
    }
}
