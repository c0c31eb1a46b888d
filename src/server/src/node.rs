//! The wiring: what a node is made of, in the order in which it starts and, backwards, ends.

mod ground;
mod owners;
mod workshop;

use ground::{ground, machine_clock, open_accounts};
use owners::Owners;
pub(crate) use workshop::Workshop;

use crate::backend::{HubReader, NodeBackend, commands_rate};
use crate::chores::{forget_codes, forget_spent, look_at_keys, maintain};
use crate::community::Community;
use crate::config::{Config, DrainConfig};
use crate::link::Link;
use crate::operations::{Operator, Phase, Readiness};
use crate::serve::{Given, Ports, ServeError, Started};
use crate::telemetry::{self, VERSION};
use crate::transfer::Watch;
use actix_server::ServerHandle as EdgeHandle;
use actix_web::dev::ServerHandle;
use actix_web::middleware::from_fn;
use actix_web::{App, web};
use plenum_actors::clock::SharedClock;
use plenum_actors::connection::{Admission, ConnectionMetrics};
use plenum_actors::history::History;
use plenum_actors::hub::{HubFaults, HubMetrics, Hubs};
use plenum_actors::owner::actor::Surroundings;
use plenum_actors::owner::{OwnerMetrics, Recents, Standings};
use plenum_actors::presence::{self, Presence, PresenceMetrics};
use plenum_actors::shared_limits::{Limit, SharedLimits};
use plenum_actors::store::SharedStore;
use plenum_cluster::nats;
use plenum_edge::native::{Door, Edge, configure_upgrades};
use plenum_edge::poll::Directory as Polls;
use plenum_edge::socketio::{Sessions, SocketIo, SocketIoMetrics};
use plenum_edge::{PlainMetrics, Surface};
use plenum_http::{HttpLayer, Limiter, TrustedProxies, cors, envelope, no_such_path};
use plenum_rest::{RestParts, RestState};
use plenum_schema::NodeId;
use plenum_services::accounts::Accounts;
use plenum_services::api_keys::ApiKeys;
use plenum_services::conferences::{self, Arrivals, Audiences, Conferences, ForgettingMetrics, run_audiences};
use plenum_services::conversations::{Conversations, Parts, run_nudges, run_room_stats};
use plenum_services::erasure::{Erasures, run_erasures};
use plenum_services::idempotency::Idempotency;
use plenum_services::images::run_images;
use plenum_services::market::run_market;
use plenum_services::payments::run_payments;
use plenum_services::status_board::StatusBoard;
use prometheus::Registry;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::oneshot;

/// How often a drain looks whether the last connection has gone.
const DRAIN_LOOK: Duration = Duration::from_millis(20);
/// How long worker threads may take to let go of the store after they have stopped.
const RELEASE_WITHIN: Duration = Duration::from_secs(2);
/// Holders of the store that outlive the node: the accounts that `Running` shows to its owner.
const HELD_BY_THE_CALLER: usize = 1;

/// A node that runs.
pub(crate) struct Node {
    watch: Option<Arc<Watch>>,
    edge: Arc<Edge>,
    hubs: Arc<Hubs>,
    owners: Owners,
    readiness: Arc<Readiness>,
    store: SharedStore,
    public: EdgeHandle,
    /// The public port, to be closed before the server lets go of it.
    listener: std::net::TcpListener,
    operations: ServerHandle,
    presence: Presence,
    link: Link,
    background: Vec<actix_web::rt::task::JoinHandle<()>>,
    ending: DrainConfig,
}

/// Everything below the ports.
struct Core {
    store: SharedStore,
    watch: Option<Arc<Watch>>,
    clock: SharedClock,
    link: Link,
    limits: Arc<SharedLimits>,
    hubs: Arc<Hubs>,
    hub_metrics: HubMetrics,
    accounts: Accounts,
    owners: Owners,
    standings: Arc<Standings>,
    history: History,
    conversations: Conversations,
    conferences: Conferences,
    idempotency: Arc<Idempotency>,
    api_keys: ApiKeys,
    status_board: StatusBoard,
    community: Community,
    erasures: Erasures,
}

