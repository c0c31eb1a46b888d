//! Sending to a person instead of a conversation.

use super::{Conversations, Other};
use plenum_schema::wire::Sent;
use plenum_schema::{Content, ConversationId, Refusal, RefusalCode, UserId};

impl Conversations {
    /// Sends a message into the direct conversation with `to`, which is made when there is none.
    ///
    /// # Errors
    /// `notFound` naming `to` when there is no such person, and what [`Self::send`] and [`Self::create_direct`] refuse.
    pub async fn send_direct(
        &self,
        caller: UserId,
        to: UserId,
        client_ref: Option<String>,
        content: Content,
    ) -> Result<Sent, Refusal> {
        let id = ConversationId::direct(caller, to);
        match self.send(caller, id, client_ref.clone(), content.clone()).await {
            Err(refusal) if refusal.code == RefusalCode::NotFound => {}
            other => return other,
        }
        let opened = self.create_direct(caller, Other::User(to)).await;
        opened.map_err(|refusal| match refusal.code {
            RefusalCode::NotFound => Refusal { field: Some("to".into()), ..refusal },
            _ => refusal,
        })?;
        self.send(caller, id, client_ref, content).await
    }
}
