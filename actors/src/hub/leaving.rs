//! The end of a node: all its connections leave, so that they do not come back in one moment.
//!
//! Native clients, streams and polls are closed at once and told when to come back, each another time. Socket.IO has no word for that: its
//! libraries come back about a second after they were closed. So those are closed one after another instead.

use super::connection::ConnectionKey;
use super::core::Core;
use crate::clock::MonoMillis;
use plenum_schema::wire::CloseCode;
use std::collections::VecDeque;

/// Clients of a node that ends come back after this time at the earliest (or a tenth of the window, if that is less): nobody is there at
/// once; the next server starts, or a balancer has to notice.
pub(super) const LEAST_DELAY_MS: u64 = 500;

/// How the connections of a node are to leave.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Farewell {
    /// Clients that can be told when to come back are told so, spread over this time, milliseconds.
    pub window_ms: u64,
    /// The others are closed spread over this time, milliseconds; 0: at once.
    pub spread_ms: u64,
}

/// What is left to do of a [`Farewell`].
#[derive(Debug)]
pub(super) struct Leaving {
    /// Who is closed when; the soonest in front.
    due: VecDeque<(MonoMillis, ConnectionKey)>,
    /// What is told to whoever comes although everybody leaves.
    least_delay_ms: u64,
}

impl Core {
    /// Sends everybody away. Whoever is to be closed later is closed by [`Core::sweep`].
    pub fn drain(&mut self, farewell: Farewell) {
        let Farewell { window_ms, spread_ms } = farewell;
        let (told, untold): (Vec<_>, Vec<_>) = self.keys().into_iter().partition(|key| self.can_be_told(*key));
        let least_delay_ms = (window_ms / 10).min(LEAST_DELAY_MS);
        for (key, delay) in spread(told, window_ms - least_delay_ms) {
            self.close(key, CloseCode::Draining, Some(least_delay_ms + delay));
        }
        let now = self.clock.mono();
        let due = spread(untold, spread_ms).map(|(key, after)| (now.saturating_add(after), key)).collect();
        self.leaving = Some(Leaving { due, least_delay_ms });
        self.close_due();
    }

    /// A connection came: it must not outstay the others when all leave.
    pub(super) fn came(&mut self, key: ConnectionKey) {
        let now = self.clock.mono();
        if let Some(leaving) = &mut self.leaving {
            // A client of Socket.IO that leaves its namespace and comes back into it is a new connection on an old socket.
            leaving.due.push_back((now, key));
        }
    }

    /// Closes those whose time has come.
    pub(super) fn close_due(&mut self) {
        let now = self.clock.mono();
        while let Some(leaving) = &mut self.leaving
            && let Some((_, key)) = leaving.due.pop_front_if(|(due, _)| *due <= now)
        {
            let delay = leaving.least_delay_ms;
            self.close(key, CloseCode::Draining, Some(delay));
        }
    }

    /// Whether its goodbye says when to come back.
    fn can_be_told(&self, key: ConnectionKey) -> bool {
        self.connections.get(key.slot as usize).is_some_and(|connection| connection.dialect.as_socket_io().is_none())
    }
}

/// Each with its time, evenly over `over_ms`: no two have the same moment, and none has to guess.
pub(super) fn spread(keys: Vec<ConnectionKey>, over_ms: u64) -> impl Iterator<Item = (ConnectionKey, u64)> {
    let count = keys.len().max(1) as u64;
    (0_u64..).zip(keys).map(move |(place, key)| (key, over_ms.saturating_mul(place) / count))
}
