//! The upgrade seam: actix-http parses the request and hands over the socket; from here on it is ours.
//!
//! The middleware of the `App` does not run for upgrades: origin, draining, limits and counting are judged here.

use super::actor::NativeConnection;
use super::framing::codec_of;
use super::link::{HubEnd, Link};
use super::server::{Worker, stall_limit};
use crate::transport::{AnyTransport, Transport};
use crate::websocket::handshake::{
    Accepted, HandshakePolicy, PROTOCOL_MSGPACK, check, put_refusal, put_switching_protocols,
};
use crate::websocket::{Limits, handshake::NATIVE_PROTOCOLS};
use actix::Actor;
use actix_codec::{AsyncRead, AsyncWrite, Framed};
use actix_http::{Request, h1};
use bytes::BytesMut;
use plenum_actors::connection::{Admitted, Connection};
use plenum_actors::hub::NewConnection;
use plenum_actors::publication::Dialect;
use plenum_schema::ConnectionId;
use plenum_schema::wire;
use std::future::poll_fn;
use std::io;
use std::rc::Rc;
use std::task::{Poll, ready};
use std::time::Duration;

/// Where the echo endpoint listens, when it is on.
const ECHO_PATH: &str = "/ws-echo";
/// How long a peer may take to read our answer to its handshake.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// Takes over upgraded sockets of one worker.
#[derive(Clone)]
pub struct Seam {
    worker: Rc<Worker>,
}

/// What an upgrade came to.
enum Verdict<'p> {
    Native(Accepted<'p>, Admitted),
    Echo(Accepted<'p>),
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
        let mut head = BytesMut::with_capacity(256);
        match &verdict {
            Verdict::Refused(answer) => head.extend_from_slice(answer),
            Verdict::Native(accepted, _) | Verdict::Echo(accepted) => put_switching_protocols(&mut head, accepted),
        }
        stall_limit(transport.tcp(), 0);
        // Small frames must not wait for each other (Nagle); a socket that refuses is broken and will say so at the next write.
        let _broken = transport.set_nodelay();
        if !matches!(tokio::time::timeout(ANSWER_WITHIN, write_all(&mut transport, &head)).await, Ok(Ok(()))) {
            return;
        }
        match verdict {
            Verdict::Refused(_) => {
                let _broken = transport.try_shutdown();
            }
            Verdict::Echo(_) => {
                let mut first = parts.read_buf;
                actix::spawn(async move { super::echo::serve(transport, &mut first).await });
            }
            Verdict::Native(accepted, admitted) => {
                self.start(transport, accepted.protocol, (parts.read_buf, admitted));
            }
        }
    }

    fn judge(&self, request: &Request) -> Verdict<'static> {
        let edge = &self.worker.edge;
        let native = request.path() == wire::PATH;
        let echo = request.path() == ECHO_PATH && edge.config.echo;
        if !native && !echo {
            return Verdict::Refused(problem(404, "Not Found", "nothing is upgraded at this path", None));
        }
        if edge.is_draining() {
            return Verdict::Refused(problem(503, "Service Unavailable", "the server is draining", Some(1)));
        }
        let protocols: &'static [&'static str] = if native { &NATIVE_PROTOCOLS } else { &[] };
        let origins = &edge.config.origins;
        match check(request.head(), &HandshakePolicy { origins, protocols, protocol_required: native }) {
            Ok(Accepted { accept, protocol }) => {
                let protocol = protocol.and_then(|name| protocols.iter().find(|known| **known == name).copied());
                let accepted = Accepted { accept, protocol };
                if !native {
                    return Verdict::Echo(accepted);
                }
                match edge.admission.enter() {
                    Some(admitted) => Verdict::Native(accepted, admitted),
                    None => Verdict::Refused(problem(503, "Service Unavailable", "the server is full", Some(5))),
                }
            }
            Err(refused) => {
                let mut answer = BytesMut::new();
                put_refusal(&mut answer, refused);
                Verdict::Refused(answer)
            }
        }
    }

    fn start(&self, transport: AnyTransport, protocol: Option<&str>, (first, admitted): (BytesMut, Admitted)) {
        let worker = &self.worker;
        let dialect = if protocol == Some(PROTOCOL_MSGPACK) { Dialect::NativeMessagePack } else { Dialect::NativeJson };
        let id = ConnectionId(worker.edge.clock.new_id());
        let link = Link::new(transport);
        let new = NewConnection { id, socket: Box::new(HubEnd(link.clone())), dialect };
        let shared = worker.shared.clone();
        let key = shared.hub.with(|core| core.join(new));
        let codec = codec_of(dialect);
        let connection = Connection::open(&shared, key, id, codec);
        let limits = Limits {
            max_message_bytes: shared.config.message_bytes as usize,
            max_fragments: worker.edge.config.max_fragments,
        };
        tracing::debug!(connection = %id, protocol, "connection opened");
        NativeConnection::new(connection, link, (limits, codec), shared, (first, admitted)).start();
    }
}

fn problem(status: u16, title: &str, detail: &str, retry_after: Option<u32>) -> BytesMut {
    let body = format!(
        r#"{{"type":"about:blank","title":"{title}","status":{status},"detail":"{detail}","success":false,"message":"{detail}"}}"#
    );
    let retry = retry_after.map(|seconds| format!("Retry-After: {seconds}\r\n")).unwrap_or_default();
    let head = format!(
        "HTTP/1.1 {status} {title}\r\n{retry}Content-Type: application/problem+json\r\nCache-Control: no-store\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    BytesMut::from((head + &body).as_bytes())
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
