//! Blocking: no direct messages between two people. A row says it for conversations that do not exist yet; the direct
//! conversation itself knows it, so that sending need not look the row up.

use super::Conversations;
use crate::rows::Rows;
use crate::unavailable::unavailable;
use plenum_actors::aggregates::conversation::Command;
use plenum_actors::store::{Direction, Mutation};
use plenum_schema::entities::Block;
use plenum_schema::table::{Entity, FieldValue, Key};
use plenum_schema::{ConversationId, Refusal, RefusalCode, UserId};

fn key(user: UserId, blocked: UserId) -> Key {
    vec![user.to_value(), blocked.to_value()]
}

/// Somebody whom one has blocked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Blocked {
    /// Who.
    pub user: UserId,
    /// Since when, milliseconds since 1970.
    pub since: i64,
}

impl Conversations {
    /// Blocks somebody: neither writes to the other in their direct conversation, and none is made.
    ///
    /// # Errors
    /// `invalid` for oneself, `notFound` when there is no such person, `unavailable`.
    pub async fn block(&self, caller: UserId, user: UserId) -> Result<(), Refusal> {
        if caller == user {
            return Err(Refusal::new(RefusalCode::Invalid, "nobody blocks themself"));
        }
        self.expect_people(&[user], "id").await?;
        let row = Block { user_id: caller, blocked_id: user, since: self.parts.clock.wall() };
        // The row first: a conversation that is made in this moment finds it.
        self.parts.store.write(Block::TABLE, vec![Mutation::Put(row.to_row())]).await.map_err(unavailable)?;
        self.set_blocked(caller, user, true).await
    }

    /// Takes a block back. Without one nothing changes.
    ///
    /// # Errors
    /// `unavailable`.
    pub async fn unblock(&self, caller: UserId, user: UserId) -> Result<(), Refusal> {
        let gone = vec![Mutation::Delete(key(caller, user))];
        self.parts.store.write(Block::TABLE, gone).await.map_err(unavailable)?;
        self.set_blocked(caller, user, false).await
    }

    /// Whom the caller has blocked, in order of their ids, beyond `after`, at most `limit` (1,000 at most).
    ///
    /// # Errors
    /// `unavailable`.
    pub async fn blocked(&self, caller: UserId, after: Option<UserId>, limit: usize) -> Result<Vec<Blocked>, Refusal> {
        let after = after.map(|user| vec![user.to_value()]);
        let rows: Vec<Block> = Rows(self.parts.store.clone())
            .scan(vec![caller.to_value()], after, Direction::Forward, limit.clamp(1, 1_000))
            .await?;
        Ok(rows.into_iter().map(|row| Blocked { user: row.blocked_id, since: row.since }).collect())
    }

    /// Those of two people who have blocked the other.
    pub(super) async fn blockers(&self, one: UserId, other: UserId) -> Result<Vec<UserId>, Refusal> {
        let mut blockers = Vec::new();
        for (user, blocked) in [(one, other), (other, one)] {
            if self.parts.store.get(Block::TABLE, key(user, blocked)).await.map_err(unavailable)?.is_some() {
                blockers.push(user);
            }
        }
        Ok(blockers)
    }

    /// Tells the conversation of the two, if there is one.
    pub(super) async fn set_blocked(&self, by: UserId, other: UserId, blocked: bool) -> Result<(), Refusal> {
        let id = ConversationId::direct(by, other);
        match self.ask(id, Command::SetBlocked { by, blocked }).await {
            Err(refusal) if refusal.code == RefusalCode::NotFound => Ok(()),
            other => other.map(drop),
        }
    }
}
