//! Who is in a group, and its title.

use super::{Conversations, is_final, unexpected};
use plenum_actors::aggregates::conversation::{Answer, Command, Member};
use plenum_schema::conversation::Role;
use plenum_schema::wire::ConversationChange;
use plenum_schema::{ConversationId, Offset, Refusal, UserId};

impl Conversations {
    /// Adds somebody to a group, or changes the role of a member. Answers where the change stands.
    ///
    /// # Errors
    /// `notFound` for strangers and for people who do not exist, `forbidden` by role, `conflict` for direct conversations,
    /// `limitReached`, `unavailable`.
    pub async fn add_member(
        &self,
        caller: UserId,
        id: ConversationId,
        user: UserId,
        role: Role,
    ) -> Result<Offset, Refusal> {
        // Before any row is written: a stranger must not write into other people's lists.
        self.access(caller, id).await?;
        self.expect_people(&[user], "userId").await?;
        let new = self.enlist(id, &[user]).await?;
        let outcome = self.ask(id, Command::AddMember { by: caller, user, role }).await;
        if let Err(refusal) = &outcome
            && is_final(refusal)
        {
            self.drop_strangers(id, &new).await?;
        }
        let offset = changed(outcome?)?;
        self.announce_added(id, &new);
        self.announce_updated(id, ConversationChange::Members, &new).await;
        self.announce_stats(id).await;
        Ok(offset)
    }

    /// Removes somebody from a group, or lets the caller leave. Answers where the change stands.
    ///
    /// # Errors
    /// `notFound` for strangers, `forbidden` by role, `conflict` for direct conversations, `unavailable`.
    pub async fn remove_member(&self, caller: UserId, id: ConversationId, user: UserId) -> Result<Offset, Refusal> {
        let offset = changed(self.ask(id, Command::RemoveMember { by: caller, user }).await?)?;
        self.delist(id, &[user]).await?;
        // Somebody may have added them again meanwhile, finding the row that was about to go.
        if self.access(user, id).await.is_ok() {
            self.enlist(id, &[user]).await?;
        }
        self.announce_updated(id, ConversationChange::Members, &[user]).await;
        self.announce_stats(id).await;
        self.announce_removed(id, user);
        Ok(offset)
    }

    /// Changes a group's title. Answers where the change stands.
    ///
    /// # Errors
    /// `notFound` for strangers, `forbidden` by role, `conflict` for direct conversations, `invalid`, `unavailable`.
    pub async fn set_title(&self, caller: UserId, id: ConversationId, title: String) -> Result<Offset, Refusal> {
        let title = crate::text::name("title", &title)?;
        let offset = changed(self.ask(id, Command::SetTitle { by: caller, title }).await?)?;
        self.announce_updated(id, ConversationChange::Title, &[]).await;
        Ok(offset)
    }

    /// Members in order of their ids, beyond `after`, at most `limit` (1,000 at most).
    ///
    /// # Errors
    /// `notFound` for strangers, `unavailable`.
    pub async fn members(
        &self,
        caller: UserId,
        id: ConversationId,
        after: Option<UserId>,
        limit: usize,
    ) -> Result<Vec<Member>, Refusal> {
        match self.ask(id, Command::Members { user: caller, after, limit }).await? {
            Answer::Members(members) => Ok(members),
            other => Err(unexpected(&other)),
        }
    }
}

fn changed(answer: Answer) -> Result<Offset, Refusal> {
    match answer {
        Answer::Changed { offset } => Ok(offset),
        other => Err(unexpected(&other)),
    }
}
