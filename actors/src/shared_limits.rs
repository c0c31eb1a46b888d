//! Limits that hold for all nodes together: what is taken of a bucket on one node is taken of the same bucket on the others a moment
//! later.
//!
//! Each node decides at once, by its own buckets; nobody waits for another node. What was spent since the last report is told to the
//! others, whose buckets may fall below zero by it and must fill up again. So at most one burst on each node passes before the nodes
//! have heard of each other, and in the long run nobody gets more than the rate, over however many nodes requests are spread.
//! What was spent long ago is not charged: its bucket would have filled up again meanwhile.

use crate::clock::{MonoMillis, SharedClock};
use parking_lot::{Mutex, RwLock};
use plenum_schema::NodeId;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::collections::hash_map::{Entry, RandomState};
use std::fmt;
use std::hash::BuildHasher;
use std::sync::{Arc, Weak};

/// A limit of the configuration whose buckets all nodes share.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Limit {
    /// `http.address_rate`, by address.
    Address,
    /// `http.caller_rate`, by person.
    Caller,
    /// `rest.key_rate`, by API key.
    KeyUse,
    /// `rest.upload_rate`, by person.
    Upload,
    /// `rest.lookup_rate`, by person.
    Lookup,
    /// `rest.guess_rate`, by address.
    Guess,
    /// `rest.guess_rate` on sockets, by person.
    SocketGuess,
    /// `accounts.throttle.pair_burst`, by account and address.
    SignInPair,
    /// `accounts.throttle.account_burst`, by account.
    SignInAccount,
    /// `accounts.throttle.address_burst`, by address.
    SignInAddress,
    /// `limits.commands_per_second` and `limits.user_commands_factor`, by person.
    Command,
}

impl Limit {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Address,
        Self::Caller,
        Self::KeyUse,
        Self::Upload,
        Self::Lookup,
        Self::Guess,
        Self::SocketGuess,
        Self::SignInPair,
        Self::SignInAccount,
        Self::SignInAddress,
        Self::Command,
    ];

    /// Its number in messages between nodes: never given to another one.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Address => 1,
            Self::Caller => 2,
            Self::KeyUse => 3,
            Self::Upload => 4,
            Self::Lookup => 5,
            Self::Guess => 6,
            Self::SocketGuess => 7,
            Self::SignInPair => 8,
            Self::SignInAccount => 9,
            Self::SignInAddress => 10,
            Self::Command => 11,
        }
    }

    fn of(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|limit| limit.code() == code)
    }
}

/// What was taken of one bucket.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Spending {
    /// [`Limit::code`]. A node passes over limits that it does not know.
    pub limit: u8,
    /// Whose bucket: an id, an address, or a hash.
    pub whom: u128,
    /// Thousandths of a token; below zero when more was given back than taken.
    pub amount: i64,
}

/// What was spent elsewhere of a bucket.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Charge {
    /// Which limit.
    pub limit: Limit,
    /// Whose bucket.
    pub whom: u128,
    /// Thousandths of a token.
    pub amount: i64,
    /// The bucket owes at most so many bursts then.
    pub owed_bursts: u32,
    /// Now.
    pub now: MonoMillis,
}

/// Buckets of one or several limits.
pub trait Buckets: Send + Sync + 'static {
    /// Takes what was spent elsewhere, whether or not it is there. Answers whether there is such a bucket, or was room for it.
    fn charge(&self, charge: Charge) -> bool;
}

const SHARDS: usize = 16;

/// How much is remembered and believed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Bounds {
    /// Buckets that are told of in one report.
    pub buckets: usize,
    /// Bursts that a bucket may owe: so many other nodes may each spend one before they hear of each other.
    pub owed_bursts: u32,
    /// What reaches this node later than it could by so many milliseconds is not charged.
    pub late_ms: u64,
}

/// When the reports of a node arrive, against its own clock. Both clocks are monotonic and know nothing of each other, so the report that
/// came fastest is the measure; it may be wrong by a thousandth of the time since, as clocks drift.
#[derive(Clone, Copy, Debug)]
struct Pace {
    /// This node's time less the sender's, at its least.
    least: i128,
    at: MonoMillis,
}

impl Pace {
    /// How much later than the fastest one a report arrived.
    fn lateness(&mut self, sent: MonoMillis, now: MonoMillis) -> u64 {
        let offset = i128::from(now) - i128::from(sent);
        // Whole milliseconds of drift alone: what is left over counts with the next report.
        let drift = now.saturating_sub(self.at) / 1_000;
        self.at += drift * 1_000;
        self.least = offset.min(self.least.saturating_add(drift.into()));
        u64::try_from(offset - self.least).unwrap_or(u64::MAX)
    }
}

