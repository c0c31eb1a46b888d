//! Signals that the service publishes.

use super::{Conversations, topic_of};
use futures_util::stream::{self, StreamExt};
use plenum_actors::publication::{Class, Publication, Publisher};
use plenum_schema::conversation::ConversationKind;
use plenum_schema::wire::{ConversationAdded, ConversationChange, ConversationUpdated, MarksSignal, RoomStats, Signal};
use plenum_schema::{ConversationId, Topic, UserId};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

/// Members that the owner is asked for at a time.
const MEMBERS_AT_ONCE: usize = 1_000;

/// Signals of one topic with the same key replace each other for a slow receiver.
fn key_of(id: Uuid) -> u64 {
    id.as_u64_pair().1
}

fn stats_signal(id: ConversationId, stats: RoomStats) -> Arc<Publication> {
    Publication::signal(topic_of(id), Class::Conflated(key_of(id.0).wrapping_add(2)), Signal::RoomStats(stats))
}

fn saturated(count: u64) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
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

    /// Tells a room how many people are in it. A hint, as [`Self::announce_updated`] is; of other conversations nothing is told.
    pub(super) async fn announce_stats(&self, id: ConversationId) {
        if let Some(stats) = self.stats(id).await {
            self.parts.publisher.publish(vec![stats_signal(id, stats)]);
        }
    }

    /// `None`: it is no room, or nobody answers.
    async fn stats(&self, id: ConversationId) -> Option<RoomStats> {
        let digest = self.digest_of(id).await.ok()??;
        let (Some(ConversationKind::Room), Some(somebody)) = (digest.kind, digest.members.first()) else { return None };
        // In a large room each who comes would have everybody looked up.
        let online = match digest.member_count {
            count if count > MEMBERS_AT_ONCE as u64 => None,
            _ => self.presence_in(*somebody, id, None, 1).await.ok().map(|found| saturated(found.online as u64)),
        };
        Some(RoomStats { members: saturated(digest.member_count), online })
    }

    /// Tells the rooms of people who have come or gone since the last call, or want to know, how many are there. `here` reaches this node's
    /// connections: every node hears who comes and goes, and tells its own.
    pub async fn tell_room_stats(&self, here: &dyn Publisher) {
        let people = self.parts.presence.take_turned();
        let wanted = |id: &ConversationId| here.is_wanted(topic_of(*id));
        // A hint that is not given comes with the next change: a store that does not answer is not asked again for it.
        let reads = people.into_iter().map(|(user, asks)| async move {
            let rows = self.memberships(user).await.unwrap_or_default();
            (asks, rows.into_iter().map(|row| row.conversation_id).filter(wanted).collect::<Vec<_>>())
        });
        let mut reads = stream::iter(reads).buffer_unordered(self.config.concurrent_reads);
        let mut rooms = BTreeMap::new();
        while let Some((asks, found)) = reads.next().await {
            found.into_iter().for_each(|id| *rooms.entry(id).or_insert(false) |= asks);
        }
        for (id, asks) in rooms {
            // In a large room coming and going changes nothing of what is told.
            if let Some(stats) = self.stats(id).await.filter(|stats| asks || stats.online.is_some()) {
                here.publish(vec![stats_signal(id, stats)]);
            }
        }
    }

    /// Tells the devices of the members, but for some, that a conversation is no longer what their list says. A hint: where it
    /// cannot be found out who is a member, it is left out.
    pub(super) async fn announce_updated(&self, id: ConversationId, change: ConversationChange, but: &[UserId]) {
        if !self.parts.publisher.has_personal() {
            return;
        }
        let Ok(Some(digest)) = self.digest_of(id).await else { return };
        let mut people = digest.members;
        let Some(somebody) = people.first().copied() else { return };
        let names_all = people.len() as u64 >= digest.member_count;
        let mut last = None;
        loop {
            if !names_all {
                // The owner names the others, to any of them.
                let Ok(page) = self.members(somebody, id, last, MEMBERS_AT_ONCE).await else { return };
                people = page.into_iter().map(|member| member.user).collect();
            }
            for user in people.iter().filter(|user| !but.contains(user)) {
                self.announce_change(id, *user, change);
            }
            if names_all || people.len() < MEMBERS_AT_ONCE {
                return;
            }
            last = people.last().copied();
        }
    }

    /// Tells somebody's devices that they are in a conversation no longer.
    pub(super) fn announce_removed(&self, id: ConversationId, user: UserId) {
        self.announce_change(id, user, ConversationChange::Removed);
    }

    fn announce_change(&self, id: ConversationId, user: UserId, change: ConversationChange) {
        if self.follows_own(user) {
            let class = Class::Conflated(key_of(id.0).wrapping_add(1));
            let signal = Signal::ConversationUpdated(ConversationUpdated { conversation: topic_of(id), change });
            self.parts.publisher.publish(vec![Publication::signal(Topic::User(user), class, signal)]);
        }
    }
}

/// Tells rooms who of them is there until it is aborted.
pub async fn run_room_stats(conversations: Conversations, here: Arc<dyn Publisher>) {
    let every = Duration::from_millis(conversations.config.stats_every_ms);
    loop {
        tokio::time::sleep(every).await;
        conversations.tell_room_stats(&*here).await;
    }
}
