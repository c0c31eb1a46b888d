//! `plenum import`: a data directory into the store that is configured.

use super::offline::{self, Missing};
use super::{Failure, Settings, block_on};
use crate::config::{Bus, Config, Engine};
use crate::process::StopSignals;
use crate::serve::{Given, Running, start_on};
use crate::telemetry::start_logs;
use crate::transfer::{Frozen, Totals, copy, verify};
use clap::Args;
use plenum_actors::store::SharedStore;
use plenum_store::{Embedded, EmbeddedConfig};
use std::path::{Path, PathBuf};

#[derive(Debug, Args)]
pub(super) struct ImportArgs {
    /// The data directory to copy (`store.path` of the server that wrote it, which must not be running)
    #[arg(long, value_name = "DIR")]
    from: PathBuf,
    /// Only compare both, everything with everything
    #[arg(long)]
    verify_only: bool,
    /// Meanwhile serve what is copied, for reading alone, on the configured ports: clients stay connected, read and resume, and are
    /// told to send again later. Ends when the copy is verified
    #[arg(long)]
    serve: bool,
}

pub(super) fn run(settings: &Settings, args: &ImportArgs) -> Result<(), Failure> {
    let config = settings.load()?;
    let path = args.from.join("store");
    if !path.is_dir() {
        return Err(format!("{} is no data directory: there is no store in it", args.from.display()).into());
    }
    if config.store.engine == Engine::Embedded && config.store.embedded().path == path {
        return Err(
            "source and target are the same directory: set store.engine = \"scylla\" or another store.path".into()
        );
    }
    let from: SharedStore = Embedded::open(EmbeddedConfig { path, ..config.store.limits })?;
    // Before anybody is let in: a target that cannot be reached is said at once.
    let to = offline::store(&config, Missing::Create)?;
    let served = if args.serve { Some(serve(config, &args.from, &from)?) } else { None };
    let outcome = block_on(async {
        let mut signals = StopSignals::listen()?;
        tokio::select! {
            outcome = work(&from, &to, args.verify_only) => outcome,
            signal = signals.next() => Err(format!("stopped by {signal}: the same command goes on").into()),
        }
    });
    drop(served);
    outcome
}

async fn work(from: &SharedStore, to: &SharedStore, verify_only: bool) -> Result<(), Failure> {
    if !verify_only {
        let progress = |totals: &Totals| eprintln!("plenum: {totals}");
        copy(from, to, progress).await?;
    }
    let totals = verify(from, to).await?;
    println!("verified: {totals}");
    Ok(())
}

/// Serves the source as it stands: a node of its own, whose store refuses changes.
fn serve(mut config: Config, directory: &Path, from: &SharedStore) -> Result<Running, Failure> {
    start_logs(&config.log);
    config.store.engine = Engine::Embedded;
    directory.clone_into(&mut config.store.path);
    config.cluster.bus = Bus::None;
    let running = start_on(config, Given { store: Frozen::over(from.clone()), clock: None })?;
    eprintln!("plenum: {} can be read meanwhile", running.page());
    Ok(running)
}
