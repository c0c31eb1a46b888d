//! A directory of conversations with a store in memory and a recording publisher.

use crate::memory::MemoryStore;
use parking_lot::Mutex;
use plenum_actors::aggregate::Aggregate;
use plenum_actors::aggregates::conversation::{Answer, Command, Conversation, ConversationLimits};
use plenum_actors::clock::SystemClock;
use plenum_actors::directory::{Carried, Directory, Done, Errand, Remote};
use plenum_actors::owner::actor::Surroundings;
use plenum_actors::owner::{OwnerConfig, OwnerMetrics, Recents, Reply};
use plenum_actors::placement::{NodeId, Place, Placement};
use plenum_actors::publication::{Publication, Publisher};
use plenum_schema::conversation::ConversationKind;
use plenum_schema::{Content, LogId, Offset, Refusal, Topic, UserId};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use uuid::Uuid;

pub const ALICE: UserId = UserId(Uuid::from_u128(1));
pub const BOB: UserId = UserId(Uuid::from_u128(2));

#[derive(Default)]
pub struct Recorder {
    pub published: Mutex<Vec<(Topic, Offset)>>,
    pub announced: Mutex<Vec<(Topic, Offset)>>,
}

impl Publisher for Recorder {
    fn publish(&self, batch: Vec<Arc<Publication>>) {
        self.published.lock().extend(batch.iter().filter_map(|one| one.offset().map(|offset| (one.topic, offset))));
    }

    fn announce(&self, topic: Topic, head: Offset) {
        self.announced.lock().push((topic, head));
    }
}

/// Everything lives in one place, which may change.
pub struct OnePlace(pub Mutex<Place>);

impl Placement for OnePlace {
    fn place(&self, _: LogId) -> Place {
        *self.0.lock()
    }
}

/// A node that is gone, as the next command to it shows.
pub const GONE: NodeId = NodeId(Uuid::from_u128(1));
/// The other node.
const OTHER: NodeId = NodeId(Uuid::from_u128(2));

/// The way to another node, in the same process; nothing comes through while it is cut.
struct Next<A: Aggregate> {
    other: Directory<A>,
    cut: Arc<AtomicBool>,
    place: Arc<OnePlace>,
}

impl<A: Aggregate> Remote<A> for Next<A> {
    fn carry(&self, node: NodeId, errand: Arc<Errand<A>>, done: Done<A>) {
        if node == GONE {
            *self.place.0.lock() = Place::Node(OTHER);
        }
        if node == GONE || self.cut.load(Ordering::SeqCst) {
            return done(Carried::Lost);
        }
        let Errand { id, entry, hops, ref command } = *errand;
        let reply = Reply::new(move |result| done(Carried::Answered(result)));
        self.other.tell_errand(Errand { id, command: command.clone(), entry, hops }, reply);
    }

    fn max_hops(&self) -> u8 {
        2
    }
}

pub struct World<A: Aggregate = Conversation> {
    pub store: Arc<MemoryStore>,
    pub publisher: Arc<Recorder>,
    pub place: Arc<OnePlace>,
    /// Whether other nodes cannot be reached.
    pub cut: Arc<AtomicBool>,
    pub directory: Directory<A>,
}

impl<A: Aggregate> World<A> {
    pub fn with(rules: A::Rules, change: impl FnOnce(&mut OwnerConfig)) -> Self {
        Self::on(Arc::default(), rules, change)
    }

    /// A node on a store that others may share.
    fn on(store: Arc<MemoryStore>, rules: A::Rules, change: impl FnOnce(&mut OwnerConfig)) -> Self {
        let mut config = OwnerConfig { snapshot_every: 50, ..OwnerConfig::default() };
        change(&mut config);
        let (publisher, place) = (Arc::new(Recorder::default()), Arc::new(OnePlace(Mutex::new(Place::Local))));
        let around = Surroundings {
            store: Arc::<MemoryStore>::clone(&store),
            publisher: Arc::<Recorder>::clone(&publisher),
            clock: Arc::new(SystemClock::new()),
            recents: Arc::new(Recents::default()),
            standings: Arc::default(),
            metrics: OwnerMetrics::new().unwrap(),
            config: Arc::new(config),
        };
        let directory = Directory::new(around, rules, Arc::<OnePlace>::clone(&place));
        Self { store, publisher, place, cut: Arc::default(), directory }
    }
}

impl World {
    pub fn new(change: impl FnOnce(&mut OwnerConfig)) -> Self {
        Self::with(ConversationLimits::default(), change)
    }

    /// Another node on the same store, to which commands go from here from now on.
    pub fn hand_over(&self) -> Self {
        let other = Self::on(self.store.clone(), ConversationLimits::default(), |_| {});
        *self.place.0.lock() = Place::Node(OTHER);
        let way = Next { other: other.directory.clone(), cut: self.cut.clone(), place: self.place.clone() };
        self.directory.connect(Arc::new(way));
        other
    }

    pub async fn group(&self, id: u128) -> LogId {
        let create = Command::Create { kind: ConversationKind::Group, title: None, by: ALICE, members: vec![BOB] };
        self.directory.ask(Uuid::from_u128(id), create).await.unwrap();
        log(id)
    }

    pub async fn send(&self, id: u128, client_ref: Option<String>) -> Result<Offset, Refusal> {
        let send = Command::Send { author: ALICE, client_ref, content: Content::text("hello") };
        match self.directory.ask(Uuid::from_u128(id), send).await? {
            Answer::Sent(sent) => Ok(sent.offset),
            other => panic!("{other:?}"),
        }
    }
}

pub fn log(id: u128) -> LogId {
    LogId { kind: Conversation::KIND, id: Uuid::from_u128(id) }
}

/// Waits until the condition holds; fails after ten seconds.
pub async fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let patience = async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), patience).await.unwrap_or_else(|_| panic!("never: {what}"));
}
