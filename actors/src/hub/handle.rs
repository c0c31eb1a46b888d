//! The thread's handle to its hub, the task that works off slices, and the actor that receives mail from other threads.

use super::connection::ConnectionKey;
use super::core::{Core, Wish};
use super::hubs::{Hubs, Mailbox};
use super::ladder::Ladder;
use super::leaving::Farewell;
use super::restart::At;
use crate::connection::Answer;
use crate::identity::Identity;
use crate::publication::Publication;
use actix::{Actor, ActorContext, Addr, AsyncContext, Context, Handler, Message};
use futures_util::FutureExt;
use plenum_schema::wire::CloseCode;
use plenum_schema::{Offset, Refusal, RefusalCode, SessionId, Topic};
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::{Arc, OnceLock};
use std::task::{Poll, Waker};
use std::time::Duration;
use tokio::sync::oneshot;

/// A piece of a log as publications.
#[derive(Clone, Debug, Default)]
pub struct LogPage {
    /// In offset order.
    pub events: Vec<Arc<Publication>>,
    /// The oldest offset that still exists.
    pub first: Offset,
}

/// Where a hub reads what it missed. Implemented over the owners' rings and the store.
pub trait LogReader: Send + Sync + 'static {
    /// Events beyond `after`, oldest first, at most `events` and about `bytes`. The topic is `known` to reach so far: whoever knows
    /// less must ask the log.
    fn read(&self, topic: Topic, after: Offset, known: Offset, events: usize, bytes: usize) -> PageFuture;

    /// The same for a hub that has missed publications. All hubs of a node have then missed the same ones, and may share a read.
    fn repair(&self, topic: Topic, after: Offset, known: Offset, events: usize, bytes: usize) -> PageFuture {
        self.read(topic, after, known, events, bytes)
    }
}

/// A piece of a log that is on its way.
pub type PageFuture = Pin<Box<dyn Future<Output = Result<LogPage, Refusal>> + Send>>;

/// How often a slice of connections is swept; a whole pass takes [`SWEEP_PARTS`] of these.
const SWEEP_EVERY: Duration = Duration::from_millis(250);
const SWEEP_PARTS: usize = 4;

/// Mail from other threads.
#[derive(Message, Debug)]
#[rtype(result = "()")]
pub enum HubMail {
    /// Publications of one topic, in order.
    Publish(Arc<[Arc<Publication>]>),
    /// Batches found no room: see the mailbox.
    Missed,
    /// The topic's log reaches to this offset.
    Announce(Topic, Offset),
    /// These sessions are no more.
    EndSessions(Arc<[SessionId]>),
    /// Which sessions have connections here.
    Sessions(Asked),
    /// The node ends: everybody is closed.
    Drain(Farewell),
}

/// Takes a worker's answer to [`HubMail::Sessions`].
#[derive(Debug)]
pub struct Asked(pub(super) oneshot::Sender<Vec<Identity>>);

/// An answer for a connection. A message of its own, because it is much larger than the others.
#[derive(Message, Debug)]
#[rtype(result = "()")]
struct Answered {
    key: ConnectionKey,
    answer: Answer,
}

/// Sends answers to the connections of one hub, from any thread. Cheap to clone.
#[derive(Clone, Default)]
pub struct Post(Arc<OnceLock<Addr<HubActor>>>);

impl Post {
    /// Lets the hub give the answer to its connection; drops it when the hub or the connection has gone.
    #[expect(clippy::disallowed_methods, reason = "bounded by the commands in flight of each connection")]
    pub(crate) fn answer(&self, key: ConnectionKey, answer: Answer) {
        if let Some(hub) = self.0.get() {
            hub.do_send(Answered { key, answer });
        }
    }
}

/// Shared by everything on a worker thread that deals with connections. Cheap to clone.
#[derive(Clone)]
pub struct HubHandle {
    core: Rc<RefCell<Core>>,
    signal: Rc<Signal>,
    reader: Arc<dyn LogReader>,
    hubs: Arc<Hubs>,
    post: Post,
    worker: usize,
}

#[derive(Default)]
struct Signal {
    raised: Cell<bool>,
    waker: RefCell<Option<Waker>>,
}

impl Signal {
    fn raise(&self) {
        if !self.raised.replace(true)
            && let Some(waker) = self.waker.borrow_mut().take()
        {
            waker.wake();
        }
    }

