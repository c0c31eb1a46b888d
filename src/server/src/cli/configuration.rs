//! `plenum check-config` and `plenum config-doc`.

use super::{Failure, Settings};
use crate::config::{ConfigError, effective, load, markdown};
use clap::Args;
use std::io::Write;

#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    /// Also print what is in force; secrets are redacted
    #[arg(long)]
    show: bool,
}

pub(super) fn check(settings: &Settings, args: &CheckArgs) -> Result<(), Failure> {
    let loaded = load(&settings.sources(Vec::new()));
    let mut out = std::io::stdout().lock();
    if args.show {
        write!(out, "{}", effective(&loaded))?;
    }
    for warning in &loaded.warnings {
        eprintln!("warning: {warning}");
    }
    if !loaded.problems.is_empty() {
        return Err(ConfigError(loaded.problems).into());
    }
    if !args.show {
        writeln!(out, "the configuration is fine")?;
    }
    Ok(())
}

pub(super) fn document() -> Result<(), Failure> {
    write!(std::io::stdout().lock(), "{}", markdown())?;
    Ok(())
}