impl Core {
    async fn open(
        config: &Config,
        registry: &Registry,
        (given, faults): (Option<SharedStore>, Option<Arc<HubFaults>>),
        clock: SharedClock,
    ) -> Result<Self, ServeError> {
        let (store, watch) = ground(config, registry, given, &clock).await?;
        let (node, hub_metrics) = (NodeId(clock.new_id()), HubMetrics::new(registry)?);
        let hubs = Hubs::new(&config.hub, hub_metrics.clone(), faults);
        let link = Link::open(config, node, &hubs, &clock, registry)?;
        let accounts = open_accounts(config, &store, &clock, &link).await?;
        let community = Community::open(config, &store, &clock, link.publisher(), &accounts, registry)?;
        let (recents, standings) = (Arc::new(Recents::default()), Arc::new(Standings::default()));
        let around = Surroundings {
            store: store.clone(),
            publisher: link.publisher(),
            clock: clock.clone(),
            recents: recents.clone(),
            standings: standings.clone(),
            metrics: OwnerMetrics::register(registry)?,
            config: link.owner_config(&config.owner),
        };
        let owners = Owners::start(config, &around, &link);
        let history = History::new(store.clone(), recents, config.history.clone());
        let (is_shared, metrics) = (link.is_shared(), PresenceMetrics::new(registry)?);
        // Every node tells those who follow there.
        let (rows, time, publisher) = (store.clone(), clock.clone(), hubs.clone());
        let presence = presence::Parts { node, is_shared, store: rows, publisher, clock: time, metrics };
        let parts = Parts {
            store: store.clone(),
            directory: owners.conversations.clone(),
            history: history.clone(),
            publisher: link.publisher(),
            accounts: accounts.clone(),
            presence: Presence::new(presence, config.presence.clone()),
            clock: clock.clone(),
        };
        let conversations = Conversations::new(parts, config.conversations.service.clone());
        let parts = conferences::Parts {
            store: store.clone(),
            conferences: owners.conferences.clone(),
            polls: owners.polls.clone(),
            boards: owners.boards.clone(),
            accounts: accounts.clone(),
            conversations: conversations.clone(),
            publisher: link.publisher(),
            clock: clock.clone(),
            voting: config.voting.limits.clone(),
            metrics: ForgettingMetrics::new(registry)?,
            hooks: community.hooks.clone(),
        };
        let conferences = Conferences::new(parts, config.conferences.service.clone(), Audiences::default());
        let erasures = community.erasures(&store, &clock, &accounts, &conversations);
        let core = Self {
            idempotency: Arc::new(Idempotency::new(store.clone(), clock.clone(), config.idempotency.clone())),
            limits: SharedLimits::new(clock.clone(), config.cluster.settings.limits_bounds()),
            api_keys: ApiKeys::new(store.clone(), clock.clone(), config.api_keys.clone()),
            status_board: StatusBoard::new(store.clone(), link.publisher(), clock.clone(), config.status_board.clone()),
            store,
            watch,
            clock,
            link,
            hubs,
            hub_metrics,
            accounts,
            owners,
            standings,
            history,
            conversations,
            conferences,
            community,
            erasures,
        };
        core.join();
        Ok(core)
    }

