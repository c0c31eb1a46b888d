//! WebSockets: the upgrade request, and the task that reads a socket and writes what waits for it.

use super::connection::Connection;
use super::link::{End, Link};
use super::mount::{Mount, Seat, new_id};
use super::polling::peer;
use crate::engine::request::{Method, judge};
use crate::engine::session::{ProbeAnswer, ProbeStep};
use crate::engine::{Asked, CloseReason, Packet, Refusal};
use actix_codec::Framed;
use actix_http::{Request, h1};
use bytes::BytesMut;
use plenum_websocket::handshake::{HandshakeError, HandshakePolicy, check, put_switching_protocols};
use plenum_websocket::transport::AnyTransport;
use plenum_websocket::{Decoder, Incoming, Limits, close, encode};
use std::cell::RefCell;
use std::future::poll_fn;
use std::ops::ControlFlow;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::Sleep;

/// Bytes read from a socket at once, into a buffer that all connections of the thread share.
const SCRATCH_BYTES: usize = 64 * 1024;
/// Reads of one connection before the others get their turn.
const READS_A_TURN: usize = 4;
/// Longest answer to a handshake.
const HEAD_BYTES: usize = 512;

thread_local! {
    static SCRATCH: RefCell<Vec<u8>> = RefCell::new(vec![0; SCRATCH_BYTES]);
}

/// What an upgrade request comes to.
enum Verdict {
    /// A new session.
    Open(Seat),
    /// A second transport of this session.
    Probe(Rc<Connection>),
    /// The handshake is completed and the WebSocket closed.
    Close,
    /// Answered with this, instead.
    Refused(BytesMut),
}

/// Judges the request, answers it, and starts the task of the socket.
pub(super) async fn take_over(mount: &Mount, request: &Request, framed: Framed<TcpStream, h1::Codec>) {
    let mut head = BytesMut::with_capacity(HEAD_BYTES);
    let verdict = shake_hands(mount, request, &mut head);
    let parts = framed.into_parts();
    let mut transport = AnyTransport::from(parts.io);
    // Small frames must not wait for each other; a socket that refuses is broken and says so at the next write.
    let _broken = transport.set_nodelay();
    let linger = Duration::from_millis(mount.config().linger_ms);
    let answer = if let Verdict::Refused(answer) = &verdict { answer.clone() } else { head };
    let written = tokio::time::timeout(linger, write_all(&mut transport, &answer)).await;
    if !matches!(written, Ok(Ok(()))) {
        return;
    }
    let link = Rc::new(Link::new(transport));
    let connection = match verdict {
        Verdict::Refused(_) => {
            link.end(End::Linger);
            None
        }
        Verdict::Close => {
            link.send(encode::close_frame(close::code::NORMAL, ""), usize::MAX);
            link.end(End::Linger);
            None
        }
        Verdict::Open(seat) => {
            let endpoint = seat.endpoint();
            let peer = peer(request.head().peer_addr, request.uri().query(), request.head());
            let connection = Connection::new(new_id(), endpoint, peer, Some(link.clone()));
            endpoint.insert(&connection);
            connection.attach(endpoint.protocol.open(&connection));
            Some(connection)
        }
        Verdict::Probe(connection) => {
            *connection.probe.borrow_mut() = Some(link.clone());
            connection.rearm();
            Some(connection)
        }
    };
    let limits = Limits {
        max_message_bytes: mount.config().engine.max_payload_bytes,
        max_fragments: mount.config().max_fragments,
    };
    let mut driver = Driver { connection, link, decoder: Decoder::new(), limits, linger, timer: None, shut: false };
    let mut first = parts.read_buf;
    actix_rt::spawn(async move {
        if !first.is_empty() {
            driver.feed(&mut first);
        }
        drop(first);
        poll_fn(|cx| driver.poll(cx)).await;
        driver.gone();
    });
}

