//! Answers to one connection's commands and pings: they wait like everything else, but there is a bound of their own for them.

use super::connection::ConnectionKey;
use super::core::{Core, gauge};
use super::outbox::Piece;
use bytes::Bytes;
use plenum_schema::wire::ServerFrame;

impl Core {
    /// Queues an answer, unless more than so many bytes of answers would wait then, or it would be the end of the connection. One
    /// always goes to a connection for which none waits. Answers whether it was queued (or the connection needs none any more).
    pub fn offer(&mut self, key: ConnectionKey, frame: &ServerFrame, most: usize) -> bool {
        let limit = self.config.outbox_bytes;
        let Some(connection) = self.get(key).filter(|connection| connection.is_open()) else { return true };
        let dialect = connection.dialect;
        let piece = Piece::own((self.framing.encode)(dialect, frame));
        let cost = piece.cost();
        let has_room = self.has_room_when(key.slot, |outbox| {
            let among_answers = outbox.own_cost() == 0 || outbox.own_cost() + cost <= most;
            among_answers && (outbox.is_empty() || outbox.cost() + cost <= limit)
        });
        if has_room {
            self.queue(key.slot, piece);
        }
        has_room
    }

    /// Whether so many bytes of answers wait for a connection, or more, although it could have taken them.
    pub fn is_crowded(&mut self, key: ConnectionKey, most: usize) -> bool {
        self.get(key).is_some() && !self.has_room_when(key.slot, |outbox| outbox.own_cost() < most)
    }

    /// Answers a ping. Of several pings whose answers could not leave, the newest is answered (RFC 6455 §5.5.3).
    pub fn pong(&mut self, key: ConnectionKey, bytes: Bytes) {
        if self.get(key).is_none_or(|connection| !connection.is_open()) {
            return;
        }
        // Whoever reads gets each of its pongs.
        self.has_room_when(key.slot, |outbox| !outbox.has_pong());
        let Some(connection) = self.get(key).filter(|connection| connection.is_open()) else { return };
        let before = connection.outbox.cost();
        let replaced = connection.outbox.replace_pong(bytes);
        let after = connection.outbox.cost();
        self.metrics.outbox_bytes.add(gauge(after) - gauge(before));
        if let Err(bytes) = replaced {
            self.queue(key.slot, Piece::pong(bytes));
        }
    }
}
