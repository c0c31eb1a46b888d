//! `plenum import`: a data directory into the store that is configured.

use super::offline::{self, Missing};
use super::{Failure, Settings, block_on};
use crate::config::{Bus, Config, Engine};
use crate::process::StopSignals;
use crate::serve::{Given, Running, start_on};
use crate::telemetry::start_logs;
use crate::transfer::{
    Frozen, Patience, Pictures, Target, Totals, TransferError, begin, copy, copy_images, finish, first_content, start,
    totals, unfinished, verify,
};
use clap::Args;
use plenum_actors::clock::{SharedClock, SystemClock};
use plenum_actors::store::{SharedStore, StoreError};
use plenum_providers::{DepotConfig, DepotProvider, Objects};
use plenum_services::depot::Depot;
use plenum_store::{Embedded, EmbeddedConfig};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

#[derive(Debug, Args)]
pub(super) struct ImportArgs {
    /// The data directory to copy (`store.path` of the server that wrote it, which must not be running)
    #[arg(long, value_name = "DIR")]
    from: PathBuf,
    /// Where the images of that data directory lie (`depot.path` of its server); `depot` below it unless it is said
    #[arg(long, value_name = "DIR")]
    from_depot: Option<PathBuf>,
    /// Only compare both, everything with everything
    #[arg(long)]
    verify_only: bool,
    /// How long to try again when a store does not answer, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(0..=86_400))]
    patience: u64,
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
    let to = offline::target(&config, if args.verify_only { Missing::Refuse } else { Missing::Create })?;
    let served = if args.serve { Some(serve(config.clone(), &args.from, &from)?) } else { None };
    let outcome = block_on(async {
        let mut signals = StopSignals::listen()?;
        tokio::select! {
            outcome = work(&from, &to, args, &config) => outcome,
            signal = signals.next() => Err(format!("stopped by {signal}: the same command goes on").into()),
        }
    });
    drop(served);
    outcome
}

async fn work(from: &SharedStore, to: &SharedStore, args: &ImportArgs, config: &Config) -> Result<(), Failure> {
    let clock: SharedClock = Arc::new(SystemClock::new());
    let waits = |error: &StoreError| eprintln!("plenum: {error}; trying again");
    let arrives = |entries| eprintln!("plenum: {entries} entries");
    let patience = Patience::of(clock.clone(), args.patience.saturating_mul(1_000), &waits, &arrives);
    let depots = Depots::open(args, config)?;
    if args.verify_only {
        return verify_only((from, to), &depots, &patience).await;
    }
    let source = totals(from, &patience).await?;
    eprintln!("plenum: the source has {source}");
    match begin(to, clock.wall(), &source).await? {
        Target::Begun { had_server } => {
            if had_server {
                wait_for_servers(to, config).await?;
            }
            start(to).await?;
        }
        Target::GoesOn => eprintln!("plenum: this import was begun before: it goes on"),
        Target::Other => return Err(TransferError::OtherSource.into()),
        // Perhaps this very import has been done before.
        Target::Holds(what) => {
            eprintln!("plenum: the target already holds {what}: comparing");
            let Ok(totals) = verify(from, to, &patience).await else { return Err(TransferError::Used { what }.into()) };
            return told(&totals, &depots.carry_all(to, &patience).await?);
        }
    }
    let progress = |totals: &Totals| eprintln!("plenum: {totals}");
    copy(from, to, progress, &patience).await?;
    let totals = verify(from, to, &patience).await?;
    let pictures = depots.carry_all(to, &patience).await?;
    if config.store.engine == Engine::Scylla {
        // Everybody stays signed in, whatever `store.path` the servers will have.
        offline::take_keys(to, clock, config, &args.from).await?;
    }
    finish(to).await?;
    told(&totals, &pictures)
}

/// Where the bytes of images lie, and where they are to lie.
struct Depots {
    /// Nothing where there is no such directory: then all have to be in the target already.
    source: Option<Objects>,
    target: Objects,
    path: PathBuf,
}

impl Depots {
    /// From where the directory's server kept them to where the configured servers will look for them.
    fn open(args: &ImportArgs, config: &Config) -> Result<Self, Failure> {
        let target = Objects::open(&config.depot, &config.store.path)?;
        let path = args.from_depot.clone().unwrap_or_else(|| args.from.join("depot"));
        if args.from_depot.is_some() && !path.is_dir() {
            return Err(format!("--from-depot {} is no directory", path.display()).into());
        }
        let source = DepotConfig { provider: DepotProvider::Disk, path: path.clone(), ..config.depot.clone() };
        let source = (path.is_dir() && !args.verify_only).then(|| Objects::open(&source, &args.from)).transpose()?;
        Ok(Self { source, target, path })
    }

    async fn carry(&self, to: &SharedStore, patience: &Patience<'_>) -> Result<Pictures, Failure> {
        let source = self.source.as_ref().map(|source| source as &dyn Depot);
        Ok(copy_images(to, source, &self.target, patience).await?)
    }

    /// The same; that nobody has said where they are is told before the copy counts as whole.
    async fn carry_all(&self, to: &SharedStore, patience: &Patience<'_>) -> Result<Pictures, Failure> {
        let pictures = self.carry(to, patience).await?;
        if pictures.lost > 0 && self.source.is_none() {
            let (lost, path) = (pictures.lost, self.path.display());
            return Err(format!(
                "{lost} images are not where the configured servers look for them (depot), and {path} is no directory: say with --from-depot where the server of that data directory kept them, or name an empty directory to do without them; the same command goes on"
            )
            .into());
        }
        Ok(pictures)
    }
}

/// A server that is on the store sees the mark and ends; what it wrote until then is somebody's.
async fn wait_for_servers(to: &SharedStore, config: &Config) -> Result<(), Failure> {
    let wait = Duration::from_millis(config.store.marks_every_ms.saturating_mul(3));
    eprintln!("plenum: a server has been on this store: one that still runs ends within {} s", wait.as_secs_f64());
    tokio::time::sleep(wait).await;
    if let Some(what) = first_content(to).await? {
        finish(to).await?;
        return Err(TransferError::Used { what }.into());
    }
    Ok(())
}

fn told(totals: &Totals, pictures: &Pictures) -> Result<(), Failure> {
    println!("verified: {totals}; {pictures}");
    Ok(())
}

async fn verify_only(
    (from, to): (&SharedStore, &SharedStore),
    depots: &Depots,
    patience: &Patience<'_>,
) -> Result<(), Failure> {
    let begun = unfinished(to).await?.is_some();
    match verify(from, to, patience).await {
        Ok(totals) if begun => {
            told(&totals, &depots.carry(to, patience).await?)?;
            Err("everything is there, but the import has not said so: run it again without --verify-only, and a server will start".into())
        }
        Ok(totals) => told(&totals, &depots.carry(to, patience).await?),
        Err(error) if begun => Err(format!("the import is not finished: {error}").into()),
        Err(error) => Err(error.into()),
    }
}

/// Serves the source as it stands: a node of its own, whose store refuses changes.
fn serve(mut config: Config, directory: &Path, from: &SharedStore) -> Result<Running, Failure> {
    start_logs(&config.log);
    config.store.engine = Engine::Embedded;
    directory.clone_into(&mut config.store.path);
    config.cluster.bus = Bus::None;
    let running = start_on(config, Given { store: Some(Frozen::over(from.clone())), ..Given::default() })?;
    eprintln!("plenum: {} can be read meanwhile", running.page());
    Ok(running)
}