/// Judges an upgrade request; `head` gets the answer of one that passes.
fn shake_hands(mount: &Mount, request: &Request, head: &mut BytesMut) -> Verdict {
    let Some(endpoint) = mount.endpoint(request.path()) else { return refused(404, &[], "nothing is here") };
    let query = request.uri().query().unwrap_or_default();
    let config = &endpoint.config().engine;
    let asked = match judge(Method::from_name(request.method().as_str()), query, true, config) {
        Ok(asked) => asked,
        Err(refusal) => return refused_by(refusal),
    };
    if !endpoint.allows(request.head()) {
        return refused_by(Refusal::Forbidden);
    }
    let policy = HandshakePolicy { origins: &endpoint.config().origins, protocols: &[], protocol_required: false };
    match check(request.head(), &policy) {
        Ok(accepted) => put_switching_protocols(head, &accepted),
        Err(why) => return refused_handshake(why),
    }
    let Asked::Upgrade(sid) = asked else {
        if let Some(seat) = endpoint.sit() {
            return Verdict::Open(seat);
        }
        return refused(503, &[("Retry-After", "5")], r#"{"code":3,"message":"Too many sessions"}"#);
    };
    let Some(connection) = endpoint.session(&sid) else { return refused_by(Refusal::SessionUnknown) };
    let until = connection.now().saturating_add(config.upgrade_timeout_ms);
    let answer = connection.state.borrow_mut().probe(config.allow_upgrades, until);
    match answer {
        ProbeAnswer::Probe => Verdict::Probe(connection),
        ProbeAnswer::Close => Verdict::Close,
    }
}

fn refused_by(refusal: Refusal) -> Verdict {
    refused(refusal.status(), &[], &refusal.body())
}

/// The handshake of the WebSocket is wrong: in the same JSON, with the status and the fields that HTTP asks for.
fn refused_handshake(why: HandshakeError) -> Verdict {
    let refusal = if why.status() == 403 { Refusal::Forbidden } else { Refusal::BadRequest };
    refused(why.status(), why.headers(), &refusal.body())
}

fn refused(status: u16, fields: &[(&str, &str)], body: &str) -> Verdict {
    let title = actix_http::StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
    let title = title.unwrap_or("Refused");
    let fields: String = fields.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let kind = if body.starts_with('{') { "application/json" } else { "text/plain" };
    let head = format!(
        "HTTP/1.1 {status} {title}\r\n{fields}Content-Type: {kind}\r\nCache-Control: no-store\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    Verdict::Refused(BytesMut::from(head.as_bytes()))
}

async fn write_all(transport: &mut AnyTransport, bytes: &[u8]) -> std::io::Result<()> {
    let mut rest = bytes;
    poll_fn(|cx| {
        use plenum_websocket::transport::Transport as _;
        while !rest.is_empty() {
            match transport.try_write(rest) {
                Ok(count) => rest = rest.get(count..).unwrap_or_default(),
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                    std::task::ready!(transport.poll_writable(cx))?;
                }
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
        Poll::Ready(Ok(()))
    })
    .await
}

/// Reads a socket and hands its packets on; writes what waits.
struct Driver {
    /// `None`: a socket that only has to end.
    connection: Option<Rc<Connection>>,
    link: Rc<Link>,
    decoder: Decoder,
    limits: Limits,
    linger: Duration,
    /// Runs while the peer is to close after us.
    timer: Option<Pin<Box<Sleep>>>,
    shut: bool,
}

impl Driver {
    /// Ready when the socket is over.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let flushed = self.link.poll_flush(cx);
        if matches!(flushed, Poll::Ready(Err(_))) || self.link.ending() == Some(End::Now) {
            return Poll::Ready(());
        }
        if self.link.ending().is_some() {
            if flushed.is_ready() && !std::mem::replace(&mut self.shut, true) {
                self.link.shut();
            }
            let linger = self.linger;
            let timer = self.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep(linger)));
            if timer.as_mut().poll(cx).is_ready() {
                return Poll::Ready(());
            }
        }
        SCRATCH.with(|scratch| match scratch.try_borrow_mut() {
            Ok(mut scratch) => self.read(cx, &mut scratch),
            // Only a handler that runs this very task again could hold it.
            Err(_) => Poll::Pending,
        })
    }

    fn read(&mut self, cx: &mut Context<'_>, scratch: &mut [u8]) -> Poll<()> {
        for _ in 0..READS_A_TURN {
            match self.link.poll_read(cx, scratch) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Err(_) | Ok(0)) => return Poll::Ready(()),
                Poll::Ready(Ok(count)) => self.feed(scratch.get_mut(..count).unwrap_or_default()),
            }
            if self.link.ending() == Some(End::Now) {
                return Poll::Ready(());
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    fn feed(&mut self, bytes: &mut [u8]) {
        let Self { connection: Some(connection), link, decoder, limits, .. } = self else { return };
        let result = decoder.decode(limits, bytes, &mut |incoming| {
            take(connection, link, incoming);
            ControlFlow::Continue(())
        });
        if let Err(violation) = result {
            link.send(encode::close_frame(violation.close_code(), &violation.to_string()), usize::MAX);
            link.end(End::Linger);
            lost(connection, link, CloseReason::TransportError);
        }
    }

    /// The socket has ended.
    fn gone(&mut self) {
        self.link.end(End::Now);
        // Whoever still holds the link must not keep the peer waiting.
        self.link.shut();
        if let Some(connection) = &self.connection {
            lost(connection, &self.link, CloseReason::TransportClose);
        }
    }
}

fn is_probe(connection: &Connection, link: &Rc<Link>) -> bool {
    connection.probe.borrow().as_ref().is_some_and(|probe| Rc::ptr_eq(probe, link))
}

/// The WebSocket is no use any more: a probe is given up, the transport in use takes its session with it.
fn lost(connection: &Rc<Connection>, link: &Rc<Link>, reason: CloseReason) {
    if is_probe(connection, link) {
        connection.probe.borrow_mut().take();
        connection.state.borrow_mut().probe_ended();
    } else if connection.uses(link) {
        connection.finish(reason);
    }
}

fn take(connection: &Rc<Connection>, link: &Rc<Link>, incoming: Incoming<'_>) {
    match incoming {
        Incoming::Text(text) => packet(connection, link, Packet::decode(text).ok()),
        Incoming::Binary(bytes) => packet(connection, link, Some(Packet::Binary(bytes.into()))),
        Incoming::Ping(bytes) => {
            link.send(encode::pong_frame(bytes), connection.mount.config().outbox_bytes);
        }
        Incoming::Pong(_) => {}
        Incoming::Close(with) => {
            link.send(encode::close_reply(with.map(|(code, _)| code)), usize::MAX);
            link.end(End::Linger);
            lost(connection, link, CloseReason::TransportClose);
        }
    }
}

fn packet(connection: &Rc<Connection>, link: &Rc<Link>, packet: Option<Packet<'_>>) {
    if !is_probe(connection, link) {
        if connection.uses(link) {
            connection.packet(packet);
        }
        return;
    }
    let step = connection.state.borrow_mut().probe_packet(packet.as_ref());
    match step {
        ProbeStep::Pong { noop } => {
            link.send(Packet::Pong(crate::engine::packet::PROBE.into()).frame(), usize::MAX);
            if noop {
                connection.answer_poll(&Packet::Noop);
            }
        }
        ProbeStep::Upgraded { noop } => {
            if noop {
                connection.answer_poll(&Packet::Noop);
            }
            connection.mount.count(|stats| &stats.upgraded);
            connection.upgraded(link);
        }
        ProbeStep::Drop => connection.drop_probe(),
    }
}
