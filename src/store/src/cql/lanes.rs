//! One conditional write of a partition at a time, within this process.
//!
//! The cluster agrees on conditional writes of one partition one after another, and writers that compete make each other start
//! again. Writers of one process need not: they queue here. Correctness never depends on it.

use std::hash::{DefaultHasher, Hash, Hasher};
use tokio::sync::{Mutex, MutexGuard};

/// The lanes; partitions share them by their hash.
#[derive(Debug)]
pub(crate) struct Lanes(Vec<Mutex<()>>);

impl Lanes {
    pub(crate) fn new(count: usize) -> Self {
        Self((0..count.max(1)).map(|_| Mutex::new(())).collect())
    }

    /// Waits for its turn. How many wait is bounded by the calls under way.
    pub(crate) async fn enter(&self, partition: impl Hash) -> Option<MutexGuard<'_, ()>> {
        let mut hasher = DefaultHasher::new();
        partition.hash(&mut hasher);
        let lane = usize::try_from(hasher.finish() % self.0.len() as u64).unwrap_or(0);
        match self.0.get(lane) {
            Some(lane) => Some(lane.lock().await),
            None => None,
        }
    }
}
