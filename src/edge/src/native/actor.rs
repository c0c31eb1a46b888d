//! The connection actor at the end of a socket: reads frames and hands messages to the protocol. Answers come to the protocol by the
//! hub, which has them written with what else waits for the socket.

use super::link::{Link, Protocol, Room};
use actix::fut::ActorFuture;
use actix::{Actor, ActorContext, AsyncContext, Context};
use bytes::BytesMut;
use plenum_actors::connection::{Admitted, Connection, ReplyTo, Shared};
use plenum_actors::hub::{Breach, ConnectionKey, Shut};
use plenum_schema::codec::Codec;
use plenum_websocket::close::code;
use plenum_websocket::encode::{close_frame, close_reply, pong_frame};
use plenum_websocket::{Decoder, Incoming, Limits, Violation};
use std::cell::RefCell;
use std::ops::ControlFlow;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context as TaskContext, Poll};

/// Bytes read from a socket at once, into a buffer that all connections of the thread share.
const SCRATCH_BYTES: usize = 64 * 1024;
/// Reads of one connection before the others get their turn.
pub(crate) const READS_A_TURN: usize = 4;

thread_local! {
    static SCRATCH: RefCell<Vec<u8>> = RefCell::new(vec![0; SCRATCH_BYTES]);
}

/// Runs something with the thread's buffer for reading. Not to be nested.
pub(crate) fn with_scratch<T>(call: impl FnOnce(&mut [u8]) -> T) -> T {
    SCRATCH.with_borrow_mut(|scratch| call(scratch))
}

/// One WebSocket connection.
pub(super) struct NativeConnection {
    protocol: Rc<Protocol>,
    link: Rc<Link>,
    decoder: Decoder,
    limits: Limits,
    codec: Codec,
    /// What came behind the handshake in the same read; empty (and without memory) from then on.
    first: BytesMut,
    /// Keeps the node's count while the socket is open.
    _admitted: Admitted,
}

impl NativeConnection {
    pub(super) fn new(
        connection: Connection,
        link: Rc<Link>,
        (limits, codec): (Limits, Codec),
        shared: Rc<Shared>,
        (first, admitted): (BytesMut, Admitted),
    ) -> Self {
        let protocol = Rc::new(Protocol { connection: RefCell::new(connection), shared });
        link.speak(protocol.clone());
        Self { protocol, link, decoder: Decoder::new(), limits, codec, first, _admitted: admitted }
    }

    /// Takes what the peer sent, as it comes.
    fn feed(&mut self, bytes: &mut [u8]) {
        let Self { protocol, decoder, limits, codec, .. } = self;
        let Protocol { connection, shared } = &**protocol;
        let connection = &mut *connection.borrow_mut();
        let key = connection.key();
        let me = &ReplyTo::Hub(shared.hub.post().clone(), key);
        shared.hub.with(|core| core.heard(key));
        let result = decoder.decode(limits, bytes, &mut |incoming| {
            match (incoming, *codec) {
                (Incoming::Text(text), Codec::Json) => connection.message(shared, me, text.as_bytes()),
                (Incoming::Binary(bytes), Codec::MessagePack) => connection.message(shared, me, bytes),
                (Incoming::Text(_) | Incoming::Binary(_), _) => connection.wrong_kind(shared),
                (Incoming::Ping(bytes), _) => {
                    if connection.control(shared) {
                        shared.hub.with(|core| core.pong(key, pong_frame(bytes)));
                    }
                }
                (Incoming::Pong(_), _) => {
                    connection.control(shared);
                }
                (Incoming::Close(with), _) => {
                    let reply = close_reply(with.map(|(code, _)| code));
                    shared.hub.with(|core| core.finish(key, reply, Shut::Now));
                }
            }
            ControlFlow::Continue(())
        });
        if let Err(violation) = result {
            let close = close_frame(violation.close_code(), &violation.to_string());
            shared.hub.with(|core| core.breach(key, close, breach_of(violation)));
        }
    }

    fn key(&self) -> ConnectionKey {
        self.protocol.connection.borrow().key()
    }

    /// One turn; answers whether the socket lives on.
    fn turn(&mut self, cx: &mut TaskContext<'_>) -> bool {
        self.link.attend(cx);
        match self.link.poll_room(cx) {
            Room::Made => self.protocol.shared.hub.writable(self.key()),
            Room::Broken => return false,
            Room::NotWanted | Room::None => {}
        }
        match self.link.shut_how() {
            Some(Shut::Now) => {
                self.link.end_output();
                return false;
            }
            Some(Shut::Linger) => {
                self.link.end_output();
            }
            Some(Shut::AwaitPeer) | None => {}
        }
        with_scratch(|scratch| self.read(cx, scratch))
    }

    fn read(&mut self, cx: &mut TaskContext<'_>, scratch: &mut [u8]) -> bool {
        for _ in 0..READS_A_TURN {
            match self.link.poll_read(cx, scratch) {
                Poll::Pending => return true,
                Poll::Ready(Err(_) | Ok(0)) => return false,
                Poll::Ready(Ok(count)) => self.feed(scratch.get_mut(..count).unwrap_or_default()),
            }
        }
        cx.waker().wake_by_ref();
        true
    }
}

/// How a broken rule is counted.
pub(crate) fn breach_of(violation: Violation) -> Breach {
    match violation.close_code() {
        code::INVALID_PAYLOAD => Breach::Text,
        code::TOO_BIG => Breach::Size,
        _ => Breach::Framing,
    }
}

impl Actor for NativeConnection {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        let mut first = std::mem::take(&mut self.first);
        if !first.is_empty() {
            self.feed(&mut first);
        }
        ctx.spawn(Turns);
    }

    fn stopped(&mut self, _: &mut Context<Self>) {
        self.protocol.connection.borrow().gone(&self.protocol.shared);
    }
}

/// Drives the socket inside the actor.
struct Turns;

impl ActorFuture<NativeConnection> for Turns {
    type Output = ();

    fn poll(
        self: Pin<&mut Self>,
        actor: &mut NativeConnection,
        ctx: &mut Context<NativeConnection>,
        cx: &mut TaskContext<'_>,
    ) -> Poll<()> {
        if actor.turn(cx) {
            return Poll::Pending;
        }
        ctx.stop();
        Poll::Ready(())
    }
}
