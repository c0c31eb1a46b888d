//! One listener for everything: REST and pages through the `App`, sockets through the seam.

use super::callers::BESIDE;
use super::config::EdgeConfig;
use super::door::Door;
use super::seam::Seam;
use super::tls::{TlsError, server_config};
use crate::framing::FRAMING;
use crate::poll::Directory;
use crate::socketio::SocketIo;
use crate::surface::{PlainMetrics, Surface};
use actix_codec::Framed;
use actix_http::body::MessageBody;
use actix_http::{Extensions, HttpService, KeepAlive, Request, Response, h1};
use actix_service::{IntoServiceFactory, Service, ServiceFactory, ServiceFactoryExt, fn_service, map_config};
use actix_tls::accept::rustls_0_23::TlsStream;
use actix_web::dev::AppConfig;
use plenum_actors::clock::SharedClock;
use plenum_actors::connection::{Admission, Backend, ConnectionConfig, ConnectionMetrics, Shared};
use plenum_actors::hub::{Core, HubConfig, HubHandle, HubMetrics, Hubs, LogReader};
use plenum_http::TurnedAway;
use plenum_websocket::transport::AnyTransport;
use std::cell::RefCell;
use std::net::{Shutdown, SocketAddr, TcpListener};
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::net::TcpStream;

/// Everything the edge needs, shared by its workers.
pub struct Edge {
    /// The listener's configuration.
    pub config: EdgeConfig,
    /// Limits of connections.
    pub connection: ConnectionConfig,
    /// Limits of hubs.
    pub hub: HubConfig,
    /// Largest text of a message: conversations refuse a longer one.
    pub text_bytes: usize,
    /// All hubs of the node.
    pub hubs: Arc<Hubs>,
    /// Where hubs read what they missed.
    pub reader: Arc<dyn LogReader>,
    /// The rest of Plenum.
    pub backend: Arc<dyn Backend>,
    /// Counts of connections.
    pub admission: Arc<Admission>,
    /// What stands before handshakes.
    pub door: Door,
    /// Time and ids.
    pub clock: SharedClock,
    /// Socket.IO.
    pub socket_io: SocketIo,
    /// What hubs count.
    pub hub_metrics: HubMetrics,
    /// What connections count.
    pub connection_metrics: ConnectionMetrics,
    /// What streams and polling connections count.
    pub plain_metrics: PlainMetrics,
    /// Polling connections, on whichever worker they live.
    pub polls: Arc<Directory>,
    /// Name and version for `hello`.
    pub server: String,
    /// Called once on each worker thread.
    pub on_worker: Arc<dyn Fn() + Send + Sync>,
    /// Set when the node stops: no more upgrades.
    pub draining: AtomicBool,
}

/// The `App` as an HTTP service with a seam beside it. A macro, because the types of the two transports differ and the builder's
/// cannot be written down.
macro_rules! http_service {
    ($edge:expr, $app:expr, $address:expr, $secure:expr, $stream:ty, $tcp:expr, $into:expr) => {{
        let (worker, into) = ($edge.worker(), $into);
        let (seam, surface) = (Seam::new(worker.clone()), Surface::new(worker));
        let edge = $edge.clone();
        let factory = $app(&surface).into_factory().map_err(|error| error.into().error_response());
        let builder = HttpService::build()
            .keep_alive(KeepAlive::Timeout(Duration::from_millis($edge.config.keep_alive_ms)))
            .client_request_timeout(Duration::from_millis($edge.config.request_head_ms))
            .client_disconnect_timeout(Duration::from_secs(1))
            .tcp_nodelay(true)
            // Whoever closes hears no answer any more: a poll that waits ends with it, and what it would have been answered is kept.
            .h1_allow_half_closed(false)
            .local_addr($address)
            .on_connect_ext(move |stream: &$stream, data| edge.meet($tcp(stream), data))
            .upgrade(fn_service(move |(request, framed): (Request, Framed<$stream, h1::Codec>)| {
                let seam = seam.clone();
                async move {
                    seam.take_over(request, framed, into).await;
                    Ok::<(), actix_http::Error>(())
                }
            }));
        let builder = if $secure { builder.secure() } else { builder };
        // The App learns host and scheme from each request; its own defaults are never shown.
        builder.finish(map_config(factory, |()| AppConfig::default()))
    }};
}

fn plain(tcp: &TcpStream) -> &TcpStream {
    tcp
}

fn below(tls: &TlsStream<TcpStream>) -> &TcpStream {
    tls.get_ref().0
}

