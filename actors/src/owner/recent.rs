//! The newest publications of live owners, in memory for whoever reads: most history pages and resumes end here and never
//! touch the store.

use crate::publication::{Publication, held, redact};
use dashmap::DashMap;
use parking_lot::RwLock;
use plenum_schema::{LogId, Offset};
use std::collections::VecDeque;
use std::sync::Arc;

/// Which part of a log is wanted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Span {
    /// The oldest above this offset.
    After(Offset),
    /// The newest below this offset; `u64::MAX` for the newest of all.
    Before(Offset),
}

/// A part of a log, oldest first.
#[derive(Clone, Debug)]
pub struct Page {
    /// Durable publications in offset order, without holes between them.
    pub publications: Vec<Arc<Publication>>,
    /// The newest offset known; at least that of the last publication.
    pub head: Offset,
    /// The oldest offset that still exists: what a reader wants below it has been removed by retention.
    pub first: Offset,
}

/// A publication and how many bytes it has when it is stored.
pub type Weighed = (Arc<Publication>, usize);

/// The newest publications of one log: contiguous, ending at the head its owner knows.
#[derive(Debug)]
pub struct RecentRing {
    entries: usize,
    bytes: usize,
    ring: RwLock<Ring>,
}

#[derive(Debug, Default)]
struct Ring {
    items: VecDeque<Weighed>,
    bytes: usize,
    head: Offset,
    first: Offset,
    ready: bool,
}

impl RecentRing {
    /// A ring that holds at most so many publications and about so many bytes; it answers nothing before [`Self::start`].
    #[must_use]
    pub fn new(entries: usize, bytes: usize) -> Self {
        Self { entries, bytes, ring: RwLock::default() }
    }

    /// The owner has loaded: the log ends at `head`, and `items` are its newest entries.
    pub fn start(&self, items: Vec<Weighed>, head: Offset, first: Offset) {
        let mut ring = self.ring.write();
        *ring = Ring { head, first, ready: true, ..Ring::default() };
        ring.items.extend(items);
        let deleted: Vec<Offset> = ring.items.iter().filter_map(|(publication, _)| publication.redacts()).collect();
        for target in deleted {
            redact(ring.items.iter_mut().map(|(publication, _)| publication), target);
        }
        ring.bytes = ring.items.iter().map(|(_, size)| held(*size)).sum();
        self.shrink(&mut ring);
    }

    /// The log went on.
    pub fn push(&self, batch: &[Weighed]) {
        let mut ring = self.ring.write();
        for (publication, size) in batch {
            let Some(offset) = publication.offset() else { continue };
            if offset != ring.head + 1 {
                // Never answer with a hole: forget what does not join.
                ring.items.clear();
                ring.bytes = 0;
            }
            ring.head = offset;
            ring.bytes += held(*size);
            if let Some(target) = publication.redacts() {
                redact(ring.items.iter_mut().map(|(publication, _)| publication), target);
            }
            ring.items.push_back((Arc::clone(publication), *size));
        }
        self.shrink(&mut ring);
    }

    /// Retention removed what is below `first`.
    pub fn trimmed(&self, first: Offset) {
        self.ring.write().first = first;
    }

    /// The page, when the ring holds all of it and knows the log at least up to `known`.
    #[must_use]
    pub fn read(&self, span: Span, limit: usize, max_bytes: usize, known: Offset) -> Option<Page> {
        let ring = self.ring.read();
        if !ring.ready || ring.head < known {
            return None;
        }
        let oldest = ring.head + 1 - ring.items.len() as u64;
        let publications = match span {
            Span::After(after) if after > ring.head || (after + 1).max(ring.first) < oldest => return None,
            Span::After(after) => {
                let skipped = usize::try_from((after + 1).max(ring.first).saturating_sub(oldest)).ok()?;
                take(ring.items.iter().skip(skipped), limit, max_bytes)
            }
            Span::Before(before) => {
                let below = before.min(ring.head + 1);
                if below.saturating_sub(limit as u64).max(ring.first.max(1)) < oldest {
                    return None;
                }
                let skipped = usize::try_from(ring.head + 1 - below).ok()?;
                let existing = usize::try_from(below.saturating_sub(ring.first.max(1))).ok()?;
                let mut newest = take(ring.items.iter().rev().skip(skipped), limit.min(existing), max_bytes);
                newest.reverse();
                newest
            }
        };
        Some(Page { publications, head: ring.head, first: ring.first })
    }

    fn shrink(&self, ring: &mut Ring) {
        while ring.items.len() > self.entries || ring.bytes > self.bytes {
            let Some((_, size)) = ring.items.pop_front() else { break };
            ring.bytes -= held(size);
        }
    }
}

/// The first ones within both limits, one at least.
fn take<'a>(items: impl Iterator<Item = &'a Weighed>, limit: usize, max_bytes: usize) -> Vec<Arc<Publication>> {
    let mut bytes = 0;
    items
        .take(limit)
        .take_while(|(_, size)| {
            let first = bytes == 0;
            bytes += size.max(&1);
            first || bytes <= max_bytes
        })
        .map(|(publication, _)| Arc::clone(publication))
        .collect()
}

