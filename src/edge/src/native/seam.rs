//! The upgrade seam: actix-http parses the request and hands over the socket; from here on it is ours.
//!
//! The middleware of the `App` does not run for upgrades: origin, draining, limits and counting are judged here.

use super::actor::NativeConnection;
use super::door::Reason;
use super::echo::Counted;
use super::framing::{NATIVE_PROTOCOLS, PROTOCOL_MSGPACK};
use super::link::Link;
use super::server::{Worker, stall_limit};
use crate::socketio;
use crate::socketio::start::{self, Purpose};
use actix::Actor;
use actix_codec::{AsyncRead, AsyncWrite, Framed};
use actix_http::{HttpMessage, Request, StatusCode, h1};
use actix_web::HttpResponse;
use actix_web::body::MessageBody;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::web::{self, ServiceConfig};
use bytes::BytesMut;
use plenum_actors::connection::{Admitted, Connection, Crowded};
use plenum_actors::hub::NewConnection;
use plenum_actors::publication::Dialect;
use plenum_http::{Answer, Problem, REQUEST_ID, RequestId, TurnedAway, secure_headers};
use plenum_schema::codec::Codec;
use plenum_schema::{ConnectionId, Refusal, RefusalCode, wire};
use plenum_socketio::engine::Refusal as EngineRefusal;
use plenum_websocket::Limits;
use plenum_websocket::handshake::{Accepted, HandshakeError, HandshakePolicy, check, put_switching_protocols};
use plenum_websocket::transport::{AnyTransport, Transport};
use std::future::poll_fn;
use std::io;
use std::rc::Rc;
use std::task::{Poll, ready};
use std::time::Duration;

/// Where the echo endpoint listens, when it is on.
const ECHO_PATH: &str = "/ws-echo";

/// Takes over upgraded sockets of one worker.
#[derive(Clone)]
pub struct Seam {
    worker: Rc<Worker>,
}

