//! What a node stands on: its clock, its store, its accounts and their keys.

use crate::config::{Config, Engine};
use crate::link::Link;
use crate::serve::ServeError;
use crate::transfer::Watch;
use plenum_actors::clock::{SharedClock, SystemClock};
use plenum_actors::store::SharedStore;
use plenum_services::accounts::Accounts;
use prometheus::Registry;
use std::sync::Arc;
use std::time::Duration;

/// The machine's clock, as wrong as the configuration wants it.
pub(super) fn machine_clock(config: &Config) -> SharedClock {
    Arc::new(SystemClock::shifted(config.server.clock_offset_ms))
}

/// What everything stands on: the store, opened unless it is given. A store that others share is watched: they may begin
/// an import.
pub(super) async fn ground(
    config: &Config,
    registry: &Registry,
    given: Option<SharedStore>,
    clock: &SharedClock,
) -> Result<(SharedStore, Option<Arc<Watch>>), ServeError> {
    if let Some(store) = given {
        return Ok((store, None));
    }
    let store = crate::store::open(&config.store, clock.clone(), registry).await?;
    crate::store::whole(&store).await?;
    if config.store.engine == Engine::Embedded {
        return Ok((store, None));
    }
    let (store, watch) = Watch::over(&store, Duration::from_millis(config.store.marks_every_ms));
    Ok((store, Some(watch)))
}

/// Nodes that share a store, or could, share their signing keys in it.
pub(super) async fn open_accounts(
    config: &Config,
    store: &SharedStore,
    clock: &SharedClock,
    link: &Link,
) -> Result<Accounts, ServeError> {
    let (settings, keys) = (config.accounts.clone(), &config.store.path);
    let is_shared = link.is_shared() || config.store.engine != Engine::Embedded;
    Ok(if is_shared {
        Accounts::open_shared(store.clone(), clock.clone(), link.ender(), settings, keys).await?
    } else {
        Accounts::open(store.clone(), clock.clone(), link.ender(), settings, keys)?
    })
}