/// What this node has to tell of its buckets, and whom it tells what others say of theirs.
pub struct SharedLimits {
    clock: SharedClock,
    bounds: Bounds,
    hasher: RandomState,
    spent: Vec<Mutex<Spent>>,
    buckets: RwLock<Vec<(Limit, Weak<dyn Buckets>)>>,
    paces: Mutex<HashMap<NodeId, Pace>>,
}

#[derive(Default)]
struct Spent {
    amounts: HashMap<(Limit, u128), i64>,
    /// Takings that found no room since the last report.
    untold: u64,
}

/// What a node has spent since its last report.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Report {
    /// The node's own monotonic time.
    pub at: MonoMillis,
    /// What was taken, by bucket.
    pub spendings: Vec<Spending>,
    /// Takings that nobody will be told of, because too many buckets were in use at once.
    pub untold: u64,
}

impl fmt::Debug for SharedLimits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedLimits").field("bounds", &self.bounds).finish_non_exhaustive()
    }
}

impl SharedLimits {
    /// Nothing was spent yet.
    #[must_use]
    pub fn new(clock: SharedClock, bounds: Bounds) -> Arc<Self> {
        Arc::new(Self {
            clock,
            bounds,
            hasher: RandomState::new(),
            spent: (0..SHARDS).map(|_| Mutex::default()).collect(),
            buckets: RwLock::default(),
            paces: Mutex::default(),
        })
    }

    /// Buckets of a limit, to be charged for what others tell.
    pub fn add(&self, limit: Limit, buckets: Weak<dyn Buckets>) {
        self.buckets.write().push((limit, buckets));
    }

    /// So many thousandths of a token were taken of a bucket here.
    pub fn note(&self, limit: Limit, whom: u128, amount: i64) {
        let place = usize::try_from(self.hasher.hash_one(whom) % (SHARDS as u64)).unwrap_or(0);
        let Some(spent) = self.spent.get(place) else { return };
        let mut spent = spent.lock();
        let has_room = spent.amounts.len() < self.bounds.buckets.div_ceil(SHARDS);
        match spent.amounts.entry((limit, whom)) {
            Entry::Occupied(mut known) => *known.get_mut() = known.get().saturating_add(amount),
            Entry::Vacant(free) if has_room => drop(free.insert(amount)),
            Entry::Vacant(_) => spent.untold += 1,
        }
    }

    /// What was spent since the last report. It begins anew with this: a report that is lost is not made up for.
    pub fn report(&self) -> Report {
        let mut report = Report { at: self.clock.mono(), ..Report::default() };
        for spent in &self.spent {
            let spent = std::mem::take(&mut *spent.lock());
            let told = spent.amounts.into_iter().filter(|(_, amount)| *amount != 0);
            report.spendings.extend(told.map(|((limit, whom), amount)| Spending { limit: limit.code(), whom, amount }));
            report.untold += spent.untold;
        }
        report
    }

    /// What another node has spent, told at `at` by its own clock. Answers how many of these could not be charged: too late, or no room.
    pub fn hear(&self, from: NodeId, at: MonoMillis, spendings: &[Spending]) -> usize {
        let now = self.clock.mono();
        let is_late = {
            let mut paces = self.paces.lock();
            let pace = paces.entry(from).or_insert(Pace { least: i128::MAX, at: now });
            pace.lateness(at, now) > self.bounds.late_ms
        };
        if is_late {
            return spendings.len();
        }
        let buckets = self.buckets.read();
        let charge = |spending: &Spending| {
            // A node of a later version may share limits that this one does not know.
            let Some(limit) = Limit::of(spending.limit) else { return true };
            let owed_bursts = self.bounds.owed_bursts;
            let charge = Charge { limit, whom: spending.whom, amount: spending.amount, owed_bursts, now };
            let those = buckets.iter().filter(|(of, _)| *of == limit).filter_map(|(_, buckets)| buckets.upgrade());
            // Each is charged, whatever came of the others.
            those.filter(|buckets| !buckets.charge(charge)).count() == 0
        };
        spendings.iter().filter(|spending| !charge(spending)).count()
    }

