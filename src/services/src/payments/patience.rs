//! How long the sweep waits before it asks again about a payment that the bank is at.
//!
//! Some kinds of payment take days. Each answer «processing» makes the next question come later; what somebody wants, and what the provider
//! tells by itself, waits for nothing. It is kept in memory: a server that starts asks once.

use super::PaymentRules;
use parking_lot::Mutex;
use plenum_actors::clock::WallMillis;
use plenum_schema::PaymentId;
use std::collections::HashMap;

/// When to ask next, and how long the pause before is.
#[derive(Clone, Copy)]
struct Wait {
    until: WallMillis,
    pause_ms: i64,
}

/// See the module.
pub(super) struct Patience {
    first_ms: i64,
    most_ms: i64,
    /// How many payments are remembered. What does not fit is asked about each time.
    most: usize,
    waits: Mutex<HashMap<PaymentId, Wait>>,
}

impl Patience {
    pub fn new(rules: &PaymentRules) -> Self {
        let millis = crate::market::millis;
        let (first_ms, most_ms) = (millis(rules.processing_first_s), millis(rules.processing_most_s));
        Self { first_ms, most_ms, most: rules.processing_remembered, waits: Mutex::default() }
    }

    /// Whether it is too early to ask about a payment.
    pub fn waits(&self, payment: PaymentId, now: WallMillis) -> bool {
        self.waits.lock().get(&payment).is_some_and(|wait| now < wait.until)
    }

    /// The bank is at it: the next question comes later than the last one did.
    pub fn put_off(&self, payment: PaymentId, now: WallMillis) {
        let mut waits = self.waits.lock();
        let pause_ms = waits.get(&payment).map_or(self.first_ms, |wait| wait.pause_ms.saturating_mul(2));
        let pause_ms = pause_ms.min(self.most_ms);
        if waits.len() >= self.most && !waits.contains_key(&payment) {
            waits.retain(|_, wait| now < wait.until);
        }
        if waits.len() < self.most || waits.contains_key(&payment) {
            waits.insert(payment, Wait { until: now.saturating_add(pause_ms), pause_ms });
        }
    }

    /// Something was heard of it.
    pub fn end(&self, payment: PaymentId) {
        self.waits.lock().remove(&payment);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn patience() -> Patience {
        let (processing_first_s, processing_most_s, processing_remembered) = (10, 35, 100);
        let rules = PaymentRules { processing_first_s, processing_most_s, processing_remembered, ..Default::default() };
        Patience::new(&rules)
    }

    #[test]
    fn each_pause_is_twice_the_one_before_up_to_the_longest() {
        let (patience, one) = (patience(), PaymentId(Uuid::from_u128(1)));
        let mut now = 0;
        for pause in [10_000, 20_000, 35_000, 35_000] {
            assert!(!patience.waits(one, now));
            patience.put_off(one, now);
            assert!(patience.waits(one, now + pause - 1) && !patience.waits(one, now + pause), "{pause}");
            now += pause;
        }
        patience.put_off(one, now);
        patience.end(one);
        assert!(!patience.waits(one, now), "something was heard");
    }

    #[test]
    fn only_so_many_are_remembered() {
        let patience = patience();
        for number in 0..=100 {
            patience.put_off(PaymentId(Uuid::from_u128(number)), 0);
        }
        assert_eq!(patience.waits.lock().len(), 100);
        assert!(!patience.waits(PaymentId(Uuid::from_u128(100)), 0));
        patience.put_off(PaymentId(Uuid::from_u128(100)), 10_000);
        assert_eq!(patience.waits.lock().len(), 1, "those whose time has come make room");
    }
}