/// What an upgrade came to.
enum Verdict<'p> {
    Native(Accepted<'p>, Admitted),
    Echo(Accepted<'p>, Admitted),
    /// A new Socket.IO session, with the token of the request.
    SocketIo(Accepted<'p>, Admitted, Option<Box<str>>),
    /// A Socket.IO session that polls wants to go over.
    Upgrade(Accepted<'p>, String),
    Refused(BytesMut),
}

impl Seam {
    pub(super) fn new(worker: Rc<Worker>) -> Self {
        Self { worker }
    }

    /// Judges the request, answers it, and starts the connection's actor. Returns when the connection is on its own.
    pub(super) async fn take_over<T: AsyncRead + AsyncWrite>(
        self,
        request: Request,
        framed: Framed<T, h1::Codec>,
        into: impl FnOnce(T) -> AnyTransport,
    ) {
        let verdict = self.judge(&request);
        let parts = framed.into_parts();
        let mut transport = into(parts.io);
        // Answers to requests that came before this one and have not left yet go first.
        let mut head = parts.write_buf;
        head.reserve(256);
        match &verdict {
            Verdict::Refused(answer) => head.extend_from_slice(answer),
            Verdict::Native(accepted, _)
            | Verdict::Echo(accepted, _)
            | Verdict::SocketIo(accepted, ..)
            | Verdict::Upgrade(accepted, _) => put_switching_protocols(&mut head, accepted),
        }
        stall_limit(transport.tcp(), 0);
        // Small frames must not wait for each other (Nagle); a socket that refuses is broken and will say so at the next write.
        let _broken = transport.set_nodelay();
        let within = Duration::from_millis(self.worker.edge.config.handshake_ms);
        if !matches!(tokio::time::timeout(within, write_all(&mut transport, &head)).await, Ok(Ok(()))) {
            return;
        }
        match verdict {
            Verdict::Refused(_) => {
                let _broken = transport.try_shutdown();
            }
            Verdict::Echo(_, admitted) => {
                let (mut first, edge) = (parts.read_buf, self.worker.edge.clone());
                let counted = Counted::new(admitted, &edge.hub_metrics.connections);
                actix::spawn(async move {
                    super::echo::serve(transport, &mut first, || edge.is_draining()).await;
                    drop(counted);
                });
            }
            Verdict::SocketIo(_, admitted, token) => {
                start::open(&self.worker, transport, token, (parts.read_buf, admitted));
            }
            Verdict::Upgrade(_, sid) => start::upgrade(&self.worker, &sid, transport, parts.read_buf),
            Verdict::Native(accepted, admitted) => {
                self.start(transport, accepted.protocol, (parts.read_buf, admitted));
            }
        }
    }

    fn judge(&self, request: &Request) -> Verdict<'static> {
        let edge = &self.worker.edge;
        if request.conn_data::<TurnedAway>().is_some() {
            return self.refuse(request, &Crowded::Node.refusal(&edge.connection).into(), Reason::Full);
        }
        if request.path().trim_end_matches('/') == socketio::PATH.trim_end_matches('/') && edge.socket_io.config.enabled
        {
            return self.judge_socket_io(request);
        }
        let native = request.path() == wire::PATH;
        let echo = request.path() == ECHO_PATH && edge.config.echo;
        if !native && !echo {
            return self.refuse(request, &Problem::no_such_path(), Reason::Path);
        }
        if let Some(draining) = self.draining() {
            return self.refuse(request, &draining.into(), Reason::Draining);
        }
        let protocols: &'static [&'static str] = if native { &NATIVE_PROTOCOLS } else { &[] };
        let origins = &edge.config.origins;
        match check(request.head(), &HandshakePolicy { origins, protocols, protocol_required: native }) {
            Ok(Accepted { accept, protocol }) => {
                let protocol = protocol.and_then(|name| protocols.iter().find(|known| **known == name).copied());
                let accepted = Accepted { accept, protocol };
                if let Err(refusal) = self.knock(request) {
                    return self.refuse(request, &refusal.into(), Reason::Rate);
                }
                match edge.admission.enter(Some(edge.door.address(request))) {
                    Ok(admitted) if native => Verdict::Native(accepted, admitted),
                    Ok(admitted) => Verdict::Echo(accepted, admitted),
                    Err(crowded) => self.send_away(request, crowded),
                }
            }
            Err(refused) => self.refuse(request, &problem_of(refused), reason_of(refused)),
        }
    }

    fn draining(&self) -> Option<Refusal> {
        let text = "the server is draining: connect again";
        self.worker.edge.is_draining().then(|| Refusal::new(RefusalCode::Draining, text).retry_after(1_000))
    }

    /// Counts a handshake that is one: what a foreign page tries is not charged to those who share its address.
    fn knock(&self, request: &Request) -> Result<(), Refusal> {
        self.worker.edge.door.knock(request, self.worker.edge.clock.mono())
    }

    fn send_away(&self, request: &Request, crowded: Crowded) -> Verdict<'static> {
        self.refuse(request, &crowded.refusal(&self.worker.edge.connection).into(), reason_to(crowded))
    }

    fn judge_socket_io(&self, request: &Request) -> Verdict<'static> {
        let edge = &self.worker.edge;
        if let Some(draining) = self.draining() {
            return self.refuse_later(request, &draining.into(), Reason::Draining);
        }
        let purpose = match start::purpose(&self.worker, request.head()) {
            Ok(purpose) => purpose,
            Err(refusal) => return self.refuse_engine(request, refusal, Reason::Handshake),
        };
        let policy = HandshakePolicy { origins: &edge.config.origins, protocols: &[], protocol_required: false };
        let checked = check(request.head(), &policy);
        if checked.is_ok()
            && let Err(refusal) = self.knock(request)
        {
            return self.refuse_later(request, &refusal.into(), Reason::Rate);
        }
        match (checked, purpose) {
            (Ok(Accepted { accept, .. }), Purpose::Upgrade(sid)) => {
                Verdict::Upgrade(Accepted { accept, protocol: None }, sid)
            }
            (Ok(Accepted { accept, .. }), Purpose::Open(token)) => {
                match edge.admission.enter(Some(edge.door.address(request))) {
                    Ok(admitted) => Verdict::SocketIo(Accepted { accept, protocol: None }, admitted, token),
                    Err(crowded) => {
                        self.refuse_later(request, &crowded.refusal(&edge.connection).into(), reason_to(crowded))
                    }
                }
            }
            (Err(refused), _) => match refused.status() {
                403 => self.refuse_engine(request, EngineRefusal::Forbidden, Reason::Origin),
                400 => self.refuse_engine(request, EngineRefusal::BadRequest, Reason::Handshake),
                _ => self.refuse_later(request, &problem_of(refused), reason_of(refused)),
            },
        }
    }

    /// As the reference refuses a request.
    fn refuse_engine(&self, request: &Request, refusal: EngineRefusal, reason: Reason) -> Verdict<'static> {
        self.worker.edge.door.refused(reason);
        let id = self.request_id(request);
        tracing::debug!(request = id.as_str(), %refusal, "an upgrade of engine.io is refused");
        Verdict::Refused(answer(socketio::refuse(&self.worker, refusal), &id))
    }

    /// What the reference has no number for, in its JSON.
    fn refuse_later(&self, request: &Request, problem: &Problem, reason: Reason) -> Verdict<'static> {
        self.worker.edge.door.refused(reason);
        let id = self.request_id(request);
        tracing::debug!(request = id.as_str(), %problem, "an upgrade of engine.io is refused");
        self.worker.edge.socket_io.sessions.metrics.refused.inc();
        Verdict::Refused(answer(socketio::refused(problem), &id))
    }

    fn request_id(&self, request: &Request) -> RequestId {
        RequestId::of(request.headers(), self.worker.edge.clock.new_id())
    }

    fn refuse(&self, request: &Request, problem: &Problem, reason: Reason) -> Verdict<'static> {
        self.worker.edge.door.refused(reason);
        let id = self.request_id(request);
        tracing::debug!(request = id.as_str(), %problem, "an upgrade is refused");
        Verdict::Refused(answer(problem.response(Some(id.as_str())), &id))
    }

    fn start(&self, transport: AnyTransport, protocol: Option<&str>, (first, admitted): (BytesMut, Admitted)) {
        let worker = &self.worker;
        let (dialect, codec) = match protocol {
            Some(PROTOCOL_MSGPACK) => (Dialect::NativeMessagePack, Codec::MessagePack),
            _ => (Dialect::NativeJson, Codec::Json),
        };
        let id = ConnectionId(worker.edge.clock.new_id());
        let link = Link::new(transport);
        let new = NewConnection { id, socket: link.clone(), dialect };
        let shared = worker.shared.clone();
        let key = shared.hub.with(|core| core.join(new));
        let connection = Connection::open(&shared, key, id, codec).admitted(&admitted);
        let limits = Limits {
            max_message_bytes: shared.config.message_bytes as usize,
            max_fragments: worker.edge.config.max_fragments,
        };
        tracing::debug!(connection = %id, protocol, "connection opened");
        NativeConnection::new(connection, link, (limits, codec), shared, (first, admitted)).start();
    }
}

