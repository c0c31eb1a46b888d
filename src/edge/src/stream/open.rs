//! Opening a stream: who asks, whether there is room, what they may receive; then everything at once, so that nothing fits between.

use super::body::StreamBody;
use super::pipe::{HubEnd, Pipe};
use super::place::Places;
use super::request::{Asked, Wanted};
use crate::surface::Surface;
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse};
use futures_util::future::join_all;
use plenum_actors::connection::{Admitted, ConnectionConfig, Crowded, Shared, UserPlace};
use plenum_actors::hub::{ConnectionKey, Core, HubHandle, NewConnection};
use plenum_actors::identity::Identity;
use plenum_actors::publication::Dialect;
use plenum_http::{Problem, identity_of};
use plenum_schema::wire::{Ack, AckResult, RefusalFrame, ServerFrame, Subscribed};
use plenum_schema::{ConnectionId, Refusal, RefusalCode, Topic};
use std::rc::Rc;
use tokio::sync::oneshot;

/// What the answers to the subscriptions of a stream are.
type Outcomes = Vec<(Topic, Result<Subscribed, Refusal>)>;

/// Keeps publications of a topic coming to this worker while the right to it is being checked.
struct Expected {
    hub: HubHandle,
    topic: Topic,
}

impl Expected {
    fn new(hub: &HubHandle, topic: Topic) -> Self {
        hub.expect(topic);
        Self { hub: hub.clone(), topic }
    }
}

impl Drop for Expected {
    fn drop(&mut self) {
        self.hub.with(|core| core.settle(self.topic));
    }
}

/// `GET /api/stream`.
pub(crate) async fn handle(surface: Surface, request: HttpRequest, asked: Asked) -> Result<HttpResponse, Problem> {
    match open(&surface, &request, &asked).await {
        Ok(response) => Ok(response),
        Err(refusal) if refusal.code.is_retryable() && wants_events(&request) => Ok(later(&surface, refusal)),
        Err(refusal) => Err(refusal.into()),
    }
}

async fn open(surface: &Surface, request: &HttpRequest, asked: &Asked) -> Result<HttpResponse, Refusal> {
    let (edge, shared) = (surface.edge(), surface.shared());
    let wanted = asked.read(request, edge.config.stream.topics)?;
    let ended = shared.hub.with(|core| core.ended());
    let identity = identity_of(request, asked.token.clone()).await?;
    if edge.is_draining() {
        return Err(Refusal::new(RefusalCode::Draining, "the server is draining").retry_after(1_000));
    }
    let crowded = |crowded: Crowded| crowded.refusal(&edge.connection);
    let admitted = edge.admission.enter_identified().map_err(crowded)?;
    let place = edge.admission.identify(&identity).ok_or_else(|| crowded(Crowded::Account))?;
    let asked = subscriptions(shared, identity, &wanted.topics).await;
    let (outcomes, expected) = asked.map_err(|refusal| named(refusal, wanted.since_is))?;
    let pipe = Pipe::new(places(&outcomes), wanted.beats, edge.config.stream.buffer_bytes);
    let response = start(surface, &pipe, (identity, ended), outcomes, (admitted, place));
    drop(expected);
    Ok(response)
}

/// A refusal in the words of the request: what a subscription calls `topic` and `since` stands there in other parameters.
fn named(mut refusal: Refusal, since_is: &str) -> Refusal {
    refusal.field = refusal.field.map(|field| match field.as_str() {
        "since" => since_is.to_owned(),
        "topic" => "topics".to_owned(),
        _ => field,
    });
    refusal
}

/// Asks for all topics at once. Refused as a whole when something may succeed later, or when nothing is left.
async fn subscriptions(
    shared: &Shared,
    identity: Identity,
    wanted: &[Wanted],
) -> Result<(Outcomes, Vec<Expected>), Refusal> {
    // Interest first, then the heads: nothing can be published in between unseen.
    let expected = wanted.iter().map(|(topic, _)| Expected::new(&shared.hub, *topic)).collect();
    let checks = wanted.iter().map(|wanted| subscription(shared, identity, *wanted));
    let outcomes: Outcomes = join_all(checks).await;
    let refusals = || outcomes.iter().filter_map(|(_, outcome)| outcome.as_ref().err());
    if let Some(refusal) = refusals().find(|refusal| refusal.code.is_retryable()) {
        return Err(refusal.clone());
    }
    match refusals().next() {
        Some(refusal) if outcomes.iter().all(|(_, outcome)| outcome.is_err()) => Err(refusal.clone()),
        _ => Ok((outcomes, expected)),
    }
}

