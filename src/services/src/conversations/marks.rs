//! How far members have received and read. Positions only grow, whatever order requests arrive in.

use super::unread::unread;
use super::{Conversations, topic_of};
use crate::unavailable::{damaged, unavailable};
use plenum_actors::aggregates::conversation::Access;
use plenum_actors::owner::recent::Span;
use plenum_actors::publication::Body;
use plenum_actors::store::{Conditional, Direction};
use plenum_schema::conversation::{ConversationEvent, Role};
use plenum_schema::entities::Marks;
use plenum_schema::table::{Entity, FieldValue};
use plenum_schema::wire::{Event, Marked, MarksSignal};
use plenum_schema::{ConversationId, MessageId, Offset, Refusal, RefusalCode, UserId};
use std::collections::HashMap;

/// The caller's marks after a command.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MarkOutcome {
    /// The positions now.
    pub marked: Marked,
    /// Whether the command moved one of them.
    pub is_changed: bool,
}

/// The marks of a member.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MemberMarks {
    /// Who.
    pub user: UserId,
    /// With which role.
    pub role: Role,
    /// Delivered up to here; 0 before anything.
    pub delivered: Offset,
    /// Read up to here, by saying so; 0 before anything.
    pub read: Offset,
}

/// How often a write that lost against another device's is tried again.
const ATTEMPTS: usize = 16;
/// Events per look when the number of a message is searched.
const LOOK: usize = 64;
/// Rows per scan.
const SCAN: usize = 1_000;

impl Conversations {
    /// Moves the caller's marks forward and tells the conversation; a position beyond the head is taken as the head.
    ///
    /// # Errors
    /// `notFound` for strangers, `busy` when other devices of the caller keep winning, `unavailable`.
    pub async fn mark(
        &self,
        caller: UserId,
        id: ConversationId,
        delivered: Option<Offset>,
        read: Option<Offset>,
    ) -> Result<MarkOutcome, Refusal> {
        let access = self.access(caller, id).await?;
        let wanted_read = read.unwrap_or(0).min(access.head);
        let wanted_delivered = delivered.unwrap_or(0).min(access.head).max(wanted_read);
        let mut present = self.marks_of(caller, id).await?;
        let mut numbers = None;
        for _ in 0..ATTEMPTS {
            let old = present.clone().unwrap_or_else(|| nothing(caller, id));
            if wanted_read <= old.read && wanted_delivered <= old.delivered {
                return Ok(outcome(&old, false));
            }
            let mut new = Marks { version: old.version + 1, ..old.clone() };
            new.delivered = old.delivered.max(wanted_delivered);
            if wanted_read > old.read {
                let number = match numbers {
                    Some(number) => number,
                    None => self.number_at(id, wanted_read, &access).await?,
                };
                numbers = Some(number);
                (new.read, new.read_number) = (wanted_read, number);
            }
            match self.swap(present.as_ref(), &new).await? {
                Conditional::Applied => {
                    let Marks { delivered, read, .. } = new;
                    if read > old.read && self.follows_own(caller) {
                        let number = unread(access.messages, new.read_number, access.own_number);
                        self.announce_unread(id, caller, number, None);
                    }
                    let marks = MarksSignal {
                        user: caller,
                        delivered,
                        read,
                        delivered_message: self.message_at(id, delivered, delivered > old.delivered, &access).await,
                        read_message: self.message_at(id, read, read > old.read, &access).await,
                        at: self.parts.clock.wall(),
                    };
                    self.announce_marks(id, marks);
                    return Ok(outcome(&new, true));
                }
                Conditional::Refused(row) => {
                    present = row.map(Marks::from_row).transpose().map_err(|error| damaged(&error))?;
                }
            }
        }
        Err(Refusal::new(RefusalCode::Busy, "other devices move the same marks").retry_after(100))
    }

