//! All hubs of a node, seen from any thread: publications go to the workers that have subscribers.

use super::config::HubConfig;
use super::faults::HubFaults;
use super::handle::{Asked, HubActor, HubMail};
use super::held::Held;
use super::ladder::{Ladder, Shed};
use super::leaving::Farewell;
use super::metrics::HubMetrics;
use crate::clock::MonoMillis;
use crate::identity::{Identity, SessionEnder};
use crate::publication::{Publication, Publisher};
use actix::Addr;
use dashmap::DashMap;
use futures_util::future::join_all;
use parking_lot::{Mutex, RwLock};
use plenum_schema::{Offset, Refusal, SessionId, Topic};
use prometheus::IntGauge;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use tokio::sync::oneshot;

/// The most workers a node can have: interest is a bit for each.
pub const MAX_WORKERS: usize = 64;

/// What is on its way to one hub.
#[derive(Debug)]
pub struct Mailbox {
    worker: usize,
    waiting: AtomicUsize,
    /// How far the hub has gone on the ladder.
    step: AtomicU8,
    ladder: Arc<Ladder>,
    /// What is on its way to all hubs.
    depth: IntGauge,
    /// Topics whose batches found no room, and how far they reached: the hub reads their log instead. While there are any, one
    /// [`HubMail::Missed`] is on its way.
    missed: Mutex<HashMap<Topic, Offset>>,
    /// Signals that are held back.
    held: Mutex<Held>,
    /// Whether there are any. Set while they are locked.
    is_holding: AtomicBool,
}

impl Mailbox {
    fn put(&self) {
        let waiting = self.waiting.fetch_add(1, Ordering::Relaxed) + 1;
        self.depth.inc();
        self.stand(waiting);
    }

    pub(super) fn taken(&self) {
        let waiting = self.waiting.fetch_sub(1, Ordering::Relaxed).saturating_sub(1);
        self.depth.dec();
        self.stand(waiting);
    }

    /// Goes to the step that follows from what waits.
    fn stand(&self, waiting: usize) {
        let step = self.step.load(Ordering::Relaxed);
        if self.ladder.next(step, waiting) != step {
            self.ladder.settle(self.worker, &self.step, || self.waiting.load(Ordering::Relaxed));
        }
    }

    /// Looks once more: two threads that changed it in the same moment may have left it a step too high.
    pub(super) fn look_again(&self) {
        self.stand(self.waiting.load(Ordering::Relaxed));
    }

    pub(super) fn take_missed(&self) -> HashMap<Topic, Offset> {
        std::mem::take(&mut *self.missed.lock())
    }

    /// What of a batch is to be delivered now, by how full the mailbox is.
    fn sift(&self, limit: usize, batch: &Arc<[Arc<Publication>]>) -> Option<Arc<[Arc<Publication>]>> {
        let (step, is_full) = (self.step.load(Ordering::Relaxed), self.waiting.load(Ordering::Relaxed) >= limit);
        let has_signals = batch.iter().any(|publication| publication.offset().is_none());
        // Set after what was held has been sent on: nothing newer can overtake it.
        let is_calm = step == 0 && !is_full && !self.is_holding.load(Ordering::Acquire);
        if is_calm || !has_signals {
            return Some(batch.clone());
        }
        let mut held = self.held.lock();
        let rest = held.sift(&self.ladder, (step, is_full), batch);
        self.is_holding.store(!held.is_empty(), Ordering::Release);
        rest
    }

    /// Sends what was held back long enough, behind everything that waits already: what was sent before it is older.
    pub(super) fn release(&self, now: MonoMillis, send: impl FnOnce(Arc<[Arc<Publication>]>)) {
        if !self.is_holding.load(Ordering::Acquire) {
            return;
        }
        let mut held = self.held.lock();
        let released = held.release(self.step.load(Ordering::Relaxed), now, self.ladder.config().hold_ms);
        if !released.is_empty() {
            // One batch beyond the limit at the most: it is the hub itself that sends it, once in a while.
            self.put();
            send(released.into());
        }
        self.is_holding.store(!held.is_empty(), Ordering::Release);
    }
}

