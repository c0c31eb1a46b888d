//! What a topic has accepted and not yet begun to deliver. Bounded: a topic with a log falls back to it, signals go or are conflated.

use crate::publication::Publication;
use plenum_schema::Offset;
use std::sync::Arc;

/// What a publication takes beside its bytes.
const OVERHEAD: usize = size_of::<Publication>();

#[derive(Debug)]
struct Waiting {
    publication: Arc<Publication>,
    bytes: usize,
    arrived: u64,
}

impl Waiting {
    fn cost(&self) -> usize {
        self.bytes + OVERHEAD
    }
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Pending {
    waiting: Vec<Waiting>,
    /// What everything in `waiting` takes.
    cost: usize,
    /// Conflated signals that came when there was no room.
    held: Vec<(u64, Waiting)>,
}

/// What a round begins with.
#[derive(Debug, Default)]
pub(super) struct Taken {
    pub publications: Vec<Arc<Publication>>,
    /// When the oldest of them arrived.
    pub arrived: u64,
}

impl Pending {
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.held.is_empty()
    }

    /// Whether so many bytes wait. What comes when there is a little room left is taken whole.
    pub(super) fn is_full(&self, limit: usize) -> bool {
        self.cost >= limit
    }

    /// Adds a publication of so many bytes, at the end.
    pub(super) fn push(&mut self, publication: Arc<Publication>, bytes: usize, arrived: u64) {
        self.add(Waiting { publication, bytes, arrived });
    }

    fn add(&mut self, one: Waiting) {
        self.cost += one.cost();
        self.waiting.push(one);
    }

    /// Keeps a conflated signal although there is no room, in the place of an older one of its key. Of more than `most` keys the oldest goes.
    pub(super) fn hold(
        &mut self,
        (key, most): (u64, usize),
        publication: Arc<Publication>,
        bytes: usize,
        arrived: u64,
    ) {
        let one = Waiting { publication, bytes, arrived };
        match self.held.iter_mut().find(|(seen, _)| *seen == key) {
            Some((_, older)) => *older = one,
            None => {
                if self.held.len() >= most {
                    self.held.remove(0);
                }
                self.held.push((key, one));
            }
        }
    }

    /// The oldest, up to so many bytes; at least one of them, however large it is.
    pub(super) fn take(&mut self, bytes: usize) -> Taken {
        let mut total = 0;
        let fits = |one: &&Waiting| {
            total += one.bytes;
            total <= bytes
        };
        let fitting = self.waiting.iter().take_while(fits).count().max(1).min(self.waiting.len());
        let left = self.waiting.split_off(fitting);
        let taken = std::mem::replace(&mut self.waiting, left);
        self.cost -= taken.iter().map(Waiting::cost).sum::<usize>();
        // Newer than everything of their keys that waits.
        for (_, one) in std::mem::take(&mut self.held) {
            self.add(one);
        }
        Taken {
            arrived: taken.first().map_or(0, |one| one.arrived),
            publications: taken.into_iter().map(|one| one.publication).collect(),
        }
    }

    /// Lets events go: they will be read from the log.
    pub(super) fn keep_signals(&mut self) {
        self.waiting.retain(|one| one.publication.offset().is_none());
        // There is room again: what comes from now on is newer than these.
        self.waiting.extend(std::mem::take(&mut self.held).into_iter().map(|(_, one)| one));
        self.cost = self.waiting.iter().map(Waiting::cost).sum();
    }

    /// The offset before the first event that waits.
    pub(super) fn before_first(&self) -> Option<Offset> {
        let first = self.waiting.iter().find_map(|one| one.publication.offset())?;
        Some(first.saturating_sub(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::publication::{Body, Class};
    use plenum_schema::wire::{Signal, TypingSignal};
    use plenum_schema::{ConversationId, Topic, UserId};
    use uuid::Uuid;

    const KEY: u64 = 1;

    fn signal(number: u128) -> Arc<Publication> {
        let typing = Signal::Typing(TypingSignal { user: UserId(Uuid::from_u128(number)), active: true });
        Publication::signal(Topic::Conversation(ConversationId(Uuid::nil())), Class::Conflated(KEY), typing)
    }

    #[test]
    fn what_was_held_when_there_was_no_room_stands_before_what_comes_when_there_is() {
        let mut pending = Pending::default();
        pending.push(signal(1), 10, 100);
        pending.hold((KEY, 9), signal(2), 10, 200);
        pending.hold((KEY, 9), signal(3), 10, 300);
        pending.keep_signals();
        pending.push(signal(4), 10, 400);
        let taken = pending.take(1_000);
        let users: Vec<u128> = taken
            .publications
            .iter()
            .map(|one| match one.body() {
                Body::Signal(Signal::Typing(typing)) => typing.user.0.as_u128(),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!((users, taken.arrived), (vec![1, 3, 4], 100));
        assert!(pending.is_empty() && !pending.is_full(1));
    }
}
