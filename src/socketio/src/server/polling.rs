//! HTTP long-polling: GET waits for output, POST brings input.

use super::connection::{Connection, Peer};
use super::mount::{Endpoint, new_id};
use crate::engine::request::{Method, judge};
use crate::engine::session::{PollAnswer, PostRefused};
use crate::engine::{Asked, EngineConfig, Packet, Refusal, payload};
use actix_web::http::header::{self, HeaderMap, HeaderValue};
use actix_web::http::{StatusCode, Version};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, web};
use futures_util::StreamExt as _;
use plenum_websocket::request::UpgradeRequest;
use std::future::poll_fn;
use std::rc::Rc;
use std::time::Duration;

/// How long a browser may remember a preflight, in seconds.
const PREFLIGHT_SECONDS: &str = "600";

/// Adds the routes of an endpoint.
pub(super) fn register(services: &mut web::ServiceConfig, endpoint: Rc<Endpoint>) {
    let paths = [endpoint.path.clone(), format!("{}/", endpoint.path)];
    services.service(web::resource(paths).to(move |request: HttpRequest, body: web::Payload| {
        let endpoint = endpoint.clone();
        async move { answer(&endpoint, &request, body).await }
    }));
}

/// The head of a request, for rules that do not know actix-web.
struct Head<'r>(&'r HttpRequest);

impl UpgradeRequest for Head<'_> {
    fn method(&self) -> &str {
        self.0.method().as_str()
    }

    fn is_http_11(&self) -> bool {
        self.0.version() == Version::HTTP_11
    }

    fn header<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.0.headers().get_all(name).map(HeaderValue::as_bytes)
    }
}

async fn answer(endpoint: &Rc<Endpoint>, request: &HttpRequest, body: web::Payload) -> HttpResponse {
    let mut response = if !endpoint.allows(&Head(request)) {
        refuse(Refusal::Forbidden)
    } else if Method::from_name(request.method().as_str()) == Method::Options {
        preflight()
    } else {
        route(endpoint, request, body).await
    };
    permit(endpoint, request, response.headers_mut());
    response
}

/// CORS: a listed origin may read the answer, with credentials. Our own origin needs no permission.
fn permit(endpoint: &Endpoint, request: &HttpRequest, headers: &mut HeaderMap) {
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let Some(origin) = request.headers().get(header::ORIGIN) else { return };
    headers.append(header::VARY, HeaderValue::from_static("Origin"));
    let listed = |allowed: &String| allowed.as_bytes().eq_ignore_ascii_case(origin.as_bytes());
    if endpoint.config().origins.allowed.iter().any(listed) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
    }
}

fn preflight() -> HttpResponse {
    HttpResponse::NoContent()
        .insert_header((header::ACCESS_CONTROL_ALLOW_METHODS, "GET, POST"))
        .insert_header((header::ACCESS_CONTROL_ALLOW_HEADERS, "Authorization, Content-Type"))
        .insert_header((header::ACCESS_CONTROL_MAX_AGE, PREFLIGHT_SECONDS))
        .finish()
}

async fn route(endpoint: &Rc<Endpoint>, request: &HttpRequest, body: web::Payload) -> HttpResponse {
    let method = Method::from_name(request.method().as_str());
    let asked = match judge(method, request.query_string(), false, &endpoint.config().engine) {
        Ok(asked) => asked,
        Err(refusal) => return refuse(refusal),
    };
    let sid = match &asked {
        Asked::Open(_) => return open(endpoint, request),
        Asked::Poll(sid) | Asked::Post(sid) | Asked::Upgrade(sid) => sid,
    };
    let Some(connection) = endpoint.session(sid) else { return refuse(Refusal::SessionUnknown) };
    match asked {
        Asked::Poll(_) => poll(&connection).await,
        Asked::Post(_) => post(&connection, request, body).await,
        Asked::Open(_) | Asked::Upgrade(_) => refuse(Refusal::BadRequest),
    }
}

/// The refusal of the reference implementation.
fn refuse(refusal: Refusal) -> HttpResponse {
    let status = StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::BAD_REQUEST);
    HttpResponseBuilder::new(status).insert_header((header::CONTENT_TYPE, "application/json")).body(refusal.body())
}

fn ok(body: Vec<u8>) -> HttpResponse {
    HttpResponse::Ok().insert_header((header::CONTENT_TYPE, "text/plain; charset=UTF-8")).body(body)
}

fn ok_packet(packet: &Packet<'_>) -> HttpResponse {
    let mut body = Vec::new();
    packet.put(&mut body);
    ok(body)
}

pub(super) fn peer(address: Option<std::net::SocketAddr>, query: Option<&str>, head: &impl UpgradeRequest) -> Peer {
    let text = |name| head.single(name).and_then(|value| std::str::from_utf8(value).ok()).map(str::to_owned);
    Peer {
        address,
        query: query.unwrap_or_default().to_owned(),
        authorization: text("authorization"),
        origin: text("origin"),
    }
}

