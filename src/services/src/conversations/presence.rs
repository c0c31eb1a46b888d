//! Who may know who is online: people who share a conversation, and nobody else.

use super::Conversations;
use super::unread::is_member;
use crate::unavailable::unavailable;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use plenum_actors::presence::Presence;
use plenum_schema::wire::PresenceSignal;
use plenum_schema::{ConversationId, Refusal, RefusalCode, UserId};
use std::collections::HashSet;

/// Members that the owner is asked for at a time.
const MEMBERS_AT_ONCE: usize = 1_000;

/// Who of a conversation is online.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PresentMembers {
    /// How many members there are.
    pub members: usize,
    /// How many of them are online.
    pub online: usize,
    /// Those who are, in order of their ids: a page.
    pub items: Vec<UserId>,
    /// Whether more follow.
    pub has_more: bool,
}

impl Conversations {
    /// Who is online, without asking who may know.
    #[must_use]
    pub fn presence(&self) -> &Presence {
        &self.parts.presence
    }

    /// Whether the caller may know that somebody is online: it is the caller, or both are in a conversation.
    ///
    /// # Errors
    /// `unavailable`.
    pub async fn may_see(&self, caller: UserId, user: UserId) -> Result<bool, Refusal> {
        if caller == user {
            return Ok(true);
        }
        let mine = self.conversations_of(caller).await?;
        self.shares(caller, &mine, user).await
    }

    /// How those of these people stand whom the caller may see, in their order; the others are left out.
    ///
    /// # Errors
    /// `unavailable`.
    pub async fn presence_of(&self, caller: UserId, users: &[UserId]) -> Result<Vec<PresenceSignal>, Refusal> {
        let mine = self.conversations_of(caller).await?;
        let each = users.iter().map(|user| {
            let mine = &mine;
            async move {
                let may = *user == caller || self.shares(caller, mine, *user).await?;
                Ok::<_, Refusal>(may.then_some(*user))
            }
        });
        let seen: Vec<Option<UserId>> = stream::iter(each).buffered(self.config.concurrent_reads).try_collect().await?;
        let seen: Vec<UserId> = seen.into_iter().flatten().collect();
        self.parts.presence.recall(&seen).await.map_err(unavailable)?;
        Ok(self.parts.presence.signals_of(&seen))
    }

    /// How many members of a conversation there are and how many are online, and a page of those: at most `limit` in order
    /// of their ids, beyond `after`.
    ///
    /// # Errors
    /// `notFound` for strangers, `busy`, `unavailable`.
    pub async fn presence_in(
        &self,
        caller: UserId,
        id: ConversationId,
        after: Option<UserId>,
        limit: usize,
    ) -> Result<PresentMembers, Refusal> {
        let mut found = PresentMembers { members: 0, online: 0, items: Vec::new(), has_more: false };
        let mut last = None;
        loop {
            let page = self.members(caller, id, last, MEMBERS_AT_ONCE).await?;
            let people: Vec<UserId> = page.iter().map(|member| member.user).collect();
            let online = self.parts.presence.online_among(&people);
            found.members += people.len();
            found.online += online.len();
            for user in online.into_iter().filter(|user| after.is_none_or(|after| *user > after)) {
                if found.items.len() < limit {
                    found.items.push(user);
                } else {
                    found.has_more = true;
                }
            }
            if people.len() < MEMBERS_AT_ONCE {
                return Ok(found);
            }
            last = people.last().copied();
        }
    }

    /// People whom the caller would want to know to be online: those of the conversations that were last active, at most `limit`.
    /// Of large conversations only the first ten members.
    ///
    /// # Errors
    /// `unavailable`.
    pub async fn contacts(&self, caller: UserId, limit: usize) -> Result<Vec<UserId>, Refusal> {
        let mut candidates = self.candidates(caller).await?;
        candidates.retain(|candidate| is_member(&candidate.digest, caller) != Some(false));
        candidates.sort_unstable_by_key(|candidate| std::cmp::Reverse(candidate.place));
        let (mut known, mut contacts) = (HashSet::from([caller]), Vec::new());
        for user in candidates.into_iter().flat_map(|candidate| candidate.digest.members) {
            if contacts.len() == limit {
                break;
            }
            if known.insert(user) {
                contacts.push(user);
            }
        }
        Ok(contacts)
    }

    async fn conversations_of(&self, user: UserId) -> Result<HashSet<ConversationId>, Refusal> {
        Ok(self.memberships(user).await?.into_iter().map(|row| row.conversation_id).collect())
    }

    /// Whether one of these conversations of the caller is the user's too. Rows only propose: the log decides.
    async fn shares(&self, caller: UserId, mine: &HashSet<ConversationId>, user: UserId) -> Result<bool, Refusal> {
        let theirs = self.conversations_of(user).await?;
        let direct = ConversationId::direct(caller, user);
        // The direct one first: it cannot be left, so it is the surest.
        let common = std::iter::once(&direct).filter(|id| theirs.contains(*id)).chain(&theirs);
        for id in common.filter(|id| mine.contains(*id)) {
            if self.has_both(*id, caller, user).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn has_both(&self, id: ConversationId, one: UserId, other: UserId) -> Result<bool, Refusal> {
        let Some(digest) = self.digest_of(id).await? else { return Ok(false) };
        for user in [one, other] {
            let is_in = match is_member(&digest, user) {
                Some(is_in) => is_in,
                // The digest does not name everybody: the owner knows.
                None => match self.access(user, id).await {
                    Ok(_) => true,
                    Err(refusal) if refusal.code == RefusalCode::NotFound => false,
                    Err(refusal) => return Err(refusal),
                },
            };
            if !is_in {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
