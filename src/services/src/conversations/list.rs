//! A person's conversations, the last active first.

use super::cursor::Place;
use super::unread::{is_member, own_number, unread};
use super::{Conversations, Settings, log_of, no_such_conversation, topic_of};
use crate::unavailable::unavailable;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use plenum_actors::aggregates::conversation::read_digest;
use plenum_actors::connection::{Followed, Following};
use plenum_actors::store::Head;
use plenum_schema::conversation::{ConversationKind, Digest, LastMessage};
use plenum_schema::entities::Membership;
use plenum_schema::{ConversationId, Offset, Refusal, RefusalCode, UserId};

/// A conversation as its member sees it in a list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Overview {
    /// Which.
    pub id: ConversationId,
    /// Direct or group.
    pub kind: ConversationKind,
    /// Title of a group.
    pub title: Option<String>,
    /// The first members, ten at most.
    pub members: Vec<UserId>,
    /// How many members there are.
    pub member_count: u64,
    /// The last message, shortened.
    pub last: Option<LastMessage>,
    /// When something last happened, milliseconds since 1970: the last message, or when the caller came in.
    pub active_at: i64,
    /// Messages the caller has not seen.
    pub unread: u64,
    /// How far the caller has read, by saying so.
    pub read: Offset,
    /// How far the conversation has reached the caller's devices.
    pub delivered: Offset,
    /// The newest offset.
    pub head: Offset,
    /// How the caller wants to see it.
    pub settings: Settings,
}

/// A page of a list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Listing {
    /// The last active first.
    pub items: Vec<Overview>,
    /// Where to go on; `None` at the end.
    pub next: Option<String>,
}

/// A row whose log exists.
pub(super) struct Candidate {
    pub(super) place: Place,
    head: Offset,
    pub(super) digest: Digest,
}

impl Conversations {
    /// The caller's conversations, the last active first: at most `limit` behind `cursor`; the archived ones, or the others.
    ///
    /// # Errors
    /// `invalid` for a cursor that is none, `unavailable`.
    pub async fn list(
        &self,
        caller: UserId,
        limit: usize,
        cursor: Option<&str>,
        archived: bool,
    ) -> Result<Listing, Refusal> {
        let behind = cursor.map(Place::decode).transpose()?;
        let mut candidates = self.candidates(caller).await?;
        let settings = self.settings_of(caller).await?;
        let of = |id: ConversationId| settings.get(&id).copied().unwrap_or_default();
        candidates.retain(|candidate| behind.is_none_or(|place| candidate.place < place));
        candidates.retain(|candidate| of(candidate.place.id).is_archived == archived);
        candidates.sort_unstable_by_key(|candidate| std::cmp::Reverse(candidate.place));
        let mut items = Vec::new();
        let mut last = None;
        for candidate in candidates {
            let place = candidate.place;
            // Looked at before the page is called full: a cursor promises that something follows.
            let Some(item) = self.overview(caller, candidate, of(place.id)).await? else { continue };
            if items.len() == limit {
                return Ok(Listing { items, next: last.map(Place::encode) });
            }
            items.push(item);
            last = Some(place);
        }
        Ok(Listing { items, next: None })
    }

    /// How many messages there are in the caller's conversations, all together.
    ///
    /// # Errors
    /// `unavailable`.
    pub async fn message_count(&self, caller: UserId) -> Result<u64, Refusal> {
        let candidates = self.candidates(caller).await?;
        // A digest that does not name everybody comes with a row of membership: that is enough for a number.
        let own = candidates.iter().filter(|one| is_member(&one.digest, caller) != Some(false));
        Ok(own.map(|one| one.digest.messages).sum())
    }

    /// One conversation.
    ///
    /// # Errors
    /// `notFound` for strangers, `unavailable`.
    pub async fn get(&self, caller: UserId, id: ConversationId) -> Result<Overview, Refusal> {
        self.access(caller, id).await?;
        let since = self.memberships(caller).await?.into_iter().find(|row| row.conversation_id == id);
        let candidate = self.candidate(id, since.map_or(0, |row| row.since)).await?.ok_or_else(no_such_conversation)?;
        let settings = self.settings_of(caller).await?.remove(&id).unwrap_or_default();
        self.overview(caller, candidate, settings).await?.ok_or_else(no_such_conversation)
    }

