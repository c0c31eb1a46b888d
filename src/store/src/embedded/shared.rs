//! What the writer thread and the callers share.

use super::config::EmbeddedConfig;
use super::directory::Directory;
use super::engine::{Engine, View};
use super::metrics::StoreMetrics;
use super::queue::{Queue, Refused};
use super::write::Write;
use parking_lot::RwLock;
use plenum_actors::clock::SharedClock;
use plenum_actors::store::StoreError;
use std::sync::Arc;

/// Called around each commit, for tests: to hold one up, to let one fail, to say that the disk is full.
pub trait CommitHook: Send + Sync {
    /// Before the batch is written. An error makes it fail with nothing written.
    ///
    /// # Errors
    /// The failure to act out.
    fn before(&self) -> std::io::Result<()> {
        Ok(())
    }

    /// After the batch is durable, before anybody is told. An error makes it look like a failed fsync.
    ///
    /// # Errors
    /// The failure to act out.
    fn after(&self) -> std::io::Result<()> {
        Ok(())
    }

    /// What counts as free on the disk; `None`: what the file system says.
    fn free_bytes(&self) -> Option<u64> {
        None
    }
}

/// What an embedded store gets from outside.
#[derive(Clone)]
pub struct Parts {
    /// Where it counts.
    pub metrics: StoreMetrics,
    /// Measures commits.
    pub clock: SharedClock,
    /// Stands around commits in tests.
    pub hook: Option<Arc<dyn CommitHook>>,
}

/// Whether writes are accepted.
#[derive(Clone, Debug)]
pub(crate) enum Condition {
    Ready,
    /// Too little space is left; nothing failed.
    Full(String),
    /// A write failed; the database has to be opened again.
    Failed(String),
}

impl Condition {
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        match self {
            Self::Ready => Ok(()),
            Self::Full(reason) => Err(StoreError::Full(reason.clone())),
            Self::Failed(reason) => Err(StoreError::Unavailable(reason.clone())),
        }
    }
}

pub(crate) struct Shared {
    pub(crate) config: EmbeddedConfig,
    pub(crate) directory: Directory,
    pub(crate) parts: Parts,
    pub(crate) queue: Queue<Write>,
    pub(crate) condition: RwLock<Condition>,
    /// Nothing while the database is opened again, and after the end.
    pub(crate) engine: RwLock<Option<Arc<Engine>>>,
}

impl Shared {
    /// Lets `read` see one consistent state.
    pub(crate) fn read<T>(&self, read: impl FnOnce(&View<'_>) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let engine = self.engine.read().clone();
        let engine = engine.ok_or_else(|| StoreError::Unavailable("the store is being opened again".to_owned()))?;
        read(&engine.view())
    }

    /// Puts a write in the queue, or answers it at once.
    pub(crate) fn submit(&self, write: Write, bytes: usize) {
        let condition = self.condition.read().check();
        if let Err(error) = condition {
            return write.refuse(error);
        }
        if let Err((write, refused)) = self.queue.push(write, bytes) {
            self.parts.metrics.refused.inc();
            write.refuse(StoreError::Unavailable(match refused {
                Refused::Full => "too many writes wait for the disk".to_owned(),
                Refused::Closed => "the store is closed".to_owned(),
            }));
        }
    }
}
