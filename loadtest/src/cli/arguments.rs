//! What each scenario can be asked for, and what it makes of it.

use crate::load::{Codecs, Pace, Shape};
use crate::scenario::crash::{Cluster, Fault};
use crate::scenario::{Context, acks, board, churn, conference, crash, fanout, idle, socketio, streams};
use clap::Args;
use std::path::PathBuf;
use std::time::Duration;

#[derive(Debug, Args)]
pub struct LoadArgs {
    /// Messages a second over all topics, open loop
    #[arg(long, default_value_t = 25.0, value_parser = positive)]
    rate: f64,
    /// Closed loop instead of a rate: a topic's next message when one has reached everyone
    #[arg(long)]
    saturate: bool,
    /// Bytes of a message's text
    #[arg(long, default_value_t = 128, value_parser = clap::value_parser!(u32).range(16..=16_000))]
    bytes: u32,
    /// What the receivers speak
    #[arg(long, value_enum, default_value = "json")]
    codec: Codecs,
    /// Seconds measured in each round
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=600))]
    seconds: u64,
    /// Seconds of load before measuring
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u64).range(0..=60))]
    warmup: u64,
    /// Rounds of each side, in turns; figures are medians
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=50))]
    rounds: u32,
    /// Leave the yardstick out
    #[arg(long)]
    no_yardstick: bool,
}

#[derive(Debug, Args)]
pub struct FanoutArgs {
    /// Receivers of the topic
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=60_000))]
    receivers: u32,
    /// Saturating: messages under way
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    window: u32,
    #[command(flatten)]
    load: LoadArgs,
}

#[derive(Debug, Args)]
pub struct RoomsArgs {
    /// Rooms
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=20_000))]
    rooms: u32,
    /// Members of each; the first one writes
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=50))]
    members: u32,
    /// Saturating: messages under way in each room
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100))]
    window: u32,
    #[command(flatten)]
    load: LoadArgs,
}

#[derive(Debug, Args)]
pub struct IdleArgs {
    /// Connections
    #[arg(long, default_value_t = 15_000, value_parser = clap::value_parser!(u32).range(1..=60_000))]
    connections: u32,
    /// Accounts that share them; by default each connection has one of its own
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=60_000))]
    accounts: Option<u32>,
    /// Topics each subscribes to
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=100))]
    topics: u32,
    /// Bytes that pass through each connection both ways; 0 for none
    #[arg(long, default_value_t = 65_536, value_parser = clap::value_parser!(u32).range(0..=65_536))]
    burst_bytes: u32,
    /// Seconds for memory to settle
    #[arg(long, default_value_t = 15, value_parser = clap::value_parser!(u64).range(1..=300))]
    settle: u64,
}

#[derive(Debug, Args)]
pub struct StreamsArgs {
    /// Streams
    #[arg(long, default_value_t = 5_000, value_parser = clap::value_parser!(u32).range(1..=60_000))]
    streams: u32,
    /// Topics of each
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=100))]
    topics: u32,
    /// Seconds for memory to settle
    #[arg(long, default_value_t = 15, value_parser = clap::value_parser!(u64).range(1..=300))]
    settle: u64,
}

#[derive(Debug, Args)]
pub struct AcksArgs {
    /// Senders at once
    #[arg(long, default_value_t = 256, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    senders: u32,
    /// Conversations they write to
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u32).range(1..=900))]
    conversations: u32,
    /// Bytes of a message's text
    #[arg(long, default_value_t = 128, value_parser = clap::value_parser!(u32).range(16..=16_000))]
    bytes: u32,
    /// Seconds of each measurement
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=60))]
    seconds: u64,
    /// Rounds of one and many, in turns
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=50))]
    rounds: u32,
}

#[derive(Debug, Args)]
pub struct ConferenceArgs {
    /// Participants who join and vote
    #[arg(long, default_value_t = 15_000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    participants: u32,
    /// Within so many seconds all of them vote
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=600))]
    window: u64,
    /// Kill the server in the middle
    #[arg(long)]
    kill: bool,
    /// After that: everybody changes their ballot again and again, so many seconds, for the number of durable votes a second
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u64).range(0..=60))]
    feed: u64,
    /// What is random about the run
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

#[derive(Debug, Args)]
pub struct BoardArgs {
    /// Status boards that watch
    #[arg(long, default_value_t = 5_000, value_parser = clap::value_parser!(u32).range(1..=60_000))]
    boards: u32,
    /// Domains that are reported on in turns
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    domains: u32,
    /// Reports a second, open loop
    #[arg(long, default_value_t = 200.0, value_parser = positive)]
    rate: f64,
    /// For so many seconds
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=600))]
    seconds: u64,
}

