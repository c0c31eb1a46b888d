//! The command line.

mod arguments;
mod community;

use crate::budget::{Budget, BudgetError};
use crate::clock::Clock;
use crate::report::{Outcome, Report};
use crate::scenario::{
    Context, Failure, Foreign, acks, board, churn, conference, crash, fanout, flood, idle, rest, slow, socketio,
    streams,
};
use crate::target::{self, TargetError, TargetOptions};
use crate::{process, yardstick};
use arguments::{
    AcksArgs, BoardArgs, ChurnArgs, ConferenceArgs, CrashArgs, FanoutArgs, IdleArgs, RoomsArgs, SlowArgs, SocketIoArgs,
    StreamsArgs,
};
use clap::{Args, Parser, Subcommand};
use community::{FloodArgs, RestArgs};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

/// Loads a Plenum server, checks every delivery while it does, and says what it cost.
///
/// Exit codes: 0 passed; 1 a budget is broken; 2 something was lost, doubled, reordered or worse; 64 wrong usage;
/// 70 the run could not be carried out.
#[derive(Debug, Parser)]
#[command(name = "plenum-loadtest", version)]
pub struct Cli {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    scenario: Scenario,
}

#[derive(Debug, Args)]
struct Common {
    /// Server binary to start, on a data directory of its own
    #[arg(long, global = true, default_value = "target/release/plenum")]
    server: PathBuf,
    /// Where data directories are made (a real disk: on tmpfs fsync costs nothing); the system's temporary directory if absent
    #[arg(long, global = true)]
    data: Option<PathBuf>,
    /// Extra environment for the server
    #[arg(long = "env", global = true, value_name = "KEY=VALUE", value_parser = key_value)]
    environment: Vec<(String, String)>,
    /// Load a server that runs already
    #[arg(long, global = true, requires = "tokens", value_name = "ADDRESS:PORT")]
    target: Option<SocketAddr>,
    /// Its operations listener, for metrics
    #[arg(long, global = true, value_name = "ADDRESS:PORT")]
    operations: Option<SocketAddr>,
    /// Its process, for CPU and memory
    #[arg(long, global = true)]
    pid: Option<u32>,
    /// File with `userId token` lines (`plenum token`)
    #[arg(long, global = true)]
    tokens: Option<PathBuf>,
    /// The target is not on this machine, and it is mine to load
    #[arg(long, global = true)]
    i_own_this_target: bool,
    /// Do not keep server and generator on a core each
    #[arg(long, global = true)]
    no_pin: bool,
    /// Folder for the report
    #[arg(long, global = true, default_value = "load-report")]
    report: PathBuf,
    /// Name of the report instead of the scenario's
    #[arg(long, global = true)]
    name: Option<String>,
    /// Bounds for the figures
    #[arg(long, global = true)]
    budget: Option<PathBuf>,
    /// No progress
    #[arg(long, global = true)]
    quiet: bool,
}

fn key_value(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("KEY=VALUE")?;
    Ok((key.to_owned(), value.to_owned()))
}

#[derive(Debug, Subcommand)]
enum Scenario {
    /// Messages to many receivers in one topic
    Fanout(FanoutArgs),
    /// Messages in many small rooms
    Rooms(RoomsArgs),
    /// The yardstick alone: what this machine allows
    Yardstick(FanoutArgs),
    /// Memory of many quiet connections, before and after a burst
    Idle(IdleArgs),
    /// Memory of many quiet streams of server-sent events
    Streams(StreamsArgs),
    /// Durable appends: one sender against many
    Acks(AcksArgs),
    /// A hall votes within five seconds; acknowledged ballots and counted ones are compared
    Conference(ConferenceArgs),
    /// Status boards watch while a checker reports
    Board(BoardArgs),
    /// Many people read by REST in a store with very much in it
    Rest(RestArgs),
    /// SIGKILL again and again under load; then everything is checked
    Crash(CrashArgs),
    /// Clients that stop reading, beside healthy ones
    Slow(SlowArgs),
    /// A flood of sign-ins beside a chat
    Flood(FloodArgs),
    /// Connections that come and go
    Churn(ChurnArgs),
    /// The same Socket.IO room app on Plenum, npm socket.io and socketioxide, side by side
    #[command(name = "socketio")]
    SocketIo(SocketIoArgs),
    /// Serve as yardstick (started by the tool itself)
    #[command(hide = true)]
    YardstickServe {
        /// Port on 127.0.0.1
        #[arg(long)]
        port: u16,
        /// Join what arrived in one turn
        #[arg(long)]
        coalesce: bool,
    },
}

