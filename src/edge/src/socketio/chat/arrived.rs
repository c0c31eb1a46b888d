//! What has reached the client is marked as delivered on its behalf: its library has no word for it, and whoever has written wants to know.
//!
//! It goes by the hint that tells an account how much it has not read, which comes at most once in a while for a conversation, and only
//! where there are few people (`conversations.unread_every_ms`): broadcasts cost nothing more, and in a large room, where each message
//! would bring a mark from everybody to everybody, nobody is told.

use super::{Around, Chat, Purpose};
use crate::socketio::asks::Again;
use plenum_schema::wire::{Command, Mark};
use plenum_schema::{Offset, Topic};
use std::time::Duration;

impl Chat {
    /// Messages up to this one are on their way to the client: they are marked when it has been handed them.
    pub(in crate::socketio) fn arrives(&mut self, around: &Around<'_>, topic: Topic, upto: Offset) {
        if around.config.delivered_every_ms == 0 || !matches!(topic, Topic::Conversation(_)) {
            return;
        }
        let has_room = self.arriving.len() < around.config.delivered_conversations;
        match self.arriving.iter_mut().find(|(seen, _)| *seen == topic) {
            Some((_, known)) => *known = upto.max(*known),
            None if has_room => self.arriving.push((topic, upto)),
            None => return,
        }
        self.mark_later(around);
    }

    /// One mark for everything that comes until then.
    fn mark_later(&mut self, around: &Around<'_>) {
        if self.waiting.iter().any(|(_, purpose)| matches!(purpose, Purpose::Marking)) {
            return;
        }
        self.last_id = self.last_id.wrapping_add(1);
        let (id, again) = (self.last_id, around.again.clone());
        self.waiting.push((id, Purpose::Marking));
        let wait = Duration::from_millis(around.config.delivered_every_ms);
        actix::spawn(async move {
            actix::clock::sleep(wait).await;
            Again(id).tell(&again);
        });
    }

    pub(super) fn mark_arrived(&mut self, around: &Around<'_>) {
        let (hub, key) = (&around.shared.hub, self.connection.key());
        if !self.is_inside() || !hub.with(|core| core.is_open(key)) {
            return;
        }
        for (topic, upto) in std::mem::take(&mut self.arriving) {
            let (is_heard, handed) = hub.with(|core| (core.is_subscribed(key, topic), core.handed(key, topic)));
            if !around.is_unpolled && handed.is_some_and(|handed| handed >= upto) {
                let mark = Mark { topic, delivered: Some(upto), read: None };
                self.ask(around, Purpose::Silent, Command::Mark(mark), true);
            } else if is_heard {
                // It reads slowly, or is catching up.
                self.arriving.push((topic, upto));
            }
        }
        if !self.arriving.is_empty() {
            self.mark_later(around);
        }
    }
}
