//! One Engine.IO session at run time: its state, where its output goes, and who handles its messages.

use super::link::{End, Link, Sent};
use super::mount::Endpoint;
use crate::engine::heartbeat::{Due, Heartbeat};
use crate::engine::polling::PollingBuffer;
use crate::engine::session::{CloseStep, Step, open_packet};
use crate::engine::{CloseReason, Packet, Session, Transport};
use bytes::Bytes;
use plenum_websocket::{close, encode};
use std::cell::{Cell, RefCell};
use std::io::IoSlice;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

/// What runs on a session. Called on the host's thread; a call may send and close.
pub trait Handler {
    /// A text message.
    fn text(&self, text: &str);

    /// A binary message.
    fn binary(&self, bytes: &[u8]);

    /// The session is over. Called once.
    fn closed(&self, reason: CloseReason);

    /// When [`Handler::tick`] wants to be called, in milliseconds of the host's clock.
    fn deadline(&self) -> Option<u64> {
        None
    }

    /// The deadline has come.
    fn tick(&self, _now: u64) {}
}

/// Who connected, and with what request.
#[derive(Clone, Debug, Default)]
pub struct Peer {
    /// Address of the other end of the socket, which may be a proxy.
    pub address: Option<std::net::SocketAddr>,
    /// The query string of the first request.
    pub query: String,
    /// The `Authorization` header of the first request.
    pub authorization: Option<String>,
    /// The `Origin` header of the first request.
    pub origin: Option<String>,
}

enum Output {
    Polling(PollingBuffer),
    WebSocket(Rc<Link>),
    /// The session is over.
    Nowhere,
}

/// What the waiting poll is answered, when it is not with output.
pub(super) type PollBody = Vec<u8>;

/// One session.
pub struct Connection {
    pub(super) sid: String,
    pub(super) mount: Rc<Endpoint>,
    pub(super) peer: Peer,
    pub(super) state: RefCell<Session>,
    heartbeat: Cell<Heartbeat>,
    output: RefCell<Output>,
    handler: RefCell<Option<Rc<dyn Handler>>>,
    reason: Cell<Option<CloseReason>>,
    /// Until when a closed polling session waits for the poll that learns of it.
    give_up: Cell<u64>,
    /// The probing WebSocket.
    pub(super) probe: RefCell<Option<Rc<Link>>>,
    poll_body: RefCell<Option<PollBody>>,
    poll_waker: RefCell<Option<Waker>>,
    pub(super) armed: Cell<u64>,
}

impl Connection {
    pub(super) fn new(sid: String, mount: &Rc<Endpoint>, peer: Peer, link: Option<Rc<Link>>) -> Rc<Self> {
        let config = &mount.config().engine;
        let (transport, output) = match link {
            Some(link) => (Transport::WebSocket, Output::WebSocket(link)),
            None => (Transport::Polling, Output::Polling(PollingBuffer::new(config.poll_buffer_bytes))),
        };
        let connection = Rc::new(Self {
            mount: mount.clone(),
            peer,
            state: RefCell::new(Session::new(transport)),
            heartbeat: Cell::new(Heartbeat::new(config, mount.now())),
            output: RefCell::new(output),
            handler: RefCell::new(None),
            reason: Cell::new(None),
            give_up: Cell::new(u64::MAX),
            probe: RefCell::new(None),
            poll_body: RefCell::new(None),
            poll_waker: RefCell::new(None),
            armed: Cell::new(u64::MAX),
            sid,
        });
        let open = open_packet(&connection.sid, transport, config).frame();
        connection.send(open);
        connection
    }

    /// Hands messages to `handler` from now on.
    pub(super) fn attach(self: &Rc<Self>, handler: Rc<dyn Handler>) {
        *self.handler.borrow_mut() = Some(handler);
        self.rearm();
    }

    /// Who connected.
    #[must_use]
    pub fn peer(&self) -> &Peer {
        &self.peer
    }

    /// The transport in use.
    #[must_use]
    pub fn transport(&self) -> Transport {
        self.state.borrow().transport()
    }

    /// Milliseconds of the host's clock.
    #[must_use]
    pub fn now(&self) -> u64 {
        self.mount.now()
    }