/// What can go wrong before there is a report.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error(transparent)]
    Run(#[from] Failure),
    #[error(transparent)]
    Budget(#[from] BudgetError),
    #[error("{0}")]
    Io(#[from] std::io::Error),
}

impl Trouble {
    /// 64: the run was asked for wrongly; 70: it could not be carried out (sysexits).
    fn exit_code(&self) -> u8 {
        match self {
            Self::Budget(_) | Self::Run(Failure::Usage(_) | Failure::Target(TargetError::NotLoopback(_))) => 64,
            Self::Run(_) | Self::Io(_) => 70,
        }
    }
}

/// Runs what the command line asks for; answers the exit code.
#[must_use]
pub fn run(cli: Cli) -> u8 {
    match carry_out(cli) {
        Ok(outcome) => outcome.exit_code(),
        Err(trouble) => {
            eprintln!("plenum-loadtest: {trouble}");
            trouble.exit_code()
        }
    }
}

fn carry_out(cli: Cli) -> Result<Outcome, Trouble> {
    if let Scenario::YardstickServe { port, coalesce } = cli.scenario {
        process::end_with_parent();
        process::raise_open_files();
        yardstick::Yardstick::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)), coalesce)?.run()?;
        return Ok(Outcome::Passed);
    }
    // A budget that cannot be read should not cost a run.
    let budget = cli.common.budget.as_ref().map(std::fs::read_to_string).transpose()?;
    let budget = budget.as_deref().map(Budget::parse).transpose()?;
    let context = context(&cli.common)?;
    let mut report = scenario(&context, &cli.scenario)?;
    if let Some(name) = cli.common.name {
        report.scenario = name;
    }
    if let Some(budget) = &budget {
        report.apply(budget);
    }
    let page = report.write(&cli.common.report)?;
    println!("{}  {}", report.summary(), page.display());
    Ok(report.outcome())
}

fn context(common: &Common) -> Result<Context, Failure> {
    let files = process::raise_open_files();
    if files < 4_096 {
        eprintln!("only {files} open files are allowed here; large runs need more (ulimit -n)");
    }
    let pin = !common.no_pin && process::can_pin();
    if pin {
        process::pin(process::GENERATOR_CORE)?;
    }
    let foreign = match (common.target, &common.tokens) {
        (Some(address), Some(tokens)) => {
            target::check_loopback(address, common.i_own_this_target)?;
            Some(Foreign { address, operations: common.operations, pid: common.pid, tokens: tokens.clone() })
        }
        _ => None,
    };
    let (binary, data) = (common.server.clone(), common.data.clone());
    let options = TargetOptions { binary, data, environment: common.environment.clone(), pin };
    Ok(Context { clock: Clock::start(), options, foreign, program: None, quiet: common.quiet })
}

fn scenario(context: &Context, scenario: &Scenario) -> Result<Report, Failure> {
    match scenario {
        Scenario::Fanout(args) => fanout::run(context, &args.comparison(context, "fanout", true)),
        Scenario::Yardstick(args) => fanout::run(context, &args.comparison(context, "yardstick", false)),
        Scenario::Rooms(args) => fanout::run(context, &args.comparison(context)),
        Scenario::Idle(args) => idle::run(context, args.scenario()),
        Scenario::Streams(args) => streams::run(context, args.scenario()),
        Scenario::Acks(args) => acks::run(context, args.scenario()),
        Scenario::Crash(args) => match args.cluster() {
            Some(cluster) => crash::run_cluster(context, args.scenario(), &cluster),
            None => crash::run(context, args.scenario()),
        },
        Scenario::Conference(args) => conference::run(context, args.scenario()),
        Scenario::Board(args) => board::run(context, args.scenario()),
        Scenario::Rest(args) => rest::run(context, args.scenario()),
        Scenario::Slow(args) => slow::run(context, &args.shape(context), args.rounds()),
        Scenario::Flood(args) => flood::run(context, &args.shape(context), args.flood()),
        Scenario::Churn(args) => churn::run(context, args.scenario()),
        Scenario::SocketIo(args) => socketio::run(context, &args.comparison()),
        Scenario::YardstickServe { .. } => Err(Failure::Usage("served already".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn nonsense_is_refused() {
        for bad in
            ["fanout --rate 0", "fanout --receivers 0", "fanout --bytes 15", "fanout --target 127.0.0.1:1", "nothing"]
        {
            let words = std::iter::once("plenum-loadtest").chain(bad.split(' '));
            assert!(Cli::try_parse_from(words).is_err(), "{bad}");
        }
    }
}
