//! The rows that make a conversation findable in somebody's list.

use super::Conversations;
use crate::unavailable::{damaged, unavailable};
use futures_util::stream::{self, StreamExt, TryStreamExt};
use plenum_actors::store::{Conditional, Direction, Mutation};
use plenum_schema::entities::Membership;
use plenum_schema::table::{Entity, FieldValue, Key};
use plenum_schema::{ConversationId, Refusal, RefusalCode, UserId};

fn key(user: UserId, id: ConversationId) -> Key {
    vec![user.to_value(), id.to_value()]
}

impl Conversations {
    /// All rows of a person, in no useful order. Bounded by the configured number of conversations.
    pub(super) async fn memberships(&self, user: UserId) -> Result<Vec<Membership>, Refusal> {
        let partition = vec![user.to_value()];
        let most = self.config.per_person;
        let rows = self.parts.store.scan(Membership::TABLE, partition, None, Direction::Forward, most).await;
        let rows = rows.map_err(unavailable)?;
        rows.into_iter().map(|row| Membership::from_row(row).map_err(|error| damaged(&error))).collect()
    }

    /// Writes the rows that are missing and answers whose they are.
    pub(super) async fn enlist(&self, id: ConversationId, people: &[UserId]) -> Result<Vec<UserId>, Refusal> {
        let each =
            people.iter().map(|user| async move { self.enlist_one(id, *user).await.map(|new| new.then_some(*user)) });
        // Collected first: a refusal must not stop the others half way, or their rows would be left behind.
        let outcomes: Vec<Result<Option<UserId>, Refusal>> =
            stream::iter(each).buffer_unordered(self.config.concurrent_reads).collect().await;
        let written: Vec<UserId> =
            outcomes.iter().filter_map(|outcome| outcome.as_ref().ok().copied().flatten()).collect();
        match outcomes.into_iter().find_map(Result::err) {
            None => Ok(written),
            Some(refusal) => {
                self.delist(id, &written).await?;
                Err(refusal)
            }
        }
    }

    /// Whether the row was missing and has been written.
    async fn enlist_one(&self, id: ConversationId, user: UserId) -> Result<bool, Refusal> {
        if self.parts.store.get(Membership::TABLE, key(user, id)).await.map_err(unavailable)?.is_some() {
            return Ok(false);
        }
        if self.memberships(user).await?.len() >= self.config.per_person {
            let text = format!("nobody may be in more than {} conversations", self.config.per_person);
            return Err(Refusal::field(RefusalCode::LimitReached, "members", text));
        }
        let row = Membership { user_id: user, conversation_id: id, since: self.parts.clock.wall() };
        let inserted = self.parts.store.insert(Membership::TABLE, row.to_row()).await.map_err(unavailable)?;
        Ok(inserted == Conditional::Applied)
    }

    /// Removes rows.
    pub(super) async fn delist(&self, id: ConversationId, people: &[UserId]) -> Result<(), Refusal> {
        let each = people.iter().map(|user| {
            let gone = vec![Mutation::Delete(key(*user, id))];
            async move { self.parts.store.write(Membership::TABLE, gone).await.map_err(unavailable) }
        });
        stream::iter(each).buffer_unordered(self.config.concurrent_reads).try_collect().await
    }
}
