//! The ids of the newest entries, so that most repetitions are recognised without asking the store.

use plenum_schema::{EntryId, Offset};
use std::collections::{HashMap, VecDeque};

/// The ids of all entries above `floor`. Ids at or below it are in the log's index, because a snapshot at or above them is saved.
#[derive(Debug, Default)]
pub(super) struct Seen {
    floor: Offset,
    order: VecDeque<EntryId>,
    places: HashMap<EntryId, Offset>,
}

impl Seen {
    /// Nothing remembered; everything up to `floor` is in the index.
    pub(super) fn above(floor: Offset) -> Self {
        Self { floor, ..Self::default() }
    }

    pub(super) fn floor(&self) -> Offset {
        self.floor
    }

    pub(super) fn len(&self) -> usize {
        self.order.len()
    }

    pub(super) fn get(&self, id: EntryId) -> Option<Offset> {
        self.places.get(&id).copied()
    }

    /// The entry after the newest remembered one.
    pub(super) fn push(&mut self, id: EntryId) {
        self.order.push_back(id);
        self.places.entry(id).or_insert(self.floor + self.order.len() as u64);
    }

    /// Forgets ids up to `floor`.
    pub(super) fn forget(&mut self, floor: Offset) {
        while self.floor < floor {
            let Some(id) = self.order.pop_front() else { break };
            self.floor += 1;
            if self.places.get(&id) == Some(&self.floor) {
                self.places.remove(&id);
            }
        }
        self.order.shrink_to(self.order.len() * 2);
        self.places.shrink_to(self.order.len() * 2);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn id(number: u128) -> EntryId {
        EntryId(Uuid::from_u128(number))
    }

    #[test]
    fn ids_are_forgotten_from_the_oldest_on() {
        let mut seen = Seen::above(10);
        for number in 11..=14 {
            seen.push(id(number));
        }
        seen.forget(12);
        assert_eq!((seen.floor(), seen.len()), (12, 2));
        assert_eq!((seen.get(id(12)), seen.get(id(13)), seen.get(id(14))), (None, Some(13), Some(14)));
        seen.forget(99);
        assert_eq!((seen.floor(), seen.len()), (14, 0));
    }
}
