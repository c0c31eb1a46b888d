//! What became of messages: rows folded from a conversation's log, so that a reader of the past need not read what happened
//! since.
//!
//! The log is the truth. A conversation's digest names the newest event that changed an earlier message, and the row at
//! offset 0 says how far the rows have got; whoever finds them behind folds the rest before using them. Folding twice, at
//! the same time or after a crash half way, changes nothing: each row knows the newest change inside it.

use crate::aggregate::Aggregate;
use crate::aggregates::conversation::Conversation;
use crate::store::{Conditional, Direction, SharedStore, StoreError, StoredEntry};
use bytes::Bytes;
use plenum_schema::conversation::{ConversationEvent, Stored};
use plenum_schema::entities::{MessageStateRow, Reaction};
use plenum_schema::table::{Entity, FieldValue, RowError};
use plenum_schema::{AggregateKind, ConversationId, LogId, Offset, UserId, codec};
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::Mutex;

/// Entries read at a time.
const PAGE_ENTRIES: usize = 512;
/// Bytes read at a time.
const PAGE_BYTES: usize = 1024 * 1024;
/// Rows read at a time.
const PAGE_ROWS: usize = 512;
/// How often a row that somebody else folded into is read again.
const ATTEMPTS: usize = 64;
/// Conversations that fold at the same time in this process; more wait.
const STRIPES: usize = 64;
/// The row that says how far the others have got.
const MARKER: Offset = 0;
/// The format byte of stored reactions.
const REACTIONS_FORMAT: u8 = 1;

/// What became of messages. Cheap to clone; clones share their locks.
#[derive(Clone)]
pub struct MessageViews {
    store: SharedStore,
    /// One folder a conversation at a time: others would do the same work again.
    stripes: Arc<Vec<Mutex<()>>>,
}

impl std::fmt::Debug for MessageViews {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MessageViews").finish_non_exhaustive()
    }
}

/// What became of one message.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct MessageView {
    /// Its newest change.
    pub revision: Offset,
    /// Its text since the last edit; `None` when it was never edited, or deleted.
    pub text: Option<String>,
    /// When it was edited last, milliseconds since 1970.
    pub edited_at: Option<i64>,
    /// When it was deleted, milliseconds since 1970.
    pub deleted_at: Option<i64>,
    /// Its reactions, none of them empty, in the order of their first appearance.
    pub reactions: Vec<Reaction>,
}

impl MessageView {
    /// Folds one change. Nothing comes after a deletion.
    fn apply(&mut self, offset: Offset, at: i64, event: &ConversationEvent) {
        self.revision = offset;
        if self.deleted_at.is_some() {
            return;
        }
        match event {
            ConversationEvent::MessageEdited(edited) => {
                self.text = Some(edited.content.text.clone());
                self.edited_at = Some(at);
            }
            ConversationEvent::MessageDeleted(_) => {
                *self = Self { revision: offset, deleted_at: Some(at), ..Self::default() };
            }
            ConversationEvent::ReactionAdded(added) => self.react(added.by, &added.emoji),
            ConversationEvent::ReactionRemoved(removed) => self.unreact(removed.by, &removed.emoji),
            ConversationEvent::Created(_)
            | ConversationEvent::Message(_)
            | ConversationEvent::MemberAdded(_)
            | ConversationEvent::MemberRemoved(_)
            | ConversationEvent::TitleChanged(_)
            | ConversationEvent::RoomChanged(_)
            | ConversationEvent::RoomClosed(_)
            | ConversationEvent::BlockChanged(_) => {}
        }
    }

    fn react(&mut self, user: UserId, emoji: &str) {
        match self.reactions.iter_mut().find(|one| one.emoji == emoji) {
            Some(one) if one.users.contains(&user) => {}
            Some(one) => one.users.push(user),
            None => self.reactions.push(Reaction { emoji: emoji.to_owned(), users: vec![user] }),
        }
    }

    fn unreact(&mut self, user: UserId, emoji: &str) {
        if let Some(one) = self.reactions.iter_mut().find(|one| one.emoji == emoji) {
            one.users.retain(|known| *known != user);
        }
        self.reactions.retain(|one| !one.users.is_empty());
    }

    fn of_row(row: MessageStateRow) -> Result<Self, StoreError> {
        let reactions = match row.reactions.is_empty() {
            true => Vec::new(),
            false => codec::restore(&[REACTIONS_FORMAT], &row.reactions)
                .map_err(|error| StoreError::Damaged(error.to_string()))?,
        };
        let MessageStateRow { revision, text, edited_at, deleted_at, .. } = row;
        Ok(Self { revision, text, edited_at, deleted_at, reactions })
    }

    fn to_row(&self, conversation_id: ConversationId, target: Offset) -> Result<MessageStateRow, StoreError> {
        let reactions = match self.reactions.is_empty() {
            true => Bytes::new(),
            false => codec::store(REACTIONS_FORMAT, &self.reactions)
                .map_err(|error| StoreError::Invalid(error.to_string()))?,
        };
        let Self { revision, text, edited_at, deleted_at, .. } = self.clone();
        Ok(MessageStateRow { conversation_id, target, revision, text, edited_at, deleted_at, reactions })
    }
}

