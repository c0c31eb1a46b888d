//! The actor of one Engine.IO session, on whichever transport it is.

use super::asks::{Again, Answered, Ask, Listed, Located, Stands};
use super::chat::{Around, Chat};
use super::line::{Line, Told};
use super::polling::Polling;
use super::{framing, welcome};
use crate::native::link::{Link, Room};
use crate::native::{READS_A_TURN, Worker, breach_of, with_scratch};
use actix::fut::ActorFuture;
use actix::{Actor, ActorContext, AsyncContext, Context, Handler, Recipient};
use bytes::{Bytes, BytesMut};
use plenum_actors::connection::{Admitted, Answer, Connection, ReplyTo};
use plenum_actors::hub::{ConnectionKey, NewConnection, Shut};
use plenum_actors::publication::{Dialect, Parser, Vocabulary};
use plenum_schema::ConnectionId;
use plenum_socketio::engine::payload::PayloadError;
use plenum_socketio::engine::session::{CloseReason, Step};
use plenum_socketio::engine::{Packet, Refusal, Session, Transport};
use plenum_websocket::encode::{close_frame, close_reply, pong_frame};
use plenum_websocket::{Decoder, Incoming, Violation};
use std::ops::ControlFlow;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context as TaskContext, Poll};

/// Where the session's mail goes; made when the actor starts.
pub(super) struct Mail {
    answers: ReplyTo,
    listed: Recipient<Listed>,
    located: Recipient<Located>,
    stands: Recipient<Stands>,
    again: Recipient<Again>,
}

/// One session.
pub(super) struct SocketIoSession {
    pub(super) worker: Rc<Worker>,
    pub(super) line: Rc<Line>,
    pub(super) engine: Session,
    chat: Chat,
    pub(super) decoder: Decoder,
    mail: Option<Mail>,
    /// What only a session has that began with polling.
    pub(super) polling: Option<Box<Polling>>,
    /// What came behind the handshake in the same read.
    first: BytesMut,
    /// Keeps the node's count while the session lives.
    _admitted: Admitted,
}

impl SocketIoSession {
    /// A session on a line: joins the hub and says `open`.
    pub(super) fn open(
        worker: Rc<Worker>,
        (line, transport): (Rc<Line>, Transport),
        (first, admitted): (BytesMut, Admitted),
        token: Option<Box<str>>,
        open: Option<Bytes>,
    ) -> Self {
        let connection = Connection::open_foreign(&worker.shared, join(&worker, &line)).admitted(&admitted);
        let chat = Chat::new(connection, token);
        if let Some(open) = open {
            worker.shared.hub.with(|core| core.push_bytes(chat.key(), open));
        }
        Self {
            worker,
            line,
            engine: Session::new(transport),
            chat,
            decoder: Decoder::new(),
            mail: None,
            polling: None,
            first,
            _admitted: admitted,
        }
    }

    pub(super) fn key(&self) -> ConnectionKey {
        self.chat.key()
    }

