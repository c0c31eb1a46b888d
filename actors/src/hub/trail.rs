//! Where a connection stands, told on the connection itself.
//!
//! A Socket.IO client keeps one string for recovery: the last argument of the last event that had one. Events carry their own
//! topic and offset in it, in bytes that all receivers share. That is enough while only one topic has moved since the connection
//! began; from the second on, each event gets the positions of the other topics put in front of its own, in bytes of this connection
//! alone: whichever event is the last that reaches the client, its string is complete. Connections that do not ask for a trail
//! cost one comparison.
//!
//! A topic that a client has left stands among its positions as left, so that coming back does not bring it back.

use super::connection::ConnectionKey;
use super::core::Core;
use super::outbox::Written;
use bytes::Bytes;
use plenum_schema::{Offset, Topic};
use std::io::{ErrorKind, IoSlice};

/// No topic.
const NONE: u32 = u32::MAX;

/// Where a connection stands since its base. As long as one topic alone has moved, its position stands here and not behind the
/// pointer: a broadcast touches this memory anyway, and every receiver would wait for two more cold lines.
#[derive(Debug)]
pub(super) struct Trail {
    /// The index of the one topic that has moved.
    sole: u32,
    /// Its last offset handed over.
    at: Offset,
    /// For connections that are told their positions.
    told: Option<Box<Told>>,
}

impl Default for Trail {
    fn default() -> Self {
        Self { sole: NONE, at: 0, told: None }
    }
}

/// The topics that have moved when they are more than one, with the last offset handed over.
#[derive(Debug)]
struct Told {
    positions: Vec<Place>,
    limit: usize,
}

/// Where a connection stands in a topic: behind the last offset handed over; `None`: its client has left the topic.
pub type Place = (Topic, Option<Offset>);

impl Told {
    fn put(&mut self, topic: Topic, place: Option<Offset>) {
        match self.positions.iter_mut().find(|(seen, _)| *seen == topic) {
            Some((_, stood)) => *stood = place,
            None => {
                if self.positions.len() >= self.limit {
                    // What falls out is delivered again at a recovery: too much rather than too little. What was left would be
                    // heard again, so it falls out last.
                    let oldest = self.positions.iter().position(|(_, place)| place.is_some()).unwrap_or(0);
                    self.positions.remove(oldest);
                }
                self.positions.push((topic, place));
            }
        }
    }
}

impl Trail {
    fn told(positions: Vec<Place>, limit: usize) -> Self {
        Self { told: Some(Box::new(Told { positions, limit: limit.max(1) })), ..Self::default() }
    }

    /// The usual case: notes what is handed over and answers whether the shared bytes say it all. `false` is not the last word:
    /// [`Core::note_trail`] has that.
    pub(super) fn goes_on(&mut self, topic: u32, last: Option<Offset>) -> bool {
        match last {
            Some(last) if self.sole == topic => {
                self.at = last;
                true
            }
            Some(_) => self.told.is_none(),
            None => true,
        }
    }

    /// Notes a position, of the topic at `index` if it is known; `sole`: the one topic that has moved so far. Answers whether the
    /// shared bytes do not say it all.
    fn note(&mut self, sole: Option<Topic>, index: Option<u32>, topic: Topic, place: Option<Offset>) -> bool {
        self.settle(sole);
        let Some(told) = self.told.as_mut() else { return false };
        let alone = told.positions.iter().all(|(seen, _)| *seen == topic);
        if let (Some(index), Some(offset), true) = (index, place, alone) {
            (self.sole, self.at) = (index, offset);
            told.positions = Vec::new();
            return false;
        }
        told.put(topic, place);
        told.positions.len() > 1
    }

    /// The one topic that has moved is one among others from now on, or its index is about to mean another.
    fn settle(&mut self, sole: Option<Topic>) {
        if let (Some(sole), Some(told)) = (sole, self.told.as_mut()) {
            told.put(sole, Some(self.at));
        }
        self.sole = NONE;
    }
}

impl Core {
    /// From now on the connection is told its positions with what it gets. `positions`: what its client knows beyond its base
    /// already. At most `limit` topics are told.
    pub fn trail(&mut self, key: ConnectionKey, positions: Vec<Place>, limit: usize) {
        if let Some(connection) = self.get(key) {
            connection.trail = Trail::told(positions, limit);
        }
    }

    /// The one topic that has moved on a connection.
    fn sole(&self, slot: u32) -> Option<Topic> {
        let index = self.connections.get(slot as usize)?.trail.sole;
        self.topics.get(index as usize).map(|state| state.topic)
    }

    /// A connection leaves the topic at this index, which may mean another one afterwards.
    pub(super) fn settle_trail(&mut self, slot: u32, index: u32) {
        let sole = self.sole(slot);
        let Some(connection) = self.connections.get_mut(slot as usize) else { return };
        if connection.trail.sole == index {
            connection.trail.settle(sole);
        }
    }

    /// The client stands at this position of a topic that its base does not know (`None`: it has left a topic), and is told so at
    /// once.
    pub fn tell_position(&mut self, key: ConnectionKey, topic: Topic, position: Option<Offset>) {
        if self.get(key).is_none() {
            return;
        }
        let sole = self.sole(key.slot);
        let Some(connection) = self.get(key) else { return };
        connection.trail.note(sole, None, topic, position);
        let Some(told) = connection.trail.told.as_ref() else { return };
        let (dialect, positions) = (connection.dialect, told.positions.clone());
        let mut frame = Vec::new();
        (self.framing.trail)(dialect, &positions, &mut frame);
        self.push_bytes(key, frame.into());
    }