#[derive(Debug, Args)]
pub struct CrashArgs {
    /// Clients that send, receive and resume
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=5_000))]
    senders: u32,
    /// Conversations they are spread over
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=500))]
    conversations: u32,
    /// How often the server is killed
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(0..=10_000))]
    kills: u32,
    /// Messages a second over all senders
    #[arg(long, default_value_t = 4_000.0, value_parser = positive)]
    rate: f64,
    /// Unacknowledged messages of one sender
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=64))]
    window: u32,
    /// Seed of the moments of the kills
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Nodes of a cluster on a store that they share (--cql), with a NATS server of the tool's own; with --kills 0 it is measured for
    /// as long as --away says
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=16))]
    nodes: u32,
    /// What is done to the cluster
    #[arg(long, value_enum, default_value = "kill")]
    fault: Fault,
    /// How long what was hurt stays so, milliseconds
    #[arg(long, default_value_t = 3_000, value_parser = clap::value_parser!(u64).range(1..=600_000))]
    away: u64,
    /// Seconds within which sends to every conversation are acknowledged again, or the run has failed [default: 5 after `kill` and
    /// `clock`, 60 after other faults]
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=3_600))]
    patience: Option<u64>,
    /// Contact points of the CQL cluster, HOST:PORT,HOST:PORT
    #[arg(long, default_value = "")]
    cql: String,
    /// The program that is started as NATS server
    #[arg(long, default_value = "nats-server")]
    nats: PathBuf,
}

#[derive(Debug, Args)]
pub struct SlowArgs {
    /// Healthy receivers
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=50_000))]
    receivers: u32,
    /// Clients that never read
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    zero_window: u32,
    /// Messages a second
    #[arg(long, default_value_t = 50.0, value_parser = positive)]
    rate: f64,
    /// Bytes of a message's text: large ones fill the slow clients' buffers soon
    #[arg(long, default_value_t = 4_000, value_parser = clap::value_parser!(u32).range(16..=16_000))]
    bytes: u32,
    /// Seconds measured in each round: long enough that what the kernel buffers for a slow client (about 2.5 MB on
    /// loopback) and the server's outbox for it fill up
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=600))]
    seconds: u64,
    /// Rounds of each kind, in turns
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=50))]
    rounds: u32,
}

#[derive(Debug, Args)]
pub struct ChurnArgs {
    /// Cycles
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    cycles: u32,
    /// Connections in each
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=20_000))]
    connections: u32,
    /// Cycles that bring the server to its working size
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    warm: u32,
}

#[derive(Debug, Args)]
pub struct SocketIoArgs {
    /// Servers to compare, in this order
    #[arg(long, value_enum, value_delimiter = ',', default_value = "plenum,npm,socketioxide")]
    servers: Vec<socketio::Kind>,
    /// Members of the room; one of them writes
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=30_000))]
    members: u32,
    /// Saturating: messages under way
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    window: u32,
    /// Messages a second of the paced stage
    #[arg(long, default_value_t = 25.0, value_parser = positive)]
    rate: f64,
    /// Bytes of a message's text
    #[arg(long, default_value_t = 128, value_parser = clap::value_parser!(u32).range(16..=16_000))]
    bytes: u32,
    /// Seconds of load before measuring
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u64).range(0..=60))]
    warmup: u64,
    /// Seconds measured in each round
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=600))]
    seconds: u64,
    /// Rounds of each server in each stage, in turns; figures are medians
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=50))]
    rounds: u32,
    /// Quiet connections, in two rooms each; 0 leaves the stage out
    #[arg(long, default_value_t = 5_000, value_parser = clap::value_parser!(u32).range(0..=30_000))]
    idle: u32,
    /// Seconds for memory to settle
    #[arg(long, default_value_t = 15, value_parser = clap::value_parser!(u64).range(1..=300))]
    settle: u64,
    /// Node, for the npm peer
    #[arg(long, default_value = "node")]
    node: PathBuf,
    /// The npm peer (its packages installed: npm ci --prefix loadtest/peers/npm)
    #[arg(long, default_value = "loadtest/peers/npm/server.mjs")]
    npm_peer: PathBuf,
    /// The socketioxide peer (cargo build --release --manifest-path loadtest/peers/socketioxide/Cargo.toml --target-dir target)
    #[arg(long, default_value = "target/release/plenum-loadtest-socketioxide-peer")]
    socketioxide_peer: PathBuf,
}

impl SocketIoArgs {
    pub fn comparison(&self) -> socketio::Comparison {
        let (node, npm) = (self.node.clone(), self.npm_peer.clone());
        let peers = socketio::Programs { node, npm, socketioxide: self.socketioxide_peer.clone() };
        socketio::Comparison {
            servers: self.servers.clone(),
            peers,
            members: self.members as usize,
            window: self.window as usize,
            rate: self.rate,
            bytes: self.bytes as usize,
            warmup: Duration::from_secs(self.warmup),
            duration: Duration::from_secs(self.seconds),
            rounds: self.rounds as usize,
            idle: self.idle as usize,
            settle: Duration::from_secs(self.settle),
        }
    }
}

