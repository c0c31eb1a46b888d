//! `/socket.io/` over HTTP: the handshake of clients that poll, polls and posts.

use super::asks::{Answered, Ask};
use super::line::Line;
use super::polling::Polling;
use super::registry::Found;
use super::session::SocketIoSession;
use super::token::token_of;
use crate::native::{Worker, worker_of_this_thread};
use actix::{Actor, Recipient};
use actix_web::dev::ServiceRequest;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, ContentType};
use actix_web::{HttpRequest, HttpResponse, http, web};
use bytes::{Bytes, BytesMut};
use plenum_http::{Problem, client_address, limit_key};
use plenum_socketio::engine::request::{Method, judge};
use plenum_socketio::engine::session::open_packet;
use plenum_socketio::engine::{Asked, Refusal, Transport};
use plenum_websocket::origin::OriginVerdict;
use std::rc::Rc;
use std::time::Duration;
use tokio::sync::oneshot;

/// Where Socket.IO listens.
pub const PATH: &str = "/socket.io/";
/// What some clients write.
const PATH_WITHOUT_SLASH: &str = "/socket.io";
/// The reference's number for what it has no other number for.
const BAD_REQUEST: u8 = 3;
/// The content type that revision 3 had for binary payloads.
const BINARY: &str = "application/octet-stream";

/// Adds the routes to an `App` of a worker of the edge.
pub fn configure(config: &mut web::ServiceConfig) {
    for path in [PATH, PATH_WITHOUT_SLASH] {
        config.service(web::resource(path).route(web::to(handle)));
    }
}

/// Whether a request is the poll of a session that is known here and has no WebSocket, nor one that probes. Such a poll waits until the
/// server has something to say, and a second one beside it ends the session: what the client is sent bounds them, not what it asks. Counted by address they would end the sessions of
/// everybody in a hall as soon as much is said there.
#[must_use]
pub fn is_poll_of_session(request: &ServiceRequest) -> bool {
    let is_here = [PATH, PATH_WITHOUT_SLASH].contains(&request.path()) && *request.method() == http::Method::GET;
    let Some(worker) = worker_of_this_thread().filter(|_| is_here) else { return false };
    let socket_io = &worker.edge.socket_io;
    let asked = judge(Method::Get, request.query_string(), false, &socket_io.engine);
    matches!(asked, Ok(Asked::Poll(sid)) if socket_io.sessions.find(&sid).is_some_and(|found| found.waits()))
}

async fn handle(request: HttpRequest, body: web::Payload) -> HttpResponse {
    let Some(worker) = worker_of_this_thread().filter(|worker| worker.edge.socket_io.config.enabled) else {
        return HttpResponse::NotFound().finish();
    };
    match serve(&worker, &request, body).await {
        Ok(response) => response,
        Err(refusal) => refuse(&worker, refusal),
    }
}

/// A refusal of the reference, polls and upgrades alike.
pub(crate) fn refuse(worker: &Worker, refusal: Refusal) -> HttpResponse {
    worker.edge.socket_io.sessions.metrics.refused.inc();
    let status = StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::BAD_REQUEST);
    HttpResponse::build(status)
        .content_type(ContentType::json())
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .body(refusal.body())
}

/// What is refused for another reason than the reference's, as the reference refuses: its JSON, with the sentence.
#[must_use]
pub fn refused(problem: &Problem) -> HttpResponse {
    let mut answer = HttpResponse::build(problem.status());
    answer.insert_header((header::CACHE_CONTROL, "no-store"));
    if let Some(wait) = problem.wait() {
        answer.insert_header((header::RETRY_AFTER, wait.div_ceil(1_000).max(1)));
    }
    for (name, value) in problem.headers() {
        answer.insert_header((name.clone(), value.clone()));
    }
    let body = serde_json::json!({ "code": BAD_REQUEST, "message": problem.detail() });
    answer.content_type(ContentType::json()).body(body.to_string())
}

async fn serve(worker: &Rc<Worker>, request: &HttpRequest, body: web::Payload) -> Result<HttpResponse, Refusal> {
    let method = Method::from_name(request.method().as_str());
    if method == Method::Options {
        return Ok(HttpResponse::NoContent().finish());
    }
    if worker.edge.config.origins.judge(request.head()) != OriginVerdict::Allowed {
        return Err(Refusal::Forbidden);
    }
    match judge(method, request.query_string(), false, &worker.edge.socket_io.engine)? {
        Asked::Open(Transport::Polling) => Ok(open(worker, request)),
        Asked::Poll(sid) => {
            let (answer, answered) = oneshot::channel();
            ask(worker, &sid, Ask::Poll(answer))?;
            respond(answered).await
        }
        Asked::Post(sid) => post(worker, request, body, &sid).await,
        Asked::Open(Transport::WebSocket) | Asked::Upgrade(_) => Err(Refusal::BadRequest),
    }
}

