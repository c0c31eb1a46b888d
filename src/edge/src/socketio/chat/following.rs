//! Following topics on a client's behalf.

use super::super::vocabulary::outgoing::removed;
use super::errands::{Deed, Errand};
use super::{Around, Chat};
use plenum_schema::Topic;

/// The event by which front ends open a room: they show at once how many people are in it.
const OPENS_A_ROOM: &str = "join_room";

impl Chat {
    /// Follows a topic on the client's behalf.
    pub(in crate::socketio) fn follow(&mut self, around: &Around<'_>, topic: Topic, since: Option<u64>) {
        self.run(around, Errand::new(Deed::Follow, topic, since));
    }

    /// The client was in a conversation and may not be any more: front ends must not go on showing it.
    pub(super) fn tell_removed(&self, around: &Around<'_>, topic: Topic) {
        let (Topic::Conversation(id), Some(identity)) = (topic, self.connection.identity()) else { return };
        self.push(around, removed(self.parser(), self.vocabulary(), id, identity.user));
        self.stands(around, topic, None);
    }

    /// Finds out from where on a conversation concerns the client, then follows it.
    pub(in crate::socketio) fn look_at(&mut self, around: &Around<'_>, topic: Topic) {
        if self.is_inside() && !self.has(around, topic) && !self.is_paced(topic) {
            self.run(around, Errand::new(Deed::Look, topic, None));
        }
    }

    /// Asks how rooms stand, for a client that has just opened one of them.
    pub(super) fn look_around(&self, around: &Around<'_>, event: &str) {
        if event == OPENS_A_ROOM
            && let Some(identity) = self.connection.identity()
        {
            around.shared.backend.looks_around(&identity);
        }
    }
}