/// Is told which topics this node begins and ends to be interested in: counted over its workers, never polled.
pub trait InterestWatcher: Send + Sync + 'static {
    /// Whether anybody here wants a topic has changed; [`Publisher::is_wanted`] says how it is now. Called with the topic locked:
    /// must only take note.
    fn changed(&self, topic: Topic);
}

struct Worker {
    address: Addr<HubActor>,
    mailbox: Arc<Mailbox>,
}

/// The hubs of a node.
pub struct Hubs {
    workers: RwLock<HashMap<usize, Worker>>,
    reserved: AtomicUsize,
    /// Topic → the workers that have subscribers, a bit each.
    interest: DashMap<Topic, u64>,
    /// How many of these topics are a person's own.
    personal: AtomicUsize,
    limit: usize,
    closed: AtomicBool,
    watcher: OnceLock<Arc<dyn InterestWatcher>>,
    metrics: HubMetrics,
    ladder: Arc<Ladder>,
    faults: Option<Arc<HubFaults>>,
}

impl Hubs {
    /// No hubs yet; each worker adds its own. The `faults` are those of a test.
    #[must_use]
    pub fn new(config: &HubConfig, metrics: HubMetrics, faults: Option<Arc<HubFaults>>) -> Arc<Self> {
        let limit = config.mailbox_batches;
        Arc::new(Self {
            workers: RwLock::default(),
            reserved: AtomicUsize::new(0),
            interest: DashMap::new(),
            personal: AtomicUsize::new(0),
            limit,
            closed: AtomicBool::new(false),
            watcher: OnceLock::new(),
            ladder: Ladder::new(config.ladder.clone(), limit, metrics.clone()),
            metrics,
            faults,
        })
    }

    /// What overload takes away now.
    #[must_use]
    pub fn ladder(&self) -> &Arc<Ladder> {
        &self.ladder
    }

    pub(super) fn faults(&self) -> Option<&Arc<HubFaults>> {
        self.faults.as_ref()
    }

    /// Tells of changes of interest from now on. Later calls change nothing.
    pub fn watch(&self, watcher: Arc<dyn InterestWatcher>) {
        // Once in a node's life.
        let _already = self.watcher.set(watcher).is_err();
    }

    /// Topics that somebody here wants now.
    #[must_use]
    pub fn wanted(&self) -> Vec<Topic> {
        self.interest.iter().map(|entry| *entry.key()).collect()
    }

    /// The sessions that have connections here now, with their people.
    #[expect(clippy::disallowed_methods, reason = "one question for each worker, rarely asked")]
    pub async fn sessions(&self) -> Vec<Identity> {
        let mut answers = Vec::new();
        self.each(u64::MAX, |worker| {
            let (tell, told) = oneshot::channel();
            worker.address.do_send(HubMail::Sessions(Asked(tell)));
            answers.push(told);
        });
        // A worker that has stopped has no sessions.
        join_all(answers).await.into_iter().flat_map(Result::unwrap_or_default).collect()
    }

    fn changed(&self, topic: Topic) {
        if let Some(watcher) = self.watcher.get() {
            watcher.changed(topic);
        }
    }

    pub(super) fn mailbox(&self, worker: usize) -> Arc<Mailbox> {
        Arc::new(Mailbox {
            worker,
            waiting: AtomicUsize::new(0),
            step: AtomicU8::new(0),
            ladder: self.ladder.clone(),
            depth: self.metrics.mailbox.clone(),
            missed: Mutex::default(),
            held: Mutex::default(),
            is_holding: AtomicBool::new(false),
        })
    }

    pub(super) fn reserve(&self) -> usize {
        self.reserved.fetch_add(1, Ordering::SeqCst) % MAX_WORKERS
    }

    pub(super) fn register(&self, worker: usize, address: Addr<HubActor>, mailbox: Arc<Mailbox>) {
        self.workers.write().insert(worker, Worker { address, mailbox });
    }

