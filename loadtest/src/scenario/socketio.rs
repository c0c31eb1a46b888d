//! `socketio`: the same room app on Plenum, on npm `socket.io` and on `socketioxide`, loaded by the same client in one run.
//!
//! Three stages: one room saturated, the same room at a fixed rate, many quiet connections. Every server runs on the one
//! core, one is loaded at a time, rounds go in turns; ratios are medians of the ratios of neighbouring rounds.

mod crowd;
mod subject;
mod summary;

use super::{Context, Failure};
use crate::load::{self, Codecs, Pace, Round, Shape, Side, Speech};
use crate::report::Report;
use std::path::PathBuf;
use std::time::Duration;
pub use subject::Kind;
use subject::Subject;

/// What is compared.
#[derive(Debug, Clone)]
pub struct Comparison {
    /// Which servers, in this order.
    pub servers: Vec<Kind>,
    /// Where the peers' programs are.
    pub peers: Programs,
    /// Members of the room.
    pub members: usize,
    /// Saturating: messages under way.
    pub window: usize,
    /// Messages a second of the stage at a fixed rate.
    pub rate: f64,
    /// Bytes of a message's text.
    pub bytes: usize,
    /// Before measuring a round.
    pub warmup: Duration,
    /// Measured time of a round.
    pub duration: Duration,
    /// Rounds of each server in a stage.
    pub rounds: usize,
    /// Quiet connections, in two rooms each; 0 leaves the stage out.
    pub idle: usize,
    /// How long memory may settle before it is read.
    pub settle: Duration,
}

/// Where the peers' programs are.
#[derive(Debug, Clone)]
pub struct Programs {
    /// Node.
    pub node: PathBuf,
    /// The room app on npm `socket.io`.
    pub npm: PathBuf,
    /// The room app on `socketioxide`, built in release mode.
    pub socketioxide: PathBuf,
}

/// All rounds of one stage.
struct Stage {
    name: &'static str,
    pace: Pace,
    rounds: Vec<Round>,
}

/// Runs the comparison.
///
/// # Errors
/// When a server or the connections fail.
pub fn run(context: &Context, comparison: &Comparison) -> Result<Report, Failure> {
    if comparison.servers.is_empty() {
        return Err(Failure::Usage("no server to load: see --servers".to_owned()));
    }
    let mut stages = vec![
        Stage { name: "saturating", pace: Pace::Closed(comparison.window), rounds: Vec::new() },
        Stage { name: "paced", pace: Pace::Open(comparison.rate), rounds: Vec::new() },
    ];
    let start = |&kind: &Kind| Subject::start(context, &comparison.peers, kind, 1, comparison.members);
    let subjects = comparison.servers.iter().map(start).collect::<Result<Vec<_>, _>>()?;
    for stage in &mut stages {
        for _ in 0..comparison.rounds.max(1) {
            for subject in &subjects {
                stage.rounds.push(load::round(
                    &subject.side(),
                    &shape(context, comparison, stage.pace),
                    context.clock,
                )?);
            }
        }
    }
    // Fresh processes for the last stage: what a load left behind in memory is not the cost of quiet connections.
    drop(subjects);
    let mut crowds = Vec::new();
    for &kind in comparison.servers.iter().filter(|_| comparison.idle > 0) {
        let subject = Subject::start(context, &comparison.peers, kind, crowd::ROOMS, comparison.idle)?;
        crowds.push(crowd::measure(context, &subject, comparison.idle, comparison.settle)?);
    }
    Ok(summary::report(comparison, stages, crowds))
}

fn shape(context: &Context, comparison: &Comparison, pace: Pace) -> Shape {
    Shape {
        topics: 1,
        members: comparison.members,
        member_sends: true,
        zero_window: 0,
        bytes: comparison.bytes,
        codecs: Codecs::Json,
        pace,
        warmup: comparison.warmup,
        duration: comparison.duration,
        quiet: context.quiet,
    }
}

impl Subject {
    fn side(&self) -> Side<'_> {
        let (name, speech, address, pid) = (self.kind.name(), Speech::SocketIo, self.address(), self.pid());
        Side { name, speech, address, pid, topics: &self.topics, accounts: &self.accounts }
    }
}
