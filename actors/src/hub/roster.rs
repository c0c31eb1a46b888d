//! The live subscribers of a topic in one dialect, in an order that a round can walk while members come and go.

use crate::publication::Dialect;

/// The rosters of a topic. Those of foreign dialects exist once one of them has had a member.
#[derive(Debug, Default)]
pub(super) struct Rosters {
    native: [Roster; Dialect::NATIVE],
    foreign: Option<Box<[Roster; Dialect::FOREIGN]>>,
}

impl Rosters {
    /// The roster of a dialect; `None`: it has never had a member.
    pub(super) fn get(&self, dialect: Dialect) -> Option<&Roster> {
        match dialect.index().checked_sub(Dialect::NATIVE) {
            None => self.native.get(dialect.index()),
            Some(index) => self.foreign.as_ref()?.get(index),
        }
    }

    /// The same to change.
    pub(super) fn get_mut(&mut self, dialect: Dialect) -> Option<&mut Roster> {
        match dialect.index().checked_sub(Dialect::NATIVE) {
            None => self.native.get_mut(dialect.index()),
            Some(index) => self.foreign.as_mut()?.get_mut(index),
        }
    }

    /// Adds a member of a dialect; answers its place.
    pub(super) fn join(&mut self, dialect: Dialect, slot: u32) -> u32 {
        if !dialect.is_native() {
            self.foreign.get_or_insert_default();
        }
        self.get_mut(dialect).map_or(0, |roster| roster.join(slot))
    }

    /// All that exist.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Roster> {
        self.native.iter().chain(self.foreign.iter().flat_map(|foreign| foreign.iter()))
    }

    /// All that exist, to change.
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Roster> {
        self.native.iter_mut().chain(self.foreign.iter_mut().flat_map(|foreign| foreign.iter_mut()))
    }
}

/// Slots in three regions: `[0, cursor)` have had this round, `[cursor, end)` get it next, `[end, len)` joined after it began.
/// Outside a round the first two are empty.
#[derive(Debug, Default)]
pub(super) struct Roster {
    slots: Vec<u32>,
    cursor: usize,
    end: usize,
}

impl Roster {
    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    /// Adds a member; answers its place. It does not get the round in progress.
    pub(super) fn join(&mut self, slot: u32) -> u32 {
        self.slots.push(slot);
        u32::try_from(self.slots.len() - 1).unwrap_or(u32::MAX)
    }

    /// Removes the member at `place`; tells `moved(slot, new place)` of each member that moved to fill the hole.
    pub(super) fn leave(&mut self, place: u32, mut moved: impl FnMut(u32, u32)) {
        let mut hole = place as usize;
        if hole >= self.slots.len() {
            return;
        }
        for boundary in [&mut self.cursor, &mut self.end] {
            if hole < *boundary {
                *boundary -= 1;
                if hole != *boundary {
                    self.slots[hole] = self.slots[*boundary];
                    moved(self.slots[hole], u32::try_from(hole).unwrap_or(u32::MAX));
                    hole = *boundary;
                }
            }
        }
        self.slots.swap_remove(hole);
        if let Some(&slot) = self.slots.get(hole) {
            moved(slot, u32::try_from(hole).unwrap_or(u32::MAX));
        }
        if self.slots.is_empty() {
            self.slots = Vec::new();
        }
    }

    /// Begins a round over everyone present.
    pub(super) fn begin(&mut self) {
        self.cursor = 0;
        self.end = self.slots.len();
    }

    /// The next member of the round.
    pub(super) fn next(&mut self) -> Option<u32> {
        if self.cursor == self.end {
            return None;
        }
        let slot = self.slots.get(self.cursor).copied();
        self.cursor += 1;
        slot
    }

    /// Ends the round.
    pub(super) fn finish(&mut self) {
        self.cursor = 0;
        self.end = 0;
    }

    /// Every member, and whether it has all that rounds begun so far carry.
    pub(super) fn reached(&self) -> impl Iterator<Item = (u32, bool)> {
        self.slots.iter().enumerate().map(|(place, slot)| (*slot, !(self.cursor..self.end).contains(&place)))
    }

    /// Whether the member at a place has all that rounds begun so far carry.
    pub(super) fn has_all(&self, place: u32) -> bool {
        !(self.cursor..self.end).contains(&(place as usize))
    }

    pub(super) fn slots(&self) -> &[u32] {
        &self.slots
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{HashMap, HashSet};

    /// Drives a roster with a fixed sequence of joins, leaves and steps and checks each round against a plain set.
    #[test]
    fn a_round_reaches_each_member_that_stays_exactly_once_whatever_joins_and_leaves() {
        let mut random = 0x2545_F491_4F6C_DD1D_u64;
        let mut next = move |below: u64| {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            random % below
        };
        let (mut roster, mut places, mut fresh) = (Roster::default(), HashMap::<u32, u32>::new(), 0_u32);
        for _ in 0..80 {
            for _ in 0..next(6) {
                places.insert(fresh, roster.join(fresh));
                fresh += 1;
            }
            roster.begin();
            let (mut due, mut got): (HashSet<u32>, HashSet<u32>) = (places.keys().copied().collect(), HashSet::new());
            loop {
                match next(4) {
                    0 => {
                        places.insert(fresh, roster.join(fresh));
                        fresh += 1;
                    }
                    1 if !places.is_empty() => {
                        let nth = usize::try_from(next(places.len() as u64)).unwrap();
                        let slot = *places.keys().nth(nth).unwrap();
                        let place = places.remove(&slot).unwrap();
                        roster.leave(place, |moved, to| {
                            places.insert(moved, to);
                        });
                        due.remove(&slot);
                        got.remove(&slot);
                    }
                    _ => match roster.next() {
                        Some(slot) => assert!(got.insert(slot), "{slot} twice"),
                        None => break,
                    },
                }
                for (slot, place) in &places {
                    assert_eq!(roster.slots()[*place as usize], *slot);
                }
            }
            roster.finish();
            assert_eq!(got, due);
        }
    }
}
