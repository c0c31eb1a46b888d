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
        let gained = now.saturating_sub(self.at).saturating_mul(u64::from(self.per_second));
        self.milli_tokens = (self.milli_tokens + gained).min(u64::from(self.per_second) * 2_000);
        self.at = now;
        if self.milli_tokens >= 1_000 {
            self.milli_tokens -= 1_000;
            return Ok(());
        }
        Err((1_000 - self.milli_tokens).div_ceil(u64::from(self.per_second.max(1))))
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
    fn a_long_pause_fills_the_bucket_and_no_more() {
        let mut bucket = Bucket::new(10, 0);
        assert_eq!((0..100).filter(|_| bucket.take(1_000_000).is_ok()).count(), 20);
    }
}
