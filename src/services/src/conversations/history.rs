//! Pages of the past.

use super::{Access, Conversations, topic_of};
use crate::unavailable::unavailable;
use futures_util::stream::{self, StreamExt};
use plenum_actors::owner::recent::{Page, Span};
use plenum_actors::publication::{Body, Publication};
use plenum_actors::store::Direction;
use plenum_actors::views::MessageView;
use plenum_schema::conversation::ConversationEvent;
use plenum_schema::entities::Reaction;
use plenum_schema::wire::{Event, EventFrame, MessageState, ReactionCount};
use plenum_schema::{Content, ConversationId, LogId, MessageId, Offset, Refusal, RefusalCode, Topic, UserId};
use serde::Serialize;
use std::io;

/// Entries, and bytes of them, read at once while a new message is looked for by its id.
const TAIL_PAGE: usize = 256;
const TAIL_BYTES: usize = 256 * 1024;

/// A page of history, oldest first.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HistoryPage {
    /// The events.
    pub items: Vec<EventFrame>,
    /// The newest offset.
    pub head: Offset,
    /// The oldest offset that still exists.
    pub first: Offset,
    /// What became of those messages of the page that were changed, in offset order.
    pub states: Vec<MessageState>,
}

impl HistoryPage {
    /// Keeps as much of a page as takes so many bytes in JSON, which no other encoding exceeds; one event at least. What the log
    /// holds may have been edited to a longer text, or be escaped to six times its length, so this is not known before. What is cut
    /// off lies beyond the page, like everything that a page has no room for.
    fn cut(&mut self, span: Span, most: usize) {
        let Self { items, states, .. } = self;
        let mut of_item = states.iter().map(|state| (state.target, json_bytes(state))).peekable();
        let sizes: Vec<usize> = items
            .iter()
            .map(|item| {
                let state = of_item.next_if(|(target, _)| *target == item.offset);
                json_bytes(item) + 1 + state.map_or(0, |(_, bytes)| bytes + 1)
            })
            .collect();
        match span {
            Span::After(_) => items.truncate(fitting(sizes.iter(), most)),
            Span::Before(_) => drop(items.drain(..items.len() - fitting(sizes.iter().rev(), most))),
        }
        if let (Some(first), Some(last)) = (items.first(), items.last()) {
            states.retain(|state| (first.offset..=last.offset).contains(&state.target));
        }
    }
}

/// How many of these fit, one at least (if there is one).
fn fitting<'s>(sizes: impl ExactSizeIterator<Item = &'s usize>, most: usize) -> usize {
    let all = sizes.len();
    let mut total = 0;
    let fits = |size: &&usize| {
        total += **size;
        total <= most
    };
    sizes.take_while(fits).count().max(1).min(all)
}

