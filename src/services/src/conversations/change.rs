//! Changing messages: edit, delete, react. The aggregate decides; what it must know of an old message is read here and brought
//! along, and read again when it turns out to be outdated.

use super::{Conversations, unexpected};
use crate::unavailable::unavailable;
use plenum_actors::aggregates::conversation::{Access, Answer, Change, Command, Target};
use plenum_actors::hub::Shed;
use plenum_actors::owner::recent::Span;
use plenum_actors::publication::{Body, Publication};
use plenum_actors::views::MessageView;
use plenum_schema::conversation::{ConversationEvent, Message};
use plenum_schema::wire::{Changed, Event};
use plenum_schema::{ConversationId, Offset, Refusal, RefusalCode, UserId};

/// How often facts that turned out to be outdated are read again.
const ATTEMPTS: usize = 64;
/// Advice when others keep changing the same message, milliseconds.
const RETRY_MS: u64 = 100;

impl Conversations {
    /// Changes the message at `target`, acknowledged when the change is durable. Repeating it changes nothing.
    ///
    /// # Errors
    /// `notFound` for strangers and where no message stands, `forbidden` by role, `gone` when it was deleted, `invalid`,
    /// `tooLarge`, `limitReached` for too many reactions, `busy`, `unavailable`.
    pub async fn change_message(
        &self,
        caller: UserId,
        id: ConversationId,
        target: Offset,
        client_ref: Option<String>,
        change: Change,
    ) -> Result<Changed, Refusal> {
        self.parts.publisher.admit(Shed::Sends)?;
        for _ in 0..ATTEMPTS {
            let access = self.access(caller, id).await?;
            let target = self.target(caller, id, target, &change, &access).await?;
            let (client_ref, change) = (client_ref.clone(), change.clone());
            match self.ask(id, Command::Change { by: caller, client_ref, change, target }).await? {
                Answer::MessageChanged { changed, before } => {
                    if !changed.duplicate {
                        self.fold(id, changed.offset, before).await;
                    }
                    return Ok(changed);
                }
                Answer::Stale { .. } => {}
                other => return Err(unexpected(&other)),
            }
        }
        Err(Refusal::new(RefusalCode::Busy, "others keep changing the same message").retry_after(RETRY_MS))
    }

    /// What the log says about a message.
    async fn target(
        &self,
        caller: UserId,
        id: ConversationId,
        offset: Offset,
        change: &Change,
        access: &Access,
    ) -> Result<Target, Refusal> {
        let no_message = || Refusal::field(RefusalCode::NotFound, "target", "no message stands there");
        if offset == 0 || offset > access.head {
            return Err(no_message());
        }
        let page = self.page(id, Span::After(offset - 1), 1, access.head).await?;
        if page.first > offset {
            return Err(Refusal::field(RefusalCode::Gone, "target", "retention has removed it"));
        }
        let found = page.publications.first().filter(|publication| publication.offset() == Some(offset));
        let (at, message) = found.and_then(|publication| message(publication)).ok_or_else(no_message)?;
        let views = self.parts.history.views();
        let view = match access.changed {
            0 => None,
            changed => {
                views.fold(id, changed, None).await.map_err(unavailable)?;
                views.get(id, offset).await.map_err(unavailable)?
            }
        };
        Ok(facts((offset, at), message, access.changed, &view.unwrap_or_default(), caller, change))
    }

    /// Keeps the rows up to date, so that the next reader need not. What fails here is done then.
    async fn fold(&self, id: ConversationId, upto: Offset, before: Offset) {
        if let Err(error) = self.parts.history.views().fold(id, upto, Some(before)).await {
            tracing::warn!(conversation = %id, %error, "a change of a message could not be folded yet");
        }
    }
}

fn facts(
    (offset, at): (Offset, i64),
    message: &Message,
    as_of: Offset,
    view: &MessageView,
    by: UserId,
    change: &Change,
) -> Target {
    let of = |emoji: &str| view.reactions.iter().find(|one| one.emoji == emoji);
    let has = |emoji: &str| of(emoji).is_some_and(|one| one.users.contains(&by));
    let (is_so, has_kind) = match change {
        Change::Edit { content } => (*content.text == *view.text.as_ref().unwrap_or(&message.content.text), false),
        Change::Delete => (view.deleted_at.is_some(), false),
        Change::React { emoji } => (has(emoji), of(emoji).is_some()),
        Change::Unreact { emoji } => (!has(emoji), of(emoji).is_some()),
    };
    Target {
        offset,
        id: message.id,
        author: message.author,
        at,
        kind: message.content.kind,
        as_of,
        revision: view.revision,
        is_deleted: view.deleted_at.is_some(),
        is_so,
        kinds: view.reactions.len(),
        has_kind,
        reactions: view.reactions.iter().map(|one| one.users.len()).sum(),
    }
}

/// A message and when it was sent.
fn message(publication: &Publication) -> Option<(i64, &Message)> {
    match publication.body() {
        Body::Event { at, event: Event::Conversation(ConversationEvent::Message(message)), .. } => Some((*at, message)),
        _ => None,
    }
}
