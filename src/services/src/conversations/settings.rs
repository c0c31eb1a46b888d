//! How somebody wants to see their conversations: muted, archived.

use super::Conversations;
use crate::unavailable::{damaged, unavailable};
use plenum_actors::store::{Direction, Mutation};
use plenum_schema::entities::ConversationSettings;
use plenum_schema::table::{Entity, FieldValue};
use plenum_schema::{ConversationId, Refusal, UserId};
use std::collections::HashMap;

/// A person's settings of one conversation.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Settings {
    /// Not to be notified of.
    pub is_muted: bool,
    /// Not in the usual list.
    pub is_archived: bool,
}

impl Conversations {
    /// Mutes a conversation for the caller, or unmutes it.
    ///
    /// # Errors
    /// `notFound` for strangers, `unavailable`.
    pub async fn mute(&self, caller: UserId, id: ConversationId, is_muted: bool) -> Result<Settings, Refusal> {
        self.set(caller, id, |settings| settings.is_muted = is_muted).await
    }

    /// Moves a conversation out of the caller's usual list, or back.
    ///
    /// # Errors
    /// `notFound` for strangers, `unavailable`.
    pub async fn archive(&self, caller: UserId, id: ConversationId, is_archived: bool) -> Result<Settings, Refusal> {
        self.set(caller, id, |settings| settings.is_archived = is_archived).await
    }

    async fn set(
        &self,
        caller: UserId,
        id: ConversationId,
        change: impl FnOnce(&mut Settings),
    ) -> Result<Settings, Refusal> {
        self.access(caller, id).await?;
        let key = vec![caller.to_value(), id.to_value()];
        let row = self.parts.store.get(ConversationSettings::TABLE, key).await.map_err(unavailable)?;
        let row = row.map(ConversationSettings::from_row).transpose().map_err(|error| damaged(&error))?;
        let mut settings = row.map(|row| of(&row)).unwrap_or_default();
        change(&mut settings);
        let Settings { is_muted, is_archived } = settings;
        let row = ConversationSettings { user_id: caller, conversation_id: id, is_muted, is_archived };
        let write = vec![Mutation::Put(row.to_row())];
        self.parts.store.write(ConversationSettings::TABLE, write).await.map_err(unavailable)?;
        Ok(settings)
    }

    /// All settings of a person; conversations that are not named are as usual.
    pub(super) async fn settings_of(&self, user: UserId) -> Result<HashMap<ConversationId, Settings>, Refusal> {
        let (table, most) = (ConversationSettings::TABLE, self.config.per_person);
        let mut found = HashMap::new();
        let mut after = None;
        loop {
            let rows = self.parts.store.scan(table, vec![user.to_value()], after, Direction::Forward, most).await;
            let rows = rows.map_err(unavailable)?;
            let is_end = rows.len() < most;
            let mut last = None;
            for row in rows {
                let row = ConversationSettings::from_row(row).map_err(|error| damaged(&error))?;
                last = Some(vec![row.conversation_id.to_value()]);
                found.insert(row.conversation_id, of(&row));
            }
            after = last;
            if is_end || after.is_none() {
                return Ok(found);
            }
        }
    }
}

fn of(row: &ConversationSettings) -> Settings {
    Settings { is_muted: row.is_muted, is_archived: row.is_archived }
}
