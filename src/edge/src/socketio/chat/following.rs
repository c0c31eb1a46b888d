//! Following topics on a client's behalf.

use super::super::vocabulary::outgoing::removed;
use super::{Around, Chat, Purpose};
use plenum_schema::Topic;
use plenum_schema::wire::Command;

/// The event by which front ends open a room: they show at once how many people are in it.
const OPENS_A_ROOM: &str = "join_room";

impl Chat {
    /// Follows a topic on the client's behalf.
    pub(in crate::socketio) fn follow(&mut self, around: &Around<'_>, topic: Topic, since: Option<u64>) {
        let wish = plenum_schema::wire::Subscribe { topic, since };
        self.ask(around, Purpose::Follow, Command::Subscribe(wish), true);
    }

    /// Goes on with a topic that the client was in when it went.
    pub(in crate::socketio) fn resume(&mut self, around: &Around<'_>, topic: Topic, since: u64) {
        let wish = plenum_schema::wire::Subscribe { topic, since: Some(since) };
        self.ask(around, Purpose::Resume(topic), Command::Subscribe(wish), true);
    }

    /// The client was in a conversation and may not be any more: front ends must not go on showing it.
    pub(super) fn tell_removed(&self, around: &Around<'_>, topic: Topic) {
        let (Topic::Conversation(id), Some(identity)) = (topic, self.connection.identity()) else { return };
        self.push(around, removed(self.parser(), self.spoken.unwrap_or_default(), id, identity.user));
        self.stands(around, topic, None);
    }

    /// Finds out from where on a conversation concerns the client, then follows it.
    pub(in crate::socketio) fn look_at(&mut self, around: &Around<'_>, topic: Topic) {
        if self.is_inside() && !self.has(around, topic) {
            let newest = plenum_schema::wire::History { topic, before: None, after: None, limit: None };
            self.ask(around, Purpose::Look(topic), Command::History(newest), true);
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
