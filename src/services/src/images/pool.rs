//! The threads that take images apart. It costs much of a core and of memory by what strangers send; here both are bounded, and no
//! thread that serves sockets ever waits for it.

use super::anew::{Picture, Shape, Unfit, made_anew};
use super::config::ImagesConfig;
use super::kind::ImageKind;
use super::metrics::ImagesMetrics;
use bytes::Bytes;
use parking_lot::Mutex;
use plenum_actors::clock::SharedClock;
use plenum_schema::{Refusal, RefusalCode};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use tokio::sync::oneshot;

struct Job {
    file: Bytes,
    kind: ImageKind,
    shape: Shape,
    until: u64,
    reply: oneshot::Sender<Result<Picture, Unfit>>,
}

/// A bounded number of threads behind a bounded queue. Dropping it ends the threads after what they are doing.
pub(super) struct Pool {
    jobs: SyncSender<Job>,
    clock: SharedClock,
    metrics: ImagesMetrics,
    within_ms: u64,
    busy_retry_ms: u64,
}

fn work(jobs: &Mutex<Receiver<Job>>, clock: &SharedClock, metrics: &ImagesMetrics) {
    loop {
        // One thread waits holding the lock, the others wait for the lock: each job wakes one.
        let job = jobs.lock().recv();
        let Ok(Job { file, kind, shape, until, reply }) = job else { return };
        metrics.waiting.dec();
        // Whoever asked has gone away meanwhile, or is told so.
        if reply.is_closed() {
            continue;
        }
        let began = clock.micros();
        let make = || made_anew(file, kind, shape, clock.clone(), until);
        // A panic in what reads a stranger's file costs its own caller an answer, not everybody a thread.
        let made = catch_unwind(AssertUnwindSafe(make)).unwrap_or(Err(Unfit::Damaged));
        metrics.worked(clock.micros().saturating_sub(began));
        let _ = reply.send(made);
    }
}

fn workers(configured: usize) -> usize {
    let cores = || thread::available_parallelism().map_or(1, usize::from);
    if configured > 0 { configured } else { (cores() / 4).max(1) }
}

impl Pool {
    /// Starts the threads.
    ///
    /// # Errors
    /// When the system starts no more threads.
    pub fn start(config: &ImagesConfig, clock: SharedClock, metrics: ImagesMetrics) -> std::io::Result<Self> {
        let (jobs, queue) = sync_channel(config.queue);
        let queue = Arc::new(Mutex::new(queue));
        for number in 0..workers(config.workers) {
            let (queue, clock, metrics, nice) = (Arc::clone(&queue), clock.clone(), metrics.clone(), config.nice);
            let run = move || {
                crate::background::step_back(nice);
                work(&queue, &clock, &metrics);
            };
            thread::Builder::new().name(format!("images-{number}")).spawn(run)?;
        }
        Ok(Self { jobs, clock, metrics, within_ms: config.within_ms, busy_retry_ms: config.busy_retry_ms })
    }

    fn busy(&self) -> Refusal {
        self.metrics.made("busy");
        Refusal::new(RefusalCode::Busy, "too many images are worked on right now").retry_after(self.busy_retry_ms)
    }

    /// Makes an image anew.
    ///
    /// # Errors
    /// `invalid` naming `field` when it is damaged, too large in pixels or takes too long; `busy` when too many wait.
    pub async fn make(&self, file: Bytes, kind: ImageKind, shape: Shape, field: &str) -> Result<Picture, Refusal> {
        let until = self.clock.mono() + self.within_ms;
        let (reply, answer) = oneshot::channel();
        self.metrics.waiting.inc();
        if self.jobs.try_send(Job { file, kind, shape, until, reply }).is_err() {
            self.metrics.waiting.dec();
            return Err(self.busy());
        }
        // A little more than the job has itself: what ends in time is told.
        let patience = std::time::Duration::from_millis(self.within_ms + 500);
        let made = tokio::time::timeout(patience, answer).await.unwrap_or(Ok(Err(Unfit::Late)));
        match made {
            Ok(Ok(picture)) => {
                self.metrics.made("made");
                Ok(picture)
            }
            Ok(Err(unfit)) => {
                self.metrics.made(if unfit == Unfit::Late { "late" } else { "refused" });
                Err(Refusal::field(RefusalCode::Invalid, field, unfit.to_string()))
            }
            Err(_) => Err(self.busy()),
        }
    }
}
