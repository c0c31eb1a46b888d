//! A token bucket: so many a second, bursts of twice as many; and what becomes of whoever does not keep to it.

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

    /// One that was taken was not needed.
    pub fn give_back(&mut self) {
        self.milli_tokens = (self.milli_tokens + 1_000).min(u64::from(self.per_second) * 2_000);
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

/// A bucket, and how far a peer is beyond it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    bucket: Bucket,
    hurried: u32,
}

/// Not now.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct TooFast {
    /// When there is a token again, milliseconds.
    pub wait: u64,
    /// So many more were refused than accepted that it is a flood.
    pub is_flood: bool,
}

impl Pace {
    pub(super) fn new(per_second: u32, now: MonoMillis) -> Self {
        Self { bucket: Bucket::new(per_second, now), hurried: 0 }
    }

    /// Takes a token. `flood`: how many more refused than accepted ones are a flood.
    pub(super) fn take(&mut self, now: MonoMillis, flood: u32) -> Result<(), TooFast> {
        self.bucket.take(now).map_err(|wait| {
            self.hurried = self.hurried.saturating_add(1);
            TooFast { wait, is_flood: self.hurried >= flood }
        })
    }

    /// Takes a token for what is done in a client's stead: no flood, whatever comes of it. What is not due now leaves half of the burst.
    pub(super) fn charge(&mut self, now: MonoMillis, is_due: bool) -> Result<(), u64> {
        if is_due { self.bucket.take(now) } else { self.bucket.take_spare(now) }
    }

    /// What a token was [charged](Self::charge) for could not be done after all.
    pub(super) fn give_back(&mut self) {
        self.bucket.give_back();
    }

    /// What a token was taken for has been accepted. A steady flood is one, too: what the refilling bucket lets through does not
    /// wipe out what it refused.
    pub(super) fn accepted(&mut self) {
        self.hurried = self.hurried.saturating_sub(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_more_refused_than_accepted_are_a_flood() {
        let mut pace = Pace::new(1, 0);
        let mut take = |now| {
            let taken = pace.take(now, 3);
            if taken.is_ok() {
                pace.accepted();
            }
            taken.map_err(|too_fast| too_fast.is_flood)
        };
        assert_eq!([take(0), take(0), take(0), take(0)], [Ok(()), Ok(()), Err(false), Err(false)]);
        assert_eq!([take(1_000), take(1_000), take(1_000)], [Ok(()), Err(false), Err(true)]);
    }

    #[test]
    fn a_burst_of_twice_the_rate_is_accepted_and_then_the_wait_is_told() {
        let mut bucket = Bucket::new(10, 0);
        assert_eq!((0..20).filter(|_| bucket.take(0).is_ok()).count(), 20);
        assert_eq!(bucket.take(0), Err(100));
        assert_eq!(bucket.take(60), Err(40));
        assert_eq!(bucket.take(100), Ok(()));
    }

    #[test]
    fn what_was_charged_for_nothing_is_given_back_and_never_more_than_a_burst() {
        let mut pace = Pace::new(10, 0);
        pace.give_back();
        assert_eq!((0..30).filter(|_| pace.charge(0, true).is_ok()).count(), 20);
        pace.give_back();
        assert_eq!((pace.charge(0, true), pace.charge(0, true)), (Ok(()), Err(100)));
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