    /// What is looked after now and then, until the node drains.
    fn chores(&self) -> Vec<actix_web::rt::task::JoinHandle<()>> {
        let (accounts, conferences) = (&self.accounts, &self.conferences);
        let mut chores = vec![
            actix_web::rt::spawn(look_at_keys(accounts.clone())),
            actix_web::rt::spawn(maintain(accounts.clone(), self.idempotency.clone())),
            actix_web::rt::spawn(forget_codes(self.community.codes.clone())),
            actix_web::rt::spawn(forget_spent(self.community.google.clone())),
            actix_web::rt::spawn(run_market(self.community.market.clone())),
            actix_web::rt::spawn(run_payments(self.community.payments.clone())),
            actix_web::rt::spawn(run_images(self.community.places.images.clone())),
            actix_web::rt::spawn(run_erasures(self.erasures.clone())),
            actix_web::rt::spawn(presence::run(self.conversations.presence().clone())),
            actix_web::rt::spawn(run_nudges(self.conversations.clone())),
            actix_web::rt::spawn(run_room_stats(self.conversations.clone(), self.hubs.clone())),
            actix_web::rt::spawn(run_audiences(conferences.clone(), self.hubs.clone())),
            actix_web::rt::spawn(conferences.clone().run_expiry()),
            actix_web::rt::spawn(conferences.clone().run_reactions()),
            actix_web::rt::spawn(conferences.clone().run_hooks()),
        ];
        chores.extend(self.watch.clone().map(|watch| actix_web::rt::spawn(watch.run())));
        chores
    }

    /// From now on other nodes reach what lives here.
    fn join(&self) {
        let owners = &self.owners;
        self.link.join(&nats::Node {
            hubs: self.hubs.clone(),
            conversations: owners.conversations.clone(),
            conferences: owners.conferences.clone(),
            polls: owners.polls.clone(),
            boards: owners.boards.clone(),
            standings: self.standings.clone(),
            presence: self.conversations.presence().clone(),
            crowds: Arc::new(self.conferences.audiences().clone()),
            limits: self.limits.clone(),
            store: self.store.clone(),
        });
    }

    /// Where limits are told that hold for all nodes together.
    fn shared_limits(&self) -> Option<&Arc<SharedLimits>> {
        self.link.is_shared().then_some(&self.limits)
    }

    fn edge(&self, config: &Config, registry: &Registry) -> Result<Arc<Edge>, ServeError> {
        let guesses = Arc::new(Limiter::new(config.rest.guess_rate, config.rest.guess_keys));
        let commands = Arc::new(Limiter::new(commands_rate(&config.limits), config.http.surface.limited_keys));
        if let Some(limits) = self.shared_limits() {
            commands.share(Limit::Command, limits);
            guesses.share(Limit::SocketGuess, limits);
            self.accounts.share_limits(limits);
        }
        let backend = NodeBackend {
            authenticator: Arc::new(self.accounts.for_sockets()),
            directory: self.owners.conversations.clone(),
            conversations: self.conversations.clone(),
            conferences: self.conferences.clone(),
            standings: self.standings.clone(),
            publisher: self.link.publisher(),
            clock: self.clock.clone(),
            page_events: u32::try_from(config.hub.page_events).unwrap_or(u32::MAX),
            commands,
            guesses,
        };
        let owners = self.owners.clone();
        let presence = self.conversations.presence().clone();
        let arrivals = Arrivals { presence, audiences: self.conferences.audiences().clone() };
        let sessions = Sessions::new(config.socketio.polling_sessions, SocketIoMetrics::new(registry)?);
        let plain_metrics = PlainMetrics::new(registry)?;
        let surface = &config.http.surface;
        let proxies = TrustedProxies::new(&surface.trusted_proxies, surface.forwarded_header)?;
        let connection_metrics = ConnectionMetrics::new(registry)?;
        Ok(Arc::new(Edge {
            config: config.edge(),
            socket_io: SocketIo::new(
                config.socketio.clone().within(config.limits.topics_per_connection),
                &config.hub,
                config.websocket.fragments,
                sessions,
            ),
            connection: config.limits.clone(),
            hub: config.hub.clone(),
            text_bytes: config.conversations.text_bytes,
            hubs: self.hubs.clone(),
            reader: self.link.reader(Arc::new(HubReader(self.history.clone()))),
            backend: Arc::new(backend),
            admission: Admission::watched(
                &config.limits,
                Arc::new(arrivals),
                connection_metrics.unidentified.clone(),
                self.hubs.ladder().clone(),
            ),
            door: Door::new(
                proxies,
                (config.websocket.handshake_rate, surface.limited_keys),
                &config.limits,
                registry,
            )?,
            clock: self.clock.clone(),
            hub_metrics: self.hub_metrics.clone(),
            connection_metrics,
            polls: Polls::new(config.poll.connections, plain_metrics.polls.clone()),
            plain_metrics,
            server: format!("plenum/{VERSION}"),
            on_worker: Arc::new(move || owners.add_arbiter()),
            draining: AtomicBool::new(false),
        }))
    }