/// The rules of the reference: a POST beside another one ends the session, as does the content type that binary payloads had in revision 3,
/// and one that breaks off.
async fn post(worker: &Worker, request: &HttpRequest, body: web::Payload, sid: &str) -> Result<HttpResponse, Refusal> {
    let found = find(worker, sid)?;
    let kind = request.headers().get(header::CONTENT_TYPE);
    let is_binary = kind.is_some_and(|kind| kind.as_bytes() == BINARY.as_bytes());
    let (false, Some(posting)) = (is_binary, found.post()) else {
        send(&found.session, Ask::End);
        return Err(Refusal::BadRequest);
    };
    let body = match read(worker, body).await {
        Read::All(body) => body,
        Read::TooLarge => {
            posting.done();
            worker.edge.socket_io.sessions.metrics.refused.inc();
            return Ok(too_large(worker.edge.socket_io.config.max_payload_bytes));
        }
        Read::Broken => return Err(Refusal::BadRequest),
    };
    let (answer, answered) = oneshot::channel();
    send(&found.session, Ask::Post { body, answer });
    // It stands in the session's mailbox: a client that goes now has been heard.
    posting.done();
    respond(answered).await
}

fn find(worker: &Worker, sid: &str) -> Result<Found, Refusal> {
    worker.edge.socket_io.sessions.find(sid).ok_or(Refusal::SessionUnknown)
}

fn ask(worker: &Worker, sid: &str, ask: Ask) -> Result<(), Refusal> {
    send(&find(worker, sid)?.session, ask);
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "one for each HTTP connection, and those are bounded")]
pub(super) fn send(session: &Recipient<Ask>, ask: Ask) {
    session.do_send(ask);
}

/// What came of reading a body.
enum Read {
    All(Bytes),
    TooLarge,
    /// It broke off, or did not come in time.
    Broken,
}

async fn read(worker: &Worker, body: web::Payload) -> Read {
    let socket_io = &worker.edge.socket_io;
    let within = Duration::from_millis(socket_io.engine.post_timeout_ms);
    let whole = body.to_bytes_limited(socket_io.config.max_payload_bytes);
    match tokio::time::timeout(within, whole).await {
        Ok(Ok(Ok(body))) => Read::All(body),
        Ok(Err(_)) => Read::TooLarge,
        Ok(Ok(Err(_))) | Err(_) => Read::Broken,
    }
}

/// The session goes on: nothing of the body has been looked at.
fn too_large(most: usize) -> HttpResponse {
    let message = format!("Payload too large: at most {most} bytes (socketio.max_payload_bytes)");
    HttpResponse::PayloadTooLarge()
        .content_type(ContentType::json())
        .body(serde_json::json!({ "code": BAD_REQUEST, "message": message }).to_string())
}

async fn respond(answered: oneshot::Receiver<Answered>) -> Result<HttpResponse, Refusal> {
    // A session that ends without an answer is unknown from here on.
    match answered.await.unwrap_or(Answered::Refused(Refusal::SessionUnknown)) {
        Answered::Payload(payload) => Ok(text(payload)),
        Answered::Taken => Ok(text(b"ok".to_vec())),
        Answered::Refused(refusal) => Err(refusal),
        Answered::TooMany(most) => {
            let message = format!("Bad request: at most {most} packets in a payload (socketio.max_payload_packets)");
            Ok(HttpResponse::BadRequest()
                .content_type(ContentType::json())
                .body(serde_json::json!({ "code": BAD_REQUEST, "message": message }).to_string()))
        }
    }
}

fn text(body: Vec<u8>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/plain; charset=UTF-8")
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .body(body)
}

/// There is no session to be had at the moment; in the reference's JSON.
fn come_later(message: &str) -> HttpResponse {
    HttpResponse::ServiceUnavailable()
        .insert_header((header::RETRY_AFTER, "5"))
        .content_type(ContentType::json())
        .body(serde_json::json!({ "code": BAD_REQUEST, "message": message }).to_string())
}

/// A new session that polls.
fn open(worker: &Rc<Worker>, request: &HttpRequest) -> HttpResponse {
    let (edge, sessions) = (&worker.edge, &worker.edge.socket_io.sessions);
    if edge.is_draining() {
        return come_later("the server is stopping: connect again");
    }
    let Some(seat) = sessions.sit() else {
        return come_later("the server is full: as many sessions poll as may (socketio.polling_sessions)");
    };
    let admitted = match edge.admission.enter(client_address(request).map(limit_key)) {
        Ok(admitted) => admitted,
        Err(crowded) => return refused(&Problem::from(crowded.refusal(&edge.connection))),
    };
    let sid = worker.new_sid();
    let line = Line::polling(&edge.socket_io.config);
    let token = token_of(request.head());
    let mut session =
        SocketIoSession::open(worker.clone(), (line, Transport::Polling), (BytesMut::new(), admitted), token, None);
    let mut body = Vec::new();
    open_packet(&sid, Transport::Polling, &edge.socket_io.engine).put(&mut body);
    let (sessions, id) = (sessions.clone(), sid);
    SocketIoSession::create(move |ctx| {
        let place = sessions.add(id, actix::AsyncContext::address(ctx).recipient());
        session.polling = Some(Box::new(Polling::at(place, seat)));
        session
    });
    text(body)
}