    async fn wait(&self) {
        poll_fn(|cx| {
            if self.raised.replace(false) {
                return Poll::Ready(());
            }
            *self.waker.borrow_mut() = Some(cx.waker().clone());
            Poll::Pending
        })
        .await;
    }
}

impl HubHandle {
    /// Starts a hub on this thread: its actor, its flush task, its sweep. Registers it with `hubs`.
    #[must_use]
    pub fn start(core: Core, reader: Arc<dyn LogReader>, hubs: &Arc<Hubs>) -> Self {
        let core = Rc::new(RefCell::new(core));
        let signal = Rc::new(Signal::default());
        let worker = hubs.reserve();
        let mailbox = hubs.mailbox(worker);
        core.borrow_mut().suffer(hubs.faults().cloned());
        let handle = Self { core, signal, reader, hubs: hubs.clone(), post: Post::default(), worker };
        let address = HubActor { hub: handle.clone(), mailbox: mailbox.clone(), kept: VecDeque::new() }.start();
        // The first and only one.
        let _already = handle.post.0.set(address.clone()).is_err();
        hubs.register(worker, address, mailbox);
        actix::spawn(handle.clone().work());
        handle
    }

    /// Runs `call` on the core, then does what it wished and sees to it that what it queued is written. A panic in it is the hub's alone:
    /// the hub begins again with no topics, its connections are closed so that they come back, and the answer is `T`'s default.
    #[track_caller]
    pub fn with<T: Default>(&self, call: impl FnOnce(&mut Core) -> T) -> T {
        // Not inside of the closure, which is a caller of its own.
        let place = Location::caller();
        let (result, wishes, dropped, busy) = {
            let core = &mut *self.core.borrow_mut();
            core.work.at = At::Unknown;
            let result = catch_unwind(AssertUnwindSafe(|| call(core))).unwrap_or_else(|_| {
                core.begin_again(place);
                T::default()
            });
            (result, core.take_wishes(), core.take_dropped(), core.has_work())
        };
        for wish in wishes {
            self.fulfil(wish);
        }
        for topic in dropped {
            if !self.core.borrow().wants(topic) {
                self.hubs.lose_interest(topic, self.worker);
            }
        }
        if busy {
            self.signal.raise();
        }
        result
    }

    /// Publications of the topic must come to this hub from now on; call before learning the topic's head.
    pub fn expect(&self, topic: Topic) {
        self.with(|core| core.expect(topic));
        self.hubs.take_interest(topic, self.worker);
    }

    /// The way of answers to connections of this hub.
    #[must_use]
    pub fn post(&self) -> &Post {
        &self.post
    }

    fn answer(&self, key: ConnectionKey, answer: Answer) {
        // The core is free again when the socket has the answer.
        let socket = self.core.borrow().socket(key);
        let Some(socket) = socket else { return };
        if catch_unwind(AssertUnwindSafe(|| socket.answer(answer))).is_err() {
            self.failed("an answer to a connection");
            self.with(|core| core.close(key, CloseCode::Internal, Some(0)));
        }
    }

    /// Counts a panic beside the core.
    fn failed(&self, what: &'static str) {
        self.core.borrow().metrics.panics.inc();
        tracing::error!(what, "a task of a hub panicked; the hub goes on");
    }

    /// A page of a log; nothing when it cannot be read now.
    async fn page(&self, reading: impl FnOnce() -> PageFuture) -> Option<LogPage> {
        // Also what comes before the first wait.
        let read = AssertUnwindSafe(async { reading().await }).catch_unwind().await;
        read.unwrap_or_else(|_| {
            self.failed("a read of a log");
            Err(Refusal::new(RefusalCode::Internal, "the reader panicked"))
        })
        .ok()
    }

    /// What overload takes away now.
    #[must_use]
    pub fn ladder(&self) -> &Ladder {
        self.hubs.ladder()
    }

    /// The socket of a connection has room again.
    pub fn writable(&self, key: ConnectionKey) {
        self.with(|core| core.writable(key));
    }

    async fn work(self) {
        loop {
            match self.with(|core| core.next_wake()) {
                None => self.signal.wait().await,
                Some(micros) => {
                    // Whichever comes first: both mean that there may be something to do.
                    let _woken = tokio::time::timeout(Duration::from_micros(micros), self.signal.wait()).await.is_ok();
                }
            }
            while self.with(Core::slice) {
                // Deferred past the I/O driver: sockets and timers get their turn between slices.
                tokio::task::yield_now().await;
            }
        }
    }

