//! The server's own keys: Ed25519 keys that sign access tokens (RFC 8037), and the key behind refresh tokens.
//!
//! They are made at the first start. A node alone keeps them in `keys/ring.json` in the data directory, readable by its owner only;
//! nodes that share a store keep them there.

mod file;
mod shared;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use ed25519_dalek::SigningKey;
use jsonwebtoken::{DecodingKey, EncodingKey};
use plenum_actors::clock::WallMillis;
use plenum_actors::store::{SharedStore, StoreError};
use rand::TryRngCore;
use rand::rngs::OsRng;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

use super::refresh_token::RefreshKey;

/// The fixed beginning of an Ed25519 private key in PKCS #8 (RFC 8410 §7); the 32 bytes of the key follow.
const PKCS8: [u8; 16] =
    [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];

/// Why there are no keys.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file or its directory cannot be read or written.
    #[error("{path}: {source}")]
    Io {
        /// What was tried.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Others than the owner may read the keys.
    #[error("{path} must be accessible to its owner only: its mode is {mode:o}, chmod it to {wanted:o}")]
    Permissions {
        /// The file or directory.
        path: PathBuf,
        /// Its mode now.
        mode: u32,
        /// The mode it should have.
        wanted: u32,
    },
    /// The file does not read back.
    #[error("{path} is damaged: {reason}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong, without the keys.
        reason: &'static str,
    },
    /// The store that has them does not answer.
    #[error("{0}")]
    Store(StoreError),
    /// Other nodes keep changing them.
    #[error("other nodes keep changing the keys")]
    Contended,
    /// The system gives no random numbers.
    #[error("the system's random source does not answer")]
    Random,
}

/// Random bytes for secrets. Unlike ids they come from the system directly, also in tests: nothing may depend on them.
pub(super) fn random<const N: usize>() -> Result<[u8; N], KeyError> {
    let mut bytes = [0; N];
    OsRng.try_fill_bytes(&mut bytes).map_err(|_| KeyError::Random)?;
    Ok(bytes)
}

/// The keys as they are stored.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Stored {
    version: u32,
    refresh: Zeroizing<String>,
    signing: Vec<StoredKey>,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct StoredKey {
    algorithm: String,
    seed: Zeroizing<String>,
    created_at: WallMillis,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    retired_at: Option<WallMillis>,
}

/// One signing key, ready for use.
pub(super) struct Key {
    pub kid: String,
    pub encoding: EncodingKey,
    decoding: DecodingKey,
    pub public: [u8; 32],
    created_at: WallMillis,
    retired_at: Option<WallMillis>,
}

/// All keys, ready for use. The last one signs.
pub struct KeyRing {
    stored: Stored,
    signing: Key,
    verifying: HashMap<String, Key>,
    refresh: RefreshKey,
    overlap_ms: i64,
    /// Of the row in the store; 0 of a file.
    version: i64,
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyRing").field("signing", &self.signing.kid).field("keys", &self.verifying.len()).finish()
    }
}

fn bytes32(text: &str) -> Option<Zeroizing<[u8; 32]>> {
    let bytes = Zeroizing::new(BASE64.decode(text).ok()?);
    let bytes = Zeroizing::new(<[u8; 32]>::try_from(bytes.as_slice()).ok()?);
    // A key of one repeated byte was written by hand into an example, not made here.
    bytes.iter().any(|byte| *byte != bytes[0]).then_some(bytes)
}

impl Key {
    fn new(stored: &StoredKey) -> Option<Self> {
        let seed = bytes32(&stored.seed).filter(|_| stored.algorithm == "EdDSA")?;
        let public = SigningKey::from_bytes(&seed).verifying_key().to_bytes();
        let der = Zeroizing::new([PKCS8.as_slice(), &seed[..]].concat());
        Some(Self {
            kid: thumbprint(&public),
            encoding: EncodingKey::from_ed_der(&der),
            decoding: DecodingKey::from_ed_der(&public),
            public,
            created_at: stored.created_at,
            retired_at: stored.retired_at,
        })
    }

    fn jwk(&self) -> serde_json::Value {
        let x = BASE64.encode(self.public);
        serde_json::json!({ "kty": "OKP", "crv": "Ed25519", "x": x, "kid": self.kid, "use": "sig", "alg": "EdDSA" })
    }
}

/// The key's name: its JWK thumbprint (RFC 7638, RFC 8037 §2).
pub(super) fn thumbprint(public: &[u8; 32]) -> String {
    let canonical = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, BASE64.encode(public));
    BASE64.encode(Sha256::digest(canonical))
}

impl Stored {
    fn fresh(now: WallMillis) -> Result<Self, KeyError> {
        let refresh = Zeroizing::new(random::<32>()?);
        let signing = vec![StoredKey::fresh(now)?];
        Ok(Self { version: 1, refresh: Zeroizing::new(BASE64.encode(&refresh[..])), signing })
    }
}

