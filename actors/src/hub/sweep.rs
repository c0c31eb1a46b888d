//! Time: heart-beats and deadlines of connections, driven by one timer a worker, outside every stream.

use super::connection::{ConnectionKey, Ending, Phase, Shut, Stand};
use super::core::{Core, slot_number};
use super::metrics::CUT_OFF;
use plenum_schema::wire::{CloseCode, Heartbeat, ServerFrame};
use std::collections::BTreeMap;

/// What a sweep is to do with one connection.
enum Due {
    Nothing,
    Cut,
    End(CloseCode),
    Beat,
}

/// How far a sweep got.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Swept {
    /// All connections have been looked at; the next sweep begins anew.
    pub complete: bool,
}

impl Core {
    /// Looks at the next few connections: beats, closes the silent, the unidentified and the expired, cuts off those that do
    /// not answer a close. Also lets what waits for another try go on, and closes those of a node that ends whose time has come.
    pub fn sweep(&mut self, connections: usize) -> Swept {
        self.close_due();
        let (from, len) = (self.sweep_at, self.connections.capacity());
        let to = (from + connections).min(len);
        for slot in from..to {
            self.sweep_one(slot_number(slot));
        }
        self.sweep_at = if to >= len { 0 } else { to };
        if self.sweep_at == 0 {
            self.retry_repairs();
        }
        Swept { complete: self.sweep_at == 0 }
    }

    fn sweep_one(&mut self, slot: u32) {
        match self.due(slot) {
            Due::Nothing => {}
            Due::End(code) => self.end(slot, &Ending { code, retry_after_ms: Some(0) }),
            Due::Beat => self.beat(slot),
            Due::Cut => {
                if let Some(connection) = self.connections.get_mut(slot as usize) {
                    connection.phase = Phase::Dead;
                    connection.socket.shut(Shut::Now);
                    self.metrics.closed.with_label_values(&[CUT_OFF]).inc();
                }
            }
        }
        let waits = self.connections.get(slot as usize).is_some_and(|connection| {
            connection.subscriptions.iter().any(|s| matches!(s.stand, Stand::Behind { reading: false, .. }))
        });
        if waits {
            self.pumps.push_back(slot);
        }
    }

    fn due(&self, slot: u32) -> Due {
        let (mono, wall) = (self.clock.mono(), self.clock.wall());
        let Some(connection) = self.connections.get(slot as usize) else { return Due::Nothing };
        match connection.phase {
            Phase::Dead => return Due::Nothing,
            Phase::Closing { until, .. } => return if mono >= until { Due::Cut } else { Due::Nothing },
            Phase::Open => {}
        }
        let config = &self.config;
        match &connection.identity {
            None if mono >= connection.since + config.identify_within_ms => Due::End(CloseCode::IdentifyTimeout),
            Some(identity) if wall >= identity.ends_at => Due::End(CloseCode::InvalidToken),
            _ if mono >= connection.heard + config.heartbeat_timeout_ms => Due::End(CloseCode::Silent),
            _ if mono >= connection.next_beat => Due::Beat,
            _ => Due::Nothing,
        }
    }

    fn beat(&mut self, slot: u32) {
        let (mono, wall, interval) = (self.clock.mono(), self.clock.wall(), self.config.heartbeat_interval_ms);
        let Some(connection) = self.connections.get_mut(slot as usize) else { return };
        connection.next_beat = mono + interval;
        let dialect = connection.dialect;
        if !connection.outbox.is_empty() && dialect.is_native() {
            // What waits says that we are here; a peer that does not read is not helped by more. (Clients of Engine.IO count
            // pings alone.)
            return;
        }
        let key = ConnectionKey { slot, generation: connection.generation };
        let tops: BTreeMap<_, _> = connection
            .subscriptions
            .iter()
            .filter_map(|subscription| self.topics.get(subscription.topic as usize))
            .filter(|state| state.topic.log().is_some())
            .map(|state| (state.topic, state.top))
            .collect();
        self.push_bytes(key, (self.framing.ping)(dialect));
        self.push(key, &ServerFrame::Heartbeat(Heartbeat { at: wall, tops }));
    }

    fn retry_repairs(&mut self) {
        let waiting: Vec<u32> = self
            .topics
            .iter()
            .filter(|(_, state)| state.known > state.top)
            .map(|(index, _)| slot_number(index))
            .collect();
        for index in waiting {
            self.repair(index);
        }
    }
}