/// The rings of all live owners of this process. Its size is bounded by the owners' own limit.
#[derive(Debug, Default)]
pub struct Recents {
    rings: DashMap<LogId, Arc<RecentRing>>,
}

impl Recents {
    /// The ring of a live owner.
    #[must_use]
    pub fn get(&self, log: LogId) -> Option<Arc<RecentRing>> {
        self.rings.get(&log).map(|ring| Arc::clone(&ring))
    }

    /// An owner starts.
    pub(crate) fn insert(&self, log: LogId, ring: Arc<RecentRing>) {
        self.rings.insert(log, ring);
    }

    /// The owner with this ring ends; a successor's ring stays.
    pub(crate) fn remove(&self, log: LogId, ring: &Arc<RecentRing>) {
        self.rings.remove_if(&log, |_, present| Arc::ptr_eq(present, ring));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use plenum_schema::conversation::{ConversationEvent, TitleChanged};
    use plenum_schema::wire::Event;
    use plenum_schema::{ConversationId, Topic, UserId};
    use uuid::Uuid;

    fn item(offset: Offset) -> Weighed {
        let event =
            ConversationEvent::TitleChanged(TitleChanged { title: "t".into(), by: UserId(Uuid::nil()), now: None });
        let topic = Topic::Conversation(ConversationId(Uuid::nil()));
        (Publication::event(topic, offset, 0, Event::Conversation(event)), 10)
    }

    fn ring(from: Offset, to: Offset, first: Offset) -> RecentRing {
        let ring = RecentRing::new(8, 100_000);
        ring.start(Vec::new(), from - 1, first);
        ring.push(&(from..=to).map(item).collect::<Vec<_>>());
        ring
    }

    fn offsets(page: Option<Page>) -> Option<Vec<Offset>> {
        page.map(|page| page.publications.iter().filter_map(|publication| publication.offset()).collect())
    }

    #[test]
    fn what_the_ring_holds_is_read_from_it_and_older_parts_are_not() {
        let ring = ring(5, 9, 1);
        assert_eq!(offsets(ring.read(Span::After(4), 3, 1_000, 0)), Some(vec![5, 6, 7]));
        assert_eq!(offsets(ring.read(Span::After(9), 3, 1_000, 0)), Some(vec![]));
        assert_eq!(offsets(ring.read(Span::After(3), 3, 1_000, 0)), None);
        assert_eq!(offsets(ring.read(Span::Before(8), 3, 1_000, 0)), Some(vec![5, 6, 7]));
        assert_eq!(offsets(ring.read(Span::Before(8), 4, 1_000, 0)), None);
        assert_eq!(offsets(ring.read(Span::Before(u64::MAX), 2, 1_000, 0)), Some(vec![8, 9]));
    }

    #[test]
    fn a_reader_that_knows_more_than_the_ring_is_sent_to_the_store() {
        let ring = ring(1, 4, 1);
        assert!(ring.read(Span::After(4), 10, 1_000, 5).is_none());
        assert!(ring.read(Span::After(6), 10, 1_000, 0).is_none());
    }

    #[test]
    fn bytes_bound_a_page_but_one_publication_always_comes() {
        let ring = ring(1, 4, 1);
        assert_eq!(offsets(ring.read(Span::After(0), 10, 25, 0)), Some(vec![1, 2]));
        assert_eq!(offsets(ring.read(Span::After(0), 10, 1, 0)), Some(vec![1]));
    }

    #[test]
    fn retention_is_told_with_the_page() {
        let ring = ring(3, 6, 1);
        ring.trimmed(4);
        let page = ring.read(Span::Before(6), 10, 1_000, 0).unwrap();
        assert_eq!((page.first, page.head), (4, 6));
        assert_eq!(offsets(Some(page)), Some(vec![4, 5]));
        assert_eq!(offsets(ring.read(Span::After(0), 10, 1_000, 0)).map(|list| list[0]), Some(4));
    }

    #[test]
    fn the_ring_forgets_the_oldest_beyond_its_limits() {
        let ring = ring(1, 20, 1);
        assert_eq!(offsets(ring.read(Span::Before(u64::MAX), 8, 1_000, 0)), Some((13..=20).collect()));
        assert_eq!(offsets(ring.read(Span::After(11), 8, 1_000, 0)), None);
    }

    #[test]
    fn what_a_publication_really_takes_counts_not_only_what_is_stored_of_it() {
        let ring = RecentRing::new(8, 3 * held(10));
        ring.start(Vec::new(), 0, 1);
        ring.push(&(1..=5).map(item).collect::<Vec<_>>());
        assert_eq!(offsets(ring.read(Span::After(2), 8, 1_000, 0)), Some(vec![3, 4, 5]));
        assert_eq!(offsets(ring.read(Span::After(1), 8, 1_000, 0)), None);
    }
}
