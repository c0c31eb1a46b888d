//! The threads that hash. Hashing costs tens of milliseconds of a core and 19 MiB by intention; here both are bounded,
//! and no thread that serves sockets ever waits for it.

use super::super::config::PasswordConfig;
use super::super::secret::Secret;
use super::{Checked, Hasher};
use parking_lot::Mutex;
use plenum_schema::{Refusal, RefusalCode};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use tokio::sync::oneshot;

enum Job {
    Hash(Secret, oneshot::Sender<Option<String>>),
    Check(Secret, Option<String>, oneshot::Sender<Checked>),
}

impl Job {
    /// Does it, unless whoever asked has gone away meanwhile.
    fn run(self, hasher: &Hasher) {
        // Sending fails when the asker goes away during the work: nobody is left to be told.
        match self {
            Self::Hash(password, reply) if !reply.is_closed() => {
                let _ = reply.send(hasher.hash(&password));
            }
            Self::Check(password, stored, reply) if !reply.is_closed() => {
                let _ = reply.send(hasher.check(&password, stored.as_deref()));
            }
            Self::Hash(..) | Self::Check(..) => {}
        }
    }
}

/// A bounded number of threads behind a bounded queue. Dropping it ends the threads after what they are doing.
pub(in super::super) struct HashPool {
    jobs: SyncSender<Job>,
    busy_retry_ms: u64,
}

fn work(jobs: &Mutex<Receiver<Job>>, hasher: &Hasher, nice: i32) {
    crate::background::step_back(nice);
    loop {
        // One thread waits holding the lock, the others wait for the lock: each job wakes one.
        let job = jobs.lock().recv();
        let Ok(job) = job else { return };
        // A panic costs its own caller an answer, not everybody a thread.
        let _ = catch_unwind(AssertUnwindSafe(|| job.run(hasher)));
    }
}

fn workers(configured: usize) -> usize {
    let cores = || thread::available_parallelism().map_or(1, usize::from);
    if configured > 0 { configured } else { (cores() / 4).max(1) }
}

impl HashPool {
    /// Starts the threads.
    ///
    /// # Errors
    /// When the system starts no more threads.
    pub fn start(config: &PasswordConfig, hasher: Hasher) -> std::io::Result<Self> {
        let (jobs, queue) = sync_channel(config.queue);
        let (queue, hasher) = (Arc::new(Mutex::new(queue)), Arc::new(hasher));
        for number in 0..workers(config.workers) {
            let (queue, hasher, nice) = (Arc::clone(&queue), Arc::clone(&hasher), config.nice);
            thread::Builder::new().name(format!("password-{number}")).spawn(move || work(&queue, &hasher, nice))?;
        }
        Ok(Self { jobs, busy_retry_ms: config.busy_retry_ms })
    }

    fn busy(&self) -> Refusal {
        Refusal::new(RefusalCode::Busy, "too many people sign in right now").retry_after(self.busy_retry_ms)
    }

    /// Hashes a new password.
    ///
    /// # Errors
    /// `busy` when the queue is full, `internal` when the system gives no memory.
    pub async fn hash(&self, password: Secret) -> Result<String, Refusal> {
        let (reply, answer) = oneshot::channel();
        self.jobs.try_send(Job::Hash(password, reply)).map_err(|_| self.busy())?;
        let failed = || Refusal::new(RefusalCode::Internal, "the password could not be stored");
        answer.await.ok().flatten().ok_or_else(failed)
    }

    /// Checks a password against a stored hash, or against nothing for as long.
    ///
    /// # Errors
    /// `busy` when the queue is full.
    pub async fn check(&self, password: Secret, stored: Option<String>) -> Result<Checked, Refusal> {
        let (reply, answer) = oneshot::channel();
        self.jobs.try_send(Job::Check(password, stored, reply)).map_err(|_| self.busy())?;
        answer.await.map_err(|_| self.busy())
    }
}
