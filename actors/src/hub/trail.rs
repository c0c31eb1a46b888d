//! Where a connection stands, told on the connection itself.
//!
//! A Socket.IO client keeps one string for recovery: the last argument of the last event that had one. Events carry their own
//! topic and offset in it, in bytes that all receivers share. That is enough while only one topic has moved since the connection
//! began; from the second on, what one connection gets is followed in the same write by a small frame of its own with all of
//! its positions. Connections that do not ask for a trail cost one comparison.

use super::connection::ConnectionKey;
use super::core::Core;
use super::outbox::{Piece, Written};
use bytes::Bytes;
use plenum_schema::{Offset, Topic};
use std::io::{ErrorKind, IoSlice};

/// The topics that have moved since the connection's base, with the last offset handed over.
#[derive(Debug, Default)]
pub(super) struct Trail {
    positions: Vec<(Topic, Offset)>,
    limit: usize,
}

impl Trail {
    /// Notes a position; answers whether the shared bytes do not say it all.
    fn note(&mut self, topic: Topic, offset: Offset) -> bool {
        match self.positions.iter_mut().find(|(seen, _)| *seen == topic) {
            Some((_, position)) => *position = offset,
            None => {
                if self.positions.len() >= self.limit {
                    // What falls out is delivered again at a recovery: too much rather than too little.
                    self.positions.remove(0);
                }
                self.positions.push((topic, offset));
            }
        }
        self.positions.len() > 1
    }
}

impl Core {
    /// From now on the connection is told its positions with what it gets. `positions`: what its client knows beyond its base
    /// already. At most `limit` topics are told.
    pub fn trail(&mut self, key: ConnectionKey, positions: Vec<(Topic, Offset)>, limit: usize) {
        if let Some(connection) = self.get(key) {
            connection.trail = Some(Box::new(Trail { positions, limit: limit.max(1) }));
        }
    }

    /// The client stands at this position of a topic that its base does not know, and is told so at once.
    pub fn tell_position(&mut self, key: ConnectionKey, topic: Topic, position: Offset) {
        self.tail.clear();
        let Some(connection) = self.get(key) else { return };
        let Some(trail) = connection.trail.as_mut() else { return };
        trail.note(topic, position);
        let (dialect, positions) = (connection.dialect, trail.positions.clone());
        let mut frame = Vec::new();
        (self.framing.trail)(dialect, &positions, &mut frame);
        self.push_bytes(key, frame.into());
    }

    /// Notes what is about to be handed over and makes the frame that follows it; `false`: none is needed.
    pub(super) fn note_trail(&mut self, slot: u32, topic: u32, last: Option<Offset>) -> bool {
        self.tail.clear();
        let Some(connection) = self.connections.get_mut(slot as usize) else { return false };
        let (Some(trail), Some(last)) = (connection.trail.as_mut(), last) else { return false };
        let Some(topic) = self.topics.get(topic as usize).map(|state| state.topic) else { return false };
        if trail.note(topic, last) {
            (self.framing.trail)(connection.dialect, &trail.positions, &mut self.tail);
        }
        !self.tail.is_empty()
    }

    /// The piece that follows what was handed over, when there is one.
    pub(super) fn tail_piece(&mut self, slot: u32, topic: u32, last: Option<Offset>) -> Option<Piece> {
        self.note_trail(slot, topic, last).then(|| Piece { bytes: Bytes::copy_from_slice(&self.tail), first: None })
    }

    /// Shared bytes and the connection's own tail in one write, to a connection for which nothing waits. Answers `false` when
    /// nothing was written.
    pub(super) fn deliver_with_tail(&mut self, slot: u32, bytes: &Bytes) -> bool {
        let Some(connection) = self.connections.get_mut(slot as usize) else { return true };
        self.writes += 1;
        let before = connection.outbox.bytes();
        let written = match connection.socket.try_write(&[IoSlice::new(bytes), IoSlice::new(&self.tail)]) {
            Ok(count) if count == bytes.len() + self.tail.len() => return true,
            Ok(count) => {
                let tail = Bytes::copy_from_slice(&self.tail);
                connection.outbox.go_on_with(&*connection.socket, [bytes, &tail], count, &mut self.writes)
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                connection.blocked = true;
                return false;
            }
            Err(_) => Written::Failed,
        };
        self.after_write(slot, before, written);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use plenum_schema::ConversationId;
    use uuid::Uuid;

    fn topic(number: u128) -> Topic {
        Topic::Conversation(ConversationId(Uuid::from_u128(number)))
    }

    #[test]
    fn one_topic_needs_no_tail_and_the_second_one_does_from_then_on() {
        let mut trail = Trail { limit: 8, ..Trail::default() };
        assert!(!trail.note(topic(1), 5) && !trail.note(topic(1), 6));
        assert!(trail.note(topic(2), 1) && trail.note(topic(1), 7));
        assert_eq!(trail.positions, [(topic(1), 7), (topic(2), 1)]);
    }

    #[test]
    fn a_trail_is_bounded_and_forgets_the_oldest() {
        let mut trail = Trail { limit: 2, ..Trail::default() };
        (1..=5).for_each(|number| {
            trail.note(topic(number), 1);
        });
        assert_eq!(trail.positions, [(topic(4), 1), (topic(5), 1)]);
    }
}
