//! The data directory without a server: for commands that work on it directly.

use super::Failure;
use crate::config::Config;
use plenum_actors::clock::{SharedClock, SystemClock};
use plenum_actors::identity::SessionEnder;
use plenum_actors::store::SharedStore;
use plenum_schema::SessionId;
use plenum_services::accounts::Accounts;
use plenum_store::Embedded;
use std::sync::Arc;

/// Nobody is connected to a server that does not run.
struct NoConnections;

impl SessionEnder for NoConnections {
    fn end_sessions(&self, _sessions: &[SessionId]) {}
}

/// Opens the store. Only one process may have it.
pub(super) fn store(config: &Config) -> Result<SharedStore, Failure> {
    let exists = config.store.path.is_dir();
    if !exists {
        tracing::debug!(path = %config.store.path.display(), "the data directory is new");
    }
    Ok(Embedded::open(config.store.embedded())?)
}

/// Opens store and accounts.
pub(super) fn accounts(config: &Config) -> Result<Accounts, Failure> {
    let clock: SharedClock = Arc::new(SystemClock::new());
    let ender = Arc::new(NoConnections);
    Ok(Accounts::open(store(config)?, clock, ender, config.accounts.clone(), &config.store.path)?)
}
