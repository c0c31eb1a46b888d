//! The data directory without a server: for commands that work on it directly.

use super::Failure;
use crate::config::{Bus, Config, Engine};
use plenum_actors::clock::{SharedClock, SystemClock};
use plenum_actors::identity::SessionEnder;
use plenum_actors::store::SharedStore;
use plenum_cluster::nats::{ClusterConfig, tell_ended};
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

/// Nodes may run: they are told by the bus.
struct ByTheBus(ClusterConfig);

impl SessionEnder for ByTheBus {
    fn end_sessions(&self, sessions: &[SessionId]) {
        let (config, sessions) = (self.0.clone(), sessions.to_vec());
        // A thread of its own: whoever ends sessions does not wait in a runtime.
        let tell = move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let runtime = runtime.map_err(|error| error.to_string())?;
            runtime.block_on(tell_ended(&config, &sessions)).map_err(|error| error.to_string())
        };
        let told =
            std::thread::spawn(tell).join().unwrap_or_else(|_| Err("the thread that tells them ended".to_owned()));
        if let Err(error) = told {
            eprintln!(
                "plenum: the nodes were not told that sessions have ended: {error}; tokens are refused, sockets that are open stay so until their tokens expire"
            );
        }
    }
}

fn ender(config: &Config) -> Arc<dyn SessionEnder> {
    match config.cluster.bus {
        Bus::None => Arc::new(NoConnections),
        Bus::Nats => Arc::new(ByTheBus(config.cluster.settings.clone())),
    }
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
    let ender = ender(config);
    let (store, settings) = (store(config, missing)?, config.accounts.clone());
    if config.store.engine == Engine::Scylla {
        let shared = Accounts::open_shared(store, clock, ender, settings, &config.store.path);
        return super::block_on(async { Ok(shared.await?) });
    }
    Ok(Accounts::open(store, clock, ender, settings, &config.store.path)?)
}
