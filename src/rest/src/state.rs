//! What handlers work with.

use crate::operations::summary::HealthSummary;
use plenum_http::{Limiter, Rate};
use plenum_schema::UserId;
use plenum_services::accounts::Accounts;
use plenum_services::clock::SharedClock;
use plenum_services::conferences::Conferences;
use plenum_services::conversations::Conversations;
use plenum_services::idempotency::Idempotency;
use serde::Deserialize;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

/// How the node is, asked for every `GET health`. Must not block.
pub type Health = Arc<dyn Fn() -> HealthSummary + Send + Sync>;

/// Settings of the REST layer.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RestConfig {
    /// How fast one person may look others up by e-mail address (default 20 at once, then one in 3 seconds).
    pub lookup_rate: Rate,
    /// How many people's look-ups are counted one by one (default 65,536).
    pub lookup_keys: usize,
    /// How fast codes and passcodes of conferences may be guessed from one address (default 100 wrong ones at once, then 2 in a
    /// second). A lecture hall is one address, and right ones cost nothing.
    pub guess_rate: Rate,
    /// How many addresses' guesses are counted one by one (default 65,536).
    pub guess_keys: usize,
}

impl Default for RestConfig {
    fn default() -> Self {
        Self {
            lookup_rate: Rate { per_second: 0.33, burst: 20.0 },
            lookup_keys: 65_536,
            guess_rate: Rate { per_second: 2.0, burst: 100.0 },
            guess_keys: 65_536,
        }
    }
}

/// What handlers work with. Cheap to clone: make it once and give each worker a clone, or limits count per worker.
#[derive(Clone)]
pub struct RestState {
    /// Accounts.
    pub accounts: Accounts,
    /// Conversations.
    pub conversations: Arc<Conversations>,
    /// Conferences.
    pub conferences: Conferences,
    /// Answers that are given again.
    pub idempotency: Arc<Idempotency>,
    /// How the node is.
    pub health: Health,
    /// Time.
    pub clock: SharedClock,
    /// Look-ups of each person.
    pub(crate) lookups: Arc<Limiter<UserId>>,
    /// Wrong codes from each address.
    pub(crate) guesses: Arc<Limiter<IpAddr>>,
}

impl RestState {
    /// A state.
    #[must_use]
    pub fn new(
        accounts: Accounts,
        conversations: Arc<Conversations>,
        conferences: Conferences,
        idempotency: Arc<Idempotency>,
        health: Health,
        clock: SharedClock,
        config: &RestConfig,
    ) -> Self {
        let lookups = Arc::new(Limiter::new(config.lookup_rate, config.lookup_keys));
        let guesses = Arc::new(Limiter::new(config.guess_rate, config.guess_keys));
        Self { accounts, conversations, conferences, idempotency, health, clock, lookups, guesses }
    }
}

impl fmt::Debug for RestState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RestState").finish_non_exhaustive()
    }
}
