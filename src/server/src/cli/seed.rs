//! `plenum seed`: data to look at.

use super::{Failure, Settings};
use crate::demo::{Made, fill};
use crate::node::Workshop;
use clap::{Args, Subcommand};
use std::io::Write;

#[derive(Clone, Copy, Debug, Subcommand)]
pub(super) enum SeedCommand {
    /// A believable community: people, conversations, rooms, events, a market, a conference. Prints how to sign in. Again: adds what
    /// is missing, and gives the demo's people a new password
    Demo(DemoArgs),
}

#[derive(Clone, Copy, Debug, Args)]
pub(super) struct DemoArgs {
    /// Also in a store where other people have accounts
    #[arg(long)]
    force: bool,
}

pub(super) fn run(settings: &Settings, command: SeedCommand) -> Result<(), Failure> {
    let SeedCommand::Demo(DemoArgs { force }) = command;
    let config = settings.load()?;
    let made = actix_web::rt::System::new().block_on(async {
        let shop = Workshop::open(&config).await?;
        let made = fill(&shop, force).await;
        shop.close().await;
        made.map_err(Failure::from)
    })?;
    print(&made)
}

fn print(made: &Made) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    for one in &made.people {
        writeln!(out, "{}\t{}\t{}", one.email, one.role, one.name)?;
    }
    writeln!(out, "password of all of them: {}", made.password.expose())?;
    writeln!(out, "code of the conference at /join: {}", made.code)?;
    Ok(())
}
