//! The services of a node without its ports: for work on the store while no server runs.

use super::{Core, ServeError, machine_clock, telemetry};
use crate::config::Config;
use plenum_actors::clock::SharedClock;
use plenum_actors::store::SharedStore;
use plenum_services::accounts::Accounts;
use plenum_services::conferences::Conferences;
use plenum_services::conversations::Conversations;
use plenum_services::events::Events;
use plenum_services::market::Market;
use plenum_services::status_board::StatusBoard;
use std::time::Duration;

/// See the module. Must be opened, used and closed inside an actix system.
pub(crate) struct Workshop {
    pub accounts: Accounts,
    pub conversations: Conversations,
    pub conferences: Conferences,
    pub events: Events,
    pub market: Market,
    pub status_board: StatusBoard,
    pub clock: SharedClock,
    core: Core,
    timeout: Duration,
}

impl Workshop {
    /// Opens the store and everything above it; owners run on this thread.
    pub async fn open(config: &Config) -> Result<Self, ServeError> {
        let core = Core::open(config, &telemetry::registry()?, (None, None), machine_clock(config)).await?;
        core.owners.add_arbiter();
        Ok(Self {
            accounts: core.accounts.clone(),
            conversations: core.conversations.clone(),
            conferences: core.conferences.clone(),
            events: core.community.events.clone(),
            market: core.community.market.clone(),
            status_board: core.status_board.clone(),
            clock: core.clock.clone(),
            core,
            timeout: config.drain.timeout(),
        })
    }

    /// The store below everything.
    pub const fn store(&self) -> &SharedStore {
        &self.core.store
    }

    /// Ends the owners; what they were told is on disk.
    pub async fn close(self) {
        let left = self.core.owners.drain(self.timeout).await;
        if left > 0 {
            tracing::warn!(left, "owners did not end in time");
        }
        self.core.link.close().await;
    }
}