    /// Only these other nodes are there.
    pub fn only(&self, nodes: &[NodeId]) {
        self.paces.lock().retain(|node, _| nodes.contains(node));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualClock;

    use uuid::Uuid;

    #[derive(Default)]
    struct Charged(Mutex<Vec<(Limit, u128, i64)>>);

    impl Buckets for Charged {
        fn charge(&self, charge: Charge) -> bool {
            self.0.lock().push((charge.limit, charge.whom, charge.amount));
            charge.whom != FULL
        }
    }

    const FULL: u128 = 99;
    const OTHER: NodeId = NodeId(Uuid::from_u128(5));

    fn limits(buckets: usize) -> (Arc<SharedLimits>, Arc<ManualClock>) {
        let clock = Arc::new(ManualClock::default());
        (SharedLimits::new(clock.clone(), Bounds { buckets, owed_bursts: 16, late_ms: 2_000 }), clock)
    }

    fn spending(limit: u8, whom: u128) -> Spending {
        Spending { limit, whom, amount: 3_000 }
    }

    #[test]
    fn what_is_spent_is_told_once_and_added_up() {
        let (limits, _) = limits(160);
        limits.note(Limit::Upload, 7, 1_000);
        limits.note(Limit::Upload, 7, 1_000);
        limits.note(Limit::Lookup, 7, 1_000);
        limits.note(Limit::Lookup, 7, -1_000);
        let report = limits.report();
        assert_eq!(report.spendings, [Spending { limit: Limit::Upload.code(), whom: 7, amount: 2_000 }]);
        assert_eq!(limits.report(), Report::default());
    }

    #[test]
    fn what_finds_no_room_is_counted_and_known_buckets_go_on() {
        let (limits, _) = limits(32);
        for whom in 0..500 {
            limits.note(Limit::Caller, whom, 1_000);
        }
        let Report { spendings, untold, .. } = limits.report();
        assert!(spendings.len() <= 32, "{}", spendings.len());
        assert_eq!(untold + spendings.len() as u64, 500);
        (0..5).for_each(|_| limits.note(Limit::Caller, 0, 1_000));
        assert_eq!(limits.report().spendings.first().map(|one| one.amount), Some(5_000));
    }

    #[test]
    fn what_others_spent_is_charged_to_the_buckets_of_that_limit() {
        let (limits, _) = limits(10);
        let (uploads, lookups) = (Arc::new(Charged::default()), Arc::new(Charged::default()));
        let weak = Arc::downgrade(&uploads);
        limits.add(Limit::Upload, weak);
        let weak = Arc::downgrade(&lookups);
        limits.add(Limit::Lookup, weak);
        let upload = Limit::Upload.code();
        assert_eq!(limits.hear(OTHER, 0, &[spending(upload, 1), spending(200, 2), spending(upload, FULL)]), 1);
        assert_eq!(*uploads.0.lock(), [(Limit::Upload, 1, 3_000), (Limit::Upload, FULL, 3_000)]);
        assert_eq!(*lookups.0.lock(), []);
    }

    #[test]
    fn what_arrives_late_is_not_charged_and_what_follows_is() {
        let (limits, clock) = limits(10);
        let uploads = Arc::new(Charged::default());
        let weak = Arc::downgrade(&uploads);
        limits.add(Limit::Upload, weak);
        // The other node has run for a year, this one has just begun.
        let year = 31_536_000_000;
        let told = |at: u64, whom| limits.hear(OTHER, year + at, &[spending(Limit::Upload.code(), whom)]);
        assert_eq!(told(0, 1), 0);
        clock.advance(1_250);
        assert_eq!(told(250, 2), 0, "a second late is not late");
        // This node stands still for half a minute; what was told meanwhile waited for it.
        clock.advance(30_000);
        let charged: Vec<usize> = (2..125).map(|n| told(n * 250, 3)).collect();
        assert_eq!(charged.iter().filter(|late| **late == 0).count(), 8, "what was told in the last two seconds");
        assert!(charged.iter().skip(115).all(|late| *late == 0));
        // Clocks drift; what is measured against follows, slowly.
        for n in 1..=100_000_u64 {
            clock.advance(250);
            assert_eq!(told(31_000 + n * 250 - n / 20, 4), 0, "{n}: by now five seconds slower");
        }
    }

    #[test]
    fn every_limit_has_a_number_of_its_own() {
        for (place, limit) in Limit::ALL.into_iter().enumerate() {
            assert_eq!(Limit::of(limit.code()), Some(limit));
            assert!(Limit::ALL.into_iter().skip(place + 1).all(|other| other.code() != limit.code()));
        }
        assert_eq!(Limit::of(0), None);
    }
}
