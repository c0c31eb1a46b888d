//! Hints to people's devices how much they have not read. Told a moment later and once for many messages, so that writing
//! does not wait for it and a busy conversation costs no more than a quiet one.

use super::unread::{own_number, unread};
use super::{Conversations, topic_of};
use parking_lot::Mutex;
use plenum_actors::publication::{Class, Publication};
use plenum_schema::conversation::Digest;
use plenum_schema::wire::{Signal, UnreadSignal};
use plenum_schema::{ConversationId, Topic, UserId};
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

/// Conversations that somebody has written to, each once.
pub(super) type Nudged = Arc<Mutex<HashSet<ConversationId>>>;

/// A conversation whose members may be told how much they have not read.
#[derive(Debug)]
pub struct Nudge {
    nudged: Nudged,
    limit: usize,
    id: ConversationId,
}

impl Nudge {
    /// Somebody has written: the members' devices hear of it with the next [`Conversations::tell_unread`]. When too many
    /// conversations wait for that, the hint is left out.
    pub fn written(self) {
        let mut nudged = self.nudged.lock();
        if nudged.len() < self.limit {
            nudged.insert(self.id);
        }
    }
}

impl Conversations {
    /// What to say when somebody has written to a conversation; `None` while nobody follows a topic of their own.
    #[must_use]
    pub fn nudge(&self, id: ConversationId) -> Option<Nudge> {
        let limit = self.config.unread_conversations;
        self.parts.publisher.has_personal().then(|| Nudge { nudged: self.nudged.clone(), limit, id })
    }

    /// Tells the members of conversations that were written to since the last call how much they have not read. Only where the
    /// digest names everybody (ten members at most), and only those who follow their own topic.
    pub async fn tell_unread(&self) {
        let nudged = std::mem::take(&mut *self.nudged.lock());
        for id in nudged {
            // A hint that is not given is found in the list; a store that does not answer is not asked again for it.
            let Ok(Some(digest)) = self.digest_of(id).await else { continue };
            if digest.members.len() as u64 != digest.member_count {
                continue;
            }
            for user in digest.members.iter().filter(|user| self.follows_own(**user)) {
                let Some(own) = own_number(&digest, *user) else { continue };
                let Ok(marks) = self.marks_of(*user, id).await else { continue };
                let read = marks.map_or(0, |marks| marks.read_number);
                self.announce_unread(id, *user, unread(digest.messages, read, own), Some(&digest));
            }
        }
    }

    pub(super) fn follows_own(&self, user: UserId) -> bool {
        self.parts.publisher.is_wanted(Topic::User(user))
    }

    /// Tells somebody's devices a number, and what the conversation is like now if it was written to.
    pub(super) fn announce_unread(&self, id: ConversationId, user: UserId, unread: u64, digest: Option<&Digest>) {
        let class = Class::Conflated(id.0.as_u64_pair().1.wrapping_add(2));
        let members = digest.map(|digest| digest.members.clone()).unwrap_or_default();
        let last = digest.and_then(|digest| digest.last.clone().map(Box::new));
        let signal = Signal::Unread(UnreadSignal { conversation: topic_of(id), unread, members, last });
        self.parts.publisher.publish(vec![Publication::signal(Topic::User(user), class, signal)]);
    }
}

/// Tells what is due until it is aborted.
pub async fn run_nudges(conversations: Conversations) {
    let every = Duration::from_millis(conversations.config.unread_every_ms);
    loop {
        tokio::time::sleep(every).await;
        conversations.tell_unread().await;
    }
}
