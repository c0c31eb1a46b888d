//! The last leavings, so that most questions need no store.

use crate::clock::WallMillis;
use plenum_schema::UserId;
use std::collections::{HashMap, VecDeque};

/// The oldest go first. Each person has one entry in `times`; `order` may name somebody more often, the last one counts.
#[derive(Debug)]
pub(super) struct Memory {
    times: HashMap<UserId, (u64, Option<WallMillis>)>,
    order: VecDeque<(u64, UserId)>,
    next: u64,
    limit: usize,
}

impl Memory {
    pub(super) fn new(limit: usize) -> Self {
        Self { times: HashMap::new(), order: VecDeque::new(), next: 0, limit }
    }

    /// Somebody left at a time, or is known never to have left (`None`).
    pub(super) fn learn(&mut self, user: UserId, at: Option<WallMillis>) {
        self.next += 1;
        self.times.insert(user, (self.next, at));
        self.order.push_back((self.next, user));
        while self.times.len() > self.limit || self.order.len() > self.limit.saturating_mul(2) {
            let Some((number, user)) = self.order.pop_front() else { return };
            if self.times.get(&user).is_some_and(|(newest, _)| *newest == number) {
                self.times.remove(&user);
            }
        }
    }

    /// The same from the store, unless something is known already: that is newer.
    pub(super) fn learn_from_store(&mut self, user: UserId, at: Option<WallMillis>) {
        if !self.times.contains_key(&user) {
            self.learn(user, at);
        }
    }

    /// `None`: not remembered; `Some(None)`: never seen to leave.
    pub(super) fn get(&self, user: UserId) -> Option<Option<WallMillis>> {
        self.times.get(&user).map(|(_, at)| *at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(n: u128) -> UserId {
        UserId(uuid::Uuid::from_u128(n))
    }

    #[test]
    fn the_newest_are_remembered_and_no_more_than_the_limit() {
        let mut memory = Memory::new(2);
        memory.learn(user(1), Some(1));
        memory.learn(user(2), None);
        memory.learn(user(1), Some(3));
        memory.learn(user(3), Some(4));
        assert_eq!([1, 2, 3].map(|n| memory.get(user(n))), [Some(Some(3)), None, Some(Some(4))]);
        for round in 0..1_000 {
            memory.learn(user(1), Some(round));
        }
        assert!(memory.order.len() <= 5 && memory.get(user(1)) == Some(Some(999)));
    }

    #[test]
    fn what_the_store_says_does_not_replace_a_newer_leaving() {
        let mut memory = Memory::new(2);
        memory.learn(user(1), Some(9));
        memory.learn_from_store(user(1), Some(1));
        memory.learn_from_store(user(2), None);
        assert_eq!([1, 2].map(|n| memory.get(user(n))), [Some(Some(9)), Some(None)]);
    }
}