    /// The topics of the caller's conversations with their heads, the last active first, at most `limit` that are to be followed.
    ///
    /// # Errors
    /// `unavailable`.
    pub async fn following(&self, caller: UserId, limit: usize) -> Result<Following, Refusal> {
        let mut candidates = self.candidates(caller).await?;
        candidates.sort_unstable_by_key(|candidate| std::cmp::Reverse(candidate.place));
        let mut following = Following::default();
        for candidate in candidates {
            let id = candidate.place.id;
            let is_full = following.conversations.len() == limit;
            let is_member = match is_member(&candidate.digest, caller) {
                Some(is_member) => is_member,
                // Asked when it is to be heard.
                None if is_full => true,
                // The digest does not name everybody: the owner knows.
                None => match self.access(caller, id).await {
                    Ok(_) => true,
                    Err(refusal) if refusal.code == RefusalCode::NotFound => false,
                    Err(refusal) => return Err(refusal),
                },
            };
            if !is_member {
                continue;
            }
            if is_full {
                following.others.push((topic_of(id), candidate.head));
                continue;
            }
            let is_direct = candidate.digest.kind == Some(ConversationKind::Direct);
            let peer = candidate.digest.members.iter().copied().find(|member| is_direct && *member != caller);
            following.conversations.push(Followed { topic: topic_of(id), head: candidate.head, peer });
        }
        Ok(following)
    }

    pub(super) async fn candidates(&self, caller: UserId) -> Result<Vec<Candidate>, Refusal> {
        let rows = self.memberships(caller).await?;
        let heads =
            rows.into_iter().map(|row: Membership| async move { self.candidate(row.conversation_id, row.since).await });
        let found: Vec<Option<Candidate>> =
            stream::iter(heads).buffer_unordered(self.config.concurrent_reads).try_collect().await?;
        Ok(found.into_iter().flatten().collect())
    }

    /// What a conversation's owner would say of it; `None` when it was never created.
    pub(super) async fn digest_of(&self, id: ConversationId) -> Result<Option<Digest>, Refusal> {
        Ok(self.candidate(id, 0).await?.map(|candidate| candidate.digest))
    }

    /// `None` while the log is empty: the conversation was never created.
    async fn candidate(&self, id: ConversationId, since: i64) -> Result<Option<Candidate>, Refusal> {
        let head = self.parts.store.head(log_of(id)).await.map_err(unavailable)?;
        if head.offset == 0 {
            return Ok(None);
        }
        let digest = self.digest_at(id, &head).await?;
        let at = digest.last.as_ref().map_or(since, |last| last.at);
        Ok(Some(Candidate { place: Place { at, id }, head: head.offset, digest }))
    }

    /// The stored digest of a busy conversation lags behind by a second: its owner has the one of now.
    pub(super) async fn digest_at(&self, id: ConversationId, head: &Head) -> Result<Digest, Refusal> {
        if head.digest_at < head.offset { self.digest(id).await } else { stored_digest(id, head) }
    }

    /// `None` when the caller is no member (any more): the row outlived a crash.
    async fn overview(
        &self,
        caller: UserId,
        candidate: Candidate,
        settings: Settings,
    ) -> Result<Option<Overview>, Refusal> {
        let Candidate { place, head, digest } = candidate;
        let own = match (is_member(&digest, caller), own_number(&digest, caller)) {
            (Some(false), _) => return Ok(None),
            (Some(true), Some(own)) => own,
            // The digest does not name everybody: the owner knows.
            _ => match self.access(caller, place.id).await {
                Ok(access) => access.own_number,
                Err(refusal) if refusal.code == RefusalCode::NotFound => return Ok(None),
                Err(refusal) => return Err(refusal),
            },
        };
        let marks = self.marks_of(caller, place.id).await?;
        let (read, delivered, read_number) =
            marks.map_or((0, 0, 0), |marks| (marks.read, marks.delivered, marks.read_number));
        Ok(Some(Overview {
            id: place.id,
            kind: digest.kind.unwrap_or(ConversationKind::Direct),
            unread: unread(digest.messages, read_number, own),
            title: digest.title,
            members: digest.members,
            member_count: digest.member_count,
            last: digest.last,
            active_at: place.at,
            read,
            delivered,
            head,
            settings,
        }))
    }
}

fn stored_digest(id: ConversationId, head: &Head) -> Result<Digest, Refusal> {
    read_digest(&head.digest).map_err(|error| {
        tracing::error!(conversation = %id, %error, "a digest does not read back");
        Refusal::new(RefusalCode::Internal, "the server could not carry this out; it has been logged")
    })
}
