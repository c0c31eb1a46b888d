//! When an owner ends: after being idle, when asked to make room, or when the node drains.

use super::{Core, Now, Phase, Wish};
use crate::aggregate::Aggregate;
use crate::clock::MonoMillis;

/// What speaks for ending.
#[derive(Debug)]
pub(super) struct Rest {
    last_command: MonoMillis,
    asked: bool,
    draining: bool,
    saved: bool,
    /// The summary was written for the end, or tried to.
    digested: bool,
}

impl Rest {
    pub(super) fn new(now: MonoMillis) -> Self {
        Self { last_command: now, asked: false, draining: false, saved: false, digested: false }
    }

    pub(super) fn busy(&mut self, now: MonoMillis) {
        self.last_command = now;
        self.asked = false;
        self.saved = false;
        self.digested = false;
    }

    /// Whether the summary is still to be written for the end: true once.
    pub(super) fn last_digest(&mut self) -> bool {
        !std::mem::replace(&mut self.digested, true)
    }

    pub(super) fn ask(&mut self) {
        self.asked = true;
    }

    pub(super) fn drain(&mut self) {
        self.draining = true;
    }

    pub(super) fn is_draining(&self) -> bool {
        self.draining
    }
}

impl<A: Aggregate> Core<A> {
    /// Whether nothing is under way that an end would cut off.
    fn is_quiet(&self) -> bool {
        matches!(self.phase, Phase::Ready { .. } | Phase::Down { .. })
            && self.queue.is_empty()
            && self.doubt.is_empty()
            && self.finding.is_none()
            && !self.snapshots.is_saving()
    }

    fn rest_due(&self) -> MonoMillis {
        if self.rest.asked || self.rest.draining { 0 } else { self.rest.last_command + self.config.idle_after_ms }
    }

    pub(super) fn rest_is_due(&self, now: Now) -> bool {
        self.is_quiet() && self.rest_due() <= now.mono
    }

    pub(super) fn rest_at(&self) -> Option<MonoMillis> {
        self.is_quiet().then(|| self.rest_due())
    }

    /// Saves what a start would have to read, then asks to be ended.
    pub(super) fn rest_if_idle(&mut self, now: Now) {
        if !self.is_quiet() || self.rest_due() > now.mono {
            return;
        }
        let is_ready = matches!(self.phase, Phase::Ready { .. });
        if is_ready && !self.snapshots.covers(self.head) && !self.rest.saved {
            // Once: the log is the truth, a snapshot only saves time.
            self.rest.saved = true;
            return self.save(now);
        }
        self.phase = Phase::Resting { is_loaded: is_ready };
        self.wishes.push(Wish::Passivate);
    }

    /// A command came before the end.
    pub(super) fn rise(&mut self, now: Now) {
        match self.phase {
            Phase::Resting { is_loaded: true } => self.phase = Phase::Ready { not_before: 0 },
            Phase::Resting { is_loaded: false } => self.phase = Phase::Down { until: now.mono },
            _ => {}
        }
    }
}
