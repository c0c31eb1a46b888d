//! A directory of conversations with a store in memory and a recording publisher.

use crate::memory::MemoryStore;
use parking_lot::Mutex;
use plenum_actors::aggregate::Aggregate;
use plenum_actors::aggregates::conversation::{Answer, Command, Conversation, ConversationLimits};
use plenum_actors::clock::SystemClock;
use plenum_actors::directory::Directory;
use plenum_actors::owner::actor::Surroundings;
use plenum_actors::owner::{OwnerConfig, OwnerMetrics, Recents};
use plenum_actors::placement::{Place, Placement};
use plenum_actors::publication::{Publication, Publisher};
use plenum_schema::conversation::ConversationKind;
use plenum_schema::{Content, LogId, Offset, Refusal, Topic, UserId};
use std::sync::Arc;
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

struct Here;

impl Placement for Here {
    fn place(&self, _: LogId) -> Place {
        Place::Local
    }
}

pub struct World<A: Aggregate = Conversation> {
    pub store: Arc<MemoryStore>,
    pub publisher: Arc<Recorder>,
    pub directory: Directory<A>,
}

impl<A: Aggregate> World<A> {
    pub fn with(rules: A::Rules, change: impl FnOnce(&mut OwnerConfig)) -> Self {
        let mut config = OwnerConfig { snapshot_every: 50, ..OwnerConfig::default() };
        change(&mut config);
        let (store, publisher) = (Arc::new(MemoryStore::default()), Arc::new(Recorder::default()));
        let around = Surroundings {
            store: Arc::<MemoryStore>::clone(&store),
            publisher: Arc::<Recorder>::clone(&publisher),
            clock: Arc::new(SystemClock::new()),
            recents: Arc::new(Recents::default()),
            standings: Arc::default(),
            metrics: OwnerMetrics::new().unwrap(),
            config: Arc::new(config),
        };
        Self { store, publisher, directory: Directory::new(around, rules, Arc::new(Here)) }
    }
}

impl World {
    pub fn new(change: impl FnOnce(&mut OwnerConfig)) -> Self {
        Self::with(ConversationLimits::default(), change)
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
