//! Starting and stopping a node: on a thread with an actix system of its own, so that a test may run several.

use crate::config::Config;
use crate::node::Node;
use plenum_actors::clock::SharedClock;
use plenum_actors::hub::HubFaults;
use plenum_actors::store::SharedStore;
use plenum_edge::native::EdgeError;
use plenum_services::accounts::Accounts;
use std::fmt;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;
use tokio::sync::{oneshot, watch};

/// Why a node did not start. Each says what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// A port cannot be had.
    #[error("cannot listen on {address} ({key}): {}", in_words(.source))]
    Listen {
        /// The setting.
        key: &'static str,
        /// Its value.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// The data directory.
    #[error("the data directory cannot be used (store.path): {0}")]
    Store(#[from] plenum_store::OpenError),
    /// The CQL cluster.
    #[error(transparent)]
    Cql(#[from] plenum_store::CqlError),
    /// A copy into it was begun and is not finished.
    #[error(transparent)]
    HalfImported(#[from] crate::store::HalfImported),
    /// The store did not answer while it was looked at.
    #[error("the store cannot be read ({0}): see that it runs and is reached (section store), then start again")]
    Unreadable(#[from] plenum_actors::store::StoreError),
    /// The bus.
    #[error("the bus cannot be used (cluster.nats): {0}")]
    Bus(#[from] plenum_cluster::nats::OpenError),
    /// Accounts and keys.
    #[error(transparent)]
    Accounts(#[from] plenum_services::accounts::OpenError),
    /// Mail or short messages.
    #[error(transparent)]
    Providers(#[from] plenum_providers::OpenError),
    /// Addresses of proxies.
    #[error("http.trusted_proxies: {0}")]
    Proxies(#[from] plenum_http::BlockError),
    /// The public port.
    #[error("the public port cannot be served (http.listen, tls): {0}")]
    Edge(#[from] EdgeError),
    /// The operator's port.
    #[error("the operator's port cannot be served (operations.listen): {}", in_words(.0))]
    Operations(std::io::Error),
    /// Two metrics have one name: a bug.
    #[error("metrics cannot be registered: {0}")]
    Metrics(#[from] prometheus::Error),
    /// The node's thread.
    #[error(
        "the node's thread did not start ({0}): allow this user more threads and memory (ulimit -u, ulimit -v, the container's limits)"
    )]
    Thread(std::io::Error),
    /// The node ended by itself.
    #[error("the node ended unexpectedly; the log says why")]
    Ended,
}

fn in_words(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::AddrInUse => {
            "another program listens there already; stop it or choose another port".to_owned()
        }
        std::io::ErrorKind::PermissionDenied => "this user may not use that port; choose one above 1023".to_owned(),
        std::io::ErrorKind::AddrNotAvailable => "this machine has no such address".to_owned(),
        std::io::ErrorKind::OutOfMemory => "the system has no memory for it; free some".to_owned(),
        _ => format!("{error}; choose another address, or allow more open files (ulimit -n)"),
    }
}

/// The two ports, taken before anything else is touched.
#[derive(Debug)]
pub(crate) struct Ports {
    pub http: TcpListener,
    pub operations: TcpListener,
}

impl Ports {
    fn take(config: &Config) -> Result<Self, ServeError> {
        Ok(Self {
            http: bind("http.listen", config.http.listen, config.http.backlog)?,
            operations: bind("operations.listen", config.operations.listen, 128)?,
        })
    }
}

fn bind(key: &'static str, address: SocketAddr, backlog: u32) -> Result<TcpListener, ServeError> {
    listening(address, backlog).map_err(|source| ServeError::Listen { key, address, source })
}

fn listening(address: SocketAddr, backlog: u32) -> std::io::Result<TcpListener> {
    let socket = socket2::Socket::new(socket2::Domain::for_address(address), socket2::Type::STREAM, None)?;
    // A restart must not wait for connections of the process before, which linger in TIME_WAIT.
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(i32::try_from(backlog).unwrap_or(i32::MAX))?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

/// What is known of a node that runs.
#[derive(Clone)]
pub(crate) struct Started {
    pub http: SocketAddr,
    pub operations: SocketAddr,
    pub is_tls: bool,
}

/// A running node. Dropping it drains and stops it.
pub struct Running {
    started: Started,
    accounts: Accounts,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
    ended: watch::Receiver<bool>,
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Running").field("http", &self.started.http).finish_non_exhaustive()
    }
}

impl Running {
    /// Where the public port is.
    #[must_use]
    pub fn http(&self) -> SocketAddr {
        self.started.http
    }

    /// Where the operator's port is.
    #[must_use]
    pub fn operations(&self) -> SocketAddr {
        self.started.operations
    }

    /// The address to open in a browser.
    #[must_use]
    pub fn page(&self) -> String {
        let scheme = if self.started.is_tls { "https" } else { "http" };
        let mut address = self.started.http;
        if address.ip().is_unspecified() {
            // Nobody can open 0.0.0.0.
            address.set_ip(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST));
        }
        format!("{scheme}://{address}/")
    }

    /// The accounts of the node, for tests that need people and tokens. Whoever keeps a clone keeps the data directory open.
    #[must_use]
    pub fn accounts(&self) -> &Accounts {
        &self.accounts
    }

    /// Begins to drain. The node ends by itself when that is done.
    pub fn request_stop(&mut self) {
        if let Some(stop) = self.stop.take() {
            // The node may have ended already.
            let _ended = stop.send(());
        }
    }

    /// Becomes true when the node has ended.
    #[must_use]
    pub fn ended(&self) -> watch::Receiver<bool> {
        self.ended.clone()
    }

    /// Drains the node and waits until it has ended.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        self.request_stop();
        if let Some(thread) = self.thread.take() {
            // A panic of the node's thread has been logged by the hook.
            let _panicked = thread.join();
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.end();
    }
}

/// Starts a node and returns when it serves.
///
/// # Errors
/// [`ServeError`] says what to do.
pub fn start(config: Config) -> Result<Running, ServeError> {
    start_with(config, Given::default())
}

/// What a node works with that is there already: in tests, and while a store is moved.
#[derive(Clone, Default)]
pub struct Given {
    /// Its store, so that several nodes in one process may share it; `None`: the configured one.
    pub store: Option<SharedStore>,
    /// Its clock; `None`: the machine's.
    pub clock: Option<SharedClock>,
    /// What a test lets happen to its hubs.
    pub hub_faults: Option<Arc<HubFaults>>,
}

/// The same with parts that are there already.
///
/// # Errors
/// As [`start`].
pub fn start_on(config: Config, given: Given) -> Result<Running, ServeError> {
    start_with(config, given)
}

fn start_with(config: Config, given: Given) -> Result<Running, ServeError> {
    let ports = Ports::take(&config)?;
    let (tell, told) = std::sync::mpsc::sync_channel(1);
    let (stop, stopping) = oneshot::channel();
    let (ending, ended) = watch::channel(false);
    let run = move || {
        actix_web::rt::System::new().block_on(async move {
            match Node::start(&config, ports, given).await {
                Ok((node, started, accounts)) => {
                    let _caller_gone = tell.send(Ok((started, accounts)));
                    node.run(stopping).await;
                }
                Err(error) => {
                    let _caller_gone = tell.send(Err(error));
                }
            }
        });
        let _nobody_waits = ending.send(true);
    };
    let thread = std::thread::Builder::new().name("node".to_owned()).spawn(run).map_err(ServeError::Thread)?;
    match told.recv() {
        Ok(Ok((started, accounts))) => Ok(Running { started, accounts, stop: Some(stop), thread: Some(thread), ended }),
        Ok(Err(error)) => {
            let _panicked = thread.join();
            Err(error)
        }
        Err(_) => Err(ServeError::Ended),
    }
}
