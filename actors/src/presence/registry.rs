//! The node's handle: connections and reports in, signals and rows out.

use super::config::PresenceConfig;
use super::core::{Core, Moment, Standing};
use super::memory::Memory;
use super::metrics::PresenceMetrics;
use super::queue::Queue;
use super::report::Report;
use crate::clock::{SharedClock, WallMillis};
use crate::connection::Comings;
use crate::identity::Identity;
use crate::publication::{Class, Publication, Publisher};
use crate::store::{Mutation, SharedStore, StoreError};
use futures_util::stream::{self, StreamExt};
use parking_lot::Mutex;
use plenum_schema::entities::LastSeen;
use plenum_schema::table::{Entity, FieldValue};
use plenum_schema::wire::{PresenceSignal, Signal};
use plenum_schema::{NodeId, Topic, UserId};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// What presence works with.
pub struct Parts {
    /// This run of the process.
    pub node: NodeId,
    /// Whether there are other nodes, to which [`Presence::next_report`] goes.
    pub is_shared: bool,
    /// Where the time of the last leaving is kept.
    pub store: SharedStore,
    /// Where changes go.
    pub publisher: Arc<dyn Publisher>,
    /// Time.
    pub clock: SharedClock,
    /// What is counted.
    pub metrics: PresenceMetrics,
}

struct State {
    core: Core,
    queue: Queue,
    memory: Memory,
    /// Leavings that are to be written; only the newest of each person.
    unwritten: HashMap<UserId, WallMillis>,
    /// Who has come or gone since they were last taken; `true`: who wants to know themself how it stands.
    turned: HashMap<UserId, bool>,
}

struct Inner {
    state: Mutex<State>,
    parts: Parts,
    config: PresenceConfig,
}

/// Who is online. Cheap to clone; never blocks for longer than a look into a map.
#[derive(Clone)]
pub struct Presence {
    inner: Arc<Inner>,
}

impl std::fmt::Debug for Presence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Presence").field("config", &self.inner.config).finish_non_exhaustive()
    }
}

impl Presence {
    /// Nobody is online. [`run`] must be spawned beside it.
    #[must_use]
    pub fn new(parts: Parts, config: PresenceConfig) -> Self {
        let core = Core::new(parts.node, config.grace_ms, config.node_silent_ms, parts.is_shared);
        let memory = Memory::new(config.remembered);
        let state = State { core, queue: Queue::default(), memory, unwritten: HashMap::new(), turned: HashMap::new() };
        Self { inner: Arc::new(Inner { state: Mutex::new(state), parts, config }) }
    }

    /// How somebody stands, as far as memory knows: call [`Presence::recall`] first where `lastSeen` matters.
    #[must_use]
    pub fn signal_of(&self, user: UserId) -> PresenceSignal {
        self.inner.state.lock().signal_of(user)
    }

    /// The same for many at one moment.
    #[must_use]
    pub fn signals_of(&self, users: &[UserId]) -> Vec<PresenceSignal> {
        let state = self.inner.state.lock();
        users.iter().map(|user| state.signal_of(*user)).collect()
    }

    /// Those of these people who are online, in their order.
    #[must_use]
    pub fn online_among(&self, users: &[UserId]) -> Vec<UserId> {
        let state = self.inner.state.lock();
        users.iter().copied().filter(|user| state.core.standing(*user) != Standing::Offline).collect()
    }

    /// How many people are online, each once.
    #[must_use]
    pub fn online(&self) -> usize {
        self.inner.state.lock().core.online()
    }

    /// Somebody wants to know how their rooms stand: they are among those that [`Self::take_turned`] tells next.
    pub fn looks_around(&self, user: UserId) {
        let Inner { state, parts, config } = &*self.inner;
        state.lock().turn(user, true, parts, config);
    }

    /// Who has come or gone since the last call, here or on other nodes: at most `presence.turned`, the others are counted. `true`: they want
    /// to know themselves how their rooms stand.
    #[must_use]
    pub fn take_turned(&self) -> Vec<(UserId, bool)> {
        self.inner.state.lock().turned.drain().collect()
    }

