//! What handlers work with.

use crate::operations::summary::HealthSummary;
use plenum_http::{Limiter, Rate};
use plenum_schema::{ApiKeyId, UserId};
use plenum_services::accounts::{Accounts, Codes, Google};
use plenum_services::api_keys::ApiKeys;
use plenum_services::clock::SharedClock;
use plenum_services::conferences::Conferences;
use plenum_services::conversations::Conversations;
use plenum_services::erasure::Erasures;
use plenum_services::events::Events;
use plenum_services::idempotency::Idempotency;
use plenum_services::images::Places;
use plenum_services::market::Market;
use plenum_services::payments::Payments;
use plenum_services::shared_limits::{Limit, SharedLimits};
use plenum_services::status_board::StatusBoard;
use plenum_services::subjects::Subjects;
use serde::Deserialize;
use std::fmt;
use std::net::IpAddr;
use std::ops::Deref;
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
    /// How many images one person may upload (default 10 at once, then 10 in an hour).
    pub upload_rate: Rate,
    /// How many people's uploads are counted one by one (default 65,536).
    pub upload_keys: usize,
    /// How fast one API key may be used (default 500 at once, then 250 in a second).
    pub key_rate: Rate,
}

impl Default for RestConfig {
    fn default() -> Self {
        Self {
            lookup_rate: Rate { per_second: 0.33, burst: 20.0 },
            lookup_keys: 65_536,
            guess_rate: Rate { per_second: 2.0, burst: 100.0 },
            guess_keys: 65_536,
            upload_rate: Rate { per_second: 10.0 / 3_600.0, burst: 10.0 },
            upload_keys: 65_536,
            key_rate: Rate { per_second: 250.0, burst: 500.0 },
        }
    }
}

/// The services that handlers call.
#[derive(Clone)]
pub struct RestParts {
    /// Accounts.
    pub accounts: Accounts,
    /// Codes by e-mail and short message.
    pub codes: Codes,
    /// Signing in with Google.
    pub google: Google,
    /// Deleting accounts.
    pub erasures: Erasures,
    /// Keys of programs.
    pub api_keys: ApiKeys,
    /// Conversations.
    pub conversations: Arc<Conversations>,
    /// Conferences.
    pub conferences: Conferences,
    /// The status board.
    pub status_board: StatusBoard,
    /// Events.
    pub events: Events,
    /// The marketplace.
    pub market: Market,
    /// Payments.
    pub payments: Payments,
    /// Images, and what shows them.
    pub places: Places,
    /// Subjects.
    pub subjects: Subjects,
    /// Answers that are given again.
    pub idempotency: Arc<Idempotency>,
    /// How the node is.
    pub health: Health,
    /// Time.
    pub clock: SharedClock,
    /// Where the limits are told that hold for all nodes together; nothing where there is one node.
    pub limits: Option<Arc<SharedLimits>>,
}

impl fmt::Debug for RestParts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RestParts").finish_non_exhaustive()
    }
}

/// What handlers work with. Cheap to clone: make it once and give each worker a clone, or limits count per worker.
#[derive(Clone)]
pub struct RestState {
    parts: RestParts,
    /// Look-ups of each person.
    pub(crate) lookups: Arc<Limiter<UserId>>,
    /// Wrong codes from each address.
    pub(crate) guesses: Arc<Limiter<IpAddr>>,
    /// Uploads of each person.
    pub(crate) uploads: Arc<Limiter<UserId>>,
    /// Uses of each key.
    pub(crate) key_uses: Arc<Limiter<ApiKeyId>>,
}

/// API keys that are counted one by one: as many as there can be.
const COUNTED_KEYS: usize = 1_024;

impl RestState {
    /// A state.
    #[must_use]
    pub fn new(parts: RestParts, config: &RestConfig) -> Self {
        let state = Self {
            parts,
            lookups: Arc::new(Limiter::new(config.lookup_rate, config.lookup_keys)),
            guesses: Arc::new(Limiter::new(config.guess_rate, config.guess_keys)),
            uploads: Arc::new(Limiter::new(config.upload_rate, config.upload_keys)),
            key_uses: Arc::new(Limiter::new(config.key_rate, COUNTED_KEYS)),
        };
        if let Some(limits) = &state.parts.limits {
            state.lookups.share(Limit::Lookup, limits);
            state.guesses.share(Limit::Guess, limits);
            state.uploads.share(Limit::Upload, limits);
            state.key_uses.share(Limit::KeyUse, limits);
        }
        state
    }
}

impl Deref for RestState {
    type Target = RestParts;

    fn deref(&self) -> &RestParts {
        &self.parts
    }
}

impl fmt::Debug for RestState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RestState").finish_non_exhaustive()
    }
}
