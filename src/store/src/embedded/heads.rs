//! Heads of logs that were written lately: an append then needs no read.

use plenum_schema::log::{LogId, Offset};
use std::collections::HashMap;

/// Last and first offset of a log.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Ends {
    pub(crate) offset: Offset,
    pub(crate) first: Offset,
}

/// Two generations: when the young one is full the old one is forgotten. Bounded, and as good as exact ageing here.
pub(crate) struct HeadCache {
    young: HashMap<LogId, Ends>,
    old: HashMap<LogId, Ends>,
    generation: usize,
}

impl HeadCache {
    /// Keeps at most this many heads.
    pub(crate) fn new(limit: usize) -> Self {
        Self { young: HashMap::new(), old: HashMap::new(), generation: (limit / 2).max(1) }
    }

    pub(crate) fn get(&mut self, log: LogId) -> Option<Ends> {
        if let Some(ends) = self.young.get(&log) {
            return Some(*ends);
        }
        let ends = self.old.remove(&log)?;
        self.put(log, ends);
        Some(ends)
    }

    pub(crate) fn put(&mut self, log: LogId, ends: Ends) {
        if self.young.len() >= self.generation && !self.young.contains_key(&log) {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(log, ends);
    }

    /// Forgets everything, after a batch that may not have been written.
    pub(crate) fn clear(&mut self) {
        self.young.clear();
        self.old.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use plenum_schema::log::AggregateKind;
    use uuid::Uuid;

    fn log(number: u128) -> LogId {
        LogId { kind: AggregateKind::Conversation, id: Uuid::from_u128(number) }
    }

    #[test]
    fn the_cache_stays_within_its_limit_and_keeps_what_is_used() {
        let mut cache = HeadCache::new(8);
        for number in 0..1_000 {
            cache.put(log(number), Ends { offset: 1, first: 1 });
            cache.put(log(0), Ends { offset: 7, first: 1 });
            assert!(cache.young.len() + cache.old.len() <= 8);
        }
        assert_eq!(cache.get(log(0)), Some(Ends { offset: 7, first: 1 }));
        assert_eq!(cache.get(log(1)), None);
    }

    #[test]
    fn a_newer_head_hides_the_one_of_the_old_generation() {
        let mut cache = HeadCache::new(2);
        cache.put(log(1), Ends { offset: 1, first: 1 });
        cache.put(log(2), Ends { offset: 1, first: 1 });
        cache.put(log(1), Ends { offset: 2, first: 1 });
        assert_eq!(cache.get(log(1)), Some(Ends { offset: 2, first: 1 }));
    }
}
