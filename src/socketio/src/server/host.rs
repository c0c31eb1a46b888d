//! One listener for everything: polling and other HTTP through actix-web, WebSockets through the upgrade seam.

use super::mount::Mount;
use super::polling;
use super::websocket::take_over;
use crate::engine::EngineConfig;
use actix_codec::Framed;
use actix_http::{HttpService, KeepAlive, Request, h1};
use actix_server::Server;
use actix_service::{IntoServiceFactory, ServiceFactoryExt, fn_service, map_config};
use actix_web::dev::AppConfig;
use actix_web::{App, web};
use plenum_websocket::origin::OriginPolicy;
use serde::Deserialize;
use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;

/// Limits of a host. Sizes in bytes, times in milliseconds.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HostConfig {
    /// Engine.IO.
    pub engine: EngineConfig,
    /// Which pages may connect, by either transport; those listed may also read the answers of polls (CORS).
    pub origins: OriginPolicy,
    /// Most sessions of an endpoint. Default 100,000.
    pub sessions: usize,
    /// Output that may wait for a WebSocket; a connection that lets more wait is closed. Default 1,048,576.
    pub outbox_bytes: usize,
    /// Most fragments of a WebSocket message. Default 128.
    pub max_fragments: u32,
    /// How long a peer may take to close after us. Default 5,000.
    pub linger_ms: u64,
    /// How long an idle HTTP connection is kept. Default 75,000.
    pub keep_alive_ms: u64,
    /// How long a request head may take to arrive. Default 5,000.
    pub request_head_ms: u64,
    /// Connections that may wait to be accepted. Default 4,096.
    pub backlog: u32,
}

impl Default for HostConfig {
    fn default() -> Self {
        Self {
            engine: EngineConfig::default(),
            origins: OriginPolicy::default(),
            sessions: 100_000,
            outbox_bytes: 1024 * 1024,
            max_fragments: 128,
            linger_ms: 5_000,
            keep_alive_ms: 75_000,
            request_head_ms: 5_000,
            backlog: 4_096,
        }
    }
}

type SetUp = Arc<dyn Fn(&Mount) + Send + Sync>;
type Configure = Arc<dyn Fn(&mut web::ServiceConfig) + Send + Sync>;

/// A host: what it serves, and its limits.
pub struct Host {
    config: HostConfig,
    set_up: SetUp,
    configure: Configure,
}

impl Host {
    /// A host that serves what `set_up` mounts. It is called once, on the host's thread.
    #[must_use]
    pub fn new(config: HostConfig, set_up: impl Fn(&Mount) + Send + Sync + 'static) -> Self {
        Self { config, set_up: Arc::new(set_up), configure: Arc::new(|_| {}) }
    }

    /// Adds routes of an actix-web `App` beside the endpoints.
    #[must_use]
    pub fn with_routes(mut self, configure: impl Fn(&mut web::ServiceConfig) + Send + Sync + 'static) -> Self {
        self.configure = Arc::new(configure);
        self
    }

    /// Serves on `listener`. The future that is returned runs the host, and ends when its handle stops it. Must be called inside an
    /// actix system.
    ///
    /// # Errors
    /// What the socket says.
    pub fn listen(self, listener: TcpListener) -> io::Result<Server> {
        let address = listener.local_addr()?;
        let Self { config, set_up, configure } = self;
        let backlog = config.backlog;
        let builder = Server::build().workers(1).backlog(backlog).disable_signals().shutdown_timeout(1);
        let builder = builder.listen("socketio", listener, move || {
            let mount = Mount::start(config.clone());
            set_up(&mount);
            let (endpoints, configure) = (mount.endpoints(), configure.clone());
            let app = App::new()
                .configure(|services| {
                    endpoints.into_iter().for_each(|endpoint| polling::register(services, endpoint));
                })
                .configure(move |services| configure(services));
            let factory = app.into_factory().map_err(|error: actix_web::Error| error.error_response());
            HttpService::build()
                .keep_alive(KeepAlive::Timeout(Duration::from_millis(config.keep_alive_ms)))
                .client_request_timeout(Duration::from_millis(config.request_head_ms))
                .client_disconnect_timeout(Duration::from_secs(1))
                .tcp_nodelay(true)
                .local_addr(address)
                .upgrade(fn_service(move |(request, framed): (Request, Framed<TcpStream, h1::Codec>)| {
                    let mount = mount.clone();
                    async move {
                        take_over(&mount, &request, framed).await;
                        Ok::<(), actix_http::Error>(())
                    }
                }))
                .finish(map_config(factory, |()| AppConfig::default()))
                .tcp()
        })?;
        Ok(builder.run())
    }
}
