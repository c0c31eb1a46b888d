//! A hub begins again after a panic: what it knew of topics is forgotten, and everybody is sent away to come back and resume.
//!
//! A panic leaves what was worked on half done. Nobody knows how far, so that topic's positions are told to nobody (clients keep their
//! own), and the connection that was being written to is cut off: a part of a frame may be out. What others were handed is as it was.

use super::connection::{Ending, Phase, Shut};
use super::core::{Core, slot_number};
use super::faults::HubFaults;
use super::leaving::{LEAST_DELAY_MS, spread};
use super::metrics::CUT_OFF;
use super::trail::Trail;
use plenum_schema::wire::CloseCode;
use slab::Slab;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::sync::Arc;

/// What a core is at. Everything else is as it was before.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) enum At {
    /// Anything.
    #[default]
    Unknown,
    /// A round of a topic, and one of its receivers.
    Topic(u32, Option<u32>),
    /// What waits for a connection.
    Connection(u32),
}

/// Which positions are not to be told.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum Distrust {
    #[default]
    None,
    Topic(u32),
    All,
}

/// See [`Core::begin_again`].
#[derive(Default)]
pub(super) struct Work {
    pub at: At,
    distrust: Distrust,
    faults: Option<Arc<HubFaults>>,
}

impl Work {
    pub(super) fn distrusts(&self, topic: u32) -> bool {
        match self.distrust {
            Distrust::None => false,
            Distrust::Topic(index) => index == topic,
            Distrust::All => true,
        }
    }
}

impl Core {
    /// Lets a test's faults happen here.
    pub(super) fn suffer(&mut self, faults: Option<Arc<HubFaults>>) {
        self.work.faults = faults;
    }

    /// The moment in a round at which a test may let it fail.
    pub(super) fn strike(&self, index: u32) {
        if let Some(faults) = &self.work.faults
            && let Some(state) = self.topics.get(index as usize)
        {
            faults.strike(state.topic);
        }
    }

    /// After a panic in a call from this place of the code.
    pub(super) fn begin_again(&mut self, place: &Location<'_>) {
        let at = std::mem::take(&mut self.work.at);
        self.report(at, place);
        let (distrust, touched) = match at {
            At::Unknown => (Distrust::All, None),
            At::Topic(index, slot) => (Distrust::Topic(index), slot),
            At::Connection(slot) => (Distrust::None, Some(slot)),
        };
        self.work.distrust = distrust;
        if let Some(slot) = touched {
            self.cut(slot);
        }
        let open = self.keys().into_iter().filter(|key| self.is_open(*key)).collect();
        for (key, delay) in spread(open, self.config.restart_window_ms) {
            let ending = Ending { code: CloseCode::Draining, retry_after_ms: Some(LEAST_DELAY_MS + delay) };
            // What is broken may be this connection's own.
            if catch_unwind(AssertUnwindSafe(|| self.end(key.slot, &ending))).is_err() {
                self.cut(key.slot);
            }
        }
        self.forget_topics();
        self.work.distrust = Distrust::None;
    }

    fn report(&self, at: At, place: &Location<'_>) {
        self.metrics.panics.inc();
        let (index, slot) = match at {
            At::Unknown => (None, None),
            At::Topic(index, slot) => (Some(index), slot),
            At::Connection(slot) => (None, Some(slot)),
        };
        let topic = index.and_then(|index| self.topics.get(index as usize)).map(|state| state.topic);
        let connection = slot.and_then(|slot| self.connections.get(slot as usize)).map(|connection| connection.id);
        tracing::error!(
            topic = topic.map(tracing::field::display),
            connection = connection.map(tracing::field::display),
            call = %place,
            connections = self.len(),
            "a hub panicked and begins again: its clients are told to come back"
        );
    }

    /// Ends a connection of which nobody knows what its peer has got.
    fn cut(&mut self, slot: u32) {
        let Some(connection) = self.connections.get_mut(slot as usize) else { return };
        connection.phase = Phase::Dead;
        let socket = connection.socket.clone();
        // A second panic of the same socket changes nothing: it is not used any more.
        let _broken = catch_unwind(AssertUnwindSafe(|| socket.shut(Shut::Now))).is_err();
        self.metrics.closed.with_label_values(&[CUT_OFF]).inc();
    }

    /// Only the connections are left, and what is still to be written to them.
    fn forget_topics(&mut self) {
        let mut subscriptions = 0;
        for (_, connection) in &mut self.connections {
            subscriptions += i64::try_from(connection.subscriptions.len()).unwrap_or(0);
            connection.subscriptions = Vec::new();
            connection.conflated = Vec::new();
            connection.trail = Trail::default();
            connection.dirty = false;
        }
        self.metrics.subscriptions.sub(subscriptions);
        self.metrics.topics.sub(i64::try_from(self.by_topic.len()).unwrap_or(0));
        self.dropped.extend(self.by_topic.drain().map(|(topic, _)| topic));
        self.topics = Slab::new();
        self.active.clear();
        self.resting.clear();
        self.pumps.clear();
        self.dirty.clear();
        self.wishes.clear();
        self.own.clear();
        let waiting: Vec<u32> = self
            .connections
            .iter()
            .filter(|(_, connection)| !connection.outbox.is_empty() && connection.phase != Phase::Dead)
            .map(|(slot, _)| slot_number(slot))
            .collect();
        waiting.into_iter().for_each(|slot| self.mark_dirty(slot));
    }
}