fn reason_to(crowded: Crowded) -> Reason {
    match crowded {
        Crowded::Unidentified => Reason::Unidentified,
        Crowded::Address => Reason::Address,
        Crowded::Overload(_) => Reason::Overload,
        Crowded::Node | Crowded::Account => Reason::Full,
    }
}

fn reason_of(refused: HandshakeError) -> Reason {
    match refused {
        HandshakeError::OriginMissing | HandshakeError::OriginRefused => Reason::Origin,
        _ => Reason::Handshake,
    }
}

/// A refused handshake in the words of every other error answer.
fn problem_of(refused: HandshakeError) -> Problem {
    let detail = refused.to_string();
    let status = StatusCode::from_u16(refused.status()).unwrap_or(StatusCode::BAD_REQUEST);
    let code = match refused {
        HandshakeError::NotUpgrade => return Problem::upgrade_required(),
        HandshakeError::Method => "methodNotAllowed",
        HandshakeError::HttpVersion => "httpVersionNotSupported",
        HandshakeError::WrongVersion => "upgradeRequired",
        HandshakeError::OriginMissing | HandshakeError::OriginRefused => RefusalCode::Forbidden.as_str(),
        _ => RefusalCode::Malformed.as_str(),
    };
    refused.headers().iter().fold(Problem::new(status, code, detail), |problem, (name, value)| {
        match HeaderName::from_bytes(name.as_bytes()) {
            Ok(name) => problem.with_header(name, HeaderValue::from_static(value)),
            Err(_) => problem,
        }
    })
}

/// A refusal as bytes, with the headers that the envelope gives every other answer. The connection ends with it.
fn answer(response: HttpResponse, id: &RequestId) -> BytesMut {
    let (head, body) = response.into_parts();
    let mut headers = head.headers().clone();
    secure_headers(&mut headers, None);
    let body = body.try_into_bytes().unwrap_or_default();
    let mut out = BytesMut::with_capacity(1_024);
    out.extend_from_slice(format!("HTTP/1.1 {}\r\n", head.status()).as_bytes());
    for (name, value) in &headers {
        out.extend_from_slice(format!("{name}: ").as_bytes());
        out.extend_from_slice(value.as_bytes());
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(format!("{REQUEST_ID}: {}\r\nconnection: close\r\n", id.as_str()).as_bytes());
    out.extend_from_slice(format!("content-length: {}\r\n\r\n", body.len()).as_bytes());
    out.extend_from_slice(&body);
    out
}

/// Answers ordinary requests (of every method and version of HTTP) at the paths where sockets are upgraded: 426 says what to do.
pub fn configure_upgrades(config: &mut ServiceConfig, echo: bool) {
    for path in [Some(wire::PATH), echo.then_some(ECHO_PATH)].into_iter().flatten() {
        config.service(web::resource(path).default_service(web::to(upgrade_required)));
    }
}

async fn upgrade_required() -> Answer {
    Err(Problem::upgrade_required())
}

async fn write_all(transport: &mut AnyTransport, mut bytes: &[u8]) -> io::Result<()> {
    poll_fn(|cx| {
        while !bytes.is_empty() || transport.needs_flush() {
            match transport.try_write(bytes) {
                Ok(count) => bytes = bytes.get(count..).unwrap_or_default(),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => ready!(transport.poll_writable(cx))?,
                Err(error) => return Poll::Ready(Err(error)),
            }
            if bytes.is_empty() && transport.needs_flush() {
                ready!(transport.poll_writable(cx))?;
            }
        }
        Poll::Ready(Ok(()))
    })
    .await
}
