//! Signals about the state: sent with the first change, then conflated.

use super::{Core, Now, Phase, Wish};
use crate::aggregate::Aggregate;
use crate::clock::MonoMillis;

/// When signals are due.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Due {
    /// The state has changed since the last ones.
    changed: bool,
    /// It has changed in a way that does not wait.
    urgent: bool,
    /// The next ones go not before this time, unless they are urgent.
    not_before: MonoMillis,
}

impl Due {
    /// The durable state has changed.
    pub(super) fn changed(&mut self, urgent: bool) {
        self.changed = true;
        self.urgent |= urgent;
    }
}

impl<A: Aggregate> Core<A> {
    pub(super) fn signal_at(&self) -> Option<MonoMillis> {
        let every = A::signal_every(&self.rules);
        (every.is_some() && self.signals.changed && self.is_loaded()).then_some(self.signals.not_before)
    }

    pub(super) fn signal_if_due(&mut self, now: Now) {
        let due = self.signals.urgent || self.signals.not_before <= now.mono;
        // While the log is being read the state is of the past.
        let settled = matches!(self.phase, Phase::Ready { .. } | Phase::Appending { .. } | Phase::Waiting { .. });
        if self.signals.changed && due && settled {
            self.signal(now);
        }
    }

    /// The log has been read: what is known now may be news to everybody.
    pub(super) fn signal_loaded(&mut self, now: Now) {
        if self.head > 0 {
            self.signal(now);
        }
    }

    fn signal(&mut self, now: Now) {
        let Some(every) = A::signal_every(&self.rules) else { return };
        self.signals = Due { changed: false, urgent: false, not_before: now.mono + every };
        self.wishes.push(Wish::Signal(self.confirmed.signals(&self.rules)));
    }
}
