//! What the scenarios of the community side are asked with.

use super::arguments::positive;
use crate::load::{Codecs, Pace, Shape};
use crate::scenario::{Context, flood, rest};
use clap::Args;
use std::time::Duration;

#[derive(Debug, Args)]
pub struct RestArgs {
    /// People who ask, each over a connection that stays open
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    users: u32,
    /// Milliseconds between two requests of one of them
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u64).range(1..=600_000))]
    pause: u64,
    /// For so many seconds
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=3_600))]
    seconds: u64,
    /// People in the store, beside those who ask
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    people: u32,
    /// Messages in its rooms
    #[arg(long, default_value_t = 600_000, value_parser = clap::value_parser!(u32).range(1..=100_000_000))]
    messages: u32,
}

impl RestArgs {
    pub fn scenario(&self) -> rest::Rest {
        rest::Rest {
            users: self.users as usize,
            pause: Duration::from_millis(self.pause),
            length: Duration::from_secs(self.seconds),
            people: self.people as usize,
            messages: self.messages as usize,
        }
    }
}

#[derive(Debug, Args)]
pub struct FloodArgs {
    /// Receivers of the chat
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=50_000))]
    receivers: u32,
    /// Messages a second
    #[arg(long, default_value_t = 50.0, value_parser = positive)]
    rate: f64,
    /// Sign-ins that are tried at the same time, each as soon as the one before was refused
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    sign_ins: u32,
    /// Seconds measured in each round
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u64).range(1..=600))]
    seconds: u64,
    /// Rounds of each kind, in turns
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=50))]
    rounds: u32,
}

impl FloodArgs {
    pub fn flood(&self) -> flood::Flood {
        flood::Flood { sign_ins: self.sign_ins as usize, rounds: self.rounds as usize }
    }

    pub fn shape(&self, context: &Context) -> Shape {
        Shape {
            topics: 1,
            members: self.receivers as usize,
            member_sends: false,
            zero_window: 0,
            bytes: 128,
            codecs: Codecs::Mixed,
            pace: Pace::Open(self.rate),
            warmup: Duration::from_secs(1),
            duration: Duration::from_secs(self.seconds),
            quiet: context.quiet,
        }
    }
}