fn open(endpoint: &Rc<Endpoint>, request: &HttpRequest) -> HttpResponse {
    let Some(_seat) = endpoint.sit() else {
        return HttpResponse::ServiceUnavailable()
            .insert_header((header::RETRY_AFTER, "5"))
            .insert_header((header::CONTENT_TYPE, "application/json"))
            .body(r#"{"code":3,"message":"Too many sessions"}"#);
    };
    let peer = peer(request.peer_addr(), Some(request.query_string()), &Head(request));
    let connection = Connection::new(new_id(), endpoint, peer, None);
    endpoint.insert(&connection);
    connection.attach(endpoint.protocol.open(&connection));
    ok(connection.take_payload().unwrap_or_default())
}

async fn poll(connection: &Rc<Connection>) -> HttpResponse {
    let answer = connection.state.borrow_mut().poll(connection.has_payload());
    match answer {
        PollAnswer::Output => ok(connection.take_payload().unwrap_or_default()),
        PollAnswer::Noop => ok_packet(&Packet::Noop),
        PollAnswer::Last => {
            connection.mount.forget(&connection.sid);
            ok(connection.last_payload())
        }
        PollAnswer::Overlap => {
            connection.overlap();
            refuse(Refusal::BadRequest)
        }
        PollAnswer::Refused(refusal) => refuse(refusal),
        PollAnswer::Wait => {
            let gone = Gone(connection);
            let body = poll_fn(|cx| connection.poll_answer(cx)).await;
            std::mem::forget(gone);
            ok(body)
        }
    }
}

/// A waiting poll whose connection ends takes the session with it: what it might have been answered is lost.
struct Gone<'c>(&'c Rc<Connection>);

impl Drop for Gone<'_> {
    fn drop(&mut self) {
        if self.0.state.borrow_mut().poll_gone() {
            self.0.finish(crate::engine::CloseReason::TransportError);
        }
    }
}

async fn post(connection: &Rc<Connection>, request: &HttpRequest, body: web::Payload) -> HttpResponse {
    let kind = request.headers().get(header::CONTENT_TYPE);
    let binary = kind.is_some_and(|kind| kind.as_bytes() == b"application/octet-stream");
    let begun = connection.state.borrow_mut().post(binary);
    if let Err(PostRefused { refusal, closes }) = begun {
        if closes {
            connection.finish(crate::engine::CloseReason::TransportError);
        }
        return refuse(refusal.unwrap_or(Refusal::BadRequest));
    }
    let posting = Posting(connection);
    let read = read(body, &connection.mount.config().engine).await;
    if !matches!(read, Read::Broken) {
        posting.done();
    }
    match read {
        Read::All(body) => {
            if take(connection, &body) {
                HttpResponse::Ok().insert_header((header::CONTENT_TYPE, "text/html")).body("ok")
            } else {
                refuse(Refusal::BadRequest)
            }
        }
        Read::TooBig => {
            HttpResponse::PayloadTooLarge().insert_header((header::CONTENT_TYPE, "application/json")).body(format!(
                r#"{{"code":3,"message":"Payload too large: at most {} bytes"}}"#,
                connection.mount.config().engine.max_payload_bytes
            ))
        }
        Read::Broken => refuse(Refusal::BadRequest),
    }
}

/// A post whose body is on its way. It ends with [`Posting::done`]; dropped before, as it is with a request whose connection breaks, it
/// takes the session with it: what the client had sent is lost.
struct Posting<'c>(&'c Rc<Connection>);

impl Posting<'_> {
    /// The body is all there, or was refused unread.
    fn done(self) {
        self.0.state.borrow_mut().post_ended();
    }
}

impl Drop for Posting<'_> {
    fn drop(&mut self) {
        // `done` has ended it already.
        let ends = self.0.state.borrow_mut().post_gone();
        if ends {
            self.0.finish(crate::engine::CloseReason::TransportError);
        }
    }
}

/// Hands the packets of a payload on; answers whether it could be read.
fn take(connection: &Rc<Connection>, body: &[u8]) -> bool {
    let Ok(packets) = payload::decode(body, connection.mount.config().engine.max_payload_packets) else {
        connection.packet(None);
        return false;
    };
    for packet in packets {
        let Ok(packet) = packet else {
            connection.packet(None);
            return false;
        };
        connection.packet(Some(packet));
    }
    true
}

enum Read {
    All(Vec<u8>),
    TooBig,
    /// It broke off, or did not come in time.
    Broken,
}

/// Reads a body, as long and for as long as the configuration allows.
async fn read(body: web::Payload, config: &EngineConfig) -> Read {
    let within = Duration::from_millis(config.post_timeout_ms);
    tokio::time::timeout(within, read_up_to(body, config.max_payload_bytes)).await.unwrap_or(Read::Broken)
}

async fn read_up_to(mut body: web::Payload, limit: usize) -> Read {
    let mut all = Vec::new();
    while let Some(part) = body.next().await {
        match part {
            Ok(part) if all.len().saturating_add(part.len()) <= limit => all.extend_from_slice(&part),
            Ok(_) => return Read::TooBig,
            Err(_) => return Read::Broken,
        }
    }
    Read::All(all)
}