impl MessageViews {
    /// Views in this store.
    #[must_use]
    pub fn new(store: SharedStore) -> Self {
        Self { store, stripes: Arc::new((0..STRIPES).map(|_| Mutex::new(())).collect()) }
    }

    /// Folds all changes up to `upto` into the rows, unless they are there. Whoever knows the change before it names it, so
    /// that what lies between need not be read.
    ///
    /// # Errors
    /// When the store does not answer or the log is damaged.
    pub async fn fold(&self, id: ConversationId, upto: Offset, before: Option<Offset>) -> Result<(), StoreError> {
        if upto == 0 || self.folded(id).await? >= upto {
            return Ok(());
        }
        let stripe = usize::try_from(id.0.as_u128() % STRIPES as u128).unwrap_or(0);
        let _turn = match self.stripes.get(stripe) {
            Some(stripe) => Some(stripe.lock().await),
            None => None,
        };
        let mut after = self.folded(id).await?;
        if before.is_some_and(|before| after >= before) {
            after = after.max(upto.saturating_sub(1));
        }
        let log = LogId { kind: AggregateKind::Conversation, id: id.0 };
        while after < upto {
            let entries = self.store.read(log, after, Direction::Forward, PAGE_ENTRIES, PAGE_BYTES).await?;
            let Some(last) = entries.last().map(|entry| entry.offset) else { break };
            for entry in &entries {
                self.fold_entry(id, entry).await?;
            }
            after = last;
            self.advance(id, after).await?;
        }
        Ok(())
    }

    /// What became of a message, as far as the rows have been folded; `None`: nothing.
    ///
    /// # Errors
    /// When the store does not answer or the row is damaged.
    pub async fn get(&self, id: ConversationId, target: Offset) -> Result<Option<MessageView>, StoreError> {
        self.row(id, target).await?.map(MessageView::of_row).transpose()
    }

    /// What became of the messages from `low` to `high`, those to which something happened.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub async fn between(
        &self,
        id: ConversationId,
        low: Offset,
        high: Offset,
    ) -> Result<BTreeMap<Offset, MessageView>, StoreError> {
        let mut found = BTreeMap::new();
        let mut after = low.max(1) - 1;
        while after < high {
            let (table, partition, from) = (MessageStateRow::TABLE, vec![id.to_value()], vec![after.to_value()]);
            let rows = self.store.scan(table, partition, Some(from), Direction::Forward, PAGE_ROWS).await?;
            let is_end = rows.len() < PAGE_ROWS;
            for row in rows {
                let row = MessageStateRow::from_row(row).map_err(|error| damaged(&error))?;
                after = row.target;
                if row.target > high {
                    return Ok(found);
                }
                found.insert(row.target, MessageView::of_row(row)?);
            }
            if is_end {
                break;
            }
        }
        Ok(found)
    }

    async fn fold_entry(&self, id: ConversationId, entry: &StoredEntry) -> Result<(), StoreError> {
        let stored: Stored<ConversationEvent> = codec::restore(&[Conversation::EVENT_FORMAT], &entry.payload)
            .map_err(|error| StoreError::Damaged(error.to_string()))?;
        match stored.event.target() {
            Some(target) if target > MARKER => {
                self.change(id, target, entry.offset, |view| view.apply(entry.offset, stored.at, &stored.event)).await
            }
            _ => Ok(()),
        }
    }

    async fn advance(&self, id: ConversationId, upto: Offset) -> Result<(), StoreError> {
        self.change(id, MARKER, upto, |marker| marker.revision = upto).await
    }

    /// Writes a row that has not reached `revision`.
    async fn change(
        &self,
        id: ConversationId,
        target: Offset,
        revision: Offset,
        change: impl Fn(&mut MessageView),
    ) -> Result<(), StoreError> {
        let column = MessageStateRow::TABLE.column("revision").unwrap_or_default();
        for _ in 0..ATTEMPTS {
            let present = self.get(id, target).await?;
            if present.as_ref().is_some_and(|view| view.revision >= revision) {
                return Ok(());
            }
            let expected = present.as_ref().map(|view| view.revision);
            let mut view = present.unwrap_or_default();
            change(&mut view);
            let row = view.to_row(id, target)?.to_row();
            let done = match expected {
                None => self.store.insert(MessageStateRow::TABLE, row).await?,
                Some(old) => self.store.replace(MessageStateRow::TABLE, row, column, old.to_value()).await?,
            };
            if done == Conditional::Applied {
                return Ok(());
            }
        }
        Err(StoreError::Unavailable("others keep changing the same row".into()))
    }

    async fn folded(&self, id: ConversationId) -> Result<Offset, StoreError> {
        Ok(self.row(id, MARKER).await?.map_or(0, |row| row.revision))
    }

    async fn row(&self, id: ConversationId, target: Offset) -> Result<Option<MessageStateRow>, StoreError> {
        let row = self.store.get(MessageStateRow::TABLE, vec![id.to_value(), target.to_value()]).await?;
        row.map(MessageStateRow::from_row).transpose().map_err(|error| damaged(&error))
    }
}

fn damaged(error: &RowError) -> StoreError {
    StoreError::Damaged(error.to_string())
}
