//! The actix shell around the core: carries its wishes out, tells it what came of them, keeps time.

use super::config::OwnerConfig;
use super::core::{Core, Input, Now, Report, Ticket, Wish};
use super::metrics::OwnerMetrics;
use super::recent::{RecentRing, Recents};
use super::reply::Reply;
use super::standings::Standings;
use crate::aggregate::Aggregate;
use crate::clock::{MonoMillis, SharedClock};
use crate::publication::{Class, Publication, Publisher};
use crate::store::SharedStore;
use actix::{Actor, ActorContext, ActorFutureExt, AsyncContext, Context, Handler, Message, SpawnHandle, WrapFuture};
use plenum_schema::wire::Signal;
use plenum_schema::{EntryId, LogId, Refusal, RefusalCode, Topic};
use prometheus::{IntCounter, IntGauge};
use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::task::{Poll, Waker};
use std::time::Duration;
use uuid::Uuid;

/// How long an owner stays down after a panic, milliseconds.
const PANIC_PAUSE_MS: u64 = 1_000;

/// What every owner of a process works with. Cheap to clone.
#[derive(Clone)]
pub struct Surroundings {
    /// Where logs are.
    pub store: SharedStore,
    /// Where publications go.
    pub publisher: Arc<dyn Publisher>,
    /// Time and ids.
    pub clock: SharedClock,
    /// Where readers find recent publications.
    pub recents: Arc<Recents>,
    /// Where subscribers find the newest signals about private logs.
    pub standings: Arc<Standings>,
    /// What the operator sees.
    pub metrics: OwnerMetrics,
    /// Limits and times.
    pub config: Arc<OwnerConfig>,
}

impl fmt::Debug for Surroundings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Surroundings").field("config", &self.config).finish_non_exhaustive()
    }
}

/// What the directory and an owner both see.
#[derive(Debug)]
pub(crate) struct Slot {
    /// Commands in the mailbox.
    queued: AtomicUsize,
    /// When the last command was sent, monotonic milliseconds.
    pub last_used: AtomicU64,
    /// The commands in all mailboxes.
    depth: IntGauge,
}

impl Slot {
    pub(crate) fn new(metrics: &OwnerMetrics) -> Self {
        Self { queued: AtomicUsize::new(0), last_used: AtomicU64::new(0), depth: metrics.mailbox.clone() }
    }

    /// A command is about to be put into the mailbox.
    pub(crate) fn enter(&self) {
        self.queued.fetch_add(1, Ordering::AcqRel);
        self.depth.inc();
    }

    /// A command has been taken out of the mailbox, or found no place in it.
    pub(crate) fn leave(&self) {
        self.queued.fetch_sub(1, Ordering::AcqRel);
        self.depth.dec();
    }

    /// Whether no command is on its way to the owner.
    pub(crate) fn is_quiet(&self) -> bool {
        self.queued.load(Ordering::Acquire) == 0
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        // An owner that ended takes with it what was still in its mailbox.
        self.depth.sub(i64::try_from(*self.queued.get_mut()).unwrap_or(0));
    }
}

/// Takes the owner out of the directory; false while a command is on its way to it.
pub(crate) type Retire = Box<dyn Fn() -> bool + Send>;

/// A command on its way to an owner.
pub(crate) struct Deliver<A: Aggregate> {
    pub command: A::Command,
    /// The id under which another node may have carried it out.
    pub entry: Option<EntryId>,
    pub reply: Reply<A::Answer>,
}

impl<A: Aggregate> Message for Deliver<A> {
    type Result = ();
}

/// What the directory asks of an owner itself.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Nudge {
    /// Finish, save, end.
    Drain,
    /// Save and end, unless there is work.
    Rest,
}

impl Message for Nudge {
    type Result = ();
}

/// A command without an answer.
struct Open<A: Aggregate> {
    reply: Reply<A::Answer>,
    name: &'static str,
}

