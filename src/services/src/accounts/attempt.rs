//! A try at a password, from the question whether it may be made to what came of it.

use super::audit;
use super::service::Inner;
use super::throttle::{Held, Slots, TRY, Throttle};
use parking_lot::Mutex;
use plenum_actors::clock::SharedClock;
use plenum_actors::shared_limits::{Buckets, Charge, Limit, SharedLimits};
use plenum_schema::{Refusal, RefusalCode};
use std::net::IpAddr;
use std::sync::{Arc, OnceLock};
use tokio::sync::{Notify, Semaphore};

/// The throttle, and those who wait for what comes of others' tries.
pub(super) struct Attempts {
    throttle: Mutex<Throttle>,
    /// Where other nodes are told of tries that failed here.
    told: OnceLock<Arc<SharedLimits>>,
    decided: Notify,
    waiting: Semaphore,
    busy_retry_ms: u64,
    clock: SharedClock,
}

/// A try that may be made. It counts as a failed one unless [`Attempt::forgive`] says otherwise: a caller who goes away in the
/// middle learns nothing and pays for it.
pub(super) struct Attempt<'a> {
    attempts: &'a Attempts,
    slots: Slots,
    counts: bool,
}

impl Attempt<'_> {
    /// It was a rightful one, or nobody looked at it.
    pub fn forgive(mut self) {
        self.counts = false;
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        self.attempts.throttle.lock().settle(&self.slots, self.counts, self.attempts.clock.mono());
        if let Some(limits) = self.attempts.told.get().filter(|_| self.counts) {
            self.slots.iter().for_each(|(limit, whom)| limits.note(*limit, *whom, TRY));
        }
        self.attempts.decided.notify_waiters();
    }
}

impl Attempts {
    pub fn new(throttle: Throttle, waiting: usize, busy_retry_ms: u64, clock: SharedClock) -> Self {
        Self {
            throttle: Mutex::new(throttle),
            told: OnceLock::new(),
            decided: Notify::new(),
            waiting: Semaphore::new(waiting),
            busy_retry_ms,
            clock,
        }
    }

    /// From now on these are the buckets of limits that hold for all nodes together. Later calls change nothing.
    pub fn share(self: &Arc<Self>, limits: &Arc<SharedLimits>) {
        if self.told.set(limits.clone()).is_ok() {
            for limit in [Limit::SignInPair, Limit::SignInAccount, Limit::SignInAddress] {
                let weak = Arc::downgrade(self);
                limits.add(limit, weak);
            }
        }
    }

    /// Waits its turn for a try for an account (by its key) from an address.
    ///
    /// # Errors
    /// `rateLimited` when the tries are used up, `busy` when too many wait.
    async fn begin(&self, account: Option<&str>, address: Option<IpAddr>) -> Result<Attempt<'_>, Refusal> {
        let slots = Throttle::slots(account, address);
        let mut turn = None;
        loop {
            let mut decided = std::pin::pin!(self.decided.notified());
            // From here on no decision is missed.
            decided.as_mut().enable();
            let taken = self.throttle.lock().take(&slots, self.clock.mono());
            match taken {
                Ok(()) => return Ok(Attempt { attempts: self, slots, counts: true }),
                Err(Held::UsedUp(refusal)) => return Err(refusal),
                Err(Held::Reserved) => {}
            }
            if turn.is_none() {
                let busy = |_| {
                    Refusal::new(RefusalCode::Busy, "too many people sign in right now").retry_after(self.busy_retry_ms)
                };
                turn = Some(self.waiting.try_acquire().map_err(busy)?);
            }
            decided.await;
        }
    }
}

impl Buckets for Attempts {
    fn charge(&self, charge: Charge) -> bool {
        let Charge { limit, whom, amount, owed_bursts, now } = charge;
        // Whoever waits for tries that others reserved looks again when those are decided, and finds these used up then.
        self.throttle.lock().charge((limit, whom), amount, owed_bursts, now);
        true
    }
}

impl Inner {
    /// Begins a try for an account (by its key) from an address; refusals are audited under `event`.
    pub async fn try_once(
        &self,
        event: &'static str,
        account: Option<&str>,
        address: Option<IpAddr>,
    ) -> Result<Attempt<'_>, Refusal> {
        let begun = self.attempts.begin(account, address).await;
        begun.inspect_err(|refusal| audit::denied(event, None, address, refusal.code))
    }
}
