//! `plenum import`: a data directory into the store that is configured.

use super::offline::{self, Missing};
use super::{Failure, Settings, block_on};
use crate::config::Engine;
use crate::transfer::{Totals, copy, verify};
use clap::Args;
use plenum_actors::store::SharedStore;
use plenum_store::{Embedded, EmbeddedConfig};
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(super) struct ImportArgs {
    /// The data directory to copy (`store.path` of the server that wrote it, which must not be running)
    #[arg(long, value_name = "DIR")]
    from: PathBuf,
    /// Only compare both, everything with everything
    #[arg(long)]
    verify_only: bool,
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
    let to = offline::store(&config, Missing::Create)?;
    block_on(async {
        if !args.verify_only {
            let progress = |totals: &Totals| eprintln!("plenum: {totals}");
            copy(&from, &to, progress).await?;
        }
        let totals = verify(&from, &to).await?;
        println!("verified: {totals}");
        Ok(())
    })
}