/// The actor that runs one aggregate.
pub(crate) struct Owner<A: Aggregate> {
    log: LogId,
    core: Core<A>,
    rules: A::Rules,
    /// Grows when the core is thrown away: answers of the store to its wishes are then nobody's.
    epoch: u64,
    open: HashMap<Ticket, Open<A>>,
    last_ticket: Ticket,
    append_started: u64,
    timer: Option<(MonoMillis, SpawnHandle)>,
    ring: Arc<RecentRing>,
    /// The newest signal of each of its topics.
    standing: HashMap<Topic, Arc<Publication>>,
    /// The counters of what it has answered so far, by command and outcome: few, and looked up once each.
    counted: Vec<(&'static str, &'static str, IntCounter)>,
    around: Surroundings,
    slot: Arc<Slot>,
    retire: Retire,
}

type Operation<A> = Pin<Box<dyn Future<Output = Input<A>>>>;

impl<A: Aggregate> Owner<A> {
    pub(crate) fn new(id: Uuid, rules: A::Rules, around: Surroundings, slot: Arc<Slot>, retire: Retire) -> Self {
        let log = LogId { kind: A::KIND, id };
        let ring = Arc::new(RecentRing::new(around.config.recent_entries, around.config.recent_bytes));
        around.recents.insert(log, Arc::clone(&ring));
        around.metrics.live.inc();
        let now = Now { wall: around.clock.wall(), mono: around.clock.mono() };
        Self {
            log,
            core: Core::new(id, Arc::clone(&around.config), rules.clone(), now),
            rules,
            epoch: 0,
            open: HashMap::new(),
            last_ticket: 0,
            append_started: 0,
            timer: None,
            ring,
            standing: HashMap::new(),
            counted: Vec::new(),
            around,
            slot,
            retire,
        }
    }

    fn now(&self) -> Now {
        Now { wall: self.around.clock.wall(), mono: self.around.clock.mono() }
    }

    /// Gives the core an input and does what it wishes, until it wishes nothing more that is ready at once.
    fn feed(&mut self, input: Input<A>, ctx: &mut Context<Self>) {
        // Most inputs lead to no further ones: the list takes no memory until one does.
        let (mut next, mut inputs) = (Some(input), VecDeque::new());
        while let Some(input) = next.take().or_else(|| inputs.pop_front()) {
            let now = self.now();
            if let Input::Appended { .. } = &input {
                let micros = self.around.clock.micros().saturating_sub(self.append_started);
                #[expect(clippy::cast_precision_loss, reason = "microseconds of one append are far below 2^52")]
                self.around.metrics.append_seconds.observe(micros as f64 / 1e6);
            }
            let core = &mut self.core;
            // A panic in an aggregate must not end the node, nor leave half a state: the core is thrown away.
            let wishes = catch_unwind(AssertUnwindSafe(|| {
                core.handle(input, now);
                core.take_wishes()
            }));
            match wishes {
                Ok(wishes) => wishes.into_iter().for_each(|wish| self.carry_out(wish, &mut inputs, ctx)),
                Err(_) => {
                    inputs.clear();
                    self.rebuild(now);
                }
            }
        }
        self.arm(ctx);
    }

    fn carry_out(&mut self, wish: Wish<A>, inputs: &mut VecDeque<Input<A>>, ctx: &mut Context<Self>) {
        match wish {
            Wish::Answer { ticket, result, duplicate } => self.answer(ticket, result, duplicate),
            Wish::Publish(batch) => {
                self.ring.push(&batch);
                self.around.publisher.publish(batch.into_iter().map(|(publication, _)| publication).collect());
            }
            Wish::Announce { head, first, recent } => {
                self.ring.start(recent, head, first);
                let topic = Topic::of_log(self.log);
                if topic.log().is_some() {
                    self.around.publisher.announce(topic, head);
                }
            }
            Wish::Signal(signals) => self.signal(signals),
            Wish::Passivate => {
                if (self.retire)() {
                    self.around.metrics.passivations.inc();
                    ctx.stop();
                }
            }
            Wish::Report(report) => self.report(&report),
            other => {
                if let Some(operation) = self.operation(other) {
                    self.start(operation, inputs, ctx);
                }
            }
        }
    }