/// The kernel gives up a connection on which nothing that was sent arrived for so long: the peer has gone without a word, or does
/// not read. HTTP itself would wait for ever. Sockets of the native protocol have deadlines of their own: the seam lifts this one.
pub(super) fn stall_limit(tcp: &TcpStream, milliseconds: u64) {
    // Elsewhere than on Linux the system's own patience applies.
    #[cfg(target_os = "linux")]
    {
        let limit = (milliseconds > 0).then(|| Duration::from_millis(milliseconds));
        if let Err(error) = socket2::SockRef::from(tcp).set_tcp_user_timeout(limit) {
            tracing::debug!(%error, "a connection has no limit on stalling");
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = (tcp, milliseconds);
}

/// The edge cannot listen.
#[derive(Debug, thiserror::Error)]
pub enum EdgeError {
    /// The certificate is wrong.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The socket cannot be used.
    #[error(
        "its socket cannot be used ({0}): see that nothing else uses the port, and that enough files may be open (ulimit -n)"
    )]
    Listen(#[from] std::io::Error),
}

/// A listening edge: a future that ends when the server has stopped.
pub struct Listening {
    /// Poll it to run.
    pub server: actix_server::Server,
    /// Where it listens.
    pub address: SocketAddr,
    /// Whether by TLS.
    pub tls: bool,
}

/// What one worker thread has.
pub(crate) struct Worker {
    pub edge: Arc<Edge>,
    pub shared: Rc<Shared>,
}

/// Requests that run when everything else has drained get this long, seconds. Idle connections count as running to the server, so
/// it is also how long each stop takes at least while a browser keeps one.
const LAST_REQUESTS_S: u64 = 1;

thread_local! {
    /// For handlers of the `App`, which is made without a worker.
    static OF_THIS_THREAD: RefCell<Weak<Worker>> = const { RefCell::new(Weak::new()) };
}

/// The worker of this thread; `None` on threads that are none.
pub(crate) fn worker_of_this_thread() -> Option<Rc<Worker>> {
    OF_THIS_THREAD.with_borrow(Weak::upgrade)
}

impl Worker {
    /// A session id that nobody can guess.
    pub(crate) fn new_sid(&self) -> String {
        self.edge.clock.new_id().simple().to_string()
    }
}

impl Edge {
    /// Whether the node is stopping.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    /// A connection that will speak HTTP has come. Where there is no room for it, it is closed at once: it costs no more than that.
    fn meet(&self, tcp: &TcpStream, data: &mut Extensions) {
        stall_limit(tcp, self.config.stalled_ms);
        // One that has gone already is seen by whoever reads it.
        let Ok(peer) = tcp.peer_addr() else { return };
        match self.door.let_in(peer.ip(), self.sockets()) {
            // It goes with the connection, or with the request that makes it a WebSocket.
            Some(caller) => {
                data.insert(caller);
            }
            None => {
                // What it has sent already can still be read: it must not be carried out when nobody can be told.
                data.insert(TurnedAway);
                if let Err(error) = socket2::SockRef::from(tcp).shutdown(Shutdown::Both) {
                    tracing::debug!(%error, "a connection beyond the limit has gone already");
                }
            }
        }
    }

    /// WebSockets: connections that do not speak HTTP any more.
    fn sockets(&self) -> usize {
        let plain = [&self.plain_metrics.streams, &self.plain_metrics.polls, &self.socket_io.sessions.metrics.polling];
        let plain: i64 = plain.into_iter().map(prometheus::IntGauge::get).sum();
        self.admission.open().saturating_sub(usize::try_from(plain).unwrap_or(0))
    }

    fn worker(self: &Arc<Self>) -> Rc<Worker> {
        (self.on_worker)();
        let core = Core::new(self.hub.clone(), FRAMING, self.clock.clone(), self.hub_metrics.clone());
        let hub = HubHandle::start(core, self.reader.clone(), &self.hubs);
        let shared = Rc::new(Shared {
            config: self.connection.clone(),
            hub_config: self.hub.clone(),
            text_bytes: self.text_bytes,
            hub,
            backend: self.backend.clone(),
            admission: self.admission.clone(),
            clock: self.clock.clone(),
            server: self.server.clone(),
            metrics: self.connection_metrics.clone(),
        });
        let worker = Rc::new(Worker { edge: self.clone(), shared });
        OF_THIS_THREAD.set(Rc::downgrade(&worker));
        worker
    }

    /// Serves `app`, which is given the routes of its worker, and the sockets on `listener` with `workers` threads. Must be called inside an actix system.
    ///
    /// # Errors
    /// [`EdgeError`] when the certificate or the socket cannot be used.
    pub fn listen<F, I, S, B>(
        self: &Arc<Self>,
        listener: TcpListener,
        workers: usize,
        app: F,
    ) -> Result<Listening, EdgeError>
    where
        F: Fn(&Surface) -> I + Send + Clone + 'static,
        I: IntoServiceFactory<S, Request> + 'static,
        S: ServiceFactory<Request, Config = AppConfig> + 'static,
        S::Error: Into<actix_web::Error> + 'static,
        S::InitError: std::fmt::Debug,
        S::Response: Into<Response<B>> + 'static,
        <S::Service as Service<Request>>::Future: 'static,
        S::Service: 'static,
        B: MessageBody + 'static,
    {
        let tls = server_config(&self.config.tls)?;
        let address = listener.local_addr()?;
        let builder = actix_server::Server::build()
            .workers(workers)
            .backlog(self.config.backlog)
            .max_concurrent_connections(self.connection.connections.saturating_add(2 * BESIDE))
            .disable_signals()
            .shutdown_timeout(LAST_REQUESTS_S);
        let (edge, secure, transport) = (self.clone(), tls.is_some(), self.config.transport);
        let server = match tls {
            None => builder.listen("edge", listener, move || {
                http_service!(edge, app, address, false, TcpStream, plain, AnyTransport::from).tcp()
            })?,
            Some(config) => builder.listen("edge", listener, move || {
                let into = move |stream| AnyTransport::tls(stream, &transport);
                http_service!(edge, app, address, true, TlsStream<TcpStream>, below, into).rustls_0_23(config.clone())
            })?,
        };
        Ok(Listening { server: server.run(), address, tls: secure })
    }
}
