//! Signals that the service publishes.

use super::{Conversations, topic_of};
use plenum_actors::publication::{Class, Publication};
use plenum_schema::wire::{ConversationAdded, MarksSignal, Signal};
use plenum_schema::{ConversationId, Topic, UserId};
use uuid::Uuid;

/// Signals of one topic with the same key replace each other for a slow receiver.
fn key_of(id: Uuid) -> u64 {
    id.as_u64_pair().1
}

impl Conversations {
    /// Tells the devices of these people that they are in a conversation now. Somebody who misses it finds it in the list.
    pub(super) fn announce_added(&self, id: ConversationId, people: &[UserId]) {
        let signal = |user: &UserId| {
            let added = Signal::ConversationAdded(ConversationAdded { conversation: topic_of(id) });
            Publication::signal(Topic::User(*user), Class::Conflated(key_of(id.0)), added)
        };
        for publication in people.iter().map(signal) {
            self.parts.publisher.publish(vec![publication]);
        }
    }

    /// Tells a conversation how far somebody has read. Of two at once the older may arrive last: readers keep the greater.
    pub(super) fn announce_marks(&self, id: ConversationId, marks: MarksSignal) {
        let class = Class::Conflated(key_of(marks.user.0));
        self.parts.publisher.publish(vec![Publication::signal(topic_of(id), class, Signal::Marks(marks))]);
    }
}