    /// Keeps the signals, then hands them out: who subscribes in between gets them from one or the other.
    fn signal(&mut self, signals: Vec<(Topic, Signal)>) {
        // On a topic that several aggregates signal to each has a key of its own.
        let (_, key) = self.log.id.as_u64_pair();
        for (topic, signal) in signals {
            let signal = Publication::signal(topic, Class::Conflated(key), signal);
            if topic.log().is_none() {
                self.around.standings.keep(&signal);
                self.standing.insert(topic, Arc::clone(&signal));
            }
            if self.around.publisher.is_wanted(topic) {
                self.around.publisher.publish(vec![signal]);
            }
        }
    }

    /// The store's part of a wish, as a future of the input that answers it.
    fn operation(&mut self, wish: Wish<A>) -> Option<Operation<A>> {
        let (store, log) = (Arc::clone(&self.around.store), self.log);
        Some(match wish {
            Wish::Load { number } => Box::pin(async move {
                let snapshot = store.load_snapshot(log).await;
                let head = store.head(log).await;
                Input::Loaded { number, snapshot, head }
            }),
            Wish::ReadTail { number, after, limit, max_bytes } => {
                let read = store.read(log, after, crate::store::Direction::Forward, limit, max_bytes);
                Box::pin(async move { Input::Tail { number, result: read.await } })
            }
            Wish::Find { number, ids } => {
                let find = store.find(log, ids);
                Box::pin(async move { Input::Found { number, result: find.await } })
            }
            Wish::Append { number, expected, entries, digest } => {
                #[expect(clippy::cast_precision_loss, reason = "a batch has at most some hundreds of entries")]
                self.around.metrics.batch_entries.observe(entries.len() as f64);
                self.append_started = self.around.clock.micros();
                let append = store.append(log, expected, entries, digest);
                Box::pin(async move { Input::Appended { number, result: append.await } })
            }
            Wish::SaveSnapshot { number, snapshot } => {
                let save = store.save_snapshot(log, snapshot);
                Box::pin(async move { Input::Saved { number, result: save.await } })
            }
            Wish::Trim { upto } => {
                let (trim, ring) = (store.trim(log, upto), Arc::clone(&self.ring));
                Box::pin(async move {
                    let result = trim.await;
                    if result.is_ok() {
                        ring.trimmed(upto + 1);
                    }
                    Input::Trimmed { upto, result }
                })
            }
            _ => return None,
        })
    }

    /// Polls once here, because reads of the embedded store are ready at once; what is not goes on beside the mailbox.
    fn start(&mut self, mut operation: Operation<A>, inputs: &mut VecDeque<Input<A>>, ctx: &mut Context<Self>) {
        match operation.as_mut().poll(&mut std::task::Context::from_waker(Waker::noop())) {
            Poll::Ready(input) => inputs.push_back(input),
            Poll::Pending => {
                let epoch = self.epoch;
                ctx.spawn(operation.into_actor(self).map(move |input, owner: &mut Self, ctx| {
                    if owner.epoch == epoch {
                        owner.feed(input, ctx);
                    }
                }));
            }
        }
    }

    fn answer(&mut self, ticket: Ticket, result: Result<A::Answer, Refusal>, duplicate: bool) {
        let Some(open) = self.open.remove(&ticket) else { return };
        let outcome = match &result {
            Ok(_) if duplicate => "duplicate",
            Ok(_) => "accepted",
            Err(refusal) => refusal.code.as_str(),
        };
        self.around.metrics.pending.dec();
        self.count(open.name, outcome);
        open.reply.answer(result);
    }

    fn count(&mut self, name: &'static str, outcome: &'static str) {
        let known = self.counted.iter().find(|(of, with, _)| (*of, *with) == (name, outcome));
        if let Some((_, _, counter)) = known {
            return counter.inc();
        }
        let counter = self.around.metrics.commands.with_label_values(&[aggregate_label::<A>(), name, outcome]);
        counter.inc();
        self.counted.push((name, outcome, counter));
    }