    /// Notes what is about to be handed over and makes the connection's own form of it; `false`: the shared bytes will do.
    pub(super) fn note_trail(&mut self, slot: u32, topic: u32, last: Option<Offset>, shared: &[u8]) -> bool {
        self.own.clear();
        let Some(connection) = self.connections.get_mut(slot as usize) else { return false };
        let Some(last) = last else { return false };
        if connection.trail.goes_on(topic, Some(last)) {
            return false;
        }
        let (sole, index) = (self.sole(slot), topic);
        let Some(topic) = self.topics.get(topic as usize).map(|state| state.topic) else { return false };
        let Some(connection) = self.connections.get_mut(slot as usize) else { return false };
        if let (true, Some(told)) =
            (connection.trail.note(sole, Some(index), topic, Some(last)), connection.trail.told.as_ref())
        {
            (self.framing.trailed)(connection.dialect, &told.positions, topic, shared, &mut self.own);
        }
        !self.own.is_empty()
    }

    /// What is handed over to this connection: the shared bytes, or its own form of them.
    pub(super) fn own_bytes(&mut self, slot: u32, topic: u32, last: Option<Offset>, shared: Bytes) -> Bytes {
        if self.note_trail(slot, topic, last, &shared) { Bytes::copy_from_slice(&self.own) } else { shared }
    }

    /// Writes the connection's own form, which has just been made, to a connection for which nothing waits. Answers `false` when nothing
    /// was written.
    pub(super) fn deliver_own(&mut self, slot: u32) -> bool {
        let Some(connection) = self.connections.get_mut(slot as usize) else { return true };
        self.writes += 1;
        let before = connection.outbox.cost();
        let written = match connection.socket.try_write(&[IoSlice::new(&self.own)]) {
            Ok(count) if count == self.own.len() => return true,
            Ok(count) => {
                let own = Bytes::copy_from_slice(&self.own);
                connection.outbox.go_on(&*connection.socket, &own, count, &mut self.writes)
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

    /// Positions in the order in which they are told; the one that is not is taken for the topic with the index's number.
    fn positions(trail: &Trail) -> Vec<Place> {
        match trail.sole {
            NONE => trail.told.as_ref().unwrap().positions.clone(),
            sole => vec![(topic(sole.into()), Some(trail.at))],
        }
    }

    fn note(trail: &mut Trail, index: u32, offset: Offset) -> bool {
        let sole = (trail.sole != NONE).then(|| topic(trail.sole.into()));
        !trail.goes_on(index, Some(offset)) && trail.note(sole, Some(index), topic(index.into()), Some(offset))
    }

    #[test]
    fn one_topic_shares_its_bytes_and_from_the_second_one_on_each_connection_has_its_own() {
        let mut trail = Trail::told(Vec::new(), 8);
        assert!(!note(&mut trail, 1, 5) && !note(&mut trail, 1, 6));
        assert_eq!(positions(&trail), [(topic(1), Some(6))]);
        assert!(note(&mut trail, 2, 1) && note(&mut trail, 1, 7));
        assert_eq!(positions(&trail), [(topic(1), Some(7)), (topic(2), Some(1))]);
    }

    #[test]
    fn a_topic_that_is_left_keeps_its_position_whatever_its_index_means_then() {
        let mut trail = Trail::told(Vec::new(), 8);
        assert!(!note(&mut trail, 1, 5));
        trail.settle(Some(topic(1)));
        // The index was given to another topic.
        assert!(trail.note(None, Some(1), topic(9), Some(3)));
        assert_eq!(positions(&trail), [(topic(1), Some(5)), (topic(9), Some(3))]);
    }

    #[test]
    fn a_client_that_comes_back_with_one_position_goes_on_with_it() {
        let mut trail = Trail::told(vec![(topic(1), Some(5))], 8);
        assert!(!note(&mut trail, 1, 6));
        assert_eq!(positions(&trail), [(topic(1), Some(6))]);
        let mut trail = Trail::told(vec![(topic(1), Some(5))], 8);
        assert!(note(&mut trail, 2, 1));
        assert_eq!(positions(&trail), [(topic(1), Some(5)), (topic(2), Some(1))]);
    }

    #[test]
    fn whoever_is_told_nothing_notes_nothing() {
        let mut trail = Trail::default();
        assert!(!note(&mut trail, 1, 5) && !note(&mut trail, 2, 5));
        assert_eq!(trail.sole, NONE);
    }

    #[test]
    fn a_trail_is_bounded_and_forgets_the_oldest() {
        let mut trail = Trail::told(Vec::new(), 2);
        (1..=5).for_each(|index| {
            note(&mut trail, index, 1);
        });
        assert_eq!(positions(&trail), [(topic(4), Some(1)), (topic(5), Some(1))]);
    }

    #[test]
    fn a_topic_that_was_left_stays_left_until_it_is_joined_again_and_falls_out_last() {
        let mut trail = Trail::told(Vec::new(), 2);
        assert!(!note(&mut trail, 1, 5));
        trail.settle(Some(topic(1)));
        trail.note(None, None, topic(1), None);
        assert!(note(&mut trail, 2, 1), "not alone: the other one was left");
        note(&mut trail, 3, 7);
        assert_eq!(positions(&trail), [(topic(1), None), (topic(3), Some(7))]);
        trail.note(None, None, topic(1), Some(9));
        assert_eq!(positions(&trail), [(topic(1), Some(9)), (topic(3), Some(7))]);
    }
}
