//! The issuer's public keys, kept for as long as it says, within bounds.
//!
//! | the key of a token is | and then |
//! |---|---|
//! | known, and the keys are fresh | it is used |
//! | unknown, or the keys are not fresh any more | they are fetched, by one for all who wait, no more often than `keys_again_s` |
//! | unknown also then | the token is worth nothing |
//!
//! While the issuer does not answer, keys that were good go on being used until `keys_max_s` after they were fetched.

use super::config::GoogleConfig;
use crate::issuer::{Issuer, IssuerError, PublicKey, PublicKeys};
use jsonwebtoken::DecodingKey;
use parking_lot::RwLock;
use plenum_actors::clock::{MonoMillis, SharedClock};
use plenum_schema::{Refusal, RefusalCode};
use std::collections::HashMap;
use std::sync::Arc;
use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore};

/// Most keys that are kept; issuers have two or three.
const MOST_KEYS: usize = 32;
/// Longest name of a key, bytes.
const LONGEST_ID: usize = 128;
/// When to come back while there are no keys, milliseconds.
const RETRY_MS: u64 = 2_000;

struct Known {
    keys: HashMap<String, DecodingKey>,
    fetched: MonoMillis,
    fresh_until: MonoMillis,
    usable_until: MonoMillis,
}

/// Of fetches: only one is under way.
#[derive(Default)]
struct Turn {
    not_before: MonoMillis,
    has_failed: bool,
}

pub(super) struct Keys {
    issuer: Arc<dyn Issuer>,
    clock: SharedClock,
    min_ms: u64,
    max_ms: u64,
    again_ms: u64,
    known: RwLock<Option<Arc<Known>>>,
    turn: Mutex<Turn>,
    waiting: Arc<Semaphore>,
}

/// RSA keys that are neither too weak nor so large that checking signatures becomes work: 2,048 to 4,096 bits.
fn is_usable(key: &PublicKey) -> bool {
    let bytes = key.modulus.len();
    let top = key.modulus.first().copied().unwrap_or(0);
    let exponent = key.exponent.as_slice();
    (256..=512).contains(&bytes)
        && top >= 0x80
        && (1..=4).contains(&exponent.len())
        && exponent.last().is_some_and(|low| low % 2 == 1)
        && exponent != [1]
        && !key.id.is_empty()
        && key.id.len() <= LONGEST_ID
}

fn unavailable() -> Refusal {
    Refusal::new(RefusalCode::Unavailable, "Google does not answer now").retry_after(RETRY_MS)
}

impl Keys {
    pub fn new(issuer: Arc<dyn Issuer>, clock: SharedClock, config: &GoogleConfig) -> Arc<Self> {
        Arc::new(Self {
            issuer,
            clock,
            min_ms: config.keys_min_s.saturating_mul(1_000),
            max_ms: config.keys_max_s.saturating_mul(1_000),
            again_ms: config.keys_again_s.saturating_mul(1_000),
            known: RwLock::new(None),
            turn: Mutex::new(Turn::default()),
            waiting: Arc::new(Semaphore::new(config.waiting)),
        })
    }

    fn known(&self) -> Option<Arc<Known>> {
        self.known.read().clone()
    }

    /// The key of this name; `None` when the issuer has none.
    ///
    /// # Errors
    /// `unavailable` while that cannot be known, `busy` when too many wait for it.
    pub async fn find(self: &Arc<Self>, id: &str) -> Result<Option<DecodingKey>, Refusal> {
        if id.is_empty() || id.len() > LONGEST_ID {
            return Ok(None);
        }
        let now = self.clock.mono();
        let before = self.known();
        let fresh = before.as_ref().filter(|known| now < known.fresh_until);
        if let Some(key) = fresh.and_then(|known| known.keys.get(id)) {
            return Ok(Some(key.clone()));
        }
        let busy = |_| Refusal::new(RefusalCode::Busy, "too many people sign in right now").retry_after(RETRY_MS);
        let place = Arc::clone(&self.waiting).try_acquire_owned().map_err(busy)?;
        let seen = before.map(|known| known.fetched);
        // In a task of its own: whoever goes away does not take the fetch from the others who wait for it.
        let renewal = tokio::spawn(Arc::clone(self).renew(seen, place)).await;
        let is_certain = renewal.unwrap_or(false);
        let usable = self.known().filter(|known| self.clock.mono() < known.usable_until);
        match usable.map(|known| known.keys.get(id).cloned()) {
            Some(Some(key)) => Ok(Some(key)),
            Some(None) if is_certain => Ok(None),
            _ => Err(unavailable()),
        }
    }

    /// Fetches the keys unless somebody has done so since `seen`, or a moment ago. Whether what is known then is what the issuer says.
    async fn renew(self: Arc<Self>, seen: Option<MonoMillis>, _place: OwnedSemaphorePermit) -> bool {
        let mut turn = self.turn.lock().await;
        let now = self.clock.mono();
        if self.known().map(|known| known.fetched) != seen || now < turn.not_before {
            return !turn.has_failed;
        }
        turn.not_before = now.saturating_add(self.again_ms);
        let fetched = self.issuer.keys().await.and_then(|fetched| self.read(fetched, now));
        turn.has_failed = fetched.is_err();
        match fetched {
            Ok(known) => *self.known.write() = Some(Arc::new(known)),
            Err(error) => tracing::warn!(%error, "the issuer's keys could not be fetched"),
        }
        !turn.has_failed
    }

    fn read(&self, fetched: PublicKeys, now: MonoMillis) -> Result<Known, IssuerError> {
        let usable = fetched.keys.into_iter().filter(is_usable).take(MOST_KEYS);
        let keys: HashMap<String, DecodingKey> =
            usable.map(|key| (key.id, DecodingKey::from_rsa_raw_components(&key.modulus, &key.exponent))).collect();
        if keys.is_empty() {
            return Err(IssuerError::Provider("it has no key that could be used".to_owned()));
        }
        let good_ms = fetched.max_age_s.map_or(self.min_ms, |seconds| seconds.saturating_mul(1_000));
        let good_ms = good_ms.max(self.min_ms).min(self.max_ms);
        let (fresh_until, usable_until) = (now.saturating_add(good_ms), now.saturating_add(self.max_ms));
        Ok(Known { keys, fetched: now, fresh_until, usable_until })
    }
}
