//! `plenum serve`: start, wait for a signal, drain.

use super::{Failure, Settings};
use crate::config::{Config, Engine, Loaded, Problem, load};
use crate::process::{StopSignals, raise_open_files};
use crate::serve::{Running, start};
use crate::telemetry::{VERSION, start_logs};
use clap::Args;
use plenum_store::{Found, inspect};
use std::io::Write;
use std::time::Duration;

/// Files and sockets a node needs beside its connections.
const OTHER_FILES: u64 = 512;
/// How much longer than `drain.timeout_ms` the end may take before it is forced.
const GRACE: Duration = Duration::from_secs(2);

#[derive(Debug, Args)]
pub(super) struct ServeArgs {
    /// Address and port of the public port: short for `--set http.listen=ADDR`
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,
    /// Worker threads: short for `--set server.workers=N`
    #[arg(long, value_name = "N")]
    workers: Option<String>,
}

impl ServeArgs {
    fn flags(&self) -> Vec<(String, String)> {
        let named = [("http.listen", &self.listen), ("server.workers", &self.workers)];
        named.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value.clone()?))).collect()
    }
}

pub(super) fn run(settings: &Settings, args: &ServeArgs) -> Result<(), Failure> {
    let Loaded { mut config, problems, warnings, .. } = load(&settings.sources(args.flags()));
    if !problems.is_empty() {
        return Err(crate::config::ConfigError(problems).into());
    }
    start_logs(&config.log);
    announce(&config, &warnings);
    fit_open_files(&mut config);
    let is_embedded = config.store.engine == Engine::Embedded;
    let is_new = is_embedded && matches!(inspect(&config.store.embedded().path), Ok(Found::Nothing));
    let data = config.store.path.clone();
    super::block_on(async {
        // Before the node starts: a signal that comes meanwhile is not lost and does not kill.
        let mut signals = StopSignals::listen()?;
        let timeout = config.drain.timeout().saturating_add(GRACE);
        let running = start(config)?;
        if is_new {
            // Somebody who mistyped the path must see it.
            tracing::info!("new store created at {}", std::path::absolute(&data).unwrap_or(data).display());
        }
        writeln!(std::io::stdout(), "Plenum is ready: open {}", running.page())?;
        tracing::info!(public = %running.http(), operations = %running.operations(), "ready");
        wait(running, &mut signals, timeout).await
    })
}

fn announce(config: &Config, warnings: &[Problem]) {
    tracing::info!(version = VERSION, workers = config.server.worker_count(), data = %config.store.path.display(), "starting");
    for warning in warnings {
        tracing::warn!("{warning}");
    }
}

/// Connections beyond what the system allows are refused in words, as any beyond the configured number: without this the process
/// would run out of open files, and nobody, the operator neither, would get an answer.
fn fit_open_files(config: &mut Config) {
    let files = raise_open_files();
    let room = files.saturating_sub(OTHER_FILES).max(files / 2);
    let room = usize::try_from(room).unwrap_or(usize::MAX).max(1);
    if room < config.limits.connections {
        tracing::warn!(
            files,
            connections = room,
            "the system allows fewer open files than limits.connections needs, which is lowered: raise the hard limit of open files, or lower the setting"
        );
        config.limits.connections = room;
    }
}

async fn wait(mut running: Running, signals: &mut StopSignals, timeout: Duration) -> Result<(), Failure> {
    let mut ended = running.ended();
    tokio::select! {
        signal = signals.next() => tracing::info!(signal, "stopping"),
        _ = ended.wait_for(|ended| *ended) => return Err("the node ended unexpectedly; the log says why".into()),
    }
    running.request_stop();
    tokio::select! {
        _ = ended.wait_for(|ended| *ended) => Ok(()),
        signal = signals.next() => end_now(signal, "a second signal: ending at once"),
        () = tokio::time::sleep(timeout) => end_now("none", "the node did not end in time: ending at once"),
    }
}

/// Ends the process without waiting for the node. What was acknowledged is on disk.
fn end_now(signal: &str, why: &str) -> Result<(), Failure> {
    tracing::warn!(signal, "{why}");
    std::process::exit(1)
}
