//! Token buckets, one for each caller or address, in a map that cannot grow without limit.

use crate::standing::{Standing, met_limit};
use actix_web::HttpMessage;
use parking_lot::Mutex;
use plenum_schema::{ApiKeyId, Refusal, RefusalCode, UserId};
use plenum_services::shared_limits::{Buckets, Charge, Limit, SharedLimits};
use serde::Deserialize;
use std::collections::HashMap;
use std::collections::hash_map::{Entry, RandomState};
use std::fmt;
use std::hash::BuildHasher;
use std::marker::PhantomData;
use std::net::IpAddr;
use std::sync::{Arc, OnceLock};

/// How fast something may be done.
#[derive(Clone, Copy, PartialEq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    /// Sustained, per second. 0 switches the limit off.
    pub per_second: f64,
    /// At once, after a pause.
    pub burst: f64,
}

impl Rate {
    /// What is wrong with it: the member and why.
    #[must_use]
    pub fn problem(&self) -> Option<(&'static str, &'static str)> {
        if !self.per_second.is_finite() || self.per_second < 0.0 {
            return Some(("per_second", "must be 0 (no limit) or more"));
        }
        if !self.burst.is_finite() || (self.per_second > 0.0 && self.burst < 1.0) || self.burst < 0.0 {
            return Some(("burst", "must be at least 1"));
        }
        None
    }
}

/// Whose a bucket is.
pub trait BucketKey: Copy {
    /// The same on every node, and nobody else's.
    fn bits(&self) -> u128;
}

impl BucketKey for UserId {
    fn bits(&self) -> u128 {
        self.0.as_u128()
    }
}

impl BucketKey for ApiKeyId {
    fn bits(&self) -> u128 {
        self.0.as_u128()
    }
}

impl BucketKey for IpAddr {
    fn bits(&self) -> u128 {
        match self {
            Self::V4(address) => address.to_ipv6_mapped().to_bits(),
            Self::V6(address) => address.to_bits(),
        }
    }
}

/// A token-bucket limiter with a bucket for each key.
///
/// At most `keys` buckets are kept. When all are in use, buckets that are full again are forgotten (at most once a second);
/// newcomers that find no room share one bucket, so a flood of new keys slows itself and nobody who is already known.
pub struct Limiter<K> {
    rate: Rate,
    keys_per_shard: usize,
    hasher: RandomState,
    shards: Vec<Mutex<Shard>>,
    /// Where other nodes are told of what is taken here.
    told: OnceLock<(Limit, Arc<SharedLimits>)>,
    keys: PhantomData<fn(K)>,
}

impl<K> fmt::Debug for Limiter<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Limiter").field("rate", &self.rate).finish_non_exhaustive()
    }
}

#[derive(Debug)]
struct Shard {
    buckets: HashMap<u128, Bucket>,
    shared: Bucket,
    swept_at: u64,
}

#[derive(Clone, Copy, Debug)]
struct Bucket {
    /// Below zero when more was spent on other nodes than was there.
    tokens: f64,
    /// Monotonic milliseconds of the last look.
    at: u64,
}

/// A token, in the thousandths in which other nodes are told of it.
const TOKEN: i64 = 1_000;
const SHARDS: usize = 16;
const SWEEP_EVERY_MS: u64 = 1_000;

