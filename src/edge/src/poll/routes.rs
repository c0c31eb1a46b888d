//! The requests of a polling client.

use super::actor::{Fetch, Give, Leave, PollConnection};
use super::directory::{Key, gone};
use super::frames::{Frames, HubEnd};
use crate::surface::Surface;
use actix::{Actor, Addr, Handler, Message};
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use bytes::Bytes;
use plenum_actors::connection::Connection;
use plenum_actors::hub::NewConnection;
use plenum_actors::publication::Dialect;
use plenum_http::{Body, Problem, client_address, limit_key};
use plenum_schema::codec::{Codec, decode};
use plenum_schema::wire::ClientFrame;
use plenum_schema::{ConnectionId, Refusal, RefusalCode};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use std::rc::Rc;
use std::time::Duration;
use tokio::sync::oneshot;

/// The answer to an opening.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Opened {
    connection: ConnectionId,
    key: String,
    wait_ms: u64,
}

/// A request for frames, as its query was written.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Asked {
    after: Option<u64>,
    wait_ms: Option<u64>,
}

/// A body with commands.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Given {
    first: u64,
    frames: Vec<ClientFrame>,
}

fn fresh(mut response: HttpResponseBuilder) -> HttpResponseBuilder {
    response
        .insert_header((header::CACHE_CONTROL, "no-store, no-transform"))
        .insert_header(("x-accel-buffering", "no"));
    response
}

/// `POST /api/poll`: a connection that has to identify.
pub(crate) fn open(surface: &Surface, request: &HttpRequest) -> Result<HttpResponse, Problem> {
    let (edge, shared) = (surface.edge(), surface.shared());
    if edge.is_draining() {
        return Err(Refusal::new(RefusalCode::Draining, "the server is draining").retry_after(1_000).into());
    }
    let entry = edge.polls.enter()?;
    let admitted = edge.admission.enter(client_address(request).map(limit_key));
    let admitted = admitted.map_err(|crowded| crowded.refusal(&edge.connection))?;
    let config = &edge.config.poll;
    let connection = ConnectionId(edge.clock.new_id());
    let opened = Opened { connection, key: entry.key.text(), wait_ms: config.wait_ms };
    let frames = Frames::new(config.buffer_bytes);
    let socket = Rc::new(HubEnd(frames.clone()));
    let new = NewConnection { id: connection, socket, dialect: Dialect::HttpJson };
    let key = shared.hub.with(|core| core.join(new));
    let core = Connection::open(shared, key, connection, Codec::Json).admitted(&admitted);
    tracing::debug!(%connection, "polling connection opened");
    let place = entry.place();
    // Found from here on: the client may ask on another worker before this one starts the actor.
    place(PollConnection::new(core, frames, shared.clone(), (entry, admitted)).start());
    Ok(fresh(HttpResponse::Created()).json(opened))
}

/// Sends a request to its connection, on whichever worker that lives, and waits for the answer.
async fn ask<M, T>(
    to: Addr<PollConnection>,
    message: M,
    answer: oneshot::Receiver<Result<T, Refusal>>,
) -> Result<T, Refusal>
where
    M: Message<Result = ()> + Send + 'static,
    PollConnection: Handler<M>,
{
    to.send(message).await.map_err(|_| gone())?;
    answer.await.unwrap_or_else(|_| Err(gone()))
}

/// `GET /api/poll`: frames, when there are some.
pub(crate) async fn fetch(surface: Surface, request: HttpRequest, asked: Asked) -> Result<HttpResponse, Problem> {
    let config = &surface.edge().config.poll;
    let wait = asked.wait_ms.unwrap_or(config.wait_ms);
    if wait > config.wait_ms {
        let why = format!("a request waits {} milliseconds at the most", config.wait_ms);
        return Err(Refusal::field(RefusalCode::Invalid, "waitMs", why).into());
    }
    let connection = surface.edge().polls.find(&Key::of(&request)?)?;
    let (asker, answer) = oneshot::channel();
    let message = Fetch { after: asked.after.unwrap_or(0), wait: Duration::from_millis(wait), asker };
    let page: Bytes = ask(connection, message, answer).await?;
    Ok(fresh(HttpResponse::Ok()).content_type("application/json").body(page))
}

/// `POST /api/poll/commands`: commands, each taken once.
pub(crate) async fn give(
    surface: Surface,
    request: HttpRequest,
    body: Body<IgnoredAny>,
) -> Result<HttpResponse, Problem> {
    let connection = surface.edge().polls.find(&Key::of(&request)?)?;
    let most = surface.edge().config.poll.body_bytes;
    if body.raw.len() > most {
        return Err(Refusal::new(RefusalCode::TooLarge, format!("commands have at most {most} bytes")).into());
    }
    let unreadable = |error: plenum_schema::codec::DecodeError| Refusal::new(RefusalCode::Malformed, error.to_string());
    let Given { first, frames } = decode(Codec::Json, &body.raw).map_err(unreadable)?;
    let (asker, answer) = oneshot::channel();
    let taken = ask(connection, Give { first, frames, asker }, answer).await?;
    Ok(fresh(HttpResponse::Accepted()).json(serde_json::json!({ "taken": taken })))
}

/// `DELETE /api/poll`: the end.
pub(crate) async fn leave(surface: Surface, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let connection = surface.edge().polls.find(&Key::of(&request)?)?;
    connection.send(Leave).await.map_err(|_| gone())?;
    Ok(fresh(HttpResponse::NoContent()).finish())
}
