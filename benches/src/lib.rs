//! What the benches share: sockets that swallow, samples of frames, a store in a fresh directory, a node's owners.

use bytes::Bytes;
use plenum_actors::aggregates::conversation::{Command, Conversation, ConversationLimits};
use plenum_actors::clock::{SharedClock, SystemClock};
use plenum_actors::directory::Directory;
use plenum_actors::hub::{ConnectionKey, Core, HubConfig, HubMetrics, NewConnection, Shut, Socket};
use plenum_actors::owner::actor::Surroundings;
use plenum_actors::owner::{OwnerConfig, OwnerMetrics, Recents};
use plenum_actors::publication::{Dialect, Publication, Publisher};
use plenum_actors::store::{Entry, SharedStore};
use plenum_cluster::SingleNode;
use plenum_edge::native::FRAMING;
use plenum_schema::conversation::{ConversationEvent, ConversationKind, Message};
use plenum_schema::wire::Event;
use plenum_schema::{ConnectionId, Content, ConversationId, EntryId, Offset, Topic, UserId};
use plenum_store::embedded::Parts;
use plenum_store::{Embedded, EmbeddedConfig, StoreMetrics};
use prometheus::Registry;
use std::cell::Cell;
use std::io::{self, IoSlice};
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use uuid::Uuid;

/// The topic of the fan-out benches.
pub const TOPIC: Topic = Topic::Conversation(ConversationId(Uuid::from_u128(1)));

/// The author of everything.
pub const AUTHOR: UserId = UserId(Uuid::from_u128(2));

/// A socket that takes everything and counts it.
#[derive(Clone, Debug, Default)]
pub struct Swallow(pub Rc<Cell<usize>>);

impl Socket for Swallow {
    fn try_write(&self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        let written = pieces.iter().map(|piece| piece.len()).sum();
        self.0.set(self.0.get() + written);
        Ok(written)
    }

    fn shut(&self, _: Shut) {}
}

/// A message of 128 bytes of text.
#[must_use]
pub fn message(offset: Offset) -> Arc<Publication> {
    let message = Message {
        id: EntryId(Uuid::from_u128(u128::from(offset))),
        author: AUTHOR,
        number: offset,
        content: Content::text("x".repeat(128)),
        client_ref: Some("reference".into()),
        direct: false,
    };
    Publication::event(TOPIC, offset, 1_700_000_000_000, Event::Conversation(ConversationEvent::Message(message)))
}

/// A hub with this many live subscribers of [`TOPIC`].
///
/// # Panics
/// When the metrics cannot be registered, which a fresh registry does not do.
#[must_use]
#[expect(clippy::expect_used, reason = "a bench ends when its set-up fails")]
pub fn hub(receivers: usize, dialect: Dialect) -> Core {
    let metrics = HubMetrics::new(&Registry::new()).expect("a fresh registry");
    let mut core = Core::new(HubConfig::default(), FRAMING, clock(), metrics);
    for number in 0..receivers {
        let key = join(&mut core, number, dialect);
        core.subscribe(key, TOPIC, 0, 0);
    }
    core.repaired(TOPIC, Some((&[], 1)));
    while core.slice() {}
    core
}

/// One more connection.
pub fn join(core: &mut Core, number: usize, dialect: Dialect) -> ConnectionKey {
    let id = ConnectionId(Uuid::from_u128(number as u128));
    core.join(NewConnection { id, socket: Rc::<Swallow>::default(), dialect })
}

/// The machine's clock.
#[must_use]
pub fn clock() -> SharedClock {
    Arc::new(SystemClock::new())
}

/// A store in `path`.
///
/// # Panics
/// When it cannot be opened.
#[must_use]
#[expect(clippy::expect_used, reason = "a bench ends when its set-up fails")]
pub fn store(path: &Path) -> SharedStore {
    let metrics = StoreMetrics::new(&Registry::new()).expect("a fresh registry");
    let config = EmbeddedConfig { path: path.to_owned(), ..EmbeddedConfig::default() };
    Embedded::open_with(config, Parts { metrics, clock: clock(), hook: None }).expect("a fresh directory")
}

/// Nobody listens.
#[derive(Debug)]
pub struct Nobody;

impl Publisher for Nobody {
    fn publish(&self, _: Vec<Arc<Publication>>) {}
    fn announce(&self, _: Topic, _: Offset) {}
}

/// The owners of a node over `store`.
///
/// # Panics
/// When the metrics cannot be registered, which a fresh registry does not do.
#[must_use]
#[expect(clippy::expect_used, reason = "a bench ends when its set-up fails")]
pub fn directory(store: SharedStore) -> Directory<Conversation> {
    let around = Surroundings {
        store,
        publisher: Arc::new(Nobody),
        clock: clock(),
        recents: Arc::new(Recents::default()),
        standings: Arc::default(),
        metrics: OwnerMetrics::register(&Registry::new()).expect("a fresh registry"),
        config: Arc::new(OwnerConfig::default()),
    };
    Directory::new(around, ConversationLimits::default(), Arc::new(SingleNode))
}

/// Starts a conversation of its author alone.
#[must_use]
pub fn create() -> Command {
    Command::Create { kind: ConversationKind::Group, title: Some("bench".into()), by: AUTHOR, members: vec![AUTHOR] }
}

/// A message to it.
#[must_use]
pub fn send(number: u64) -> Command {
    Command::Send { author: AUTHOR, client_ref: Some(number.to_string()), content: Content::text("x".repeat(128)) }
}

/// An entry of 200 bytes.
#[must_use]
pub fn entry(number: u64) -> Entry {
    Entry { id: EntryId(Uuid::from_u128(u128::from(number) | 7 << 100)), payload: Bytes::from(vec![b'x'; 200]) }
}
