//! What the hub knows of a topic.

use super::pending::{Pending, Taken};
use super::roster::{Roster, Rosters};
use crate::publication::{Class, Dialect, Encoder, Publication, held, redact};
use bytes::{Bytes, BytesMut};
use plenum_schema::{ConferenceId, Offset, QuestionId, Topic, UserId};
use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

/// What a round hands to each receiver of one dialect.
#[derive(Clone, Debug, Default)]
pub(super) struct Chunk {
    /// Everything, joined.
    pub full: Bytes,
    /// Without what a slow receiver goes without.
    pub durable: Bytes,
}

/// A walk over the subscribers with what had arrived when it began.
#[derive(Debug)]
pub(super) struct Round {
    /// For the dialect whose roster is being walked; made when its first receiver comes up.
    pub chunk: Option<(Dialect, Chunk)>,
    pub publications: Vec<Arc<Publication>>,
    /// First offset inside, if any.
    pub first: Option<Offset>,
    /// Last offset inside, if any.
    pub last: Option<Offset>,
    /// Keys of the conflated signals inside.
    pub conflated: Vec<u64>,
    /// Members whose subscription ends with this round, and the offset of their removal: whoever came back after it stays.
    pub revoked: Vec<(UserId, Offset)>,
    /// Who types.
    pub typists: Vec<UserId>,
    /// Questions that are live from this round on.
    pub asked: Vec<(ConferenceId, QuestionId)>,
    /// When the oldest publication inside arrived.
    pub arrived_micros: u64,
    /// When the round began.
    pub began_micros: u64,
    /// Dialect whose roster is being walked.
    pub dialect: usize,
}

/// A topic with subscribers on this worker.
pub(super) struct TopicState {
    pub topic: Topic,
    /// The last offset accepted; everything up to here is in the ring, pending, or delivered.
    pub top: Offset,
    /// The last offset that a round has begun to deliver: where a catching-up subscriber joins the live ones.
    pub flushed: Offset,
    /// The head that was announced or seen beyond `top`; above `top` while a gap is being repaired.
    pub known: Offset,
    /// A log read for a gap is under way.
    pub repairing: bool,
    pub repair_attempts: u32,
    /// Accepted, not yet in a round.
    pub pending: Pending,
    /// The last events, for catch-up, and about how much memory each takes.
    pub ring: VecDeque<(Arc<Publication>, usize)>,
    /// The sum of that.
    pub ring_bytes: usize,
    pub rosters: Rosters,
    /// Newest value of each conflated signal that some slow receiver still needs.
    pub latest: Vec<(u64, Arc<Publication>)>,
    /// Connections whose subscription is catching up.
    pub behind: HashSet<u32>,
    pub round: Option<Round>,
    /// No round begins before this time.
    pub rest_until: u64,
    /// In the list of topics to work on.
    pub queued: bool,
}

impl TopicState {
    pub(super) fn new(topic: Topic, head: Offset) -> Self {
        Self {
            topic,
            top: head,
            flushed: head,
            known: head,
            repairing: false,
            repair_attempts: 0,
            pending: Pending::default(),
            ring: VecDeque::new(),
            ring_bytes: 0,
            rosters: Rosters::default(),
            latest: Vec::new(),
            behind: HashSet::new(),
            round: None,
            rest_until: 0,
            queued: false,
        }
    }

    pub(super) fn live(&self) -> usize {
        self.rosters.iter().map(Roster::len).sum()
    }

    /// Every connection that has the topic.
    pub(super) fn subscribers(&self) -> impl Iterator<Item = u32> {
        self.rosters.iter().flat_map(|roster| roster.slots().iter().copied()).chain(self.behind.iter().copied())
    }

    pub(super) fn is_unused(&self) -> bool {
        self.behind.is_empty() && self.round.is_none() && self.live() == 0
    }

    /// Keeps an accepted event of so many bytes for catch-up, within a number of events and of bytes.
    pub(super) fn remember(&mut self, publication: &Arc<Publication>, bytes: usize, (events, most): (usize, usize)) {
        if let Some(target) = publication.redacts() {
            redact(self.ring.iter_mut().map(|(publication, _)| publication), target);
        }
        self.ring.push_back((publication.clone(), held(bytes)));
        self.ring_bytes += held(bytes);
        while self.ring.len() > events || self.ring_bytes > most {
            let Some((_, bytes)) = self.ring.pop_front() else { break };
            self.ring_bytes -= bytes;
        }
    }

