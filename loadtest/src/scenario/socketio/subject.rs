//! The servers of the comparison, each with its rooms and the accounts that may enter them.

use super::Programs;
use crate::scenario::{Context, Failure, Target, fanout};
use crate::target::{Account, PeerProcess};
use plenum_schema::id::{ConversationId, UserId};
use plenum_schema::topic::Topic;
use std::net::SocketAddr;
use uuid::Uuid;

/// Most accounts that stand for a crowd of connections.
const MAX_ACCOUNTS: usize = 50;

/// Which server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Kind {
    /// Ours.
    Plenum,
    /// npm `socket.io` on Node.
    Npm,
    /// The Rust crate.
    Socketioxide,
}

impl Kind {
    /// What reports call it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Plenum => "plenum",
            Self::Npm => "npm",
            Self::Socketioxide => "socketioxide",
        }
    }
}

enum Process {
    Plenum(Target),
    Peer(PeerProcess),
}

/// One server, running.
pub struct Subject {
    /// Which.
    pub kind: Kind,
    /// Its rooms.
    pub topics: Vec<Topic>,
    /// Who may enter them.
    pub accounts: Vec<Account>,
    process: Process,
}

impl Subject {
    /// Starts a server with `rooms` rooms for a crowd of `connections`.
    ///
    /// # Errors
    /// When it cannot be brought into service.
    pub fn start(
        context: &Context,
        programs: &Programs,
        kind: Kind,
        rooms: usize,
        connections: usize,
    ) -> Result<Self, Failure> {
        let crowd = connections.clamp(1, MAX_ACCOUNTS);
        if kind == Kind::Plenum {
            let (target, accounts) = context.open(crowd)?;
            let topics = fanout::create_topics(&target, rooms, accounts.len(), &accounts)?;
            return Ok(Self { kind, topics, accounts, process: Process::Plenum(target) });
        }
        let process = PeerProcess::start(&programs.command(kind), context.options.pin)?;
        let topics = (0..rooms).map(|_| Topic::Conversation(ConversationId(Uuid::now_v7()))).collect();
        Ok(Self { kind, topics, accounts: strangers(crowd), process: Process::Peer(process) })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        match &self.process {
            Process::Plenum(target) => target.address(),
            Process::Peer(process) => process.address,
        }
    }

    /// Its process.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        match &self.process {
            Process::Plenum(target) => target.pid(),
            Process::Peer(process) => Some(process.pid()),
        }
    }

    /// Asks a server with a garbage collector to run it, so that garbage does not count as the cost of connections.
    pub fn collect_garbage(&self) {
        if let (Kind::Npm, Process::Peer(process)) = (self.kind, &self.process) {
            process.collect_garbage();
        }
    }
}

/// The peers take any token: it is the name of who comes.
fn strangers(count: usize) -> Vec<Account> {
    let stranger = |_| Uuid::now_v7();
    (0..count).map(stranger).map(|id| Account { user: UserId(id), token: id.to_string().into() }).collect()
}

impl Programs {
    /// Program and arguments of a peer; its port follows them.
    fn command(&self, kind: Kind) -> Vec<std::ffi::OsString> {
        match kind {
            Kind::Npm => vec![self.node.clone().into(), "--expose-gc".into(), self.npm.clone().into()],
            Kind::Plenum | Kind::Socketioxide => vec![self.socketioxide.clone().into()],
        }
    }
}