    pub(super) fn take_interest(&self, topic: Topic, worker: usize) {
        let mut mask = self.interest.entry(topic).or_insert(0);
        if *mask == 0 && matches!(topic, Topic::User(_)) {
            self.personal.fetch_add(1, Ordering::Relaxed);
        }
        if *mask == 0 {
            self.changed(topic);
        }
        *mask |= 1 << worker;
    }

    pub(super) fn lose_interest(&self, topic: Topic, worker: usize) {
        if let dashmap::Entry::Occupied(mut entry) = self.interest.entry(topic) {
            *entry.get_mut() &= !(1 << worker);
            if *entry.get() == 0 {
                entry.remove();
                if matches!(topic, Topic::User(_)) {
                    self.personal.fetch_sub(1, Ordering::Relaxed);
                }
                self.changed(topic);
            }
        }
    }

    #[expect(clippy::disallowed_methods, reason = "once in a node's life")]
    /// Closes every connection: those that can be told come back after a time spread over a window, the others are closed spread over one.
    pub fn drain(&self, farewell: Farewell) {
        self.each(u64::MAX, |worker| worker.address.do_send(HubMail::Drain(farewell)));
    }

    /// Stops the hubs' actors with the next mail.
    pub fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
        self.drain(Farewell::default());
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Relaxed)
    }

    fn each(&self, mask: u64, mut tell: impl FnMut(&Worker)) {
        for (number, worker) in self.workers.read().iter() {
            if mask & (1 << number) != 0 {
                tell(worker);
            }
        }
    }

    #[expect(clippy::disallowed_methods, reason = "bounded here: a full mailbox gets no more batches")]
    fn hand_over(&self, worker: &Worker, batch: &Arc<[Arc<Publication>]>) {
        let Some(batch) = &worker.mailbox.sift(self.limit, batch) else { return };
        if worker.mailbox.waiting.load(Ordering::Relaxed) < self.limit {
            worker.mailbox.put();
            worker.address.do_send(HubMail::Publish(batch.clone()));
            return;
        }
        self.metrics.mailbox_full.inc();
        let mut missed = worker.mailbox.missed.lock();
        let nothing_before = missed.is_empty();
        for publication in batch.iter() {
            if let Some(offset) = publication.offset() {
                let head = missed.entry(publication.topic).or_default();
                *head = offset.max(*head);
            }
        }
        // The hub may have emptied its mailbox meanwhile, and the next publication may be long in coming: it is told, once.
        if nothing_before && !missed.is_empty() {
            worker.address.do_send(HubMail::Missed);
        }
    }
}

impl Publisher for Hubs {
    fn publish(&self, batch: Vec<Arc<Publication>>) {
        let Some(topic) = batch.first().map(|publication| publication.topic) else { return };
        let Some(mask) = self.interest.get(&topic).map(|mask| *mask) else { return };
        let batch: Arc<[Arc<Publication>]> = batch.into();
        self.each(mask, |worker| self.hand_over(worker, &batch));
    }

    fn is_wanted(&self, topic: Topic) -> bool {
        self.interest.contains_key(&topic)
    }

    fn has_personal(&self) -> bool {
        self.personal.load(Ordering::Relaxed) > 0
    }

    fn admit(&self, shed: Shed) -> Result<(), Refusal> {
        self.ladder.admit(shed)
    }

    #[expect(clippy::disallowed_methods, reason = "at most one announcement for each start of an owner")]
    fn announce(&self, topic: Topic, head: Offset) {
        if let Some(mask) = self.interest.get(&topic).map(|mask| *mask) {
            self.each(mask, |worker| worker.address.do_send(HubMail::Announce(topic, head)));
        }
    }
}

impl SessionEnder for Hubs {
    #[expect(clippy::disallowed_methods, reason = "rare, and must not be lost")]
    fn end_sessions(&self, sessions: &[SessionId]) {
        let sessions: Arc<[SessionId]> = sessions.into();
        self.each(u64::MAX, |worker| worker.address.do_send(HubMail::EndSessions(sessions.clone())));
    }
}
