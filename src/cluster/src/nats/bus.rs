//! The bus of a node: a thread with the connection and everything that listens to it.

use super::config::ClusterConfig;
use super::members::{Members, View};
use super::metrics::BusMetrics;
use super::packet::{self, Beat, NodeState};
use super::publisher::Outgoing;
use super::subjects::Subjects;
use super::{beats, commands, connection, crowds, ended, heads, interest, limits, people, publisher};
use async_nats::{Client, Message, Subscriber};
use parking_lot::Mutex;
use plenum_actors::aggregates::board::Board;
use plenum_actors::aggregates::conference::Conference;
use plenum_actors::aggregates::conversation::Conversation;
use plenum_actors::aggregates::poll::Poll;
use plenum_actors::clock::SharedClock;
use plenum_actors::crowds::Crowds;
use plenum_actors::directory::Directory;
use plenum_actors::hub::Hubs;
use plenum_actors::identity::SessionEnder;
use plenum_actors::owner::Standings;
use plenum_actors::placement::SharedPlacement;
use plenum_actors::presence::Presence;
use plenum_actors::shared_limits::SharedLimits;
use plenum_actors::store::SharedStore;
use plenum_schema::{NodeId, SessionId};
use serde::Serialize;
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot, watch};

/// How long the last words of a node may take.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// How long other nodes may take to answer the first beat.
const ANSWERED_WITHIN: Duration = Duration::from_millis(200);
/// How often it is looked whether they have said who is on them.
const LOOK: Duration = Duration::from_millis(10);

/// Why there is no bus.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The connection cannot even be tried.
    #[error("{0}")]
    Connect(#[from] async_nats::ConnectError),
    /// Its thread.
    #[error("the thread of the bus did not start: {0}")]
    Thread(#[from] std::io::Error),
    /// Its thread has ended.
    #[error("the thread of the bus ended")]
    Ended,
}

/// The parts of a node that the bus works with.
#[derive(Clone)]
pub struct Node {
    /// Who listens to what.
    pub hubs: Arc<Hubs>,
    /// The owners of conversations.
    pub conversations: Directory<Conversation>,
    /// The owners of conferences.
    pub conferences: Directory<Conference>,
    /// The owners of polls.
    pub polls: Directory<Poll>,
    /// The owners of boards.
    pub boards: Directory<Board>,
    /// How topics without a log stand.
    pub standings: Arc<Standings>,
    /// Who is online.
    pub presence: Presence,
    /// How large audiences are.
    pub crowds: Arc<dyn Crowds>,
    /// Rate limits.
    pub limits: Arc<SharedLimits>,
    /// Logs and sessions.
    pub store: SharedStore,
}

impl Node {
    /// The placement has changed.
    pub(super) fn rest_misplaced(&self) {
        self.conversations.rest_misplaced();
        self.conferences.rest_misplaced();
        self.polls.rest_misplaced();
        self.boards.rest_misplaced();
    }
}

/// What all parts of the bus share.
pub(super) struct Shared {
    pub config: ClusterConfig,
    pub subjects: Subjects,
    pub members: Arc<Members>,
    pub clock: SharedClock,
    pub metrics: BusMetrics,
    pub client: Client,
    /// Whether NATS is connected.
    pub connected: watch::Receiver<bool>,
    /// Changes with the nodes that are there.
    pub membership: watch::Sender<()>,
    /// Changes when this process has stood still for so long that the others may have given it up.
    pub woken: watch::Sender<()>,
    pub outgoing: mpsc::Sender<Outgoing>,
    pub runtime: Handle,
}

impl Shared {
    pub fn is_connected(&self) -> bool {
        *self.connected.borrow()
    }

    /// Runs on the thread of the bus.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        // Nobody waits for it: it ends with the thread.
        drop(self.runtime.spawn(task));
    }

    /// Sends a message that may be lost.
    pub async fn send<T: Serialize>(&self, what: &str, subject: String, value: &T) {
        if !self.is_connected() {
            return self.metrics.count_lost("away");
        }
        let Ok(bytes) = packet::encode(value) else { return self.metrics.count_lost("unencodable") };
        let length = bytes.len();
        match self.client.publish(subject, bytes).await {
            Ok(()) => self.metrics.count_sent(what, length),
            Err(_) => self.metrics.count_lost("refused"),
        }
    }

    /// Answers a message, when its sender waits for that.
    pub async fn answer<T: Serialize>(&self, what: &str, message: &Message, value: &T) {
        if let Some(reply) = &message.reply {
            self.send(what, reply.to_string(), value).await;
        }
    }

    /// Subscribes; where that fails the connection is over for good, and the task with it.
    pub async fn listen(&self, subject: String) -> Option<Subscriber> {
        let subscriber = self.client.subscribe(subject).await;
        subscriber.inspect_err(|error| tracing::error!(%error, "the bus cannot be listened to")).ok()
    }

    /// Something has changed about the nodes.
    pub fn change_members<T>(&self, change: impl FnOnce(&mut View) -> T) -> T {
        let result = self.members.change(change);
        self.metrics.nodes.set(i64::try_from(self.members.others().len()).unwrap_or(i64::MAX));
        self.membership.send_replace(());
        result
    }
}

