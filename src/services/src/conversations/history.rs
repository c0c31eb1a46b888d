//! Pages of the past.

use super::{Conversations, topic_of};
use plenum_actors::owner::recent::{Page, Span};
use plenum_actors::publication::{Body, Publication};
use plenum_schema::wire::EventFrame;
use plenum_schema::{ConversationId, Offset, Refusal, RefusalCode, UserId};

/// A page of history, oldest first.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HistoryPage {
    /// The events.
    pub items: Vec<EventFrame>,
    /// The newest offset.
    pub head: Offset,
    /// The oldest offset that still exists.
    pub first: Offset,
}

impl Conversations {
    /// The newest events below `before`, or the oldest above `after`, or the newest: at most `limit`.
    ///
    /// # Errors
    /// `invalid` for both directions at once, `notFound` for strangers, `unavailable`.
    pub async fn history(
        &self,
        caller: UserId,
        id: ConversationId,
        before: Option<Offset>,
        after: Option<Offset>,
        limit: usize,
    ) -> Result<HistoryPage, Refusal> {
        let span = match (before, after) {
            (Some(_), Some(_)) => {
                return Err(Refusal::field(RefusalCode::Invalid, "before", "before and after exclude each other"));
            }
            (_, Some(after)) => Span::After(after),
            (before, None) => Span::Before(before.unwrap_or(u64::MAX)),
        };
        let access = self.access(caller, id).await?;
        let Page { publications, head, first } = self.page(id, span, limit, access.head).await?;
        Ok(HistoryPage { items: publications.iter().filter_map(|one| frame(one)).collect(), head, first })
    }

    pub(super) async fn page(
        &self,
        id: ConversationId,
        span: Span,
        limit: usize,
        known: Offset,
    ) -> Result<Page, Refusal> {
        self.parts.history.read(topic_of(id), span, limit, self.config.page_bytes, known).await
    }
}

fn frame(publication: &Publication) -> Option<EventFrame> {
    match publication.body() {
        Body::Event { offset, at, event } => {
            Some(EventFrame { topic: publication.topic, offset: *offset, at: *at, event: event.clone() })
        }
        Body::Signal(_) => None,
    }
}
