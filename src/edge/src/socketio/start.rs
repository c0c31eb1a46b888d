//! What Socket.IO needs on a node, and how a WebSocket becomes a session.

use super::asks::Ask;
use super::config::SocketIoConfig;
use super::dismiss::dismiss;
use super::http::send;
use super::line::Line;
use super::registry::Sessions;
use super::session::SocketIoSession;
use super::token::token_of;
use crate::native::Worker;
use crate::native::link::Link;
use actix::Actor;
use actix_http::RequestHead;
use bytes::BytesMut;
use plenum_actors::connection::Admitted;
use plenum_actors::hub::HubConfig;
use plenum_socketio::engine::request::{Method, judge};
use plenum_socketio::engine::session::open_packet;
use plenum_socketio::engine::{Asked, EngineConfig, Refusal, Transport};
use plenum_socketio::packet::PacketLimits;
use plenum_websocket::Limits;
use plenum_websocket::transport::AnyTransport;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

/// Socket.IO on a node: settings and the sessions that poll.
pub struct SocketIo {
    /// The settings.
    pub config: SocketIoConfig,
    /// Sessions by id.
    pub sessions: Arc<Sessions>,
    pub(crate) engine: EngineConfig,
    pub(crate) packets: PacketLimits,
    pub(crate) limits: Limits,
}

impl SocketIo {
    /// With these settings. `max_fragments`: of one WebSocket message.
    #[must_use]
    pub fn new(config: SocketIoConfig, hub: &HubConfig, max_fragments: u32, sessions: Arc<Sessions>) -> Self {
        let limits = Limits { max_message_bytes: config.max_payload_bytes, max_fragments };
        Self { sessions, engine: config.engine(hub), packets: config.packets(), limits, config }
    }

    /// How long a peer may take to answer a close.
    pub(crate) fn close_within(&self) -> Duration {
        Duration::from_millis(self.engine.close_timeout_ms)
    }
}

/// What a WebSocket at our path is for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Purpose {
    /// A new session; with the token of the request, if any.
    Open(Option<Box<str>>),
    /// A session that polls wants to go over.
    Upgrade(String),
}

/// Judges an upgrade request's query.
///
/// # Errors
/// As the reference refuses.
pub(crate) fn purpose(worker: &Worker, head: &RequestHead) -> Result<Purpose, Refusal> {
    let socket_io = &worker.edge.socket_io;
    let query = head.uri.query().unwrap_or_default();
    match judge(Method::from_name(head.method.as_str()), query, true, &socket_io.engine)? {
        Asked::Open(Transport::WebSocket) => Ok(Purpose::Open(token_of(head))),
        Asked::Upgrade(sid) if socket_io.sessions.find(&sid).is_some() => Ok(Purpose::Upgrade(sid)),
        Asked::Upgrade(_) => Err(Refusal::SessionUnknown),
        Asked::Open(Transport::Polling) | Asked::Poll(_) | Asked::Post(_) => Err(Refusal::BadRequest),
    }
}

/// A new session on a WebSocket whose handshake is done.
pub(crate) fn open(
    worker: &Rc<Worker>,
    transport: AnyTransport,
    token: Option<Box<str>>,
    (first, admitted): (BytesMut, Admitted),
) {
    let line = Line::web(Link::new(transport), &worker.edge.socket_io.config);
    let open = open_packet(&worker.new_sid(), Transport::WebSocket, &worker.edge.socket_io.engine).frame();
    SocketIoSession::open(worker.clone(), (line, Transport::WebSocket), (first, admitted), token, Some(open)).start();
}

/// Carries a WebSocket to the session it is for.
pub(crate) fn upgrade(worker: &Worker, sid: &str, transport: AnyTransport, first: BytesMut) {
    match worker.edge.socket_io.sessions.find(sid) {
        Some(found) => send(&found.session, Ask::Probe(transport, first)),
        // It has ended meanwhile.
        None => dismiss(Link::new(transport), worker.edge.socket_io.close_within()),
    }
}
