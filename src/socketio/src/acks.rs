//! Acknowledgements that the server waits for: bounded in number, each with a deadline.

use std::collections::HashMap;

/// What waits, by acknowledgement id. Ids are counted for the connection, so they are unique in each of its namespaces.
#[derive(Debug)]
pub struct Acks<T> {
    next: u64,
    limit: usize,
    waiting: HashMap<u64, (u64, T)>,
    /// No deadline is earlier than this.
    earliest: u64,
}

impl<T> Acks<T> {
    /// Nothing waits. `limit`: [`crate::session::SessionConfig::pending_acks`].
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self { next: 0, limit, waiting: HashMap::new(), earliest: u64::MAX }
    }

    /// Waits for an acknowledgement until `deadline`; answers its id.
    ///
    /// # Errors
    /// `waiter` itself when too many wait already.
    pub fn wait(&mut self, deadline: u64, waiter: T) -> Result<u64, T> {
        if self.waiting.len() >= self.limit {
            return Err(waiter);
        }
        let id = self.next;
        self.next = if id >= crate::packet::MAX_ACK_ID { 0 } else { id + 1 };
        self.earliest = self.earliest.min(deadline);
        self.waiting.insert(id, (deadline, waiter));
        Ok(id)
    }

    /// The acknowledgement has come; `None` when nobody waits for it (any more).
    pub fn take(&mut self, id: u64) -> Option<T> {
        self.waiting.remove(&id).map(|(_, waiter)| waiter)
    }

    /// When [`Acks::expire`] may have something to give back.
    #[must_use]
    pub fn deadline(&self) -> Option<u64> {
        (!self.waiting.is_empty()).then_some(self.earliest)
    }

    /// Everyone whose time is over.
    pub fn expire(&mut self, now: u64) -> Vec<T> {
        if now < self.earliest {
            return Vec::new();
        }
        let expired =
            self.waiting.extract_if(|_, (deadline, _)| *deadline <= now).map(|(_, (_, waiter))| waiter).collect();
        self.earliest = self.waiting.values().map(|(deadline, _)| *deadline).min().unwrap_or(u64::MAX);
        expired
    }

    /// Everyone who waits and is meant by `which`.
    pub fn take_if(&mut self, which: impl Fn(&T) -> bool) -> Vec<T> {
        self.waiting.extract_if(|_, (_, waiter)| which(waiter)).map(|(_, (_, waiter))| waiter).collect()
    }

    /// Everyone who waits; the connection is over.
    pub fn drain(&mut self) -> Vec<T> {
        self.earliest = u64::MAX;
        self.waiting.drain().map(|(_, (_, waiter))| waiter).collect()
    }

    /// How many wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Whether nobody waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_acknowledgement_is_taken_once() {
        let mut acks = Acks::new(2);
        assert_eq!(acks.wait(10, "a"), Ok(0));
        assert_eq!(acks.wait(20, "b"), Ok(1));
        assert_eq!(acks.wait(30, "c"), Err("c"), "there is a bound");
        assert_eq!(acks.take(0), Some("a"));
        assert_eq!(acks.take(0), None);
        assert_eq!(acks.wait(30, "c"), Ok(2));
    }

    #[test]
    fn who_waits_too_long_is_given_back() {
        let mut acks = Acks::new(9);
        for (deadline, name) in [(20, "b"), (10, "a"), (30, "c")] {
            acks.wait(deadline, name).unwrap();
        }
        assert_eq!(acks.deadline(), Some(10));
        assert!(acks.expire(9).is_empty());
        assert_eq!(acks.expire(10), ["a"]);
        assert_eq!(acks.deadline(), Some(20));
        assert_eq!(acks.drain().len(), 2);
        assert_eq!(acks.deadline(), None);
    }
}