    /// Reads when these people left, where that is not remembered: a bounded number of reads at a time.
    ///
    /// # Errors
    /// The store's, when it does not answer.
    pub async fn recall(&self, users: &[UserId]) -> Result<(), StoreError> {
        let unknown: Vec<UserId> = {
            let state = self.inner.state.lock();
            let is_unknown =
                |user: &UserId| state.core.standing(*user) == Standing::Offline && state.memory.get(*user).is_none();
            users.iter().copied().filter(is_unknown).collect()
        };
        let reads = unknown.into_iter().map(|user| async move {
            let row = self.inner.parts.store.get(LastSeen::TABLE, vec![user.to_value()]).await?;
            let row =
                row.map(LastSeen::from_row).transpose().map_err(|error| StoreError::Damaged(error.to_string()))?;
            self.inner.state.lock().memory.learn_from_store(user, row.map(|row| row.at));
            Ok::<(), StoreError>(())
        });
        let mut reads = stream::iter(reads).buffer_unordered(self.inner.config.written_at_once);
        while let Some(read) = reads.next().await {
            read?;
        }
        Ok(())
    }

    /// Another node's report.
    pub fn report(&self, report: &Report) {
        self.change(|core, now| core.report(report, now));
    }

    /// Another node says that it stops.
    pub fn node_ended(&self, node: NodeId) {
        self.change(|core, now| core.node_ended(node, now));
    }

    /// What other nodes are to be told now: news, or a sign of life. Send it a few times in `node_silent_ms`.
    #[must_use]
    pub fn next_report(&self) -> Report {
        self.change(|core, _| core.next_report())
    }

    /// Everybody here, for a node that asks.
    #[must_use]
    pub fn full_report(&self) -> Report {
        self.inner.state.lock().core.full_report()
    }

    /// Nodes that are to be asked for a full report.
    #[must_use]
    pub fn take_questions(&self) -> Vec<NodeId> {
        self.change(|core, _| core.take_questions())
    }

    /// Whether these nodes have said everybody who is on them.
    #[must_use]
    pub fn knows(&self, nodes: &[NodeId]) -> bool {
        self.inner.state.lock().core.knows(nodes)
    }

    /// Whether somebody has a connection on another node.
    #[must_use]
    pub fn is_elsewhere(&self, user: UserId) -> bool {
        self.inner.state.lock().core.is_elsewhere(user)
    }

    /// Whether anybody has a connection on another node, as far as it is known.
    #[must_use]
    pub fn has_other_nodes(&self) -> bool {
        self.inner.state.lock().core.nodes().next().is_some()
    }

    /// What connects the nodes is away: that nothing is heard of the others does not count against them.
    pub fn hold(&self) {
        self.change(Core::hold);
    }

    /// Lets graces and silent nodes end, and tells what is due.
    pub fn tick(&self) {
        self.change(Core::tick);
        self.tell();
    }

    fn now(&self) -> Moment {
        let clock = &self.inner.parts.clock;
        Moment { mono: clock.mono(), wall: clock.wall() }
    }

    /// Gives the core an input and deals with what comes of it.
    fn change<T>(&self, input: impl FnOnce(&mut Core, Moment) -> T) -> T {
        let now = self.now();
        let Inner { state, parts, config } = &*self.inner;
        let mut state = state.lock();
        let result = input(&mut state.core, now);
        state.settle(parts, config);
        result
    }

    fn tell(&self) {
        let Inner { state, parts, config } = &*self.inner;
        let signals: Vec<PresenceSignal> = {
            let mut state = state.lock();
            let users = state.queue.take(config.told_at_once);
            parts.metrics.waiting.set(gauge(state.queue.len()));
            users.into_iter().map(|user| state.signal_of(user)).collect()
        };
        parts.metrics.told.inc_by(signals.len() as u64);
        for signal in signals {
            // One topic's publications have the same key: a slow follower needs the newest only.
            let topic = Topic::Presence(signal.user);
            parts.publisher.publish(vec![Publication::signal(topic, Class::Conflated(0), Signal::Presence(signal))]);
        }
    }

