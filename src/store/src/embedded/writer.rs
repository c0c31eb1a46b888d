//! The writer thread: everything that waits becomes one batch, one fsync, then the answers.
//!
//! It also looks after the store: it measures space, notices when the engine below has stopped, and opens it again.

use super::engine::Engine;
use super::forming::{Counts, Forming};
use super::heads::HeadCache;
use super::queue::Taken;
use super::shared::{Condition, Shared};
use super::write::{Outcome, Write};
use fjall::OwnedWriteBatch;
use plenum_actors::clock::MonoMillis;
use plenum_actors::store::StoreError;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

/// How long one attempt to open the database again waits for readers of the old one, milliseconds.
const READERS_LEAVE_MS: u64 = 1_000;
/// Opening writes a little; below this it is not tried, whatever the configured minimum.
const LEAST_FREE_BYTES: u64 = 1024 * 1024;

/// However the rest is configured, nobody waits longer than this for it.
const LONGEST_REST_MICROS: u64 = 100_000;
/// Free space is measured again when this part of what may still be used has been written (and every interval, for others write
/// to the disk too): asking the system before each commit costs as much as a tenth of writing it.
const MEASURED_PART: u64 = 16;

pub(crate) struct Writer {
    shared: Arc<Shared>,
    heads: HeadCache,
    next_check: MonoMillis,
    /// Bytes that may be written before free space is measured again.
    unmeasured: u64,
    /// How long the last commit took, microseconds.
    last_commit: u64,
    /// The failed database, until its last reader has left.
    retired: Option<Arc<Engine>>,
}