    /// Whether messages are taken and sent.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.state.borrow().is_open()
    }

    /// Whether output goes out at once: nothing waits before it. Volatile events are dropped where this says no.
    #[must_use]
    pub fn is_writable(&self) -> bool {
        match &*self.output.borrow() {
            Output::Polling(buffer) => buffer.is_empty() && self.state.borrow().has_poll(),
            Output::WebSocket(link) => link.queued() == 0,
            Output::Nowhere => false,
        }
    }

    /// Sends prepared frames. A connection that has no room for them is closed.
    pub fn send(self: &Rc<Self>, frames: Bytes) {
        let limit = self.mount.config().outbox_bytes;
        let sent = match &mut *self.output.borrow_mut() {
            Output::Polling(buffer) => {
                let taken = buffer.write(&[IoSlice::new(&frames)]);
                if taken == frames.len() { Sent::Ok } else { Sent::Slow }
            }
            Output::WebSocket(link) => link.send(frames, limit),
            Output::Nowhere => Sent::Ok,
        };
        match sent {
            Sent::Ok => self.wake_poll(),
            Sent::Slow => {
                self.mount.count(|stats| &stats.slow);
                if let Output::WebSocket(link) = &*self.output.borrow() {
                    // It does not read: no goodbye would reach it.
                    link.end(End::Now);
                }
                self.finish(CloseReason::TransportError);
            }
            Sent::Broken => self.finish(CloseReason::TransportError),
        }
    }

    /// Closes the session. The handler's `closed` is called from a task of its own.
    pub fn close(self: &Rc<Self>) {
        let step = self.state.borrow_mut().close();
        match step {
            CloseStep::Already => return,
            CloseStep::Now => {
                self.answer_poll_last();
                self.hang_up(close::code::NORMAL);
            }
            CloseStep::AtNextPoll => {
                let config = &self.mount.config().engine;
                self.give_up.set(self.now().saturating_add(config.close_timeout_ms));
            }
        }
        self.over(CloseReason::ForcedClose);
        self.rearm();
    }

    /// A packet of the transport in use; `None`: something that is none.
    pub(super) fn packet(self: &Rc<Self>, packet: Option<Packet<'_>>) {
        let now = self.now();
        let mut heartbeat = self.heartbeat.get();
        let step = match packet {
            Some(packet) => self.state.borrow_mut().packet(packet),
            None => self.state.borrow_mut().malformed(),
        };
        match &step {
            Step::Pong => heartbeat.pong(now),
            _ => heartbeat.heard(now),
        }
        self.heartbeat.set(heartbeat);
        match step {
            Step::Nothing | Step::Pong => {}
            Step::Text(text) => self.with_handler(|handler| handler.text(&text)),
            Step::Binary(bytes) => self.with_handler(|handler| handler.binary(&bytes)),
            Step::Close(reason) => self.finish(reason),
        }
        self.rearm();
    }

    /// The session is over for a reason on the way: answer what waits, hang up, tell the handler.
    pub(super) fn finish(self: &Rc<Self>, reason: CloseReason) {
        self.state.borrow_mut().closed();
        if self.state.borrow_mut().take_poll() {
            self.answer_poll(&Packet::Noop);
        }
        let code = if reason == CloseReason::ParseError { close::code::PROTOCOL_ERROR } else { close::code::NORMAL };
        self.hang_up(code);
        self.over(reason);
    }

    /// A second poll came: the first is answered with a close packet.
    pub(super) fn overlap(self: &Rc<Self>) {
        if self.state.borrow_mut().take_poll() {
            self.answer_poll(&Packet::Close);
        }
        self.finish(CloseReason::TransportError);
    }

    /// The WebSocket `link` is the transport from now on: what waits for a poll goes out on it first.
    pub(super) fn upgraded(self: &Rc<Self>, link: &Rc<Link>) {
        self.probe.borrow_mut().take();
        let before = std::mem::replace(&mut *self.output.borrow_mut(), Output::WebSocket(link.clone()));
        if let Output::Polling(mut buffer) = before
            && !buffer.is_empty()
        {
            self.send(buffer.take_frames());
        }
        self.wake_poll();
        if self.state.borrow().is_closing() {
            self.state.borrow_mut().closed();
            self.hang_up(close::code::NORMAL);
            self.over(CloseReason::ForcedClose);
        }
    }

    /// Answers the poll that was waiting; the session has let it go.
    pub(super) fn answer_poll(&self, packet: &Packet<'_>) {
        let mut body = Vec::new();
        packet.put(&mut body);
        *self.poll_body.borrow_mut() = Some(body);
        self.wake_poll();
    }

    fn answer_poll_last(&self) {
        if self.state.borrow_mut().take_poll() {
            *self.poll_body.borrow_mut() = Some(self.last_payload());
            self.wake_poll();
        }
    }

    /// What waits, and a close packet.
    pub(super) fn last_payload(&self) -> PollBody {
        // Some clients refuse a payload of more, and the close packet with it.
        let records = self.mount.config().engine.poll_records.saturating_sub(1).max(1);
        let mut body = match &mut *self.output.borrow_mut() {
            Output::Polling(buffer) => buffer.take_payload(usize::MAX, records).unwrap_or_default(),
            _ => Vec::new(),
        };
        if !body.is_empty() {
            body.push(crate::engine::payload::SEPARATOR);
        }
        Packet::Close.put(&mut body);
        body
    }

    /// The output for a poll, if there is any.
    pub(super) fn take_payload(&self) -> Option<PollBody> {
        match &mut *self.output.borrow_mut() {
            Output::Polling(buffer) => {
                let engine = &self.mount.config().engine;
                buffer.take_payload(engine.max_payload_bytes, engine.poll_records)
            }
            _ => None,
        }
    }

    /// Whether a poll would get output.
    pub(super) fn has_payload(&self) -> bool {
        matches!(&*self.output.borrow(), Output::Polling(buffer) if buffer.is_ready())
    }

    /// Waits for the answer to the waiting poll. The task runs after the one that sent something has come to its end, so what
    /// belongs together comes in one answer.
    pub(super) fn poll_answer(&self, cx: &Context<'_>) -> Poll<PollBody> {
        if let Some(body) = self.poll_body.borrow_mut().take() {
            return Poll::Ready(body);
        }
        if let Some(body) = self.take_payload() {
            self.state.borrow_mut().take_poll();
            return Poll::Ready(body);
        }
        *self.poll_waker.borrow_mut() = Some(cx.waker().clone());
        Poll::Pending
    }

    fn wake_poll(&self) {
        if let Some(waker) = self.poll_waker.borrow_mut().take() {
            waker.wake();
        }
    }

    fn with_handler(&self, call: impl FnOnce(&dyn Handler)) {
        let handler = self.handler.borrow().clone();
        if let Some(handler) = handler {
            call(&*handler);
        }
    }

    /// Says goodbye on the WebSockets and lets go of them.
    fn hang_up(&self, code: u16) {
        let links = [
            self.probe.borrow_mut().take(),
            match std::mem::replace(&mut *self.output.borrow_mut(), Output::Nowhere) {
                Output::WebSocket(link) => Some(link),
                Output::Polling(_) | Output::Nowhere => None,
            },
        ];
        for link in links.into_iter().flatten().filter(|link| link.ending().is_none()) {
            link.send(encode::close_frame(code, ""), usize::MAX);
            link.end(End::Linger);
        }
    }

    /// The handler learns of the end, once, when whoever is in it now has come back.
    fn over(self: &Rc<Self>, reason: CloseReason) {
        if self.state.borrow().is_closed() {
            self.mount.forget(&self.sid);
        }
        if self.reason.get().is_some() {
            return;
        }
        self.reason.set(Some(reason));
        self.mount.count(|stats| &stats.closed);
        let connection = self.clone();
        actix_rt::spawn(async move {
            let handler = connection.handler.borrow_mut().take();
            if let Some(handler) = handler {
                handler.closed(reason);
            }
        });
    }

    /// When something is due.
    pub(super) fn deadline(&self) -> u64 {
        let state = self.state.borrow();
        if state.is_closed() {
            return u64::MAX;
        }
        if state.is_closing() {
            return self.give_up.get();
        }
        let handler = self.handler.borrow().as_ref().and_then(|handler| handler.deadline()).unwrap_or(u64::MAX);
        self.heartbeat.get().deadline().min(state.probe_deadline().unwrap_or(u64::MAX)).min(handler)
    }

    pub(super) fn rearm(self: &Rc<Self>) {
        let at = self.deadline();
        self.mount.timers().arm(self, at);
    }

    /// Does what is due.
    pub(super) fn tick(self: &Rc<Self>, now: u64) {
        if self.state.borrow().is_closing() && now >= self.give_up.get() {
            self.state.borrow_mut().closed();
            self.hang_up(close::code::NORMAL);
            self.mount.forget(&self.sid);
            return;
        }
        let late = self.state.borrow().probe_deadline().is_some_and(|until| now >= until);
        if late {
            self.state.borrow_mut().probe_ended();
            self.drop_probe();
        }
        if !self.is_open() {
            return;
        }
        let mut heartbeat = self.heartbeat.get();
        let due = heartbeat.tick(now);
        self.heartbeat.set(heartbeat);
        match due {
            Due::Nothing => {}
            Due::Ping => self.send(Packet::Ping("".into()).frame()),
            Due::Gone => return self.finish(CloseReason::PingTimeout),
        }
        self.with_handler(|handler| {
            if handler.deadline().is_some_and(|at| now >= at) {
                handler.tick(now);
            }
        });
    }

    /// Whether `link` is the transport in use.
    pub(super) fn uses(&self, link: &Rc<Link>) -> bool {
        matches!(&*self.output.borrow(), Output::WebSocket(own) if Rc::ptr_eq(own, link))
    }

    /// Closes the probing WebSocket; polling goes on.
    pub(super) fn drop_probe(&self) {
        if let Some(link) = self.probe.borrow_mut().take() {
            link.send(encode::close_frame(close::code::NORMAL, ""), usize::MAX);
            link.end(End::Linger);
        }
    }
}
