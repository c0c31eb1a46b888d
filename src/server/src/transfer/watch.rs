//! A server on a store that others share sees that somebody begins to import into it.

use super::{Frozen, unfinished};
use plenum_actors::store::SharedStore;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::Notify;

/// Looks for the mark of an import; once it is there nothing is written any more.
#[expect(missing_debug_implementations, reason = "a store")]
pub struct Watch {
    store: SharedStore,
    frozen: Arc<AtomicBool>,
    begun: Notify,
    every: Duration,
}

impl Watch {
    /// The store as the server is to use it. [`Self::run`] must be spawned.
    #[must_use]
    pub fn over(store: &SharedStore, every: Duration) -> (SharedStore, Arc<Self>) {
        let (guarded, frozen) = Frozen::when(store.clone());
        (guarded, Arc::new(Self { store: store.clone(), frozen, begun: Notify::new(), every }))
    }

    /// Looks until an import has begun.
    pub async fn run(self: Arc<Self>) {
        loop {
            tokio::time::sleep(self.every).await;
            // A store that does not answer now is asked again.
            if let Ok(Some(_)) = unfinished(&self.store).await {
                self.frozen.store(true, Ordering::Release);
                tracing::error!(
                    "an import into this store was begun: nothing is written any more, and this server ends"
                );
                return self.begun.notify_one();
            }
        }
    }

    /// Resolves when an import has begun.
    pub async fn begun(&self) {
        self.begun.notified().await;
    }
}
