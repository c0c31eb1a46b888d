//! The data directory without a server: for commands that work on it directly.

use super::Failure;
use crate::config::{Config, Engine};
use plenum_actors::clock::{SharedClock, SystemClock};
use plenum_actors::identity::SessionEnder;
use plenum_actors::store::SharedStore;
use plenum_schema::SessionId;
use plenum_services::accounts::Accounts;
use plenum_store::{Embedded, Found, inspect};
use std::path::Path;
use std::sync::Arc;

/// Nobody is connected to a server that does not run.
struct NoConnections;

impl SessionEnder for NoConnections {
    fn end_sessions(&self, _sessions: &[SessionId]) {}
}

/// What to do where there is no store.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Missing {
    /// Say so: the path is probably mistyped.
    Refuse,
    /// Make one: the operator said so.
    Create,
}

/// Opens the store for use. An embedded one belongs to one process at a time.
pub(super) fn store(config: &Config, missing: Missing) -> Result<SharedStore, Failure> {
    let store = target(config, missing)?;
    super::block_on(async { Ok(crate::store::whole(&store).await?) })?;
    Ok(store)
}

/// Opens the store also where an import into it is not finished.
pub(super) fn target(config: &Config, missing: Missing) -> Result<SharedStore, Failure> {
    if config.store.engine == Engine::Scylla {
        let registry = prometheus::Registry::new();
        let clock: SharedClock = Arc::new(SystemClock::new());
        return super::block_on(async { Ok(crate::store::open(&config.store, clock, &registry).await?) });
    }
    let embedded = config.store.embedded();
    if inspect(&embedded.path)? == Found::Nothing {
        let path = config.store.path.display();
        if missing == Missing::Refuse {
            return Err(format!(
                "there is no store in {path} (store.path): name the directory that the server uses with --data; `plenum serve` makes a new one"
            )
            .into());
        }
        eprintln!("plenum: new store created at {path}");
    }
    Ok(Embedded::open(embedded)?)
}

/// Takes over the signing keys of a data directory into a store that has none.
pub(super) async fn take_keys(
    store: &SharedStore,
    clock: SharedClock,
    config: &Config,
    directory: &Path,
) -> Result<(), Failure> {
    Accounts::open_shared(store.clone(), clock, Arc::new(NoConnections), config.accounts.clone(), directory).await?;
    Ok(())
}

/// Opens store and accounts.
pub(super) fn accounts(config: &Config, missing: Missing) -> Result<Accounts, Failure> {
    let clock: SharedClock = Arc::new(SystemClock::new());
    let ender = Arc::new(NoConnections);
    let (store, settings) = (store(config, missing)?, config.accounts.clone());
    if config.store.engine == Engine::Scylla {
        let shared = Accounts::open_shared(store, clock, ender, settings, &config.store.path);
        return super::block_on(async { Ok(shared.await?) });
    }
    Ok(Accounts::open(store, clock, ender, settings, &config.store.path)?)
}