/// The bus of a node.
pub struct Bus {
    shared: Arc<Shared>,
    queue: Mutex<Option<mpsc::Receiver<Outgoing>>>,
    stop: Mutex<Option<oneshot::Sender<()>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl fmt::Debug for Bus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bus").field("connected", &self.is_connected()).finish_non_exhaustive()
    }
}

impl Bus {
    /// Starts the thread of the bus and begins to connect. Where no NATS server answers the node is alone until one does.
    ///
    /// # Errors
    /// [`OpenError`]: files that cannot be read, no thread.
    pub fn open(
        config: ClusterConfig,
        node: NodeId,
        clock: SharedClock,
        metrics: BusMetrics,
    ) -> Result<Self, OpenError> {
        let (tell, told) = std::sync::mpsc::sync_channel(1);
        let (stop, stopping) = oneshot::channel::<()>();
        let (state, connected) = watch::channel(false);
        let (nats, messages) = (config.nats.clone(), config.subscription_messages);
        let (name, counted) = (format!("plenum {}", node.0), metrics.clone());
        let run = move || {
            let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
                Ok(runtime) => runtime,
                Err(error) => return drop(tell.send(Err(OpenError::Thread(error)))),
            };
            runtime.block_on(async move {
                let client = connection::connect(&nats, name, messages, (state, counted)).await;
                let is_open = client.is_ok();
                drop(tell.send(client.map(|client| (client, Handle::current())).map_err(OpenError::Connect)));
                if is_open {
                    // Until the bus is closed, or nobody is left who could close it.
                    let _closed = stopping.await;
                }
            });
        };
        let thread = std::thread::Builder::new().name("bus".to_owned()).spawn(run)?;
        let (client, runtime) = told.recv().map_err(|_| OpenError::Ended)??;
        let (outgoing, queue) = mpsc::channel(config.queue_batches);
        let shared = Shared {
            subjects: Subjects::new(&config.name),
            members: Members::new(node, config.silent_ms),
            config,
            clock,
            metrics,
            client,
            connected,
            membership: watch::Sender::new(()),
            woken: watch::Sender::new(()),
            outgoing,
            runtime,
        };
        Ok(Self {
            shared: Arc::new(shared),
            queue: Mutex::new(Some(queue)),
            stop: Mutex::new(Some(stop)),
            thread: Mutex::new(Some(thread)),
        })
    }

    /// Joins the cluster: from now on this node is told of others and they of it. Later calls change nothing.
    pub fn join(&self, node: &Node) {
        let Some(queue) = self.queue.lock().take() else { return };
        let shared = &self.shared;
        let heads = heads::start(shared, node);
        interest::start(shared, node, &heads);
        commands::start(shared, &node.conversations);
        commands::start(shared, &node.conferences);
        commands::start(shared, &node.polls);
        commands::start(shared, &node.boards);
        ended::start(shared, node);
        people::start(shared, &node.presence);
        crowds::start(shared, node);
        limits::start(shared, node);
        publisher::start(shared, queue);
        beats::start(shared, node, &heads);
    }

    /// Where aggregates live.
    #[must_use]
    pub fn placement(&self) -> SharedPlacement {
        self.shared.members.clone()
    }

    /// The nodes that are there.
    #[must_use]
    pub fn members(&self) -> &Arc<Members> {
        &self.shared.members
    }

    /// Whether NATS is connected now.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.shared.is_connected()
    }

    /// Waits until the nodes that are there have said who is on them, as far as the bus works; answers whether they have within
    /// `acquaint_ms`.
    pub async fn acquaint(&self, presence: &Presence) -> bool {
        let known = async {
            let mut connected = self.shared.connected.clone();
            // Its thread has ended: nobody will be heard.
            let _is_there = connected.wait_for(|connected| *connected).await.is_ok();
            // Whoever hears the first beat answers with one at once; whoever does not is heard with the next.
            let lonely = Duration::from_millis(self.shared.config.beat_ms.saturating_mul(2)).max(ANSWERED_WITHIN);
            let heard = async {
                while self.shared.members.others().is_empty() {
                    tokio::time::sleep(LOOK).await;
                }
                tokio::time::sleep(ANSWERED_WITHIN).await;
            };
            let _is_alone = tokio::time::timeout(lonely, heard).await.is_err();
            while !presence.knows(&self.shared.members.others()) {
                tokio::time::sleep(LOOK).await;
            }
        };
        let within = Duration::from_millis(self.shared.config.acquaint_ms);
        tokio::time::timeout(within, known).await.is_ok()
    }

    /// What is counted.
    #[must_use]
    pub fn metrics(&self) -> &BusMetrics {
        &self.shared.metrics
    }

    pub(super) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// Whoever ends sessions ends them on this node by `here` and on the others by the bus.
    #[must_use]
    pub fn session_ender(&self, here: Arc<dyn SessionEnder>) -> Arc<dyn SessionEnder> {
        Arc::new(EverywhereEnder { here, shared: self.shared.clone() })
    }

    /// Gives the aggregates of this node away: new commands go to others.
    pub async fn drain(&self) {
        self.shared.change_members(View::drain);
        self.say(NodeState::Draining).await;
    }

    /// Says that this node has ended, and ends the thread of the bus.
    pub async fn close(&self) {
        self.say(NodeState::Gone).await;
        self.stop.lock().take();
        let thread = self.thread.lock().take();
        // A panic of the thread has been logged by the hook.
        let _ended = tokio::task::spawn_blocking(move || thread.map(JoinHandle::join)).await.is_ok();
    }

    async fn say(&self, state: NodeState) {
        let beat = Beat { node: self.shared.members.me(), state };
        let words = async {
            self.shared.send("beat", self.shared.subjects.nodes(), &beat).await;
            // The bus may be away: then the others find out by the silence.
            let _sent = self.shared.client.flush().await.is_ok();
        };
        let _in_time = tokio::time::timeout(LAST_WORDS, words).await.is_ok();
    }
}

