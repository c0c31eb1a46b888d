//! What stands around every handler: request id, client address, limits, security headers, problem documents, log line.

use crate::address::{BlockError, Origin, TrustedProxies, limit_key};
use crate::body::IgnoredFields;
use crate::config::HttpConfig;
use crate::headers::secure_headers;
use crate::limiter::Limiter;
use crate::problem::{PROBLEM_JSON, Problem};
use crate::request_id::{REQUEST_ID, RequestId};
use crate::standing;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::ErrorInternalServerError;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::http::{ConnectionType, Method, StatusCode, Version};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, HttpRequest, HttpResponse, web};
use plenum_schema::{Refusal, RefusalCode, UserId};
use plenum_services::clock::SharedClock;
use plenum_services::identity::Authenticator;
use plenum_services::shared_limits::{Limit, SharedLimits};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use tracing::Instrument;

/// The methods that any path may know; others (TRACE, CONNECT, invented ones) are refused before routing.
const METHODS: [Method; 7] =
    [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS];

/// A finished request, for metrics.
#[derive(Clone, Copy, Debug)]
pub struct Observed<'a> {
    /// The method.
    pub method: &'a Method,
    /// The pattern of the route (`/api/v1/conversations/{id}`), never a path with ids; `-` where no route matched.
    pub route: &'a str,
    /// The status answered.
    pub status: u16,
    /// Microseconds from head to answer.
    pub micros: u64,
}

/// Told of every finished request.
pub type Observer = Arc<dyn Fn(&Observed<'_>) + Send + Sync>;

/// Turns a problem into an answer of another protocol's shape; status and `Retry-After` stay.
pub type Dialect = fn(&Problem) -> HttpResponse;

/// Lies with a connection for which there is no room: nothing that it has sent is carried out.
#[derive(Clone, Copy, Debug)]
pub struct TurnedAway;

/// Whether a request is bounded by something else than its address.
pub type Spared = fn(&ServiceRequest) -> bool;

/// What all HTTP surfaces of a node share. Give it to the `App` as `web::Data` and wrap the app in [`envelope`].
pub struct HttpLayer {
    pub(crate) config: HttpConfig,
    pub(crate) authenticator: Arc<dyn Authenticator>,
    /// For what does not come in a header.
    pub(crate) elsewhere: Arc<dyn Authenticator>,
    pub(crate) clock: SharedClock,
    pub(crate) callers: Arc<Limiter<UserId>>,
    addresses: Arc<Limiter<IpAddr>>,
    proxies: TrustedProxies,
    hsts: Option<HeaderValue>,
    observer: Option<Observer>,
    is_tls: bool,
    foreign: Vec<(&'static str, Dialect)>,
    spared: Option<Spared>,
}

impl fmt::Debug for HttpLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpLayer").field("config", &self.config).finish_non_exhaustive()
    }
}

impl HttpLayer {
    /// A layer with empty limiters.
    ///
    /// # Errors
    /// When a trusted proxy is no address or block.
    pub fn new(
        config: HttpConfig,
        authenticator: Arc<dyn Authenticator>,
        clock: SharedClock,
        observer: Option<Observer>,
    ) -> Result<Self, BlockError> {
        let proxies = TrustedProxies::new(&config.trusted_proxies, config.forwarded_header)?;
        let hsts = (config.hsts_seconds > 0)
            .then(|| HeaderValue::from_str(&format!("max-age={}; includeSubDomains", config.hsts_seconds)).ok())
            .flatten();
        Ok(Self {
            callers: Arc::new(Limiter::new(config.caller_rate, config.limited_keys)),
            addresses: Arc::new(Limiter::new(config.address_rate, config.limited_keys)),
            config,
            elsewhere: authenticator.clone(),
            authenticator,
            clock,
            proxies,
            hsts,
            observer,
            is_tls: false,
            foreign: Vec::new(),
            spared: None,
        })
    }

    /// Whether the listener itself speaks TLS: then HSTS is sent without a proxy that says so.
    #[must_use]
    pub fn over_tls(mut self, is_tls: bool) -> Self {
        self.is_tls = is_tls;
        self
    }

    /// What clients bring in an address, who cannot set headers ([`crate::identity_of`]), is checked by this.
    #[must_use]
    pub fn reading_addresses_with(mut self, authenticator: Arc<dyn Authenticator>) -> Self {
        self.elsewhere = authenticator;
        self
    }

    /// From now on requests are counted on all nodes together.
    #[must_use]
    pub fn sharing(self, limits: &Arc<SharedLimits>) -> Self {
        self.callers.share(Limit::Caller, limits);
        self.addresses.share(Limit::Address, limits);
        self
    }

    /// Below a path another protocol is spoken: what this layer itself refuses there is said in it.
    #[must_use]
    pub fn speaking(mut self, path: &'static str, dialect: Dialect) -> Self {
        self.foreign.push((path, dialect));
        self
    }

