//! The connection actor of a polling client: requests come as messages, frames go out as their answers.

use super::directory::{Entry, gone};
use super::frames::Frames;
use actix::fut::ActorFuture;
use actix::{Actor, ActorContext, AsyncContext, Context, Handler, Message, SpawnHandle};
use bytes::Bytes;
use plenum_actors::connection::{Admitted, Answer, Connection, Shared};
use plenum_schema::wire::ClientFrame;
use plenum_schema::{Refusal, RefusalCode};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context as TaskContext, Poll};
use std::time::Duration;
use tokio::sync::oneshot;

/// Where the answer to a request goes.
type Asker<T> = oneshot::Sender<Result<T, Refusal>>;

/// A request for frames.
#[derive(Message, Debug)]
#[rtype(result = "()")]
pub(super) struct Fetch {
    /// The client has everything up to here.
    pub after: u64,
    /// How long to wait for the first frame.
    pub wait: Duration,
    pub asker: Asker<Bytes>,
}

/// Commands of the client.
#[derive(Message, Debug)]
#[rtype(result = "()")]
pub(super) struct Give {
    /// Number of the first one.
    pub first: u64,
    pub frames: Vec<ClientFrame>,
    /// Told the number of the last one taken.
    pub asker: Asker<u64>,
}

/// The client leaves.
#[derive(Message, Debug)]
#[rtype(result = "()")]
pub(super) struct Leave;

/// A request that waits for a frame.
struct Waiting {
    asker: Asker<Bytes>,
    timer: SpawnHandle,
}

/// One polling connection.
pub(crate) struct PollConnection {
    connection: Connection,
    frames: Rc<Frames>,
    shared: Rc<Shared>,
    /// Number of the last command taken.
    taken: u64,
    waiting: Option<Waiting>,
    /// Absent once the client has left: requests do not find the connection any more.
    entry: Option<Entry>,
    /// Keeps the node's count.
    _admitted: Admitted,
}

impl PollConnection {
    pub(super) fn new(
        connection: Connection,
        frames: Rc<Frames>,
        shared: Rc<Shared>,
        (entry, admitted): (Entry, Admitted),
    ) -> Self {
        Self { connection, frames, shared, taken: 0, waiting: None, entry: Some(entry), _admitted: admitted }
    }

    fn heard(&self) {
        self.shared.hub.with(|core| core.heard(self.connection.key()));
    }

    /// Answers whoever waits with what there is, perhaps nothing.
    fn answer(&mut self, ctx: &mut Context<Self>) {
        if let Some(Waiting { asker, timer }) = self.waiting.take() {
            ctx.cancel_future(timer);
            // Whoever asked may have gone; the frames stay until they are taken.
            let _asker_gone = asker.send(Ok(self.frames.page()));
        }
    }

    /// Takes new commands, and passes over those that came before.
    fn take(&mut self, ctx: &Context<Self>, first: u64, frames: Vec<ClientFrame>) -> Result<u64, Refusal> {
        if first == 0 || first > self.taken + 1 {
            let why = format!("the last command that arrived has the number {}", self.taken);
            return Err(Refusal::field(RefusalCode::Conflict, "first", why));
        }
        let me = ctx.address().recipient().into();
        let known = usize::try_from(self.taken + 1 - first).unwrap_or(usize::MAX);
        for frame in frames.into_iter().skip(known) {
            self.taken += 1;
            // Whoever was sent away can do nothing more.
            if self.shared.hub.with(|core| core.is_open(self.connection.key())) {
                self.connection.carry_out(&self.shared, &me, frame.id, frame.command);
            }
        }
        Ok(self.taken)
    }
}

impl Actor for PollConnection {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        ctx.spawn(Turns);
    }

    fn stopped(&mut self, _: &mut Context<Self>) {
        self.connection.gone(&self.shared);
        if let Some(Waiting { asker, .. }) = self.waiting.take() {
            let _asker_gone = asker.send(Err(gone()));
        }
    }
}

impl Handler<Answer> for PollConnection {
    type Result = ();

    fn handle(&mut self, answer: Answer, _: &mut Context<Self>) {
        self.connection.answer(&self.shared, answer);
    }
}

impl Handler<Fetch> for PollConnection {
    type Result = ();

    fn handle(&mut self, Fetch { after, wait, asker }: Fetch, ctx: &mut Context<Self>) {
        self.heard();
        match self.frames.release(after) {
            Err(refusal) => {
                let _asker_gone = asker.send(Err(refusal));
                return;
            }
            Ok(true) => self.shared.hub.writable(self.connection.key()),
            Ok(false) => {}
        }
        // The newest request is the one whose client is still there.
        self.answer(ctx);
        let timer = ctx.run_later(wait, Self::answer);
        self.waiting = Some(Waiting { asker, timer });
        if self.frames.has_any() || self.frames.is_over() || wait.is_zero() {
            self.answer(ctx);
        }
        self.frames.wake();
    }
}

impl Handler<Give> for PollConnection {
    type Result = ();

    fn handle(&mut self, Give { first, frames, asker }: Give, ctx: &mut Context<Self>) {
        self.heard();
        let _asker_gone = asker.send(self.take(ctx, first, frames));
    }
}

impl Handler<Leave> for PollConnection {
    type Result = ();

    fn handle(&mut self, _: Leave, ctx: &mut Context<Self>) {
        self.answer(ctx);
        self.entry = None;
        ctx.stop();
    }
}

/// Looks whether whoever waits can be answered, whenever the hub has written something.
struct Turns;

impl ActorFuture<PollConnection> for Turns {
    type Output = ();

    fn poll(
        self: Pin<&mut Self>,
        actor: &mut PollConnection,
        ctx: &mut Context<PollConnection>,
        cx: &mut TaskContext<'_>,
    ) -> Poll<()> {
        actor.frames.attend(cx);
        let is_over = actor.frames.is_over();
        if is_over || actor.frames.has_any() {
            actor.answer(ctx);
        }
        if is_over {
            ctx.stop();
            return Poll::Ready(());
        }
        Poll::Pending
    }
}
