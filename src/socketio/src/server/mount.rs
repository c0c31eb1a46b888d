//! What a host serves: Engine.IO endpoints with their sessions.

use super::connection::{Connection, Handler};
use super::host::HostConfig;
use super::timers::{Clock, Timers};
use plenum_websocket::origin::OriginVerdict;
use plenum_websocket::request::UpgradeRequest;
use rand::RngCore;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

/// What runs on the sessions of an endpoint.
pub trait Protocol {
    /// A session has been opened; its messages go to the handler that is returned. Sending is possible at once.
    fn open(&self, connection: &Rc<Connection>) -> Rc<dyn Handler>;
}

/// Counts of an endpoint since the host began.
#[derive(Debug, Default)]
pub struct MountStats {
    /// Sessions that were opened.
    pub opened: Cell<u64>,
    /// Sessions that have ended.
    pub closed: Cell<u64>,
    /// Sessions that were refused because there were too many.
    pub refused: Cell<u64>,
    /// Sessions that were closed because they read too slowly.
    pub slow: Cell<u64>,
    /// Sessions that went over from polling to WebSocket.
    pub upgraded: Cell<u64>,
}

/// Where protocols are put on a host. Given to the set-up of [`super::Host`].
#[derive(Clone)]
pub struct Mount {
    shared: Rc<Shared>,
}

struct Shared {
    config: HostConfig,
    clock: Clock,
    timers: Rc<Timers>,
    endpoints: RefCell<Vec<Rc<Endpoint>>>,
}

/// One path with its sessions.
pub(super) struct Endpoint {
    pub path: String,
    pub protocol: Rc<dyn Protocol>,
    sessions: RefCell<HashMap<String, Rc<Connection>>>,
    /// Places of sessions whose handshakes are being completed.
    kept: Cell<usize>,
    stats: Rc<MountStats>,
    shared: Rc<Shared>,
}

impl Mount {
    /// A mount for the calling thread, which must run an actix system.
    pub(super) fn start(config: HostConfig) -> Self {
        let (clock, timers) = (Clock::start(), Rc::new(Timers::default()));
        actix_rt::spawn(timers.clone().run(clock));
        Self { shared: Rc::new(Shared { config, clock, timers, endpoints: RefCell::default() }) }
    }

    /// Serves a protocol at a path, with or without the slash at its end.
    pub fn serve(&self, path: &str, protocol: Rc<dyn Protocol>) -> Rc<MountStats> {
        let stats = Rc::new(MountStats::default());
        let endpoint = Endpoint {
            path: path.trim_end_matches('/').to_owned(),
            protocol,
            sessions: RefCell::default(),
            kept: Cell::new(0),
            stats: stats.clone(),
            shared: self.shared.clone(),
        };
        self.shared.endpoints.borrow_mut().push(Rc::new(endpoint));
        stats
    }

    pub(super) fn endpoints(&self) -> Vec<Rc<Endpoint>> {
        self.shared.endpoints.borrow().clone()
    }

    pub(super) fn endpoint(&self, path: &str) -> Option<Rc<Endpoint>> {
        let path = path.trim_end_matches('/');
        self.shared.endpoints.borrow().iter().find(|endpoint| endpoint.path == path).cloned()
    }

    pub(super) fn config(&self) -> &HostConfig {
        &self.shared.config
    }
}

/// A place of a session that is about to begin. Dropped when the session counts itself, or did not come about.
pub(super) struct Seat {
    endpoint: Rc<Endpoint>,
}

impl Seat {
    pub(super) fn endpoint(&self) -> &Rc<Endpoint> {
        &self.endpoint
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.endpoint.kept.set(self.endpoint.kept.get().saturating_sub(1));
    }
}

impl Endpoint {
    pub(super) fn config(&self) -> &HostConfig {
        &self.shared.config
    }

    pub(super) fn now(&self) -> u64 {
        self.shared.clock.now()
    }

    pub(super) fn timers(&self) -> &Timers {
        &self.shared.timers
    }

    pub(super) fn count(&self, which: impl Fn(&MountStats) -> &Cell<u64>) {
        let cell = which(&self.stats);
        cell.set(cell.get().saturating_add(1));
    }

    /// A place for one more session, kept until it is dropped; counts the refusal if there is none.
    pub(super) fn sit(self: &Rc<Self>) -> Option<Seat> {
        if self.sessions.borrow().len() + self.kept.get() >= self.config().sessions {
            self.count(|stats| &stats.refused);
            return None;
        }
        self.kept.set(self.kept.get() + 1);
        Some(Seat { endpoint: self.clone() })
    }

    pub(super) fn session(&self, sid: &str) -> Option<Rc<Connection>> {
        let connection = self.sessions.borrow().get(sid).cloned()?;
        let now = self.now();
        if now >= connection.deadline() {
            // The timer has not come to it yet; a request must not find a session whose time is over.
            connection.tick(now);
            connection.rearm();
        }
        let over = connection.state.borrow().is_closed();
        (!over).then_some(connection)
    }

    pub(super) fn insert(&self, connection: &Rc<Connection>) {
        self.count(|stats| &stats.opened);
        self.sessions.borrow_mut().insert(connection.sid.clone(), connection.clone());
    }

    pub(super) fn forget(&self, sid: &str) {
        let _ended = self.sessions.borrow_mut().remove(sid);
    }

    /// Whether the page that asks may.
    pub(super) fn allows(&self, request: &impl UpgradeRequest) -> bool {
        self.config().origins.judge(request) == OriginVerdict::Allowed
    }
}

/// An id that cannot be guessed: 120 random bits in 20 characters that need no encoding in a URL.
pub(super) fn new_id() -> String {
    use base64::Engine as _;
    let mut bytes = [0; 15];
    rand::rng().fill_bytes(&mut bytes);
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}
