//! Changes that wait to be told: each person once, in the order of their first change.

use plenum_schema::UserId;
use std::collections::{HashSet, VecDeque};

/// Bounded by the people whom somebody follows.
#[derive(Debug, Default)]
pub(super) struct Queue {
    order: VecDeque<UserId>,
    waiting: HashSet<UserId>,
}

impl Queue {
    /// Somebody's change is to be told; `false` when one of theirs waits already and will carry the newest value.
    pub(super) fn push(&mut self, user: UserId) -> bool {
        let is_new = self.waiting.insert(user);
        if is_new {
            self.order.push_back(user);
        }
        is_new
    }

    /// The next few.
    pub(super) fn take(&mut self, limit: usize) -> Vec<UserId> {
        let count = limit.min(self.order.len());
        let taken: Vec<UserId> = self.order.drain(..count).collect();
        for user in &taken {
            self.waiting.remove(user);
        }
        if self.order.is_empty() {
            // A storm leaves no memory behind.
            *self = Self::default();
        }
        taken
    }

    pub(super) fn len(&self) -> usize {
        self.order.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(n: u128) -> UserId {
        UserId(uuid::Uuid::from_u128(n))
    }

    #[test]
    fn each_person_waits_once_and_in_the_order_of_the_first_change() {
        let mut queue = Queue::default();
        let fresh: Vec<bool> = [3, 1, 3, 2, 1].map(|n| queue.push(user(n))).into();
        assert_eq!(fresh, [true, true, false, true, false]);
        assert_eq!((queue.take(2), queue.len()), (vec![user(3), user(1)], 1));
        assert!(queue.push(user(3)), "told meanwhile, so it waits anew");
        assert_eq!((queue.take(9), queue.take(9)), (vec![user(2), user(3)], vec![]));
    }
}