    fn report(&self, report: &Report) {
        let (log, metrics) = (self.log, &self.around.metrics);
        match report {
            Report::Conflict => metrics.conflicts.inc(),
            Report::Unknown => metrics.unknowns.inc(),
            Report::Duplicate => metrics.duplicates.inc(),
            Report::Busy => metrics.busy.inc(),
            Report::Late => metrics.late.inc(),
            Report::Yielded => metrics.yields.inc(),
            Report::GaveUp(reason) => {
                if metrics.give_up(self.around.clock.mono()) {
                    tracing::warn!(%log, reason, so_far = metrics.given_up.get(), "an append was given up");
                }
            }
            Report::SnapshotIgnored(reason) => tracing::warn!(%log, reason, "a snapshot was ignored"),
            Report::SnapshotFailed(reason) => {
                metrics.snapshot_failures.inc();
                tracing::warn!(%log, reason, "a snapshot was not saved");
            }
            Report::Failed(reason) => tracing::error!(%log, reason, "the owner cannot use its log"),
        }
    }

    /// After a panic: nobody knows what the core had done, so everybody is told to retry, and the log is read again.
    fn rebuild(&mut self, now: Now) {
        tracing::error!(log = %self.log, commands = self.open.len(), "the owner panicked and is rebuilt from its log");
        self.around.metrics.rebuilds.inc();
        self.epoch += 1;
        let config = Arc::clone(&self.around.config);
        let until = now.mono + PANIC_PAUSE_MS;
        self.core = Core::down_until(self.log.id, config, self.rules.clone(), until, now);
        for ticket in self.open.keys().copied().collect::<Vec<_>>() {
            let refusal = Refusal::new(RefusalCode::Internal, "a bug in the server: retry with the same clientRef");
            self.answer(ticket, Err(refusal.retry_after(PANIC_PAUSE_MS)), false);
        }
    }

    /// Keeps one timer for the earliest time the core wants to be woken.
    fn arm(&mut self, ctx: &mut Context<Self>) {
        let Some(wanted) = self.core.wake_at() else { return };
        if let Some((armed, handle)) = self.timer {
            if armed <= wanted {
                return;
            }
            ctx.cancel_future(handle);
        }
        let wait = Duration::from_millis(wanted.saturating_sub(self.around.clock.mono()));
        let handle = ctx.run_later(wait, |owner, ctx| {
            owner.timer = None;
            owner.feed(Input::Tick, ctx);
        });
        self.timer = Some((wanted, handle));
    }
}

/// The aggregate's kind in metrics.
fn aggregate_label<A: Aggregate>() -> &'static str {
    A::KIND.as_str()
}

// Nothing in an owner is ever pinned: its operations are boxed.
impl<A: Aggregate> Unpin for Owner<A> {}

impl<A: Aggregate> Actor for Owner<A> {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        self.feed(Input::Tick, ctx);
    }
}

impl<A: Aggregate> Drop for Owner<A> {
    fn drop(&mut self) {
        self.around.recents.remove(self.log, &self.ring);
        self.standing.values().for_each(|signal| self.around.standings.forget(signal));
        self.around.metrics.live.dec();
        self.around.metrics.pending.sub(i64::try_from(self.open.len()).unwrap_or(0));
    }
}

impl<A: Aggregate> Handler<Deliver<A>> for Owner<A> {
    type Result = ();

    fn handle(&mut self, message: Deliver<A>, ctx: &mut Self::Context) {
        self.slot.leave();
        self.last_ticket += 1;
        let ticket = self.last_ticket;
        let Deliver { command, entry, reply } = message;
        self.open.insert(ticket, Open { reply, name: A::name(&command) });
        self.around.metrics.pending.inc();
        let fresh = entry.unwrap_or_else(|| EntryId(self.around.clock.new_id()));
        self.feed(Input::Command { ticket, command, fresh, again: entry.is_some() }, ctx);
    }
}

impl<A: Aggregate> Handler<Nudge> for Owner<A> {
    type Result = ();

    fn handle(&mut self, nudge: Nudge, ctx: &mut Self::Context) {
        let input = match nudge {
            Nudge::Drain => Input::Drain,
            Nudge::Rest => Input::Rest,
        };
        self.feed(input, ctx);
    }
}
