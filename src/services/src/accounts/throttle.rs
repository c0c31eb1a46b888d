//! How fast passwords may be tried: token buckets by account and address, by account, by address.
//!
//! A failed try costs a token of each bucket, a right password nothing. So people who know their password are not
//! slowed down, however many sit behind one address, and nobody can lock somebody else out for good. While a try is being
//! decided it reserves its tokens, so that trying in parallel does not buy more tries: who finds the remaining ones reserved
//! waits until one of them is decided.

use super::config::ThrottleConfig;
use plenum_actors::clock::MonoMillis;
use plenum_actors::shared_limits::Limit;
use plenum_schema::{Refusal, RefusalCode};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::net::IpAddr;

/// A try, in the thousandths in which levels are counted.
pub(super) const TRY: i64 = 1_000;

/// Of its burst the bucket of an account owes at most one part in so many.
const ACCOUNT_OWES: i64 = 10;

#[derive(Clone, Copy)]
struct Bucket {
    /// Thousandths of a try; below zero when more failed on other nodes than were left.
    level: i64,
    at: MonoMillis,
}

#[derive(Clone, Copy)]
struct Rate {
    burst: u32,
    refill_ms: u64,
}

impl Rate {
    fn full(self) -> i64 {
        i64::from(self.burst) * TRY
    }

    fn level(self, bucket: Bucket, now: MonoMillis) -> i64 {
        let gained = now.saturating_sub(bucket.at).saturating_mul(1_000) / self.refill_ms.max(1);
        bucket.level.saturating_add_unsigned(gained).min(self.full())
    }

    /// How long it takes until there is a whole try.
    fn wait(self, level: i64) -> u64 {
        u64::try_from(TRY.saturating_sub(level)).unwrap_or(0).saturating_mul(self.refill_ms).div_ceil(1_000)
    }
}

/// Which bucket: what it counts and a hash of whom, the same on every node. Names are not kept.
pub(super) type Slot = (Limit, u128);

/// The buckets a try has to pass.
pub(super) type Slots = Vec<Slot>;

/// All buckets. Two generations bound the memory: when the young one is full it becomes the old one, and what the old
/// one still held was not used for that long.
pub(super) struct Throttle {
    rates: [Rate; 3],
    half: usize,
    young: HashMap<Slot, Bucket>,
    old: HashMap<Slot, Bucket>,
    /// Tries that are being decided; there are as many as callers wait, which others bound.
    reserved: HashMap<Slot, u32>,
}

/// Why a try cannot be made now.
#[derive(Debug)]
pub(super) enum Held {
    /// The tries are used up.
    UsedUp(Refusal),
    /// Those that remain are being made right now: what comes of them decides.
    Reserved,
}

/// A hash of the parts, each with its length before it, so that no two lists of parts read alike.
fn digest(parts: &[&[u8]]) -> u128 {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let bytes: [u8; 32] = hash.finalize().into();
    bytes.first_chunk().map_or(0, |half| u128::from_be_bytes(*half))
}

/// IPv6 hosts own a /64 and may use any address in it.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6((v6.to_bits() >> 64 << 64).into()),
        v4 => v4,
    }
}

impl Throttle {
    pub fn new(config: &ThrottleConfig) -> Self {
        let rate = |burst, refill_ms| Rate { burst, refill_ms };
        Self {
            rates: [
                rate(config.pair_burst, config.pair_refill_ms),
                rate(config.account_burst, config.account_refill_ms),
                rate(config.address_burst, config.address_refill_ms),
            ],
            half: config.buckets.div_ceil(2).max(1),
            young: HashMap::new(),
            old: HashMap::new(),
            reserved: HashMap::new(),
        }
    }

    /// The buckets of a try for an account (by the key of the name that was typed) from an address.
    pub fn slots(account: Option<&str>, address: Option<IpAddr>) -> Slots {
        let address = address.map(|address| network(address).to_string());
        let from = address.as_deref().map(str::as_bytes);
        let mut slots = Vec::with_capacity(3);
        if let Some(account) = account.map(str::as_bytes) {
            let pair = match from {
                Some(from) => digest(&[account, from]),
                None => digest(&[account]),
            };
            slots.push((Limit::SignInPair, pair));
            slots.push((Limit::SignInAccount, digest(&[account])));
        }
        slots.extend(from.map(|from| (Limit::SignInAddress, digest(&[from]))));
        slots
    }

    fn rate(&self, (limit, _): Slot) -> Rate {
        let [pair, account, address] = self.rates;
        match limit {
            Limit::SignInPair => pair,
            Limit::SignInAccount => account,
            _ => address,
        }
    }

