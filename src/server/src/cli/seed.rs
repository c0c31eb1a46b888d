//! `plenum seed`: data to look at.

use super::{Failure, Settings};
use crate::crowd::{Crowd, gather};
use crate::demo::{Made, fill};
use crate::node::Workshop;
use crate::transfer::{Patience, totals};
use clap::{Args, Subcommand};
use std::io::Write;

#[derive(Clone, Copy, Debug, Subcommand)]
pub(super) enum SeedCommand {
    /// A believable community: people, conversations, rooms, events, a market, a conference. Prints how to sign in. Again: adds what
    /// is missing, and gives the demo's people a new password
    Demo(DemoArgs),
    /// A crowd: very many people, rooms, messages, events and products, for measurements. Nobody of it can sign in. Again: as many more
    Crowd(CrowdArgs),
}

#[derive(Clone, Copy, Debug, Args)]
pub(super) struct DemoArgs {
    /// Also in a store where other people have accounts
    #[arg(long)]
    force: bool,
}

#[derive(Clone, Copy, Debug, Args)]
pub(super) struct CrowdArgs {
    /// People, without passwords
    #[arg(long, default_value_t = 100_000)]
    people: usize,
    /// Public rooms
    #[arg(long, default_value_t = 1_000)]
    rooms: usize,
    /// Members of each room
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u16).range(1..=500))]
    members: u16,
    /// Messages in all rooms together
    #[arg(long, default_value_t = 600_000)]
    messages: usize,
    /// Events
    #[arg(long, default_value_t = 5_000)]
    events: usize,
    /// Guests of each event
    #[arg(long, default_value_t = 10)]
    guests: usize,
    /// Products
    #[arg(long, default_value_t = 10_000)]
    products: usize,
}

pub(super) fn run(settings: &Settings, command: SeedCommand) -> Result<(), Failure> {
    let config = settings.load()?;
    actix_web::rt::System::new().block_on(async {
        let shop = Workshop::open(&config).await?;
        let done = match command {
            SeedCommand::Demo(DemoArgs { force }) => fill(&shop, force).await.map(Some),
            SeedCommand::Crowd(crowd) => gather(&shop, crowd.crowd(), &tell).await.map(|()| None),
        };
        let store = shop.store().clone();
        shop.close().await;
        if let Some(made) = done? {
            return print(&made);
        }
        let totals = totals(&store, &Patience::none()).await?;
        writeln!(std::io::stdout(), "the store has {totals}")?;
        Ok(())
    })
}

impl CrowdArgs {
    fn crowd(self) -> Crowd {
        let Self { people, rooms, members, messages, events, guests, products } = self;
        Crowd { people, rooms, members: usize::from(members), messages, events, guests, products }
    }
}

fn tell(what: &str, made: usize, of: usize) {
    eprintln!("plenum: {made} of {of} {what}");
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