/// How long something is in JSON.
fn json_bytes(value: &impl Serialize) -> usize {
    struct Count(usize);
    impl io::Write for Count {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut count = Count(0);
    // What cannot be written is written by nobody: it takes no room.
    let _unwritable = serde_json::to_writer(&mut count, value).is_err();
    count.0
}

impl Conversations {
    /// The place of a message that is known by its id alone, looked for in these topics. Says nothing about rights.
    ///
    /// # Errors
    /// `notFound` when it is in none of them, `unavailable`.
    pub async fn locate(&self, message: MessageId, among: Vec<Topic>) -> Result<(Topic, Offset), Refusal> {
        let logs: Vec<(Topic, LogId)> = among.into_iter().filter_map(|topic| Some((topic, topic.log()?))).collect();
        let indexed = logs.iter().map(|(topic, log)| async move {
            let found = self.parts.store.find(*log, vec![message]).await.map_err(unavailable)?;
            Ok(found.into_iter().next().flatten().map(|offset| (*topic, offset)))
        });
        // The index knows a message from the next snapshot on; a newer one stands behind the last.
        let recent = logs.iter().map(|(topic, log)| async move {
            Ok(self.locate_recent(message, *log).await?.map(|offset| (*topic, offset)))
        });
        let found = match first_of(indexed, self.config.concurrent_reads).await? {
            None => first_of(recent, self.config.concurrent_reads).await?,
            found => found,
        };
        found.ok_or_else(|| Refusal::field(RefusalCode::NotFound, "messageId", "there is no such message"))
    }

    /// Where a message stands among those that no snapshot covers yet.
    async fn locate_recent(&self, message: MessageId, log: LogId) -> Result<Option<Offset>, Refusal> {
        let snapshot = self.parts.store.load_snapshot(log).await.map_err(unavailable)?;
        let mut after = snapshot.map_or(0, |snapshot| snapshot.offset);
        loop {
            let page = self.parts.store.read(log, after, Direction::Forward, TAIL_PAGE, TAIL_BYTES);
            let page = page.await.map_err(unavailable)?;
            if let Some(entry) = page.iter().find(|entry| entry.id == message) {
                return Ok(Some(entry.offset));
            }
            match page.last() {
                Some(last) => after = last.offset,
                None => return Ok(None),
            }
        }
    }

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
        self.history_of(caller, id, &access, span, limit).await
    }

    /// The same for somebody whose access is known.
    pub(super) async fn history_of(
        &self,
        caller: UserId,
        id: ConversationId,
        access: &Access,
        span: Span,
        limit: usize,
    ) -> Result<HistoryPage, Refusal> {
        let Page { publications, head, first } = self.page(id, span, limit, access.head).await?;
        let mut items: Vec<EventFrame> = publications.iter().filter_map(|one| frame(one)).collect();
        let states = match access.changed {
            0 => Vec::new(),
            changed => self.bring_up_to_date(caller, id, changed, &mut items).await?,
        };
        let mut page = HistoryPage { items, head, first, states };
        page.cut(span, self.config.page_bytes);
        Ok(page)
    }

    /// Puts the present text into edited messages, takes it out of deleted ones, and answers what became of each.
    async fn bring_up_to_date(
        &self,
        caller: UserId,
        id: ConversationId,
        changed: Offset,
        items: &mut [EventFrame],
    ) -> Result<Vec<MessageState>, Refusal> {
        let (Some(first), Some(last)) = (items.first(), items.last()) else { return Ok(Vec::new()) };
        let (first, last) = (first.offset, last.offset);
        let views = self.parts.history.views();
        views.fold(id, changed, None).await.map_err(unavailable)?;
        let views = views.between(id, first, last).await.map_err(unavailable)?;
        let mut states = Vec::with_capacity(views.len());
        for item in items {
            let Event::Conversation(ConversationEvent::Message(message)) = &mut item.event else { continue };
            let Some(view) = views.get(&item.offset) else { continue };
            match (&view.text, view.deleted_at) {
                (_, Some(_)) => message.content = Content::deleted(),
                (Some(text), None) => message.content.text.clone_from(text),
                (None, None) => {}
            }
            states.push(state(item.offset, view, caller));
        }
        Ok(states)
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

fn state(target: Offset, view: &MessageView, caller: UserId) -> MessageState {
    let count = |one: &Reaction| ReactionCount {
        emoji: one.emoji.clone(),
        count: u32::try_from(one.users.len()).unwrap_or(u32::MAX),
        mine: one.users.contains(&caller),
    };
    let (edited_at, deleted_at) = (view.edited_at, view.deleted_at);
    MessageState { target, edited_at, deleted_at, reactions: view.reactions.iter().map(count).collect() }
}

fn frame(publication: &Publication) -> Option<EventFrame> {
    match publication.body() {
        Body::Event { offset, at, event } => {
            Some(EventFrame { topic: publication.topic, offset: *offset, at: *at, event: event.clone() })
        }
        Body::Signal(_) => None,
    }
}

/// The first place that one of the looks finds, so many at a time.
async fn first_of<F>(looks: impl Iterator<Item = F>, at_once: usize) -> Result<Option<(Topic, Offset)>, Refusal>
where
    F: Future<Output = Result<Option<(Topic, Offset)>, Refusal>>,
{
    let mut looks = stream::iter(looks).buffer_unordered(at_once);
    while let Some(found) = looks.next().await {
        if let Some(place) = found? {
            return Ok(Some(place));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use plenum_schema::conversation::Message;
    use uuid::Uuid;

    fn page(texts: &[&str], changed: &[Offset]) -> HistoryPage {
        let topic = topic_of(ConversationId(Uuid::nil()));
        let item = |(offset, text): (Offset, &&str)| EventFrame {
            topic,
            offset,
            at: 0,
            event: Event::Conversation(ConversationEvent::Message(Message {
                id: plenum_schema::EntryId(Uuid::nil()),
                author: UserId(Uuid::nil()),
                client_ref: None,
                number: offset,
                direct: false,
                content: Content::text(*text),
            })),
        };
        let items = (1..).zip(texts).map(item).collect();
        let state = |target: &Offset| MessageState {
            target: *target,
            edited_at: Some(1),
            deleted_at: None,
            reactions: Vec::new(),
        };
        HistoryPage { items, head: texts.len() as u64, first: 1, states: changed.iter().map(state).collect() }
    }

    fn offsets(page: &HistoryPage) -> (Vec<Offset>, Vec<Offset>) {
        (page.items.iter().map(|item| item.offset).collect(), page.states.iter().map(|state| state.target).collect())
    }

    fn cut(span: Span, most: usize) -> (Vec<Offset>, Vec<Offset>) {
        let long = "x".repeat(1_000);
        let mut page = page(&[&long, "short", &long, &long], &[1, 3, 4]);
        page.cut(span, most);
        offsets(&page)
    }

    #[test]
    fn a_page_is_cut_at_the_end_that_is_farther_from_where_it_began() {
        assert_eq!(cut(Span::After(0), 2_000), (vec![1, 2], vec![1]));
        assert_eq!(cut(Span::Before(5), 2_000), (vec![4], vec![4]));
        assert_eq!(cut(Span::Before(5), 2_700), (vec![3, 4], vec![3, 4]));
        assert_eq!(cut(Span::After(0), 1 << 20), (vec![1, 2, 3, 4], vec![1, 3, 4]));
        assert_eq!((cut(Span::After(0), 1), cut(Span::Before(5), 1)), ((vec![1], vec![1]), (vec![4], vec![4])));
    }

    #[test]
    fn a_text_counts_as_long_as_it_is_when_it_is_written() {
        let bells = "\u{7}".repeat(1_000);
        let mut page = page(&[&bells, &bells], &[]);
        page.cut(Span::After(0), 8_000);
        assert_eq!(offsets(&page).0, [1]);
        let mut none = self::page(&[], &[]);
        none.cut(Span::Before(1), 1);
        assert!(none.items.is_empty());
    }
}