    /// The marks of all members in order of their ids, beyond `after`, at most `limit` (1,000 at most).
    ///
    /// # Errors
    /// `notFound` for strangers, `unavailable`.
    pub async fn marks(
        &self,
        caller: UserId,
        id: ConversationId,
        after: Option<UserId>,
        limit: usize,
    ) -> Result<Vec<MemberMarks>, Refusal> {
        let members = self.members(caller, id, after, limit).await?;
        let Some(last) = members.last() else { return Ok(Vec::new()) };
        let known = self.marks_between(id, after, last.user).await?;
        let of = |member: &plenum_actors::aggregates::conversation::Member| {
            let (delivered, read) = known.get(&member.user).copied().unwrap_or_default();
            MemberMarks { user: member.user, role: member.role, delivered, read }
        };
        Ok(members.iter().map(of).collect())
    }

    /// The caller's own row.
    pub(super) async fn marks_of(&self, user: UserId, id: ConversationId) -> Result<Option<Marks>, Refusal> {
        let row =
            self.parts.store.get(Marks::TABLE, vec![id.to_value(), user.to_value()]).await.map_err(unavailable)?;
        row.map(Marks::from_row).transpose().map_err(|error| damaged(&error))
    }

    async fn swap(&self, old: Option<&Marks>, new: &Marks) -> Result<Conditional, Refusal> {
        let version = Marks::TABLE.column("version").unwrap_or_default();
        let store = &self.parts.store;
        let done = match old {
            None => store.insert(Marks::TABLE, new.to_row()).await,
            Some(old) => store.replace(Marks::TABLE, new.to_row(), version, old.version.to_value()).await,
        };
        done.map_err(unavailable)
    }

    /// The `number` of the last message at or below an offset: one less than that of the first message above it.
    async fn number_at(&self, id: ConversationId, offset: Offset, access: &Access) -> Result<u64, Refusal> {
        let mut after = offset;
        while after < access.head {
            let page = self.page(id, Span::After(after), LOOK, access.head).await?;
            for publication in &page.publications {
                if let Body::Event { event: Event::Conversation(ConversationEvent::Message(message)), .. } =
                    publication.body()
                {
                    return Ok(message.number.saturating_sub(1));
                }
            }
            match page.publications.last().and_then(|last| last.offset()) {
                Some(last) => after = last,
                None => break,
            }
        }
        Ok(access.messages)
    }

    /// The newest message at or below an offset: for a mark that has moved, or when it needs no look. The signal that carries
    /// it is a hint, so what cannot be read now is left out.
    async fn message_at(&self, id: ConversationId, offset: Offset, moved: bool, access: &Access) -> Option<MessageId> {
        let (newest, message) = access.last?;
        if offset >= newest {
            return Some(message);
        }
        if !moved || offset == 0 {
            return None;
        }
        let page = self.page(id, Span::Before(offset + 1), LOOK, access.head).await.ok()?;
        page.publications.iter().rev().find_map(|publication| match publication.body() {
            Body::Event { event: Event::Conversation(ConversationEvent::Message(message)), .. } => Some(message.id),
            _ => None,
        })
    }

    async fn marks_between(
        &self,
        id: ConversationId,
        after: Option<UserId>,
        last: UserId,
    ) -> Result<HashMap<UserId, (Offset, Offset)>, Refusal> {
        let (mut found, mut after) = (HashMap::new(), after);
        loop {
            let from = after.map(|user| vec![user.to_value()]);
            let partition = vec![id.to_value()];
            let rows = self.parts.store.scan(Marks::TABLE, partition, from, Direction::Forward, SCAN).await;
            let rows = rows.map_err(unavailable)?;
            let is_end = rows.len() < SCAN;
            for row in rows {
                let marks = Marks::from_row(row).map_err(|error| damaged(&error))?;
                after = Some(marks.user_id);
                found.insert(marks.user_id, (marks.delivered, marks.read));
            }
            if is_end || after.is_some_and(|user| user >= last) {
                return Ok(found);
            }
        }
    }
}

fn nothing(user: UserId, id: ConversationId) -> Marks {
    Marks { conversation_id: id, user_id: user, delivered: 0, read: 0, read_number: 0, version: 0 }
}

fn outcome(marks: &Marks, is_changed: bool) -> MarkOutcome {
    let marked = Marked { topic: topic_of(marks.conversation_id), delivered: marks.delivered, read: marks.read };
    MarkOutcome { marked, is_changed }
}