    /// Runs something on the chat with what it works with.
    fn with_chat(&mut self, call: impl FnOnce(&mut Chat, &Around<'_>)) {
        let Self { worker, line, chat, mail, .. } = self;
        let Some(mail) = mail else { return };
        let socket_io = &worker.edge.socket_io;
        let around = Around {
            shared: &worker.shared,
            config: &socket_io.config,
            limits: &socket_io.packets,
            metrics: &socket_io.sessions.metrics,
            is_unpolled: line.is_ready() || line.is_behind(),
            me: &mail.answers,
            listed: &mail.listed,
            located: &mail.located,
            stands: &mail.stands,
            again: &mail.again,
        };
        call(chat, &around);
        if chat.has_left() {
            self.rejoin();
        }
    }

    /// The client has left the namespace and kept the transport: as far as the rest of Plenum knows, it is a new connection.
    fn rejoin(&mut self) {
        let shared = self.worker.shared.clone();
        if !shared.hub.with(|core| core.is_quiet(self.key())) {
            // What waits belongs to the old one; a client that reads so slowly comes back by a new transport.
            return shared.hub.with(|core| core.finish(self.key(), framing::leaving(), Shut::Linger));
        }
        self.chat.connection.gone(&shared);
        let key = join(&self.worker, &self.line);
        self.chat.begin_again(key);
    }

    /// One packet of Engine.IO.
    pub(super) fn packet(&mut self, packet: Packet<'_>) {
        match self.engine.packet(packet) {
            Step::Nothing | Step::Pong => {}
            Step::Text(text) => self.with_chat(|chat, around| chat.text(around, &text)),
            Step::Binary(bytes) => self.with_chat(|chat, around| chat.binary(around, &bytes)),
            Step::Close(reason) => {
                tracing::debug!(%reason, "session ends");
                self.finish(framing::leaving(), Shut::Now);
            }
        }
    }

    /// The last frame, and the end.
    pub(super) fn finish(&self, last: Bytes, then: Shut) {
        self.worker.shared.hub.with(|core| core.finish(self.key(), last, then));
    }

    pub(super) fn heard(&self) {
        self.worker.shared.hub.with(|core| core.heard(self.key()));
    }

    /// Takes what the WebSocket brought.
    pub(super) fn feed(&mut self, bytes: &mut [u8]) {
        self.heard();
        let limits = self.worker.edge.socket_io.limits;
        let mut decoder = std::mem::replace(&mut self.decoder, Decoder::new());
        let result = decoder.decode(&limits, bytes, &mut |incoming| {
            self.incoming(incoming);
            ControlFlow::Continue(())
        });
        self.decoder = decoder;
        if let Err(violation) = result {
            self.fail(violation);
        }
    }

    pub(super) fn incoming(&mut self, incoming: Incoming<'_>) {
        match incoming {
            Incoming::Text(text) => match Packet::decode(text) {
                Ok(packet) => self.packet(packet),
                Err(error) => {
                    tracing::debug!(%error, "not a packet of engine.io");
                    self.engine.malformed();
                    self.finish(close_frame(1002, "not a packet"), Shut::Linger);
                }
            },
            Incoming::Binary(bytes) => self.packet(Packet::Binary(bytes.into())),
            Incoming::Ping(bytes) => {
                if self.chat.connection.control(&self.worker.shared) {
                    self.worker.shared.hub.with(|core| core.pong(self.key(), pong_frame(bytes)));
                }
            }
            Incoming::Pong(_) => {
                self.chat.connection.control(&self.worker.shared);
            }
            Incoming::Close(with) => self.finish(close_reply(with.map(|(code, _)| code)), Shut::Now),
        }
    }

    pub(super) fn fail(&self, violation: Violation) {
        let close = close_frame(violation.close_code(), &violation.to_string());
        self.worker.shared.hub.with(|core| core.breach(self.key(), close, breach_of(violation)));
    }

    /// One turn; answers whether the session lives on.
    fn turn(&mut self, me: &Recipient<Ask>, cx: &mut TaskContext<'_>) -> bool {
        self.line.attend(cx);
        for told in self.line.take_told() {
            self.act_on(told);
        }
        match self.line.link() {
            Some(link) => self.web_turn(&link, cx),
            None => self.polling_turn(me, cx),
        }
    }

    fn act_on(&mut self, told: Told) {
        self.with_chat(|chat, around| match told {
            Told::Into(topic) => chat.look_at(around, topic),
            Told::Unread(topic, offset) => chat.arrives(around, topic, offset),
            Told::CaughtUp(conference) => chat.caught_up(around, conference),
            Told::Asked(conference, question) => chat.asked(around, conference, question),
        });
        if matches!(told, Told::CaughtUp(_)) {
            self.line.wants_questions(self.chat.wants_questions());
        }
    }

    fn web_turn(&mut self, link: &Link, cx: &mut TaskContext<'_>) -> bool {
        if !self.line.flush_ahead() {
            return false;
        }
        match link.poll_room(cx) {
            Room::Made => {
                if !self.line.flush_ahead() {
                    return false;
                }
                self.worker.shared.hub.writable(self.key());
            }
            Room::Broken => return false,
            Room::NotWanted | Room::None => {}
        }
        if let Some(socket) = self.line.step_aside() {
            self.worker.shared.hub.with(|core| core.go_on_with(self.key(), socket));
        }
        match link.shut_how() {
            Some(Shut::Now) => {
                link.end_output();
                return false;
            }
            Some(Shut::Linger) => {
                link.end_output();
            }
            Some(Shut::AwaitPeer) | None => {}
        }
        with_scratch(|scratch| self.read(link, cx, scratch))
    }

    fn read(&mut self, link: &Link, cx: &mut TaskContext<'_>, scratch: &mut [u8]) -> bool {
        for _ in 0..READS_A_TURN {
            match link.poll_read(cx, scratch) {
                Poll::Pending => return true,
                Poll::Ready(Err(_) | Ok(0)) => return false,
                Poll::Ready(Ok(count)) => self.feed(scratch.get_mut(..count).unwrap_or_default()),
            }
        }
        cx.waker().wake_by_ref();
        true
    }
}

/// A connection of the hub that writes to a line.
fn join(worker: &Worker, line: &Rc<Line>) -> ConnectionKey {
    let id = ConnectionId(worker.edge.clock.new_id());
    let dialect = Dialect::socket_io(Parser::Json, Vocabulary::Both);
    let new = NewConnection { id, socket: line.socket(), dialect };
    let key = worker.shared.hub.with(|core| core.join(new));
    tracing::debug!(connection = %id, "socket.io connection opened");
    key
}

impl Actor for SocketIoSession {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        let me = ctx.address();
        let located = me.clone().recipient();
        let (listed, stands, again) = (me.clone().recipient(), me.clone().recipient(), me.clone().recipient());
        self.mail = Some(Mail { answers: me.clone().recipient().into(), listed, located, stands, again });
        let mut first = std::mem::take(&mut self.first);
        if !first.is_empty() {
            self.feed(&mut first);
        }
        ctx.spawn(Turns { me: me.recipient() });
    }

