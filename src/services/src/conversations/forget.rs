//! What is forgotten of somebody whose account is deleted. What they wrote stays where it was read.

use super::Conversations;
use crate::rows::Rows;
use plenum_actors::store::Direction;
use plenum_schema::entities::{Block, ConversationSettings};
use plenum_schema::table::FieldValue;
use plenum_schema::{Refusal, RefusalCode, UserId};

/// Rows removed at a time.
const AT_ONCE: usize = 500;

impl Conversations {
    /// Takes somebody out of their groups and rooms, whose places are free then, and forgets their list, their settings and whom they
    /// have blocked. They stay the nominal owner of what they own, and one of the two of a direct conversation. Can be repeated.
    ///
    /// # Errors
    /// `unavailable`, `busy`: what is left is done by the next call.
    pub(crate) async fn forget(&self, user: UserId) -> Result<(), Refusal> {
        for row in self.memberships(user).await? {
            let id = row.conversation_id;
            match self.remove_member(user, id, user).await {
                Ok(_) => {}
                Err(refusal) if is_kept(refusal.code) => self.delist(id, &[user]).await?,
                Err(refusal) => return Err(refusal),
            }
        }
        let rows = Rows(self.parts.store.clone());
        loop {
            let own: Vec<ConversationSettings> =
                rows.scan(vec![user.to_value()], None, Direction::Forward, AT_ONCE).await?;
            let keys = own.iter().map(|row| vec![user.to_value(), row.conversation_id.to_value()]).collect();
            rows.delete::<ConversationSettings>(keys).await?;
            let blocked: Vec<Block> = rows.scan(vec![user.to_value()], None, Direction::Forward, AT_ONCE).await?;
            let keys = blocked.iter().map(|row| vec![user.to_value(), row.blocked_id.to_value()]).collect();
            rows.delete::<Block>(keys).await?;
            if own.len().max(blocked.len()) < AT_ONCE {
                return Ok(());
            }
        }
    }
}

/// Whether the log keeps them: direct conversations, what they own, what they were no member of.
fn is_kept(code: RefusalCode) -> bool {
    matches!(code, RefusalCode::NotFound | RefusalCode::Conflict | RefusalCode::Forbidden | RefusalCode::Gone)
}