pub(super) fn positive(text: &str) -> Result<f64, String> {
    let value: f64 = text.parse().map_err(|_| "not a number")?;
    if value > 0.0 && value <= 1e6 { Ok(value) } else { Err("between 0 and 1,000,000".to_owned()) }
}

fn shape(context: &Context, load: &LoadArgs, topics: u32, members: u32, window: u32) -> Shape {
    Shape {
        topics: topics as usize,
        members: members as usize,
        member_sends: false,
        zero_window: 0,
        bytes: load.bytes as usize,
        codecs: load.codec,
        pace: if load.saturate { Pace::Closed(window as usize) } else { Pace::Open(load.rate) },
        warmup: Duration::from_secs(load.warmup),
        duration: Duration::from_secs(load.seconds),
        quiet: context.quiet,
    }
}

impl IdleArgs {
    pub fn scenario(&self) -> idle::Idle {
        idle::Idle {
            connections: self.connections as usize,
            accounts: self.accounts.map_or(self.connections, |accounts| accounts.min(self.connections)) as usize,
            topics: self.topics as usize,
            burst_bytes: self.burst_bytes as usize,
            settle: Duration::from_secs(self.settle),
        }
    }
}

impl StreamsArgs {
    pub fn scenario(&self) -> streams::Streams {
        streams::Streams {
            streams: self.streams as usize,
            topics: self.topics as usize,
            settle: Duration::from_secs(self.settle),
        }
    }
}

impl AcksArgs {
    pub fn scenario(&self) -> acks::Acks {
        acks::Acks {
            senders: self.senders as usize,
            conversations: self.conversations as usize,
            bytes: self.bytes as usize,
            duration: Duration::from_secs(self.seconds),
            rounds: self.rounds as usize,
        }
    }
}

impl ConferenceArgs {
    pub fn scenario(&self) -> conference::Conference {
        conference::Conference {
            participants: self.participants as usize,
            window: Duration::from_secs(self.window),
            kill: self.kill,
            feed: Duration::from_secs(self.feed),
            seed: self.seed,
        }
    }
}

impl BoardArgs {
    pub fn scenario(&self) -> board::Board {
        board::Board {
            boards: self.boards as usize,
            domains: self.domains as usize,
            rate: self.rate,
            length: Duration::from_secs(self.seconds),
        }
    }
}

impl CrashArgs {
    pub fn scenario(&self) -> crash::Crash {
        crash::Crash {
            senders: self.senders as usize,
            conversations: self.conversations as usize,
            kills: self.kills as usize,
            rate: self.rate,
            window: self.window as usize,
            seed: self.seed,
        }
    }

    /// The cluster that it is done to, when it is one.
    pub fn cluster(&self) -> Option<Cluster> {
        let (nodes, away) = (self.nodes as usize, Duration::from_millis(self.away));
        let patience = self.patience.map(Duration::from_secs);
        let (cql, nats) = (self.cql.clone(), self.nats.clone());
        let cluster = Cluster { nodes, fault: self.fault, away, cql, nats, patience };
        (self.nodes > 1 || !self.cql.is_empty()).then_some(cluster)
    }
}

impl SlowArgs {
    pub fn rounds(&self) -> usize {
        self.rounds as usize
    }

    pub fn shape(&self, context: &Context) -> Shape {
        Shape {
            topics: 1,
            members: self.receivers as usize,
            member_sends: false,
            zero_window: self.zero_window as usize,
            bytes: self.bytes as usize,
            codecs: Codecs::Mixed,
            pace: Pace::Open(self.rate),
            warmup: Duration::from_secs(2),
            duration: Duration::from_secs(self.seconds),
            quiet: context.quiet,
        }
    }
}

impl ChurnArgs {
    pub fn scenario(&self) -> churn::Churn {
        let (cycles, connections) = (self.cycles as usize, self.connections as usize);
        churn::Churn { cycles, connections, warm: self.warm as usize }
    }
}

impl FanoutArgs {
    pub fn comparison(&self, context: &Context, name: &str, plenum: bool) -> fanout::Comparison {
        let shape = shape(context, &self.load, 1, self.receivers, self.window);
        let yardstick = !plenum || !self.load.no_yardstick;
        fanout::Comparison { name: name.to_owned(), shape, rounds: self.load.rounds as usize, plenum, yardstick }
    }
}

impl RoomsArgs {
    pub fn comparison(&self, context: &Context) -> fanout::Comparison {
        let shape = Shape { member_sends: true, ..shape(context, &self.load, self.rooms, self.members, self.window) };
        let (rounds, yardstick) = (self.load.rounds as usize, !self.load.no_yardstick);
        fanout::Comparison { name: "rooms".to_owned(), shape, rounds, plenum: true, yardstick }
    }
}
