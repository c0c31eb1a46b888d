//! What is done to a cluster.

use clap::ValueEnum;
use std::time::Duration;

/// What is done to a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Fault {
    /// SIGKILL of a node.
    Kill,
    /// SIGSTOP of a node, and SIGCONT: a zombie wakes.
    Pause,
    /// SIGKILL of NATS.
    Bus,
    /// One node is cut from NATS.
    Cut,
    /// A node drains and is started again, one after another.
    Restart,
    /// SIGKILL of a node of the store, which is started by `with-cluster`.
    Store,
    /// One node is cut from the store.
    CutStore,
    /// A node is killed and comes back with a clock that is five minutes fast, the next one with one that is five minutes slow.
    Clock,
    /// All of these in turn.
    Mixed,
}

const ALL: [Fault; 8] =
    [Fault::Kill, Fault::Pause, Fault::Bus, Fault::Cut, Fault::Restart, Fault::Store, Fault::CutStore, Fault::Clock];

/// How wrong a clock is made, milliseconds.
const SKEW_MS: i64 = 300_000;

impl Fault {
    /// What the fault is this time.
    #[must_use]
    pub fn turn(self, number: usize) -> Self {
        if self == Self::Mixed { ALL.get(number % ALL.len()).copied().unwrap_or(Self::Kill) } else { self }
    }

    /// All that this may be.
    #[must_use]
    pub fn kinds(self) -> Vec<Self> {
        if self == Self::Mixed { ALL.to_vec() } else { vec![self] }
    }

    /// Its name in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Kill => "kill",
            Self::Pause => "pause",
            Self::Bus => "bus",
            Self::Cut => "cut",
            Self::Restart => "restart",
            Self::Store => "store",
            Self::CutStore => "cut-store",
            Self::Clock => "clock",
            Self::Mixed => "mixed",
        }
    }

    /// Within this time sends to every conversation are acknowledged again, or the run has failed. The others carry on at once for a node
    /// that is gone; what else is hurt may take as long as it stays so, and what waits for it.
    #[must_use]
    pub fn recovery_limit(self) -> Duration {
        match self {
            Self::Kill | Self::Clock => Duration::from_secs(5),
            _ => Duration::from_secs(60),
        }
    }

    /// Whether every node reaches the store through gates, which can be closed.
    #[must_use]
    pub fn needs_store_gates(self) -> bool {
        matches!(self, Self::CutStore | Self::Mixed)
    }
}

/// The clock of a node that was given a wrong one so many times: fast and slow by turns.
#[must_use]
pub fn offset_ms(number: usize) -> i64 {
    if number.is_multiple_of(2) { SKEW_MS } else { -SKEW_MS }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_that_is_gone_is_made_up_for_within_five_seconds() {
        let hasty: Vec<Fault> =
            Fault::Mixed.kinds().into_iter().filter(|fault| fault.recovery_limit() <= Duration::from_secs(5)).collect();
        assert_eq!(hasty, [Fault::Kill, Fault::Clock]);
    }

    #[test]
    fn mixed_is_every_fault_in_turn() {
        let turns: Vec<Fault> = (0..ALL.len()).map(|number| Fault::Mixed.turn(number)).collect();
        assert_eq!(turns, Fault::Mixed.kinds());
        assert_eq!(Fault::Mixed.turn(ALL.len()), Fault::Kill);
        assert_eq!(Fault::Cut.turn(7), Fault::Cut);
    }
}