    fn level(&self, slot: Slot, now: MonoMillis) -> i64 {
        let bucket = self.young.get(&slot).or_else(|| self.old.get(&slot));
        bucket.map_or(self.rate(slot).full(), |bucket| self.rate(slot).level(*bucket, now))
    }

    fn set(&mut self, slot: Slot, level: i64, now: MonoMillis) {
        self.keep(slot, Bucket { level, at: now });
    }

    /// Remembers that a bucket was asked for, without changing it: who is refused must not be forgotten for it.
    fn touch(&mut self, slot: Slot) {
        if let Some(bucket) = self.old.get(&slot).copied() {
            self.keep(slot, bucket);
        }
    }

    fn keep(&mut self, slot: Slot, bucket: Bucket) {
        if self.young.len() >= self.half && !self.young.contains_key(&slot) {
            self.old = std::mem::take(&mut self.young);
        }
        self.old.remove(&slot);
        self.young.insert(slot, bucket);
    }

    /// Reserves a token of each bucket, or of none; [`settle`](Self::settle) must follow.
    ///
    /// # Errors
    /// [`Held`]: used up, with the time after which the emptiest bucket has a token again; or reserved by others.
    pub fn take(&mut self, slots: &[Slot], now: MonoMillis) -> Result<(), Held> {
        let wait = |slot: &Slot| self.rate(*slot).wait(self.level(*slot, now));
        let longest = slots.iter().map(wait).max().unwrap_or(0);
        if longest > 0 {
            slots.iter().for_each(|slot| self.touch(*slot));
            let refusal = Refusal::new(RefusalCode::RateLimited, "too many tries: wait a little");
            return Err(Held::UsedUp(refusal.retry_after(longest)));
        }
        let is_reserved = |slot: &Slot| {
            let reserved = self.reserved.get(slot).copied().unwrap_or(0);
            self.level(*slot, now) < (i64::from(reserved) + 1) * TRY
        };
        if slots.iter().any(is_reserved) {
            return Err(Held::Reserved);
        }
        slots.iter().for_each(|slot| *self.reserved.entry(*slot).or_default() += 1);
        Ok(())
    }

    /// A try has been decided: one that counts costs its tokens.
    pub fn settle(&mut self, slots: &[Slot], counts: bool, now: MonoMillis) {
        for slot in slots {
            if let Some(reserved) = self.reserved.get_mut(slot) {
                *reserved -= 1;
                if *reserved == 0 {
                    self.reserved.remove(slot);
                }
            }
            if counts {
                self.charge(*slot, TRY, 0, now);
            }
        }
    }

    /// Takes so many thousandths of a try, whether or not they are there; the bucket owes at most so many bursts then.
    pub fn charge(&mut self, slot: Slot, amount: i64, owed_bursts: u32, now: MonoMillis) {
        let full = self.rate(slot).full();
        let before = self.level(slot, now);
        let owed = match slot.0 {
            // Nobody may keep the rightful owner out for longer than a moment after they have stopped, from every address.
            Limit::SignInAccount => full / ACCOUNT_OWES,
            _ => full.saturating_mul(i64::from(owed_bursts)),
        };
        let least = owed.saturating_neg().min(before);
        self.set(slot, before.saturating_sub(amount).clamp(least, full), now);
    }

    /// Buckets in memory.
    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.young.len() + self.old.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn throttle(burst: u32, buckets: usize) -> Throttle {
        Throttle::new(&ThrottleConfig {
            buckets,
            waiting: 10,
            pair_burst: burst,
            pair_refill_ms: 1_000,
            account_burst: 10 * burst,
            account_refill_ms: 1_000,
            address_burst: 100 * burst,
            address_refill_ms: 10,
        })
    }

    fn fail(throttle: &mut Throttle, slots: &[Slot], now: MonoMillis) -> Result<(), Held> {
        throttle.take(slots, now)?;
        throttle.settle(slots, true, now);
        Ok(())
    }

    #[test]
    fn tries_run_out_and_come_back_with_time() {
        let mut throttle = throttle(3, 100);
        let slots = Throttle::slots(Some("email:a@b.c"), None);
        for _ in 0..3 {
            fail(&mut throttle, &slots, 0).unwrap();
        }
        let Err(Held::UsedUp(refusal)) = throttle.take(&slots, 400) else { panic!("a fourth try") };
        assert_eq!((refusal.code, refusal.retry_after_ms), (RefusalCode::RateLimited, Some(600)));
        fail(&mut throttle, &slots, 1_000).unwrap();
        throttle.take(&slots, 1_001).unwrap_err();
    }

