//! The scenarios, and what they share.

pub mod acks;
pub mod board;
pub mod churn;
pub mod conference;
pub mod crash;
pub mod fanout;
pub mod flood;
pub mod idle;
pub mod rest;
pub mod slow;
pub mod socketio;
pub mod streams;

use crate::clock::Clock;
use crate::swarm::SwarmError;
use crate::target::{self, Account, Server, TargetError, TargetOptions};
use std::net::SocketAddr;
use std::path::PathBuf;

/// A scenario that could not run to its end.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The server.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// The connections.
    #[error(transparent)]
    Swarm(#[from] SwarmError),
    /// The kernel.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// The server did not give a page of history.
    #[error("history of {0}")]
    History(String),
    /// What was asked for cannot be done.
    #[error("{0}")]
    Usage(String),
}

/// A server somebody else started.
#[derive(Debug, Clone)]
pub struct Foreign {
    /// Where clients connect.
    pub address: SocketAddr,
    /// Where metrics answer.
    pub operations: Option<SocketAddr>,
    /// Its process, for CPU and memory.
    pub pid: Option<u32>,
    /// File of tokens.
    pub tokens: PathBuf,
}

/// What every scenario gets.
#[derive(Debug, Clone)]
pub struct Context {
    /// The tool's clock.
    pub clock: Clock,
    /// How to start a server.
    pub options: TargetOptions,
    /// A foreign server instead.
    pub foreign: Option<Foreign>,
    /// Path of this program, to start yardsticks; its own when absent.
    pub program: Option<PathBuf>,
    /// No progress output.
    pub quiet: bool,
}

/// The server under load.
pub enum Target {
    /// Ours.
    Own(Box<Server>),
    /// Somebody else's.
    Foreign(Foreign),
}

impl Target {
    /// Where clients connect.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        match self {
            Self::Own(server) => server.address,
            Self::Foreign(foreign) => foreign.address,
        }
    }

    /// Its process.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        match self {
            Self::Own(server) => server.pid(),
            Self::Foreign(foreign) => foreign.pid,
        }
    }

    /// A metric's sum over its series.
    #[must_use]
    pub fn metric(&self, name: &str) -> Option<f64> {
        let page = match self {
            Self::Own(server) => server.metrics(),
            Self::Foreign(foreign) => {
                foreign.operations.and_then(|at| crate::http::get(at, crate::names::METRICS_PATH).ok())
            }
        };
        crate::metrics::sum(&page?, name)
    }
}

impl Context {
    /// Starts or finds the server, with at least `accounts` accounts.
    ///
    /// # Errors
    /// When the server cannot be started, or its tokens are too few.
    pub fn open(&self, accounts: usize) -> Result<(Target, Vec<Account>), Failure> {
        let Some(foreign) = &self.foreign else {
            let (server, accounts) = Server::start(&self.options, accounts)?;
            return Ok((Target::Own(Box::new(server)), accounts));
        };
        let text = std::fs::read_to_string(&foreign.tokens)?;
        let found = target::parse_tokens(&text)?;
        if found.is_empty() {
            return Err(Failure::Usage("the token file is empty".to_owned()));
        }
        Ok((Target::Foreign(foreign.clone()), found.into_iter().take(accounts).collect()))
    }
}

/// The middle value; 0 of none.
#[must_use]
pub fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    let high = values.get(values.len() / 2).copied().unwrap_or(0.0);
    let low = values.get(values.len().saturating_sub(1) / 2).copied().unwrap_or(0.0);
    f64::midpoint(low, high)
}

/// The middle of what was measured; none when one measurement is missing, or there are none.
#[must_use]
pub fn middle(values: impl IntoIterator<Item = Option<f64>>) -> Option<f64> {
    let values: Option<Vec<f64>> = values.into_iter().collect();
    values.filter(|values| !values.is_empty()).map(median)
}

/// By how much more a process took, for each of so many; none where it could not be read.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "a figure to print")]
pub fn growth(before: Option<u64>, after: Option<u64>, count: usize) -> Option<f64> {
    Some((after? as f64 - before? as f64).max(0.0) / (count as f64).max(1.0))
}

/// Bytes as MiB.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "a figure to print")]
pub fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / 1_048_576.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        assert!((median([3.0, 1.0, 2.0]) - 2.0).abs() < 1e-9);
        assert!((median([4.0, 1.0]) - 2.5).abs() < 1e-9);
        assert!(median([]).abs() < 1e-9);
    }

    #[test]
    fn what_is_missing_is_not_taken_for_nothing() {
        assert_eq!(middle([Some(1.0), Some(3.0)]), Some(2.0));
        assert_eq!((middle([Some(1.0), None]), middle([])), (None, None));
        assert_eq!(growth(Some(100), Some(300), 2), Some(100.0));
        assert_eq!((growth(None, Some(300), 2), growth(Some(100), None, 2)), (None, None));
    }
}