    /// Forgets what was kept for catch-up.
    pub(super) fn forget_ring(&mut self) {
        self.ring = VecDeque::new();
        self.ring_bytes = 0;
    }

    /// Events from `next` up to the flushed offset, when the ring still has all of them.
    pub(super) fn ring_after(&self, next: Offset, limit: usize) -> Option<Vec<Arc<Publication>>> {
        let first = self.ring.front()?.0.offset()?;
        let skip = usize::try_from(next.checked_sub(first)?).ok()?;
        let wanted = usize::try_from((self.flushed + 1).saturating_sub(next)).ok()?;
        (skip < self.ring.len()).then(|| {
            let events = self.ring.iter().skip(skip).take(wanted.min(limit));
            events.map(|(publication, _)| publication.clone()).collect()
        })
    }

    /// Keeps the newest value of a conflated signal for receivers that have no room now; the oldest key goes when there are more than `most`.
    pub(super) fn keep_latest(&mut self, key: u64, newest: &Arc<Publication>, most: usize) {
        match self.latest.iter_mut().find(|(seen, _)| *seen == key) {
            Some((_, value)) => *value = newest.clone(),
            None => {
                if self.latest.len() >= most {
                    self.latest.remove(0);
                }
                self.latest.push((key, newest.clone()));
            }
        }
    }

    /// A dialect in which somebody gets what is published now.
    pub(super) fn spoken(&self) -> Dialect {
        let has_members = |dialect: &Dialect| self.rosters.get(*dialect).is_some_and(|roster| roster.len() > 0);
        Dialect::ALL.into_iter().find(has_members).unwrap_or(Dialect::NativeJson)
    }

    /// Begins a round with what is pending, up to so many bytes.
    pub(super) fn begin_round(&mut self, now: u64, bytes: usize) {
        let Taken { publications, arrived } = self.pending.take(bytes);
        let (mut revoked, mut asked) = (Vec::new(), Vec::new());
        let (mut conflated, mut typists) = (Vec::new(), Vec::new());
        for publication in &publications {
            typists.extend(publication.typist());
            asked.extend(publication.asked());
            revoked.extend(publication.revoked().zip(publication.offset()));
            if let Class::Conflated(key) = publication.class {
                conflated.push(key);
            }
        }
        self.flushed = self.pending.before_first().unwrap_or(self.top);
        self.rosters.iter_mut().for_each(Roster::begin);
        self.round = Some(Round {
            chunk: None,
            first: publications.iter().find_map(|publication| publication.offset()),
            last: publications.iter().rev().find_map(|publication| publication.offset()),
            publications,
            conflated,
            revoked,
            typists,
            asked,
            arrived_micros: arrived,
            began_micros: now,
            dialect: 0,
        });
    }
}

impl Round {
    /// The joined bytes for a dialect.
    pub(super) fn chunk(&mut self, dialect: Dialect, encoder: Encoder) -> &Chunk {
        if self.chunk.as_ref().is_none_or(|(made, _)| *made != dialect) {
            self.chunk = None;
        }
        let publications = &self.publications;
        let (_, chunk) = self.chunk.get_or_insert_with(|| {
            let full = join(publications.iter(), dialect, encoder);
            let chunk = if publications.iter().all(|publication| publication.class == Class::Durable) {
                Chunk { durable: full.clone(), full }
            } else {
                let durable = publications.iter().filter(|publication| publication.class == Class::Durable);
                Chunk { durable: join(durable, dialect, encoder), full }
            };
            (dialect, chunk)
        });
        chunk
    }
}

/// Frames of several publications in one piece; a single one is shared, not copied.
pub(super) fn join<'a>(
    publications: impl Iterator<Item = &'a Arc<Publication>> + Clone,
    dialect: Dialect,
    encoder: Encoder,
) -> Bytes {
    let mut all = publications.clone();
    let (first, more) = (all.next(), all.next());
    match (first, more) {
        (None, _) => Bytes::new(),
        (Some(only), None) => only.bytes(dialect, encoder).clone(),
        _ => {
            let size = publications.clone().map(|publication| publication.bytes(dialect, encoder).len()).sum();
            let mut joined = BytesMut::with_capacity(size);
            publications.for_each(|publication| joined.extend_from_slice(publication.bytes(dialect, encoder)));
            joined.freeze()
        }
    }
}
