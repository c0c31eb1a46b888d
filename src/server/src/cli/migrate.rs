//! `plenum migrate`: the schema of the CQL cluster.

use super::{Failure, Settings, block_on};
use crate::config::Engine;
use clap::{Args, Subcommand};
use plenum_actors::clock::SystemClock;
use plenum_schema::cql::Migration;
use plenum_store::cql::{Migrator, Plan, Progress, StepState};
use std::io::Write;
use std::sync::Arc;

#[derive(Debug, Args)]
pub(super) struct MigrateArgs {
    /// Print the statements that would be executed, and execute none
    #[arg(long)]
    dry_run: bool,
    #[command(subcommand)]
    command: Option<MigrateCommand>,
}

#[derive(Debug, Subcommand)]
enum MigrateCommand {
    /// Print every step and whether it was applied; fails when something is missing
    Status,
}

pub(super) fn run(settings: &Settings, args: &MigrateArgs) -> Result<(), Failure> {
    let config = settings.load()?;
    if config.store.engine == Engine::Embedded {
        return Err(
            "store.engine is \"embedded\", which needs no migration; for a cluster set store.engine = \"scylla\""
                .into(),
        );
    }
    let clock = Arc::new(SystemClock::new());
    block_on(async {
        let migrator = Migrator::connect(config.store.cql, clock).await?;
        let mut out = std::io::stdout().lock();
        match args.command {
            Some(MigrateCommand::Status) => status(&migrator, &mut out).await,
            None if args.dry_run => dry_run(&migrator, &mut out).await,
            None => apply(&migrator, &mut out).await,
        }
    })
}

fn line(out: &mut impl Write, step: &Migration, state: &str) -> Result<(), Failure> {
    Ok(writeln!(out, "{:04} {:<28} {state}", step.number, step.name)?)
}

async fn status(migrator: &Migrator, out: &mut impl Write) -> Result<(), Failure> {
    let (server, plan) = (migrator.server().await?, migrator.plan().await?);
    writeln!(out, "{server}")?;
    for (step, state) in &plan.steps {
        let words = match state {
            StepState::Missing => "missing",
            StepState::Begun => "begun, not finished",
            StepState::Finished => "applied",
        };
        line(out, step, words)?;
    }
    if plan.is_complete() { Ok(()) } else { Err("the schema is not complete: run `plenum migrate`".into()) }
}

fn missing(plan: &Plan) -> impl Iterator<Item = &Migration> {
    plan.steps.iter().filter(|(_, state)| *state != StepState::Finished).map(|(step, _)| step)
}

async fn dry_run(migrator: &Migrator, out: &mut impl Write) -> Result<(), Failure> {
    let plan = migrator.plan().await?;
    if let Some(statement) = migrator.keyspace_statement().await? {
        writeln!(out, "{statement};\n")?;
    }
    for step in missing(&plan) {
        writeln!(out, "-- {:04} {}\n{};\n", step.number, step.name, step.statement())?;
    }
    eprintln!("plenum: {} steps would be applied", missing(&plan).count());
    Ok(())
}

async fn apply(migrator: &Migrator, out: &mut impl Write) -> Result<(), Failure> {
    let mut written = Ok(());
    let told = |one: Progress<'_>| match one {
        Progress::Applied(step) if written.is_ok() => written = line(&mut *out, step, "applied"),
        Progress::Applied(_) => {}
        Progress::Waits(what) => eprintln!("plenum: {what}"),
    };
    let count = migrator.run(told).await?;
    written?;
    if count == 0 {
        writeln!(out, "nothing to do: the schema is complete")?;
    }
    Ok(())
}