impl StoredKey {
    fn fresh(now: WallMillis) -> Result<Self, KeyError> {
        let seed = Zeroizing::new(random::<32>()?);
        let seed = Zeroizing::new(BASE64.encode(&seed[..]));
        Ok(Self { algorithm: "EdDSA".to_owned(), seed, created_at: now, retired_at: None })
    }
}

impl KeyRing {
    /// Reads the keys below `data_dir`, making them first where there are none. A retired key goes on verifying for `overlap_ms`.
    ///
    /// # Errors
    /// [`KeyError`]: unreadable, damaged, or readable by others.
    pub fn open(data_dir: &Path, overlap_ms: i64, now: WallMillis) -> Result<Self, KeyError> {
        let stored = file::open(data_dir, || Stored::fresh(now))?;
        Self::new(stored, overlap_ms)
            .ok_or_else(|| file::damaged(data_dir, "a key is missing, malformed or an example"))
    }

    fn new(stored: Stored, overlap_ms: i64) -> Option<Self> {
        let refresh = bytes32(&stored.refresh).filter(|_| stored.version == 1)?;
        let keys: Option<Vec<Key>> = stored.signing.iter().map(Key::new).collect();
        let signing = stored.signing.iter().rev().find(|key| key.retired_at.is_none()).and_then(Key::new)?;
        let verifying = keys?.into_iter().map(|key| (key.kid.clone(), key)).collect();
        Some(Self { stored, signing, verifying, refresh, overlap_ms, version: 0 })
    }

    /// A ring with a new signing key; the present one is retired and those retired for long enough are gone. On disk
    /// before it is returned.
    ///
    /// # Errors
    /// [`KeyError`]: nothing has changed then.
    pub fn rotated(&self, data_dir: &Path, now: WallMillis) -> Result<Self, KeyError> {
        let stored = self.with_fresh_key(now)?;
        file::replace(data_dir, &stored)?;
        Self::new(stored, self.overlap_ms).ok_or_else(|| file::damaged(data_dir, "a new key does not read back"))
    }

    /// As [`Self::open`], for nodes that share a store: made of this node's file where the store has no keys yet.
    ///
    /// # Errors
    /// [`KeyError`]: the store does not answer; the file is unreadable, damaged, or readable by others.
    pub async fn open_shared(
        store: &SharedStore,
        data_dir: &Path,
        overlap_ms: i64,
        now: WallMillis,
    ) -> Result<Self, KeyError> {
        shared::open(store, data_dir, overlap_ms, now).await
    }

    /// The ring of the store as it stands now.
    ///
    /// # Errors
    /// [`KeyError`]: the store does not answer.
    pub async fn loaded(&self, store: &SharedStore) -> Result<Self, KeyError> {
        shared::load(store, self.overlap_ms).await
    }

    /// As [`Self::rotated`], in the store. When another node was faster its ring is answered.
    ///
    /// # Errors
    /// [`KeyError`]: the store does not answer.
    pub async fn rotated_shared(&self, store: &SharedStore, now: WallMillis) -> Result<Self, KeyError> {
        shared::rotate(store, self, now).await
    }

    fn with_fresh_key(&self, now: WallMillis) -> Result<Stored, KeyError> {
        let mut stored = self.stored.clone();
        for key in &mut stored.signing {
            key.retired_at.get_or_insert(now);
        }
        stored.signing.retain(|key| self.still_verifies(key.retired_at, now));
        stored.signing.push(StoredKey::fresh(now)?);
        Ok(stored)
    }

    fn still_verifies(&self, retired_at: Option<WallMillis>, now: WallMillis) -> bool {
        retired_at.is_none_or(|at| now < at.saturating_add(self.overlap_ms))
    }

    /// The key that signs.
    pub(super) fn signing(&self) -> &Key {
        &self.signing
    }

    /// When the signing key was made.
    pub(super) fn signing_since(&self) -> WallMillis {
        self.signing.created_at
    }

    /// The key with this name, unless it was retired too long ago.
    pub(super) fn verifying(&self, kid: &str, now: WallMillis) -> Option<&DecodingKey> {
        let key = self.verifying.get(kid)?;
        self.still_verifies(key.retired_at, now).then_some(&key.decoding)
    }

    pub(super) fn refresh_key(&self) -> &RefreshKey {
        &self.refresh
    }

    /// The public keys as a JWK set (RFC 7517 §5), for other services that check our tokens.
    #[must_use]
    pub fn jwks(&self, now: WallMillis) -> serde_json::Value {
        let current = self.verifying.values().filter(|key| self.still_verifies(key.retired_at, now));
        let mut keys: Vec<&Key> = current.collect();
        keys.sort_by(|a, b| (a.created_at, &a.kid).cmp(&(b.created_at, &b.kid)));
        serde_json::json!({ "keys": keys.into_iter().map(Key::jwk).collect::<Vec<_>>() })
    }
}
