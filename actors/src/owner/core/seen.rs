//! The ids of the newest entries, so that most repetitions are recognised without asking the store.

use super::faded::Faded;
use plenum_schema::{EntryId, Offset};
use std::collections::{HashMap, VecDeque};

/// The ids of all entries above `floor`. Ids at or below it are in the log's index, because a snapshot at or above them is saved.
#[derive(Debug, Default)]
pub(super) struct Seen {
    floor: Offset,
    order: VecDeque<EntryId>,
    places: HashMap<EntryId, Offset>,
    /// A trace of ids at or below the floor, so that most new ids need no look-up in the index either.
    faded: Faded,
}

impl Seen {
    /// Nothing remembered; everything up to `floor` is in the index. At most `faded` ids leave a trace when they are forgotten.
    pub(super) fn above(floor: Offset, faded: usize) -> Self {
        Self { floor, faded: Faded::new(faded, floor > 0), ..Self::default() }
    }

    /// Whether the index may hold the id: `false` is certain.
    pub(super) fn may_be_older(&self, id: EntryId) -> bool {
        self.floor > 0 && self.faded.may_hold(id)
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
        let before = self.order.len();
        while self.floor < floor {
            let Some(id) = self.order.pop_front() else { break };
            self.floor += 1;
            if self.places.get(&id) == Some(&self.floor) {
                self.places.remove(&id);
            }
            self.faded.add(id);
        }
        // As many will come until the next time as have gone now; giving the room up would mean to hash all of them again and again.
        let forgotten = before - self.order.len();
        self.order.shrink_to(self.order.len().max(forgotten) * 2);
        self.places.shrink_to(self.order.len().max(forgotten) * 2);
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
        let mut seen = Seen::above(10, 0);
        for number in 11..=14 {
            seen.push(id(number));
        }
        seen.forget(12);
        assert_eq!((seen.floor(), seen.len()), (12, 2));
        assert_eq!((seen.get(id(12)), seen.get(id(13)), seen.get(id(14))), (None, Some(13), Some(14)));
        seen.forget(99);
        assert_eq!((seen.floor(), seen.len()), (14, 0));
    }

    #[test]
    fn a_new_id_is_known_to_be_new_while_every_forgotten_one_has_left_a_trace() {
        let mut seen = Seen::above(0, 10_000);
        (1..=2_000).for_each(|number| seen.push(id(number << 64 | number)));
        assert!(!seen.may_be_older(id(1)), "nothing is forgotten yet");
        seen.forget(1_500);
        assert!((1..=1_500).all(|number| seen.may_be_older(id(number << 64 | number))));
        let new = (5_000..6_000).filter(|number| seen.may_be_older(id(number << 64 | number))).count();
        assert!(new < 20, "{new} of 1,000 new ids would be looked up");
    }

    #[test]
    fn traces_are_kept_for_as_many_ids_as_allowed_and_beyond_that_every_id_may_be_old() {
        let number = |number: u128| id(number << 64 | number);
        let mut seen = Seen::above(0, 8_500);
        (1..=9_000).for_each(|one| seen.push(number(one)));
        // Eight whole filters' worth: 1,024 + 2,048 + 4,096 + 1,024.
        seen.forget(8_192);
        assert!((1..=8_192).all(|one| seen.may_be_older(number(one))));
        assert!((20_000..21_000).any(|one| !seen.may_be_older(number(one))));
        seen.forget(8_193);
        assert!((20_000..21_000).all(|one| seen.may_be_older(number(one))));
    }

    #[test]
    fn an_owner_that_did_not_see_the_beginning_asks_for_every_id() {
        assert!(Seen::above(7, 10_000).may_be_older(id(1)));
        assert!(!Seen::above(0, 10_000).may_be_older(id(1)));
    }
}
