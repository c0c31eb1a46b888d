//! `plenum check-config` and `plenum config-doc`.

use super::{Failure, Settings};
use crate::config::{ConfigError, Problem, effective, load, markdown};
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
    let places = loaded.config.places().without(&loaded.problems);
    let found = |(key, text): (String, String)| Problem::new(&key, text, None);
    for warning in loaded.warnings.iter().cloned().chain(places.warnings.into_iter().map(found)) {
        eprintln!("warning: {warning}");
    }
    let problems: Vec<Problem> = loaded.problems.into_iter().chain(places.problems.into_iter().map(found)).collect();
    if !problems.is_empty() {
        return Err(ConfigError(problems).into());
    }
    if !args.show {
        writeln!(out, "the configuration is fine")?;
        for (key, note) in places.notes {
            writeln!(out, "{key}: {note}")?;
        }
    }
    Ok(())
}

pub(super) fn document() -> Result<(), Failure> {
    write!(std::io::stdout().lock(), "{}", markdown())?;
    Ok(())
}
