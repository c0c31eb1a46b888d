//! Token buckets, one for each caller or address, in a map that cannot grow without limit.

use crate::standing::{Standing, met_limit};
use actix_web::HttpMessage;
use parking_lot::Mutex;
use plenum_schema::{Refusal, RefusalCode};
use serde::Deserialize;
use std::collections::HashMap;
use std::collections::hash_map::{Entry, RandomState};
use std::hash::{BuildHasher, Hash};

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

/// A token-bucket limiter with a bucket for each key.
///
/// At most `keys` buckets are kept. When all are in use, buckets that are full again are forgotten (at most once a second);
/// newcomers that find no room share one bucket, so a flood of new keys slows itself and nobody who is already known.
#[derive(Debug)]
pub struct Limiter<K> {
    rate: Rate,
    keys_per_shard: usize,
    hasher: RandomState,
    shards: Vec<Mutex<Shard<K>>>,
}

#[derive(Debug)]
struct Shard<K> {
    buckets: HashMap<K, Bucket>,
    shared: Bucket,
    swept_at: u64,
}

#[derive(Clone, Copy, Debug)]
struct Bucket {
    tokens: f64,
    /// Monotonic milliseconds of the last look.
    at: u64,
}

const SHARDS: usize = 16;
const SWEEP_EVERY_MS: u64 = 1_000;

impl<K: Hash + Eq + Copy> Limiter<K> {
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
        let place = usize::try_from(self.hasher.hash_one(key) % (SHARDS as u64)).unwrap_or(0);
        let Some(shard) = self.shards.get(place) else { return (None, Ok(())) };
        let (waited, bucket) = {
            let mut shard = shard.lock();
            let bucket = shard.bucket(key, now, self.rate, self.keys_per_shard);
            (bucket.take(now, self.rate), *bucket)
        };
        let refused = |wait| Refusal::new(RefusalCode::RateLimited, "too many requests").retry_after(wait);
        (Some(bucket.standing(self.rate)), waited.map_err(refused))
    }

    /// Gives a token back: what it was taken for turned out to cost nothing.
    pub fn give_back(&self, key: K, now: u64) {
        let place = usize::try_from(self.hasher.hash_one(key) % (SHARDS as u64)).unwrap_or(0);
        if let Some(shard) = self.shards.get(place) {
            let mut shard = shard.lock();
            let bucket = shard.bucket(key, now, self.rate, self.keys_per_shard);
            bucket.tokens = (bucket.tokens + 1.0).min(self.rate.burst);
        }
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

impl<K: Hash + Eq + Copy> Shard<K> {
    fn bucket(&mut self, key: K, now: u64, rate: Rate, most: usize) -> &mut Bucket {
        let is_new = !self.buckets.contains_key(&key);
        if is_new && self.buckets.len() >= most {
            self.sweep(now, rate);
        }
        let has_room = self.buckets.len() < most;
        match self.buckets.entry(key) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(free) if has_room => free.insert(Bucket { tokens: rate.burst, at: now }),
            Entry::Vacant(_) => &mut self.shared,
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
        assert!(limiter.is_empty());
    }
}