    /// From now on these requests are not counted as their address's: what bounds them is bound elsewhere.
    #[must_use]
    pub fn sparing(mut self, spared: Spared) -> Self {
        self.spared = Some(spared);
        self
    }

    fn refuse(&self, path: &str, problem: &Problem, id: &RequestId) -> HttpResponse {
        match self.foreign.iter().find(|(foreign, _)| path.starts_with(foreign)) {
            Some((_, dialect)) => dialect(problem),
            None => problem.response(Some(id.as_str())),
        }
    }

    /// The clock that handlers use too.
    #[must_use]
    pub fn clock(&self) -> &SharedClock {
        &self.clock
    }

    fn admit(&self, request: &ServiceRequest, origin: Origin) -> Result<(), Problem> {
        if request.request().conn_data::<TurnedAway>().is_some() {
            return Err(Refusal::new(RefusalCode::Busy, "the server has as many connections as it takes").into());
        }
        if !METHODS.contains(request.method()) {
            return Err(Problem::method_not_allowed(&METHODS));
        }
        if !has_one_length(request) {
            let message = "a body has one length: Content-Length, or Transfer-Encoding: chunked of HTTP/1.1";
            return Err(Refusal::new(RefusalCode::Malformed, message).into());
        }
        if !self.spared.is_some_and(|spared| spared(request)) {
            self.addresses.check_for(request, limit_key(origin.address), self.clock.mono())?;
        }
        Ok(())
    }
}

/// Whether everybody on the way reads the same length (RFC 9112 §6.1): where two could be read, a proxy and this server may disagree about
/// where the next request begins. Repeated and unreadable lengths do not come as far as this.
fn has_one_length(request: &ServiceRequest) -> bool {
    let mut encodings = request.headers().get_all(header::TRANSFER_ENCODING);
    let Some(encoding) = encodings.next() else { return true };
    let is_chunked = encoding.as_bytes().trim_ascii().eq_ignore_ascii_case(b"chunked");
    is_chunked
        && encodings.next().is_none()
        && request.version() == Version::HTTP_11
        && !request.headers().contains_key(header::CONTENT_LENGTH)
}

/// The address limits count and logs name, as put there by [`envelope`].
#[must_use]
pub fn client_address(request: &impl HttpMessage) -> Option<IpAddr> {
    request.extensions().get::<Origin>().map(|origin| origin.address)
}

/// A DNS name has at most 253 characters; a port comes behind it.
const LONGEST_HOST: usize = 260;

/// Scheme and host by which the client reached the server, `https://chat.example.org`, for links that go to other devices.
/// The host is the request's own word: use it only in an answer to whoever asked. Nothing when it could not be a host.
#[must_use]
pub fn reached_at(request: &HttpRequest) -> Option<String> {
    let is_tls = request.extensions().get::<Origin>().is_some_and(|origin| origin.is_tls);
    // HTTP/2 has it in the request's address.
    let own = request.uri().authority().map(|authority| authority.as_str().to_owned());
    let named = || request.headers().get(header::HOST)?.to_str().ok().map(str::to_owned);
    let host = own.or_else(named)?;
    let is_host = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte);
    if host.is_empty() || host.len() > LONGEST_HOST || !host.bytes().all(is_host) {
        return None;
    }
    Some(format!("{}://{host}", if is_tls { "https" } else { "http" }))
}

/// The middleware: `App::new().app_data(web::Data::from(layer)).wrap(from_fn(envelope))`, outermost.
///
/// # Errors
/// Only what an inner middleware fails with; refusals are answers.
pub async fn envelope<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let Some(layer) = request.app_data::<web::Data<HttpLayer>>().cloned() else {
        return Ok(next.call(request).await?.map_into_boxed_body());
    };
    let started = layer.clock.micros();
    let id = RequestId::of(request.headers(), layer.clock.new_id());
    // A test's request has no peer.
    let peer = request.peer_addr().map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |peer| peer.ip());
    let origin = layer.proxies.origin(peer, request.headers());
    let origin = Origin { is_tls: origin.is_tls || layer.is_tls, ..origin };
    request.extensions_mut().insert(id.clone());
    request.extensions_mut().insert(origin);
    let response = match layer.admit(&request, origin) {
        // Whatever is logged on the way names the request, errors of services among it.
        Ok(()) => {
            let span = tracing::error_span!("http", request = id.as_str());
            carry_out(request, next, span.clone()).instrument(span).await?.map_into_boxed_body()
        }
        Err(problem) => {
            let mut refused = layer.refuse(request.path(), &problem, &id);
            if !has_one_length(&request) || request.request().conn_data::<TurnedAway>().is_some() {
                // What follows on the connection may be the rest of a body.
                refused.head_mut().set_connection_type(ConnectionType::Close);
            }
            request.into_response(refused)
        }
    };
    let mut response = with_problem(response, &id);
    dress(&mut response, &id, layer.hsts.as_ref().filter(|_| origin.is_tls));
    report(&layer, &response, &id, started);
    Ok(response)
}

