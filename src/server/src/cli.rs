//! The command line.

mod accounts;
mod api_keys;
mod configuration;
mod export;
mod import;
mod migrate;
mod offline;
mod output;
mod seed;
mod serve;
mod verify;
mod wire;

use crate::config::{Config, ConfigError, Sources, load};
use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::OnceLock;

/// One server for live communities and live events.
#[derive(Debug, Parser)]
#[command(name = "plenum", version, arg_required_else_help = true)]
struct Cli {
    #[command(flatten)]
    settings: Settings,
    #[command(subcommand)]
    command: Command,
}

/// Where settings come from. `plenum config-doc` explains each.
#[derive(Clone, Debug, Args)]
struct Settings {
    /// A TOML file with settings that differ from the defaults [environment: `PLENUM_CONFIG`]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// One setting, for example `--set limits.connections=5000`; may be repeated
    #[arg(long, global = true, value_name = "KEY=VALUE", value_parser = assignment)]
    set: Vec<(String, String)>,
    /// The data directory: short for `--set store.path=DIR`
    #[arg(long, global = true, value_name = "DIR")]
    data: Option<String>,
}

fn assignment(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("write KEY=VALUE")?;
    Ok((key.trim().to_owned(), value.to_owned()))
}

impl Settings {
    fn sources(&self, more: Vec<(String, String)>) -> Sources {
        let mut flags = self.set.clone();
        flags.extend(self.data.iter().map(|path| ("store.path".to_owned(), path.clone())));
        flags.extend(more);
        Sources::of_process(self.config.clone(), flags)
    }

    fn load(&self) -> Result<Config, ConfigError> {
        load(&self.sources(Vec::new())).into_config()
    }
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server until it is told to stop
    Serve(serve::ServeArgs),
    /// Report everything that is wrong with the configuration, by key
    CheckConfig(configuration::CheckArgs),
    /// Print the reference of all settings as Markdown
    ConfigDoc,
    /// Make, list and change accounts in the store (a data directory belongs to one process: end its server first)
    #[command(subcommand)]
    User(accounts::UserCommand),
    /// Make access tokens, for accounts or for load tests (end the server of a data directory first)
    Token(accounts::TokenArgs),
    /// Print a topic's events as JSON lines while they happen; reconnects and resumes by itself
    Tail(wire::TailArgs),
    /// Send a message to a conversation's topic
    Publish(wire::PublishArgs),
    /// Write all events of a conversation as JSON lines in their order
    Export(export::ExportArgs),
    /// Copy a data directory into the configured store; repeat it until it is verified
    Import(import::ImportArgs),
    /// Bring the schema of the CQL cluster (`store.engine = "scylla"`) to what this version needs
    Migrate(migrate::MigrateArgs),
    /// Check the signed result sheet of a question, offline
    Verify(verify::VerifyArgs),
    /// Keys of programs: make, list, rotate, revoke (end the server of a data directory first; admins do it on a running one)
    #[command(subcommand)]
    Key(api_keys::KeyCommand),
    /// Data to look at (end the server of a data directory first); makes a new store where there is none
    #[command(subcommand)]
    Seed(seed::SeedCommand),
    /// The keys that sign access tokens (end the server of a data directory first)
    #[command(subcommand)]
    Keys(accounts::KeysCommand),
}

/// A command failed: one sentence for the person at the terminal.
type Failure = Box<dyn std::error::Error>;

/// Runs the program.
#[must_use]
pub fn run() -> ExitCode {
    let Cli { settings, command } = Cli::parse();
    let outcome = match command {
        Command::Serve(args) => serve::run(&settings, &args),
        Command::CheckConfig(args) => configuration::check(&settings, &args),
        Command::ConfigDoc => configuration::document(),
        Command::User(command) => accounts::user(&settings, command),
        Command::Token(args) => accounts::token(&settings, &args),
        Command::Tail(args) => wire::tail(&settings, &args),
        Command::Publish(args) => wire::publish(&settings, args),
        Command::Verify(args) => verify::run(&args),
        Command::Export(args) => export::run(&settings, &args),
        Command::Import(args) => import::run(&settings, &args),
        Command::Migrate(args) => migrate::run(&settings, &args),
        Command::Key(command) => api_keys::run(&settings, command),
        Command::Seed(command) => seed::run(&settings, command),
        Command::Keys(command) => accounts::keys(&settings, command),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever reads our output has seen enough (`plenum tail … | head`).
        Err(error) if is_closed_pipe(error.as_ref()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("plenum: {error}");
            ExitCode::FAILURE
        }
    }
}

fn is_closed_pipe(error: &(dyn std::error::Error + 'static)) -> bool {
    error.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
}

/// A runtime on this thread for commands that are no server.
fn block_on<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    // One for the whole program: what a store was opened in must outlive the command's other parts.
    static RUNTIME: OnceLock<tokio::runtime::Runtime> = OnceLock::new();
    let runtime = match RUNTIME.get() {
        Some(runtime) => runtime,
        None => {
            let fresh = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            RUNTIME.get_or_init(|| fresh)
        }
    };
    runtime.block_on(work)
}