    fn rest(&self, config: &Config, readiness: &Arc<Readiness>) -> RestState {
        let readiness = readiness.clone();
        let parts = RestParts {
            accounts: self.accounts.clone(),
            codes: self.community.codes.clone(),
            google: self.community.google.clone(),
            erasures: self.erasures.clone(),
            market: self.community.market.clone(),
            payments: self.community.payments.clone(),
            events: self.community.events.clone(),
            subjects: self.community.subjects.clone(),
            places: self.community.places.clone(),
            api_keys: self.api_keys.clone(),
            conversations: Arc::new(self.conversations.clone()),
            conferences: self.conferences.clone(),
            status_board: self.status_board.clone(),
            idempotency: self.idempotency.clone(),
            health: Arc::new(move || readiness.summary()),
            clock: self.clock.clone(),
            limits: self.shared_limits().cloned(),
        };
        RestState::new(parts, &config.rest)
    }
}

impl Node {
    /// Starts everything: the operator's port first, as the rest may take long, then the lowest layer, and so on up. Must be called
    /// inside an actix system.
    pub async fn start(config: &Config, ports: Ports, given: Given) -> Result<(Self, Started, Accounts), ServeError> {
        let registry = telemetry::registry()?;
        let Given { store, clock, hub_faults } = given;
        let clock = clock.unwrap_or_else(|| machine_clock(config));
        let readiness = Readiness::new(clock.clone());
        let operator = Operator::serve(ports.operations, &config.operations, &registry, &readiness).await?;
        let core = Core::open(config, &registry, (store, hub_faults), clock).await;
        let handle = operator.handle.clone();
        let started = match core {
            Ok(core) => Self::start_edge(config, ports.http, core, operator, &registry, readiness).await,
            Err(error) => Err(error),
        };
        if started.is_err() {
            handle.stop(false).await;
        }
        started
    }

    /// What lies above the core.
    async fn start_edge(
        config: &Config,
        port: std::net::TcpListener,
        core: Core,
        operator: Operator,
        registry: &Registry,
        readiness: Arc<Readiness>,
    ) -> Result<(Self, Started, Accounts), ServeError> {
        let link = core.link.clone();
        readiness.opened(core.store.clone(), Box::new(move || link.state()));
        let edge = core.edge(config, registry)?;
        let observer = telemetry::http_observer(registry)?;
        telemetry::count_unreadable(registry)?;
        let surface = config.http.surface.clone();
        let layer =
            HttpLayer::new(surface.clone(), Arc::new(core.accounts.clone()), core.clock.clone(), Some(observer))?;
        let layer = layer.reading_addresses_with(Arc::new(core.accounts.for_sockets()));
        let layer = core.shared_limits().into_iter().fold(layer, HttpLayer::sharing);
        let layer = layer.over_tls(config.edge().tls.certificate_file.is_some());
        let layer = layer.speaking(plenum_edge::socketio::PATH, plenum_edge::socketio::refused);
        let layer = web::Data::new(layer.sparing(plenum_edge::socketio::is_poll_of_session));
        let rest = core.rest(config, &readiness);
        let (echo, outbox) = (config.websocket.echo, core.community.outbox.clone());
        let (name, version) = ("plenum".to_owned(), VERSION.to_owned());
        let product = plenum_pages::Product { name, version, pages: config.pages.clone() };
        let app = move |edge: &Surface| {
            App::new()
                .app_data(layer.clone())
                .configure(|cfg| edge.configure(cfg))
                .configure(|cfg| plenum_pages::configure(cfg, product.clone()))
                .configure(|cfg| crate::outbox::configure(cfg, outbox.as_ref()))
                .configure(|cfg| plenum_rest::configure(cfg, rest.clone()))
                .configure(plenum_edge::socketio::configure)
                .configure(|cfg| configure_upgrades(cfg, echo))
                .default_service(web::to(no_such_path))
                .wrap(cors(&surface))
                .wrap(from_fn(envelope))
        };
        let listener = port.try_clone().map_err(|error| ServeError::Edge(error.into()))?;
        let listening = edge.listen(port, config.server.worker_count(), app)?;
        let public = listening.server.handle();
        actix_web::rt::spawn(listening.server);
        core.link.acquaint(core.conversations.presence()).await;
        readiness.enter(Phase::Running);

        let started = Started { http: listening.address, operations: operator.address, is_tls: listening.tls };
        let (accounts, presence) = (core.accounts.clone(), core.conversations.presence().clone());
        let background = core.chores();
        let node = Self {
            watch: core.watch,
            edge,
            hubs: core.hubs,
            owners: core.owners,
            readiness,
            store: core.store,
            public,
            listener,
            operations: operator.handle,
            presence,
            link: core.link,
            background,
            ending: config.drain.clone(),
        };
        Ok((node, started, accounts))
    }