impl Writer {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        let heads = HeadCache::new(shared.config.cached_heads);
        Self { shared, heads, next_check: 0, unmeasured: 0, last_commit: 0, retired: None }
    }

    /// Works until the queue is closed and empty.
    pub(crate) fn run(mut self) {
        self.give_way();
        self.guarded(|writer| {
            writer.check();
            true
        });
        while self.guarded(Self::turn) {}
    }

    /// Whatever panics, the thread goes on: without it every write would wait for ever in a store that says that it is well. Whoever
    /// waits for a write that was in hand sees its reply dropped: the outcome is unknown. The database is opened again.
    fn guarded(&mut self, work: impl FnOnce(&mut Self) -> bool) -> bool {
        catch_unwind(AssertUnwindSafe(|| work(self))).unwrap_or_else(|_| {
            self.fail("the writer panicked".to_owned());
            true
        })
    }

    /// The next batch, or a look at the store when nothing comes; false at the end.
    fn turn(&mut self) -> bool {
        let patience = Duration::from_millis(self.shared.config.check_interval_ms);
        let (items, bytes) = (self.shared.config.batch_writes, self.shared.config.batch_bytes);
        match self.shared.queue.take(items, bytes, patience) {
            Taken::Batch(writes) => {
                let count = writes.len();
                self.write(writes);
                self.rest(count);
                if self.shared.parts.clock.mono() >= self.next_check {
                    self.check();
                }
            }
            Taken::Idle => self.check(),
            Taken::Closed => return false,
        }
        true
    }

    /// When many write at once, lets those who were just answered come back before the next fsync, for as long as the last commit
    /// took: an fsync costs the same for one write as for a hundred. Not when a full batch waits already, nor for a few writers,
    /// who would only wait.
    fn rest(&self, count: usize) {
        let config = &self.shared.config;
        let micros = self.last_commit.min(config.busy_rest_micros).min(LONGEST_REST_MICROS);
        if micros > 0 && count >= config.busy_writes && self.shared.queue.len() < config.batch_writes {
            std::thread::sleep(Duration::from_micros(micros));
        }
    }

    /// Lets the threads that bring writes go first where they share a core: when they have nothing more to do, everything they
    /// brought is committed together.
    fn give_way(&self) {
        let nice = self.shared.config.writer_nice.min(19);
        if nice > 0
            && let Err(error) = rustix::process::nice(nice)
        {
            tracing::warn!(%error, "the writer keeps its priority");
        }
    }

    fn write(&mut self, writes: Vec<Write>) {
        self.shared.parts.metrics.queued_writes.set(i64::try_from(self.shared.queue.len()).unwrap_or(i64::MAX));
        match self.admit() {
            Err(error) => writes.into_iter().for_each(|write| write.refuse(error.clone())),
            Ok(engine) => {
                // Whoever waits for a write of a batch that panicked sees its reply dropped: the outcome is unknown.
                if catch_unwind(AssertUnwindSafe(|| self.commit(&engine, writes))).is_err() {
                    self.fail("the engine panicked".to_owned());
                }
            }
        }
    }

    /// Whether a batch may be written now.
    fn admit(&mut self) -> Result<Arc<Engine>, StoreError> {
        if let Condition::Failed(reason) = &*self.shared.condition.read() {
            return Err(StoreError::Unavailable(reason.clone()));
        }
        if self.unmeasured == 0 || !matches!(*self.shared.condition.read(), Condition::Ready) {
            self.check_space();
        }
        self.shared.condition.read().check()?;
        let engine = self.shared.engine.read().clone();
        let engine = engine.ok_or_else(|| StoreError::Unavailable("the store is closed".to_owned()))?;
        self.wait_for_room(&engine)?;
        Ok(engine)
    }

    /// Waits here, where it can give up, until a commit will not be blocked inside the engine, where it could not.
    fn wait_for_room(&mut self, engine: &Engine) -> Result<(), StoreError> {
        let clock = self.shared.parts.clock.clone();
        let deadline = clock.mono().saturating_add(self.shared.config.stall_timeout_ms);
        while !engine.has_room() {
            if engine.stopped() {
                let reason = "the engine could not write its tables".to_owned();
                self.fail(reason.clone());
                return Err(StoreError::Unavailable(reason));
            }
            if clock.mono() >= deadline {
                let (path, limit) = (self.shared.directory.path().display(), self.shared.config.stall_timeout_ms);
                return Err(StoreError::Unavailable(format!(
                    "tables are written too slowly to {path}: for {limit} ms there was no room (store.stall_timeout_ms); look at \
                     what else uses the disk"
                )));
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        Ok(())
    }

    fn commit(&mut self, engine: &Engine, writes: Vec<Write>) {
        let count = writes.len();
        let mut forming = Forming::new(engine, &mut self.heads, self.shared.config.trim_entries, count);
        writes.into_iter().for_each(|write| forming.add(write));
        let (batch, pending, counts) = forming.finish();
        let outcome = if batch.is_empty() { Outcome::Durable } else { self.persist(batch, count, counts) };
        self.shared.parts.metrics.conflicts.inc_by(counts.conflicts);
        pending.into_iter().for_each(|pending| pending.settle(&outcome));
    }

    /// Writes and fsyncs. On an error the store is marked failed before anybody is told.
    fn persist(&mut self, batch: OwnedWriteBatch, count: usize, counts: Counts) -> Outcome {
        let parts = &self.shared.parts;
        let start = parts.clock.micros();
        let hook = parts.hook.as_deref();
        let result = hook.map_or(Ok(()), |hook| hook.before()).map_err(fjall::Error::Io);
        let result = result.and_then(|()| batch.commit());
        let result = result.and_then(|()| hook.map_or(Ok(()), |hook| hook.after()).map_err(fjall::Error::Io));
        match result {
            Ok(()) => {
                let metrics = &parts.metrics;
                self.unmeasured = self.unmeasured.saturating_sub(counts.bytes);
                self.last_commit = parts.clock.micros().saturating_sub(start);
                metrics.commit_seconds.observe(self.last_commit as f64 / 1_000_000.0);
                metrics.fsyncs.inc();
                metrics.writes_per_fsync.observe(count as f64);
                metrics.appends.inc_by(counts.appends);
                metrics.entries.inc_by(counts.entries);
                metrics.row_writes.inc_by(counts.others);
                metrics.written_bytes.inc_by(counts.bytes);
                Outcome::Durable
            }
            // The engine had stopped earlier and refused before it wrote anything.
            Err(fjall::Error::Poisoned) => {
                let reason = "the engine stopped after a failed write".to_owned();
                self.fail(reason.clone());
                Outcome::NotWritten(StoreError::Unavailable(reason))
            }
            Err(error) => {
                parts.metrics.failures.inc();
                let reason = format!("writing failed: {error}");
                self.fail(reason.clone());
                Outcome::Unknown(reason)
            }
        }
    }

    fn fail(&mut self, reason: String) {
        tracing::error!(path = %self.shared.directory.path().display(), reason, "the store stops accepting writes");
        self.heads.clear();
        // One attempt to open it again each interval, so that a bad disk is not opened and failed in a loop.
        self.next_check = self.shared.parts.clock.mono().saturating_add(self.shared.config.check_interval_ms);
        self.set(Condition::Failed(reason));
    }

    fn set(&self, condition: Condition) {
        self.shared.parts.metrics.healthy.set(i64::from(matches!(condition, Condition::Ready)));
        *self.shared.condition.write() = condition;
    }

    /// Looks after the store; called every interval.
    fn check(&mut self) {
        self.next_check = self.shared.parts.clock.mono().saturating_add(self.shared.config.check_interval_ms);
        let engine = self.shared.engine.read().clone();
        let metrics = &self.shared.parts.metrics;
        metrics.queued_writes.set(i64::try_from(self.shared.queue.len()).unwrap_or(i64::MAX));
        if let Some(engine) = &engine {
            metrics.disk_bytes.set(i64::try_from(engine.disk_bytes()).unwrap_or(i64::MAX));
        }
        let failed = matches!(*self.shared.condition.read(), Condition::Failed(_));
        if !failed && engine.is_some_and(|engine| engine.stopped()) {
            self.fail("the engine stopped after a failed write".to_owned());
        }
        let free = self.check_space();
        if matches!(*self.shared.condition.read(), Condition::Failed(_)) && free >= LEAST_FREE_BYTES {
            self.recover();
        }
    }

    /// Measures free space and goes to [`Condition::Full`] and back. A failed store stays failed, but says that it is full.
    fn check_space(&mut self) -> u64 {
        let (free, least) = (self.free_bytes(), self.shared.config.min_free_bytes);
        self.unmeasured = free.saturating_sub(least) / MEASURED_PART;
        self.shared.parts.metrics.free_bytes.set(i64::try_from(free).unwrap_or(i64::MAX));
        let condition = self.shared.condition.read().clone();
        match condition {
            Condition::Ready if free < least => {
                let path = self.shared.directory.path().display();
                let reason = format!(
                    "{free} bytes are free in {path}, {least} are needed (store.min_free_bytes): free some; writes go on by \
                     themselves then"
                );
                tracing::warn!(%path, free, least, "the disk is nearly full: free some (store.min_free_bytes)");
                self.set(Condition::Full(reason));
            }
            Condition::Full(_) if free >= least => {
                tracing::info!(path = %self.shared.directory.path().display(), free, "space is back");
                self.set(Condition::Ready);
            }
            _ => {}
        }
        free
    }

    /// When the system does not tell, the disk itself will.
    fn free_bytes(&self) -> u64 {
        let acted = self.shared.parts.hook.as_deref().and_then(super::CommitHook::free_bytes);
        acted.or_else(|| self.shared.directory.free_bytes().ok()).unwrap_or(u64::MAX)
    }

    /// Opens the database again after a failure.
    fn recover(&mut self) {
        let path = self.shared.directory.path().display().to_string();
        if self.free_bytes() < self.shared.config.min_free_bytes || !self.retire() {
            return;
        }
        match self.reopen() {
            Ok(engine) => {
                *self.shared.engine.write() = Some(Arc::new(engine));
                self.shared.parts.metrics.recoveries.inc();
                tracing::info!(path, "the store was opened again");
                self.set(Condition::Ready);
            }
            Err(reason) => {
                tracing::warn!(path, reason, "the store could not be opened again yet");
                self.set(Condition::Failed(reason));
            }
        }
    }

    /// Closes the failed database; false while somebody still reads it.
    fn retire(&mut self) -> bool {
        if let Some(engine) = self.shared.engine.write().take() {
            self.retired = Some(engine);
        }
        for _ in 0..READERS_LEAVE_MS {
            match self.retired.take().map(Arc::try_unwrap) {
                None => return true,
                Some(Ok(engine)) => drop(engine),
                Some(Err(shared)) => {
                    self.retired = Some(shared);
                    std::thread::sleep(Duration::from_millis(1));
                }
            }
        }
        false
    }

    fn reopen(&self) -> Result<Engine, String> {
        self.shared
            .directory
            .rewrite_journals()
            .map_err(|error| format!("the journal cannot be rewritten: {error}"))?;
        super::open_engine(&self.shared.directory, &self.shared.config).map_err(|error| error.to_string())
    }
}
