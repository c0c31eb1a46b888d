//! How fast passwords may be tried: token buckets by account and address, by account, by address.
//!
//! A failed try costs a token of each bucket, a right password nothing. So people who know their password are not
//! slowed down, however many sit behind one address, and nobody can lock somebody else out for good. While a try is being
//! decided it reserves its tokens, so that trying in parallel does not buy more tries: who finds the remaining ones reserved
//! waits until one of them is decided.

use super::config::ThrottleConfig;
use plenum_actors::clock::MonoMillis;
use plenum_schema::{Refusal, RefusalCode};
use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hash};
use std::net::IpAddr;

#[derive(Clone, Copy)]
struct Bucket {
    /// Thousandths of a try.
    level: u64,
    at: MonoMillis,
}

#[derive(Clone, Copy)]
struct Rate {
    burst: u32,
    refill_ms: u64,
}

impl Rate {
    fn full(self) -> u64 {
        u64::from(self.burst) * 1_000
    }

    fn level(self, bucket: Bucket, now: MonoMillis) -> u64 {
        let gained = now.saturating_sub(bucket.at).saturating_mul(1_000) / self.refill_ms.max(1);
        bucket.level.saturating_add(gained).min(self.full())
    }
}

/// Which bucket: what it counts and a keyed hash of whom. Names are not kept.
type Slot = (u8, u64);

/// The buckets a try has to pass.
pub(super) type Slots = Vec<Slot>;

/// All buckets. Two generations bound the memory: when the young one is full it becomes the old one, and what the old
/// one still held was not used for that long.
pub(super) struct Throttle {
    rates: [Rate; 3],
    half: usize,
    hasher: RandomState,
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

const PAIR: u8 = 0;
const ACCOUNT: u8 = 1;
const ADDRESS: u8 = 2;

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
            hasher: RandomState::new(),
            young: HashMap::new(),
            old: HashMap::new(),
            reserved: HashMap::new(),
        }
    }

    fn slot(&self, kind: u8, whom: impl Hash) -> Slot {
        (kind, self.hasher.hash_one(whom))
    }

    /// The buckets of a try for an account (by the key of the name that was typed) from an address.
    pub fn slots(&self, account: Option<&str>, address: Option<IpAddr>) -> Slots {
        let address = address.map(network);
        let mut slots = Vec::with_capacity(3);
        if let Some(account) = account {
            slots.push(self.slot(PAIR, (account, address)));
            slots.push(self.slot(ACCOUNT, account));
        }
        slots.extend(address.map(|address| self.slot(ADDRESS, address)));
        slots
    }

    fn rate(&self, slot: Slot) -> Rate {
        self.rates[usize::from(slot.0.min(ADDRESS))]
    }

    fn level(&self, slot: Slot, now: MonoMillis) -> u64 {
        let bucket = self.young.get(&slot).or_else(|| self.old.get(&slot));
        bucket.map_or(self.rate(slot).full(), |bucket| self.rate(slot).level(*bucket, now))
    }

    fn set(&mut self, slot: Slot, level: u64, now: MonoMillis) {
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
        let wait =
            |slot: Slot| (1_000_u64.saturating_sub(self.level(slot, now)) * self.rate(slot).refill_ms).div_ceil(1_000);
        let longest = slots.iter().map(|slot| wait(*slot)).max().unwrap_or(0);
        if longest > 0 {
            slots.iter().for_each(|slot| self.touch(*slot));
            let refusal = Refusal::new(RefusalCode::RateLimited, "too many tries: wait a little");
            return Err(Held::UsedUp(refusal.retry_after(longest)));
        }
        let is_reserved = |slot: &Slot| {
            let reserved = self.reserved.get(slot).copied().unwrap_or(0);
            self.level(*slot, now) < (u64::from(reserved) + 1) * 1_000
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
                let level = self.level(*slot, now).saturating_sub(1_000);
                self.set(*slot, level, now);
            }
        }
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
        let slots = throttle.slots(Some("email:a@b.c"), None);
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
        let evil = throttle.slots(Some("email:a@b.c"), Some([10, 0, 0, 1].into()));
        while fail(&mut throttle, &evil, 0).is_ok() {}
        let mine = throttle.slots(Some("email:a@b.c"), Some([10, 0, 0, 2].into()));
        throttle.take(&mine, 0).unwrap();
    }

    #[test]
    fn tries_at_the_same_time_are_no_more_than_tries_one_after_the_other() {
        let mut throttle = throttle(3, 100);
        let slots = throttle.slots(Some("email:a@b.c"), Some([10, 0, 0, 1].into()));
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
        let throttle = throttle(3, 100);
        let a = throttle.slots(None, Some("2001:db8:1:2::3".parse().unwrap()));
        assert_eq!(a, throttle.slots(None, Some("2001:db8:1:2:ffff::".parse().unwrap())));
        assert_ne!(a, throttle.slots(None, Some("2001:db8:1:3::3".parse().unwrap())));
        assert_eq!(
            throttle.slots(None, Some("::ffff:10.0.0.1".parse().unwrap())),
            throttle.slots(None, Some([10, 0, 0, 1].into()))
        );
    }

    #[test]
    fn a_right_password_costs_nothing() {
        let mut throttle = throttle(1, 100);
        let slots = throttle.slots(Some("email:a@b.c"), Some([10, 0, 0, 1].into()));
        for _ in 0..50 {
            throttle.take(&slots, 0).unwrap();
            throttle.settle(&slots, false, 0);
        }
    }

    #[test]
    fn the_number_of_buckets_is_bounded_and_the_busy_one_is_kept() {
        let mut throttle = throttle(5, 100);
        let busy = throttle.slots(None, Some([10, 0, 0, 1].into()));
        let mut taken = 0;
        for number in 0..10_000_u32 {
            let other = throttle.slots(Some(&number.to_string()), None);
            fail(&mut throttle, &other, 0).unwrap();
            taken += u32::from(fail(&mut throttle, &busy, 0).is_ok());
            assert!(throttle.len() <= 102);
        }
        assert_eq!(taken, 500);
    }
}
