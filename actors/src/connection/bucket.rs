//! A token bucket: so many a second, bursts of twice as many.

use crate::clock::MonoMillis;

/// Tokens in thousandths, so that a refill of a millisecond is exact.
#[derive(Clone, Copy, Debug)]
pub struct Bucket {
    milli_tokens: u64,
    per_second: u32,
    at: MonoMillis,
}

impl Bucket {
    /// A full bucket.
    #[must_use]
    pub fn new(per_second: u32, now: MonoMillis) -> Self {
        Self { milli_tokens: u64::from(per_second) * 2_000, per_second, at: now }
    }

    /// Takes a token, or says in how many milliseconds there will be one.
    pub fn take(&mut self, now: MonoMillis) -> Result<(), u64> {
        self.take_above(now, 0)
    }

    /// The same as long as half of the bucket stays: for what is not urgent, so that there are tokens for what is.
    pub fn take_spare(&mut self, now: MonoMillis) -> Result<(), u64> {
        self.take_above(now, u64::from(self.per_second) * 1_000)
    }

    fn take_above(&mut self, now: MonoMillis, kept: u64) -> Result<(), u64> {
        let gained = now.saturating_sub(self.at).saturating_mul(u64::from(self.per_second));
        self.milli_tokens = (self.milli_tokens + gained).min(u64::from(self.per_second) * 2_000);
        self.at = now;
        let least = kept + 1_000;
        if self.milli_tokens >= least {
            self.milli_tokens -= 1_000;
            return Ok(());
        }
        Err((least - self.milli_tokens).div_ceil(u64::from(self.per_second.max(1))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_of_twice_the_rate_is_accepted_and_then_the_wait_is_told() {
        let mut bucket = Bucket::new(10, 0);
        assert_eq!((0..20).filter(|_| bucket.take(0).is_ok()).count(), 20);
        assert_eq!(bucket.take(0), Err(100));
        assert_eq!(bucket.take(60), Err(40));
        assert_eq!(bucket.take(100), Ok(()));
    }

    #[test]
    fn what_is_not_urgent_leaves_half_of_the_burst_for_what_is() {
        let mut bucket = Bucket::new(10, 0);
        assert_eq!((0..20).filter(|_| bucket.take_spare(0).is_ok()).count(), 10);
        assert_eq!(bucket.take_spare(0), Err(100));
        assert_eq!((0..20).filter(|_| bucket.take(0).is_ok()).count(), 10);
        assert_eq!((bucket.take(0), bucket.take_spare(0)), (Err(100), Err(1_100)));
    }

    #[test]
    fn a_long_pause_fills_the_bucket_and_no_more() {
        let mut bucket = Bucket::new(10, 0);
        assert_eq!((0..100).filter(|_| bucket.take(1_000_000).is_ok()).count(), 20);
    }
}