    /// Serves until told to stop (or until nobody is left who could tell), then drains.
    pub async fn run(self, stopping: oneshot::Receiver<()>) {
        match &self.watch {
            None => drop(stopping.await),
            Some(watch) => tokio::select! {
                _teller_gone = stopping => {}
                () = watch.begun() => {}
            },
        }
        self.background.iter().for_each(actix_web::rt::task::JoinHandle::abort);
        if tokio::time::timeout(self.ending.timeout(), self.drain()).await.is_err() {
            tracing::warn!("the drain took longer than drain.timeout_ms; what was acknowledged is on disk");
        }
        let store = Arc::downgrade(&self.store);
        drop(self);
        // Worker threads let go of their parts a moment after they said that they have stopped.
        let released = async {
            while store.strong_count() > HELD_BY_THE_CALLER {
                tokio::time::sleep(DRAIN_LOOK).await;
            }
        };
        if tokio::time::timeout(RELEASE_WITHIN, released).await.is_err() {
            tracing::warn!(holders = store.strong_count(), "parts of the node still hold the store");
        }
    }

    /// Connects are refused from now on. The server keeps its listener until it has stopped: meanwhile the system would go on
    /// taking connections that nobody answers.
    fn close_listener(&self) {
        telemetry::expect_closed_listeners();
        if let Err(error) = socket2::SockRef::from(&self.listener).shutdown(std::net::Shutdown::Both) {
            tracing::debug!(%error, "the public port closes when the server has stopped");
        }
    }

    /// No new connections; clients are asked to come back; owners finish their appends.
    async fn drain(&self) {
        let begun = self.edge.clock.mono();
        tracing::info!(connections = self.edge.admission.open(), owners = self.owners.live(), "draining");
        self.readiness.enter(Phase::Draining);
        self.edge.draining.store(true, Ordering::Relaxed);
        self.public.pause().await;
        self.close_listener();
        // Others take over what lives here before it ends here.
        self.link.drain().await;
        let left = self.owners.drain(self.ending.timeout() / 2).await;
        if left > 0 {
            tracing::warn!(left, "owners did not end in time");
        }
        let gone = self.edge.clock.mono().saturating_sub(begun);
        self.hubs.drain(self.ending.farewell(gone, self.link.is_another_serving()));
        while self.edge.admission.open() > 0 {
            tokio::time::sleep(DRAIN_LOOK).await;
        }
        // Whoever was here has left now, grace or not.
        self.presence.end().await;
        self.public.stop(true).await;
        self.link.close().await;
        self.hubs.close();
        self.operations.stop(true).await;
        tracing::info!("drained");
    }
}