impl<K: BucketKey + 'static> Limiter<K> {
    /// A limiter that remembers about `keys` keys (at least 16).
    #[must_use]
    pub fn new(rate: Rate, keys: usize) -> Self {
        let full = Bucket { tokens: rate.burst, at: 0 };
        let shard = || Mutex::new(Shard { buckets: HashMap::new(), shared: full, swept_at: 0 });
        Self {
            rate,
            keys_per_shard: keys.div_ceil(SHARDS).max(1),
            hasher: RandomState::new(),
            shards: (0..SHARDS).map(|_| shard()).collect(),
            told: OnceLock::new(),
            keys: PhantomData,
        }
    }

    /// How fast it lets anybody be.
    #[must_use]
    pub fn rate(&self) -> Rate {
        self.rate
    }

    /// From now on these buckets are those of a limit that holds for all nodes together. Later calls change nothing.
    pub fn share(self: &Arc<Self>, limit: Limit, limits: &Arc<SharedLimits>) {
        if self.told.set((limit, limits.clone())).is_ok() {
            let weak = Arc::downgrade(self);
            limits.add(limit, weak);
        }
    }

    fn shard(&self, key: u128) -> Option<&Mutex<Shard>> {
        let place = usize::try_from(self.hasher.hash_one(key) % (SHARDS as u64)).unwrap_or(0);
        self.shards.get(place)
    }

    fn tell(&self, key: u128, amount: i64) {
        if let Some((limit, limits)) = self.told.get() {
            limits.note(*limit, key, amount);
        }
    }

    /// Takes a token of `key` at monotonic time `now` (milliseconds).
    ///
    /// # Errors
    /// `rateLimited` with the time until the next token.
    pub fn check(&self, key: K, now: u64) -> Result<(), Refusal> {
        self.take(key, now).1
    }

    /// As [`Self::check`], for a request whose answer tells where the bucket stands.
    ///
    /// # Errors
    /// `rateLimited` with the time until the next token.
    pub fn check_for(&self, request: &impl HttpMessage, key: K, now: u64) -> Result<(), Refusal> {
        let (standing, outcome) = self.take(key, now);
        met_limit(request, standing);
        outcome
    }

    /// Takes a token and says where the bucket stands then; nothing where there is no limit.
    fn take(&self, key: K, now: u64) -> (Option<Standing>, Result<(), Refusal>) {
        if self.rate.per_second <= 0.0 {
            return (None, Ok(()));
        }
        let key = key.bits();
        let Some(shard) = self.shard(key) else { return (None, Ok(())) };
        let (waited, bucket) = {
            let mut shard = shard.lock();
            let bucket = shard.bucket(key, now, self.rate, self.keys_per_shard);
            (bucket.take(now, self.rate), *bucket)
        };
        if waited.is_ok() {
            self.tell(key, TOKEN);
        }
        let refused = |wait| Refusal::new(RefusalCode::RateLimited, "too many requests").retry_after(wait);
        (Some(bucket.standing(self.rate)), waited.map_err(refused))
    }

    /// Gives a token back: what it was taken for turned out to cost nothing.
    pub fn give_back(&self, key: K, now: u64) {
        if self.rate.per_second <= 0.0 {
            return;
        }
        let key = key.bits();
        if let Some(shard) = self.shard(key) {
            let mut shard = shard.lock();
            let bucket = shard.bucket(key, now, self.rate, self.keys_per_shard);
            bucket.tokens = (bucket.tokens + 1.0).min(self.rate.burst);
        }
        self.tell(key, -TOKEN);
    }

    /// How many buckets are kept now.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().buckets.len()).sum()
    }

    /// Whether no bucket is kept.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<K: BucketKey + 'static> Buckets for Limiter<K> {
    #[expect(clippy::cast_precision_loss, reason = "thousandths of what a person does between two reports")]
    fn charge(&self, charge: Charge) -> bool {
        let (Some(shard), true) = (self.shard(charge.whom), self.rate.per_second > 0.0) else { return true };
        let mut shard = shard.lock();
        // The bucket that newcomers share is not charged: they may be others than those who spent.
        let Some(bucket) = shard.own_bucket(charge.whom, charge.now, self.rate, self.keys_per_shard) else {
            return false;
        };
        let owed = f64::from(charge.owed_bursts) * self.rate.burst;
        bucket.charge(charge.amount as f64 / TOKEN as f64, owed, charge.now, self.rate);
        true
    }
}

impl Shard {
    /// The bucket of a key, or the one that all share who find no room.
    fn bucket(&mut self, key: u128, now: u64, rate: Rate, most: usize) -> &mut Bucket {
        self.sweep_for(key, now, rate, most);
        let has_room = self.buckets.len() < most;
        match self.buckets.entry(key) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(free) if has_room => free.insert(Bucket { tokens: rate.burst, at: now }),
            Entry::Vacant(_) => &mut self.shared,
        }
    }

    fn own_bucket(&mut self, key: u128, now: u64, rate: Rate, most: usize) -> Option<&mut Bucket> {
        self.sweep_for(key, now, rate, most);
        let has_room = self.buckets.len() < most;
        match self.buckets.entry(key) {
            Entry::Occupied(known) => Some(known.into_mut()),
            Entry::Vacant(free) => has_room.then(|| free.insert(Bucket { tokens: rate.burst, at: now })),
        }
    }

    fn sweep_for(&mut self, key: u128, now: u64, rate: Rate, most: usize) {
        if self.buckets.len() >= most && !self.buckets.contains_key(&key) {
            self.sweep(now, rate);
        }
    }

    fn sweep(&mut self, now: u64, rate: Rate) {
        if now.saturating_sub(self.swept_at) < SWEEP_EVERY_MS && self.swept_at != 0 {
            return;
        }
        self.swept_at = now.max(1);
        self.buckets.retain(|_, bucket| bucket.level(now, rate) < rate.burst);
    }
}