    fn stopped(&mut self, _: &mut Context<Self>) {
        self.answer_last_poll();
        self.drop_probe();
        self.chat.connection.gone(&self.worker.shared);
    }
}

impl Handler<Answer> for SocketIoSession {
    type Result = ();

    fn handle(&mut self, answer: Answer, _: &mut Context<Self>) {
        self.with_chat(|chat, around| chat.answer(around, answer));
    }
}

impl Handler<Listed> for SocketIoSession {
    type Result = ();

    fn handle(&mut self, Listed(outcome): Listed, _: &mut Context<Self>) {
        self.with_chat(|chat, around| welcome::listed(chat, around, outcome));
    }
}

impl Handler<Located> for SocketIoSession {
    type Result = ();

    fn handle(&mut self, located: Located, _: &mut Context<Self>) {
        self.with_chat(|chat, around| chat.located(around, located));
    }
}

impl Handler<Stands> for SocketIoSession {
    type Result = ();

    fn handle(&mut self, stands: Stands, _: &mut Context<Self>) {
        self.with_chat(|chat, around| chat.stood(around, stands));
        self.line.wants_questions(self.chat.wants_questions());
    }
}

impl Handler<Again> for SocketIoSession {
    type Result = ();

    fn handle(&mut self, again: Again, _: &mut Context<Self>) {
        self.with_chat(|chat, around| chat.again(around, again));
    }
}

impl Handler<Ask> for SocketIoSession {
    type Result = ();

    fn handle(&mut self, ask: Ask, ctx: &mut Context<Self>) {
        match ask {
            Ask::Poll(answer) => self.poll(answer),
            Ask::Post { body, answer } => {
                // Whoever asked may have gone.
                let _gone = answer.send(self.post(&body));
            }
            Ask::End => self.broken(),
            Ask::Probe(transport, first) => self.probe(transport, first, ctx),
        }
    }
}

impl SocketIoSession {
    fn post(&mut self, body: &[u8]) -> Answered {
        self.heard();
        if let Err(refused) = self.engine.post(false) {
            if refused.closes {
                self.finish(framing::leaving(), Shut::Now);
            }
            return Answered::Refused(refused.refusal.unwrap_or(Refusal::BadRequest));
        }
        let limit = self.worker.edge.socket_io.config.max_payload_packets;
        let outcome = match plenum_socketio::engine::payload::decode(body, limit) {
            Ok(packets) => {
                let mut broken = None;
                for packet in packets {
                    match packet {
                        Ok(packet) => self.packet(packet),
                        Err(error) => broken = Some(error),
                    }
                }
                broken.map_or(Ok(()), Err)
            }
            Err(error) => Err(error),
        };
        self.engine.post_ended();
        match outcome {
            Ok(()) => Answered::Taken,
            Err(error) => {
                tracing::debug!(%error, "not a payload");
                self.engine.malformed();
                self.finish(framing::leaving(), Shut::Now);
                match error {
                    PayloadError::TooManyPackets(most) => Answered::TooMany(most),
                    PayloadError::Utf8 | PayloadError::Packet { .. } => Answered::Refused(Refusal::BadRequest),
                }
            }
        }
    }

    /// A request broke the rules of polling. One that has gone over to WebSocket has none any more.
    fn broken(&mut self) {
        if self.engine.transport() == Transport::Polling && !self.engine.is_closed() {
            tracing::debug!(reason = %CloseReason::TransportError, "session ends");
            self.engine.closed();
            self.end_poll();
            self.finish(framing::leaving(), Shut::Now);
        }
    }
}

/// Drives the session inside the actor.
struct Turns {
    me: Recipient<Ask>,
}

impl ActorFuture<SocketIoSession> for Turns {
    type Output = ();

    fn poll(
        self: Pin<&mut Self>,
        actor: &mut SocketIoSession,
        ctx: &mut Context<SocketIoSession>,
        cx: &mut TaskContext<'_>,
    ) -> Poll<()> {
        if actor.turn(&self.me, cx) {
            return Poll::Pending;
        }
        ctx.stop();
        Poll::Ready(())
    }
}