async fn subscription(
    shared: &Shared,
    identity: Identity,
    (topic, since): Wanted,
) -> (Topic, Result<Subscribed, Refusal>) {
    let (tell, told) = oneshot::channel();
    let reply = Box::new(move |outcome| {
        let _peer_gone = tell.send(outcome);
    });
    shared.backend.access(identity, topic, since, reply);
    let unanswered = || Refusal::new(RefusalCode::Internal, "the right to a topic could not be checked");
    let outcome = told.await.unwrap_or_else(|_| Err(unanswered()));
    (topic, outcome.and_then(|access| access.subscribed(topic, since)))
}

fn places(outcomes: &Outcomes) -> Places {
    let topics: Vec<Topic> = outcomes.iter().map(|(topic, _)| *topic).collect();
    let mut places = Places::new(&topics);
    for subscribed in outcomes.iter().filter_map(|(_, outcome)| outcome.as_ref().ok()) {
        places.set(&subscribed.topic.to_string(), subscribed.since);
    }
    places
}

/// Joins the hub and subscribes, in one go on the hub's thread.
fn start(
    surface: &Surface,
    pipe: &Rc<Pipe>,
    (identity, ended): (Identity, u64),
    outcomes: Outcomes,
    counts: (Admitted, UserPlace),
) -> HttpResponse {
    let id = ConnectionId(surface.edge().clock.new_id());
    pipe.greet(retry_ms(&surface.shared().config, id));
    let socket = Rc::new(HubEnd(pipe.clone()));
    let key = surface.shared().hub.with(|core| {
        let key = core.join(NewConnection { id, socket, dialect: Dialect::HttpJson });
        core.checked_since(key, ended);
        core.identify(key, identity);
        outcomes.into_iter().zip(1..).for_each(|((topic, outcome), id)| subscribe(core, key, id, topic, outcome));
        key
    });
    let open = surface.metrics().streams.clone();
    open.inc();
    tracing::debug!(connection = %id, "stream opened");
    let body =
        StreamBody { pipe: pipe.clone(), key, shared: surface.shared().clone(), open, probe: None, _places: counts };
    events().body(body)
}

/// What the URL asked for is answered like commands, numbered in its order.
fn subscribe(core: &mut Core, key: ConnectionKey, id: u32, topic: Topic, outcome: Result<Subscribed, Refusal>) {
    match outcome {
        Ok(subscribed) => {
            let (head, since) = (subscribed.head, subscribed.since);
            core.push(key, &ServerFrame::Ack(Ack { id, result: AckResult::Subscribed(subscribed) }));
            core.subscribe(key, topic, since, head);
        }
        Err(refusal) => core.push(key, &ServerFrame::Refusal(RefusalFrame { id: Some(id), refusal })),
    }
}

/// When a browser comes back by itself after the connection broke: not all in the same moment.
fn retry_ms(config: &ConnectionConfig, id: ConnectionId) -> u64 {
    let (least, most) = (u64::from(config.reconnect_min_delay_ms), u64::from(config.reconnect_max_delay_ms));
    let spread = (most.saturating_sub(least) / 10).max(1);
    let random = id.0.as_u64_pair().1 % spread;
    least + random
}

/// The head of every stream: no cache and no proxy may keep, join or compress it.
fn events() -> actix_web::HttpResponseBuilder {
    let mut response = HttpResponse::Ok();
    response
        .insert_header((header::CONTENT_TYPE, "text/event-stream; charset=utf-8"))
        .insert_header((header::CACHE_CONTROL, "no-store, no-transform"))
        .insert_header(("x-accel-buffering", "no"));
    response
}

fn wants_events(request: &HttpRequest) -> bool {
    let accept = request.headers().get_all(header::ACCEPT);
    accept.into_iter().any(|value| value.to_str().is_ok_and(|text| text.contains("text/event-stream")))
}

/// A browser gives up for ever after any status but 200, so it gets a stream that ends at once and says when to come back.
fn later(surface: &Surface, refusal: Refusal) -> HttpResponse {
    let config = &surface.shared().config;
    let wait = refusal.retry_after_ms.unwrap_or_default().max(u64::from(config.reconnect_min_delay_ms));
    let spread = retry_ms(config, ConnectionId(surface.edge().clock.new_id()));
    let frame = ServerFrame::Refusal(RefusalFrame { id: None, refusal });
    let json = serde_json::to_string(&frame).unwrap_or_default();
    events().body(format!("retry: {}\ndata: {json}\n\n", wait + spread))
}