    #[test]
    fn somebody_elses_address_does_not_use_up_my_tries() {
        let mut throttle = throttle(3, 100);
        let evil = Throttle::slots(Some("email:a@b.c"), Some([10, 0, 0, 1].into()));
        while fail(&mut throttle, &evil, 0).is_ok() {}
        let mine = Throttle::slots(Some("email:a@b.c"), Some([10, 0, 0, 2].into()));
        throttle.take(&mine, 0).unwrap();
    }

    #[test]
    fn tries_at_the_same_time_are_no_more_than_tries_one_after_the_other() {
        let mut throttle = throttle(3, 100);
        let slots = Throttle::slots(Some("email:a@b.c"), Some([10, 0, 0, 1].into()));
        (0..3).for_each(|_| throttle.take(&slots, 0).unwrap());
        assert!(matches!(throttle.take(&slots, 0), Err(Held::Reserved)), "not refused before the others are decided");
        throttle.settle(&slots, false, 0);
        throttle.take(&slots, 0).unwrap();
        (0..3).for_each(|_| throttle.settle(&slots, true, 0));
        assert!(matches!(throttle.take(&slots, 0), Err(Held::UsedUp(_))));
        assert!(throttle.reserved.is_empty(), "nothing stays behind");
    }

    #[test]
    fn all_addresses_of_one_ipv6_network_are_one() {
        let a = Throttle::slots(None, Some("2001:db8:1:2::3".parse().unwrap()));
        assert_eq!(a, Throttle::slots(None, Some("2001:db8:1:2:ffff::".parse().unwrap())));
        assert_ne!(a, Throttle::slots(None, Some("2001:db8:1:3::3".parse().unwrap())));
        assert_eq!(
            Throttle::slots(None, Some("::ffff:10.0.0.1".parse().unwrap())),
            Throttle::slots(None, Some([10, 0, 0, 1].into()))
        );
    }

    #[test]
    fn names_and_addresses_that_run_together_are_not_mixed_up() {
        let pair = |account, address: &str| Throttle::slots(Some(account), Some(address.parse().unwrap()))[0];
        assert_ne!(pair("user:a1", "0.0.0.1"), pair("user:a", "10.0.0.1"));
        assert_ne!(Throttle::slots(Some("10.0.0.1"), None)[1], Throttle::slots(None, Some([10, 0, 0, 1].into()))[0]);
    }

    #[test]
    fn tries_that_failed_elsewhere_count_here_and_what_is_owed_takes_its_time() {
        let mut throttle = throttle(3, 100);
        let slots = Throttle::slots(Some("email:a@b.c"), None);
        throttle.charge(slots[0], 4 * TRY, 16, 0);
        let Err(Held::UsedUp(refusal)) = throttle.take(&slots, 0) else { panic!("more than three") };
        assert_eq!(refusal.retry_after_ms, Some(2_000));
        fail(&mut throttle, &slots, 2_000).unwrap();
        throttle.charge(slots[0], i64::MAX, 16, 2_000);
        let Err(Held::UsedUp(refusal)) = throttle.take(&slots, 2_000) else { panic!("nothing is left") };
        assert_eq!(refusal.retry_after_ms, Some((3 * 16 + 1) * 1_000), "no more is owed than a bound");
        // Of the account's own thirty a tenth: its owner waits a moment.
        let other = Throttle::slots(Some("email:c@d.e"), None);
        throttle.charge(other[1], i64::MAX, 16, 2_000);
        let Err(Held::UsedUp(refusal)) = throttle.take(&other, 2_000) else { panic!("nothing is left") };
        assert_eq!(refusal.retry_after_ms, Some((3 + 1) * 1_000));
    }

    #[test]
    fn a_right_password_costs_nothing() {
        let mut throttle = throttle(1, 100);
        let slots = Throttle::slots(Some("email:a@b.c"), Some([10, 0, 0, 1].into()));
        for _ in 0..50 {
            throttle.take(&slots, 0).unwrap();
            throttle.settle(&slots, false, 0);
        }
    }

    #[test]
    fn the_number_of_buckets_is_bounded_and_the_busy_one_is_kept() {
        let mut throttle = throttle(5, 100);
        let busy = Throttle::slots(None, Some([10, 0, 0, 1].into()));
        let mut taken = 0;
        for number in 0..10_000_u32 {
            let other = Throttle::slots(Some(&number.to_string()), None);
            fail(&mut throttle, &other, 0).unwrap();
            taken += u32::from(fail(&mut throttle, &busy, 0).is_ok());
            assert!(throttle.len() <= 102);
        }
        assert_eq!(taken, 500);
    }
}
