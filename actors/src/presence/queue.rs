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
