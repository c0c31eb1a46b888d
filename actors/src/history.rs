//! Past publications: from the owner's recent ones while it lives, else from the log.

use crate::aggregate::Aggregate;
use crate::aggregates::conference::Conference;
use crate::aggregates::conversation::{Conversation, read_digest};
use crate::owner::recent::{Page, Recents, Span};
use crate::publication::{Publication, redact};
use crate::store::{Direction, Head, SharedStore, StoreError, StoredEntry};
use crate::views::MessageViews;
use plenum_schema::conversation::Stored;
use plenum_schema::{AggregateKind, ConversationId, LogId, Offset, Refusal, RefusalCode, Topic, codec};
use serde::Deserialize;
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

/// Limits of history reads.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HistoryConfig {
    /// Most publications in one page, whatever the reader asks.
    pub page_entries: usize,
    /// Most payload bytes in one page, whatever the reader asks; one publication always comes.
    pub page_bytes: usize,
    /// Advice in `unavailable` refusals, milliseconds.
    pub unavailable_retry_ms: u64,
}

impl Default for HistoryConfig {
    fn default() -> Self {
        Self { page_entries: 512, page_bytes: 1024 * 1024, unavailable_retry_ms: 1_000 }
    }
}

/// Reads past publications. Cheap to clone.
#[derive(Clone)]
pub struct History {
    store: SharedStore,
    recents: Arc<Recents>,
    views: MessageViews,
    config: HistoryConfig,
}

impl fmt::Debug for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("History").field("config", &self.config).finish_non_exhaustive()
    }
}

impl History {
    /// A reader of the store and of what live owners hold in memory.
    #[must_use]
    pub fn new(store: SharedStore, recents: Arc<Recents>, config: HistoryConfig) -> Self {
        let views = MessageViews::new(store.clone());
        Self { store, recents, views, config }
    }

    /// What became of messages.
    #[must_use]
    pub fn views(&self) -> &MessageViews {
        &self.views
    }

    /// A page, oldest first: at most `limit` publications and about `max_bytes` of payload (one at least).
    ///
    /// `known` is the newest offset the reader has heard of (0: none): the answer is at least as new. A reader who wants
    /// everything asks again from the last one it got until that is the page's `head`; where `first` is beyond what it
    /// asked for, retention has removed the difference. Contents of deleted messages are never in it.
    ///
    /// # Errors
    /// `notFound` for topics without a log, `unavailable` when the store does not answer, `internal` when the log is damaged.
    pub async fn read(
        &self,
        topic: Topic,
        span: Span,
        limit: usize,
        max_bytes: usize,
        known: Offset,
    ) -> Result<Page, Refusal> {
        let Some(log) = topic.log() else {
            return Err(Refusal::new(RefusalCode::NotFound, "the topic keeps no history"));
        };
        let limit = limit.clamp(1, self.config.page_entries);
        let max_bytes = max_bytes.clamp(1, self.config.page_bytes);
        let recent = self.recents.get(log).and_then(|ring| ring.read(span, limit, max_bytes, known));
        match recent {
            Some(page) => Ok(page),
            None => self.read_store(log, span, limit, max_bytes).await,
        }
    }

    /// The newest offset and the oldest that still exists, from the store.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub async fn head(&self, log: LogId) -> Result<(Offset, Offset), Refusal> {
        let head = self.store.head(log).await.map_err(|error| self.refusal(log, &error))?;
        Ok((head.offset, head.first))
    }

    async fn read_store(&self, log: LogId, span: Span, limit: usize, max_bytes: usize) -> Result<Page, Refusal> {
        let (from, direction) = match span {
            Span::After(after) => (after, Direction::Forward),
            Span::Before(before) => (before, Direction::Backward),
        };
        let read = self.store.read(log, from, direction, limit, max_bytes).await;
        let mut entries = read.map_err(|error| self.refusal(log, &error))?;
        if direction == Direction::Backward {
            entries.reverse();
        }
        // Read after the entries, so that it is never older than they are.
        let Head { offset: head, first, digest, .. } =
            self.store.head(log).await.map_err(|error| self.refusal(log, &error))?;
        let publications = entries.iter().map(|entry| publication(log, entry)).collect::<Result<_, _>>();
        let mut publications: Vec<Arc<Publication>> = publications
            .map_err(|error: codec::DecodeError| self.refusal(log, &StoreError::Damaged(error.to_string())))?;
        self.mask(log, &digest, &mut publications).await.map_err(|error| self.refusal(log, &error))?;
        Ok(Page { publications, head, first })
    }

    /// Takes the contents of deleted messages out. The stored digest may be older than the log, but never than the newest
    /// change of a message.
    async fn mask(&self, log: LogId, digest: &[u8], page: &mut [Arc<Publication>]) -> Result<(), StoreError> {
        if log.kind != AggregateKind::Conversation {
            return Ok(());
        }
        let digest = read_digest(digest).map_err(|error| StoreError::Damaged(error.to_string()))?;
        let reveals = page.iter().filter_map(|publication| publication.reveals());
        if digest.changed == 0 || reveals.clone().next().is_none() {
            return Ok(());
        }
        let id = ConversationId(log.id);
        self.views.fold(id, digest.changed, None).await?;
        let offsets = || page.iter().filter_map(|publication| publication.offset());
        let (low, high) = (offsets().min().unwrap_or(0), offsets().max().unwrap_or(0));
        let mut views = self.views.between(id, low, high).await?;
        // Edits may be of messages that stand before the page.
        let before: BTreeSet<Offset> = reveals.filter(|target| *target < low).collect();
        for target in before {
            if let Some(view) = self.views.get(id, target).await? {
                views.insert(target, view);
            }
        }
        for (target, _) in views.iter().filter(|(_, view)| view.deleted_at.is_some()) {
            redact(page.iter_mut(), *target);
        }
        Ok(())
    }

    fn refusal(&self, log: LogId, error: &StoreError) -> Refusal {
        match error {
            StoreError::Damaged(_) | StoreError::Invalid(_) => {
                tracing::error!(%log, %error, "history cannot be read");
                Refusal::new(RefusalCode::Internal, "the history cannot be read")
            }
            StoreError::Unavailable(_) | StoreError::Unknown(_) | StoreError::Full(_) => {
                Refusal::new(RefusalCode::Unavailable, "the history cannot be read now")
                    .retry_after(self.config.unavailable_retry_ms)
            }
        }
    }
}

/// The publication of a stored entry.
///
/// # Errors
/// When the payload is damaged or of an unknown format.
pub fn publication(log: LogId, entry: &StoredEntry) -> Result<Arc<Publication>, codec::DecodeError> {
    match log.kind {
        AggregateKind::Conversation => of::<Conversation>(log, entry),
        AggregateKind::Conference => of::<Conference>(log, entry),
        AggregateKind::Poll | AggregateKind::Board => Err(private()),
    }
}

fn of<A: Aggregate>(log: LogId, entry: &StoredEntry) -> Result<Arc<Publication>, codec::DecodeError> {
    let stored: Stored<A::Event> = codec::restore(&[A::EVENT_FORMAT], &entry.payload)?;
    let event = A::publish(&stored.event).ok_or_else(private)?;
    Ok(Publication::event(Topic::of_log(log), entry.offset, stored.at, event))
}

fn private() -> codec::DecodeError {
    codec::DecodeError::Shape("the log is private".into())
}