/// Tells all nodes of a cluster, from a process that is none of them, that sessions have ended.
///
/// # Errors
/// NATS cannot be reached within `nats.connect_timeout_ms`, or as it is set up.
pub async fn tell_ended(config: &ClusterConfig, sessions: &[SessionId]) -> Result<(), TellError> {
    let (state, mut connected) = watch::channel(false);
    let metrics =
        BusMetrics::new(&prometheus::Registry::new()).map_err(|error| TellError::Encode(error.to_string()))?;
    let packet = packet::encode(&packet::EndedPacket { sessions: sessions.to_vec() });
    let packet = packet.map_err(|error| TellError::Encode(error.to_string()))?;
    let subject = Subjects::new(&config.name).all_ended();
    let told = async {
        let client = connection::connect(&config.nats, "plenum".to_owned(), 1, (state, metrics)).await?;
        connected.wait_for(|connected| *connected).await.map_err(|_| TellError::Silent)?;
        client.publish(subject, packet).await.map_err(|_| TellError::Silent)?;
        client.flush().await.map_err(|_| TellError::Silent)
    };
    let within = Duration::from_millis(config.nats.connect_timeout_ms);
    tokio::time::timeout(within, told).await.map_err(|_| TellError::Silent)?
}

/// Why the nodes were not told.
#[derive(Debug, thiserror::Error)]
pub enum TellError {
    /// The connection cannot even be tried.
    #[error("{0}")]
    Connect(#[from] async_nats::ConnectError),
    /// Nobody answered.
    #[error("NATS did not answer (cluster.nats.urls)")]
    Silent,
    /// The message could not be made.
    #[error("{0}")]
    Encode(String),
}

/// Ends sessions on all nodes.
struct EverywhereEnder {
    here: Arc<dyn SessionEnder>,
    shared: Arc<Shared>,
}

impl SessionEnder for EverywhereEnder {
    fn end_sessions(&self, sessions: &[SessionId]) {
        self.here.end_sessions(sessions);
        ended::tell(&self.shared, sessions);
    }
}