    /// Writes the leavings that wait, a bounded number at a time.
    pub async fn write(&self) {
        let Inner { state, parts, config } = &*self.inner;
        let waiting = std::mem::take(&mut state.lock().unwritten);
        let writes = waiting.into_iter().map(|(user_id, at)| {
            let put = vec![Mutation::Put(LastSeen { user_id, at }.to_row())];
            parts.store.write(LastSeen::TABLE, put)
        });
        let mut writes = stream::iter(writes).buffer_unordered(config.written_at_once);
        while let Some(write) = writes.next().await {
            if let Err(error) = write {
                // For display only: the next leaving writes the row again.
                parts.metrics.unkept.inc();
                tracing::debug!(%error, "a leaving was not written");
            }
        }
        parts.metrics.unwritten.set(gauge(state.lock().unwritten.len()));
    }

    /// The process stops: everybody who is in their grace has left. Writes it down.
    pub async fn end(&self) {
        self.change(|core, _| core.end_graces());
        self.write().await;
    }
}

impl State {
    fn signal_of(&self, user: UserId) -> PresenceSignal {
        match self.core.standing(user) {
            Standing::Online(since) => PresenceSignal { user, online: true, since: Some(since), last_seen: None },
            Standing::Offline => {
                let last_seen = self.memory.get(user).flatten();
                PresenceSignal { user, online: false, since: None, last_seen }
            }
        }
    }

    fn turn(&mut self, user: UserId, asks: bool, parts: &Parts, config: &PresenceConfig) {
        if let Some(asked) = self.turned.get_mut(&user) {
            *asked |= asks;
        } else if self.turned.len() < config.turned {
            self.turned.insert(user, asks);
        } else {
            parts.metrics.unturned.inc();
        }
    }

    fn settle(&mut self, parts: &Parts, config: &PresenceConfig) {
        for (user, at) in self.core.take_gone() {
            self.memory.learn(user, Some(at));
            parts.metrics.went.inc();
        }
        for (user, at) in self.core.take_seen() {
            if self.unwritten.len() < config.unwritten || self.unwritten.contains_key(&user) {
                self.unwritten.insert(user, at);
            } else {
                parts.metrics.unkept.inc();
            }
        }
        for user in self.core.take_changed() {
            if self.core.standing(user) != Standing::Offline {
                parts.metrics.came.inc();
            }
            self.turn(user, false, parts, config);
            // Nobody follows: whoever does so later is told how it is then.
            if parts.publisher.is_wanted(Topic::Presence(user)) && !self.queue.push(user) {
                parts.metrics.coalesced.inc();
            }
        }
        parts.metrics.returned.inc_by(self.core.take_returned());
        parts.metrics.online.set(gauge(self.core.online()));
        parts.metrics.waiting.set(gauge(self.queue.len()));
        parts.metrics.unwritten.set(gauge(self.unwritten.len()));
    }
}

impl Comings for Presence {
    fn connections(&self, who: &Identity, count: usize) {
        // Audiences of conferences are counted elsewhere, and nobody is told who is in them.
        if who.is_account() {
            let (user, count) = (who.user, u32::try_from(count).unwrap_or(u32::MAX));
            self.change(|core, now| core.here(user, count, now));
        }
    }
}

fn gauge(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Keeps presence going until it is aborted: tells what is due, writes what waits.
pub async fn run(presence: Presence) {
    let every = Duration::from_millis(presence.inner.config.tell_every_ms);
    loop {
        tokio::time::sleep(every).await;
        presence.tick();
        let is_idle = presence.inner.state.lock().unwritten.is_empty();
        if !is_idle {
            presence.write().await;
        }
    }
}