/// Whoever closes the connection gives up the answer. What only reads ends with it; what changes something is carried out whole, not as far
/// as it had come.
async fn carry_out<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
    span: tracing::Span,
) -> Result<ServiceResponse<B>, Error> {
    if request.method().is_safe() {
        return next.call(request).await;
    }
    actix_web::rt::spawn(async move { next.call(request).await }.instrument(span))
        .await
        .map_err(ErrorInternalServerError)?
}

/// Makes sure that an error is a problem document that quotes the request's id and says nothing a library said.
fn with_problem(response: ServiceResponse<BoxBody>, id: &RequestId) -> ServiceResponse<BoxBody> {
    let status = response.status();
    if !status.is_client_error() && !status.is_server_error() {
        return response;
    }
    if let Some(problem) = response.response().error().and_then(|error| error.as_error::<Problem>()) {
        if status == StatusCode::INTERNAL_SERVER_ERROR {
            // What went wrong was logged where it did, perhaps in another thread; this says to whom.
            tracing::error!(request = id.as_str(), reason = %problem, "a request was refused as internal");
        }
        let body = problem.body(Some(id.as_str()));
        return response.map_body(|_, _| BoxBody::new(body));
    }
    if let Some(refused) = response.response().error().and_then(|error| error.as_error::<actix_cors::CorsError>()) {
        let problem = Problem::from(Refusal::new(RefusalCode::Forbidden, refused.to_string().to_lowercase()));
        return replaced(response, &problem, id);
    }
    let is_made_by_a_handler = response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| !is_plain(kind));
    if is_made_by_a_handler {
        return response;
    }
    if let Some(error) = response.response().error().filter(|_| status.is_server_error()) {
        tracing::error!(request = id.as_str(), %error, "a request failed");
    }
    replaced(response, &Problem::of_status(status), id)
}

/// The answer with its status, headers and body replaced by a problem's; other headers stay.
fn replaced(mut response: ServiceResponse<BoxBody>, problem: &Problem, id: &RequestId) -> ServiceResponse<BoxBody> {
    let (problem, body) = problem.response(Some(id.as_str())).into_parts();
    *response.response_mut().status_mut() = problem.status();
    let mut response = response.map_body(|_, _| body);
    for (name, value) in problem.headers() {
        response.headers_mut().insert(name.clone(), value.clone());
    }
    response
}

fn is_plain(kind: &HeaderValue) -> bool {
    kind.as_bytes().starts_with(b"text/plain")
}

fn dress(response: &mut ServiceResponse<BoxBody>, id: &RequestId, hsts: Option<&HeaderValue>) {
    let ignored = response.request().extensions().get::<IgnoredFields>().and_then(IgnoredFields::header);
    let (request, status) = (response.request().clone(), response.status());
    let headers = response.headers_mut();
    standing::tell(&request, status, headers);
    if !request.headers().contains_key(header::ORIGIN) || standing::is_of_a_page(headers) {
        // For scripts of other origins that ask for data; a page of thirty files would carry them thirty times.
        headers.remove(header::ACCESS_CONTROL_EXPOSE_HEADERS);
        headers.remove(header::ACCESS_CONTROL_ALLOW_CREDENTIALS);
    }
    secure_headers(headers, hsts);
    if let Some(ignored) = ignored {
        headers.insert(HeaderName::from_static("ignored-fields"), ignored);
    }
    if let Ok(value) = HeaderValue::from_str(id.as_str()) {
        headers.insert(HeaderName::from_static(REQUEST_ID), value);
    }
}

fn report(layer: &HttpLayer, response: &ServiceResponse<BoxBody>, id: &RequestId, started: u64) {
    let pattern = response.request().match_pattern();
    let seen = Observed {
        method: response.request().method(),
        route: pattern.as_deref().unwrap_or("-"),
        status: response.status().as_u16(),
        micros: layer.clock.micros().saturating_sub(started),
    };
    // Neither path nor query: ids of people and tokens stay out of the log.
    tracing::debug!(
        request = id.as_str(), method = %seen.method, route = seen.route, status = seen.status, micros = seen.micros, "answered"
    );
    if let Some(observer) = &layer.observer {
        observer(&seen);
    }
}

/// The answer for paths that no route has.
///
/// # Errors
/// Always 404.
pub async fn no_such_path() -> Result<HttpResponse, Problem> {
    Err(Problem::no_such_path())
}

/// Whether an answer is a problem document.
#[must_use]
pub fn is_problem(status: StatusCode, headers: &header::HeaderMap) -> bool {
    !status.is_success() && headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind == PROBLEM_JSON)
}