impl Bucket {
    #[expect(clippy::cast_precision_loss, reason = "milliseconds between two requests fit a float exactly")]
    fn level(&self, now: u64, rate: Rate) -> f64 {
        let elapsed = now.saturating_sub(self.at) as f64;
        (self.tokens + elapsed * rate.per_second / 1_000.0).min(rate.burst)
    }

    /// Takes tokens that were spent elsewhere.
    fn charge(&mut self, tokens: f64, owed: f64, now: u64, rate: Rate) {
        self.tokens = (self.level(now, rate) - tokens).clamp(-owed, rate.burst);
        self.at = self.at.max(now);
    }

    /// What is told of it, right after a look.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "counts and waits that are checked settings"
    )]
    fn standing(&self, rate: Rate) -> Standing {
        Standing {
            limit: rate.burst.floor() as u64,
            remaining: self.tokens.max(0.0).floor() as u64,
            reset_s: ((rate.burst - self.tokens) / rate.per_second).ceil() as u64,
            window_s: (rate.burst / rate.per_second).ceil() as u64,
        }
    }

    /// Takes a token, or says how many milliseconds it takes until there is one.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a positive wait of hours at most")]
    fn take(&mut self, now: u64, rate: Rate) -> Result<(), u64> {
        self.tokens = self.level(now, rate);
        self.at = self.at.max(now);
        if self.tokens >= 1.0 {
            self.tokens -= 1.0;
            return Ok(());
        }
        Err(((1.0 - self.tokens) * 1_000.0 / rate.per_second).ceil() as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate { per_second: 2.0, burst: 3.0 };

    impl BucketKey for u32 {
        fn bits(&self) -> u128 {
            u128::from(*self)
        }
    }

    #[test]
    fn a_burst_is_allowed_and_then_the_rate() {
        let limiter = Limiter::new(RATE, 100);
        let allowed = (0..5).filter(|_| limiter.check(1, 0).is_ok()).count();
        assert_eq!(allowed, 3);
        assert_eq!(limiter.check(1, 0).map_err(|refusal| refusal.retry_after_ms), Err(Some(500)));
        assert!(limiter.check(1, 500).is_ok());
        assert!(limiter.check(1, 500).is_err());
    }

    #[test]
    fn what_is_given_back_was_not_used() {
        let limiter = Limiter::new(RATE, 100);
        for _ in 0..20 {
            assert!(limiter.check(1, 0).is_ok());
            limiter.give_back(1, 0);
        }
        assert_eq!((0..5).filter(|_| limiter.check(1, 0).is_ok()).count(), 3);
    }

    #[test]
    fn one_key_does_not_slow_another() {
        let limiter = Limiter::new(RATE, 100);
        while limiter.check(1, 0).is_ok() {}
        assert!(limiter.check(2, 0).is_ok());
    }

    #[test]
    fn a_flood_of_keys_stays_within_the_limit_and_slows_itself_only() {
        let limiter = Limiter::new(RATE, 160);
        assert!(limiter.check(0, 0).is_ok());
        let refused = (1..10_000).filter(|key| limiter.check(*key, 1).is_err()).count();
        assert!(limiter.len() <= 160, "{}", limiter.len());
        assert!(refused > 9_000, "{refused}");
        assert!(limiter.check(0, 2).is_ok());
    }

    #[test]
    fn buckets_that_are_full_again_make_room() {
        let limiter = Limiter::new(RATE, 1_600);
        for key in 0..10_000 {
            let _ = limiter.check(key, 10);
        }
        // Without room they would share a few tokens in each shard.
        assert!((10_000..10_200).all(|key| limiter.check(key, 60_000).is_ok()));
        assert!(limiter.len() <= 1_600);
    }

    #[test]
    fn a_rate_of_zero_limits_nothing() {
        let limiter = Limiter::new(Rate { per_second: 0.0, burst: 0.0 }, 1);
        assert!((0..1_000).all(|_| limiter.check(1, 0).is_ok()));
        limiter.give_back(1, 0);
        assert!(limiter.is_empty());
    }
}