    fn fulfil(&self, wish: Wish) {
        let hub = self.clone();
        let (events, bytes) = {
            let core = self.core.borrow();
            (core.config.page_events, core.config.page_bytes)
        };
        actix::spawn(async move {
            match wish {
                Wish::Page { key, topic, after, known } => {
                    let page = hub.page(|| hub.reader.read(topic, after, known, events, bytes)).await;
                    hub.with(|core| {
                        core.page(key, topic, page.as_ref().map(|page| (page.events.as_slice(), page.first)));
                    });
                }
                Wish::Repair { topic, after, known } => {
                    let page = hub.page(|| hub.reader.repair(topic, after, known, events, bytes)).await;
                    hub.with(|core| {
                        core.repaired(topic, page.as_ref().map(|page| (page.events.as_slice(), page.first)));
                    });
                }
            }
        });
    }
}

/// Receives mail from other threads for the hub of its own.
pub struct HubActor {
    hub: HubHandle,
    mailbox: Arc<Mailbox>,
    /// What a test keeps from the hub. It counts as waiting.
    kept: VecDeque<HubMail>,
}

impl HubActor {
    fn sweep_later(&self, ctx: &mut Context<Self>) {
        // One timer, armed anew each time: a late tick is not made up for.
        ctx.run_later(SWEEP_EVERY, |actor, ctx| {
            let part = actor.hub.with(|core| core.len()) / SWEEP_PARTS + 64;
            actor.hub.with(|core| core.sweep(part).complete);
            actor.look_after_mail(ctx);
            actor.sweep_later(ctx);
        });
    }

    #[expect(clippy::disallowed_methods, reason = "one batch a sweep at the most")]
    fn look_after_mail(&mut self, ctx: &Context<Self>) {
        self.give_kept();
        self.mailbox.look_again();
        let now = self.hub.with(|core| core.clock.mono());
        self.mailbox.release(now, |batch| ctx.address().do_send(HubMail::Publish(batch)));
    }

    fn is_kept_from_mail(&self) -> bool {
        self.hub.hubs.faults().is_some_and(|faults| faults.holds_mail())
    }

    /// Hands over what was kept, unless it is to be kept on.
    fn give_kept(&mut self) {
        while !self.is_kept_from_mail()
            && let Some(mail) = self.kept.pop_front()
        {
            self.take(mail);
        }
    }

    fn take(&self, mail: HubMail) {
        match mail {
            HubMail::Publish(batch) => {
                self.mailbox.taken();
                self.hub.with(|core| core.publish(&batch));
            }
            // Behind the batches that filled the mailbox: what they brought is not read again.
            HubMail::Missed => self.read_missed(),
            HubMail::Announce(topic, head) => self.hub.with(|core| core.announce(topic, head)),
            HubMail::EndSessions(sessions) => self.hub.with(|core| core.end_sessions(&sessions)),
            HubMail::Sessions(Asked(asked)) => {
                let sessions = self.hub.with(|core| core.sessions());
                // Whoever asked may have gone.
                let _gone = asked.send(sessions).is_err();
            }
            HubMail::Drain(farewell) => self.hub.with(|core| core.drain(farewell)),
        }
    }

    fn read_missed(&self) {
        for (topic, head) in self.mailbox.take_missed() {
            self.hub.with(|core| core.announce(topic, head));
        }
    }
}

impl Actor for HubActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        self.sweep_later(ctx);
    }
}

impl Handler<HubMail> for HubActor {
    type Result = ();

    fn handle(&mut self, mail: HubMail, ctx: &mut Context<Self>) {
        if matches!(mail, HubMail::Publish(_) | HubMail::Missed) {
            if self.is_kept_from_mail() {
                return self.kept.push_back(mail);
            }
            self.give_kept();
        }
        self.take(mail);
        if self.hub.hubs.is_closed() {
            ctx.stop();
        }
    }
}

impl Handler<Answered> for HubActor {
    type Result = ();

    fn handle(&mut self, Answered { key, answer }: Answered, _: &mut Context<Self>) {
        self.hub.answer(key, answer);
    }
}
