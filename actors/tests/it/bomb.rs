//! An aggregate with a bug: its owner survives.

use crate::world::World;
use plenum_actors::aggregate::{Aggregate, Decision};
use plenum_actors::clock::WallMillis;
use plenum_schema::conversation::{ConversationEvent, TitleChanged};
use plenum_schema::{AggregateKind, EntryId, Offset, Refusal, RefusalCode, UserId, wire};
use uuid::Uuid;

#[derive(Clone, Debug)]
struct Bomb(u64);

#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
enum Press {
    Count,
    Panic,
}

impl Aggregate for Bomb {
    type Command = Press;
    type Event = ();
    type Answer = u64;
    type Saved = u64;
    type Rules = ();
    const KIND: AggregateKind = AggregateKind::Conversation;
    const EVENT_FORMAT: u8 = 1;
    const SNAPSHOT_FORMAT: u8 = 1;

    fn empty(_: Uuid) -> Self {
        Self(0)
    }
    fn decide(&self, (): &(), command: &Press, _: EntryId, _: WallMillis) -> Decision<Self> {
        match command {
            Press::Count => Decision::Accept { events: vec![()], answer: self.0 + 1 },
            Press::Panic => panic!("a bug, on purpose"),
        }
    }
    fn is_query(_: &Press) -> bool {
        false
    }
    fn name(_: &Press) -> &'static str {
        "press"
    }
    fn weight(_: &Press) -> usize {
        1
    }
    fn entry_id(&self, _: &Press) -> Option<EntryId> {
        None
    }
    fn apply(&mut self, _: Offset, _: EntryId, _: WallMillis, (): &()) {
        self.0 += 1;
    }
    fn settle(answer: u64, _: Offset, _: EntryId) -> u64 {
        answer
    }
    fn repeat(&self, (): &(), _: &Press, _: Offset, _: EntryId) -> Result<u64, Refusal> {
        Ok(self.0)
    }
    fn publish((): &()) -> Option<wire::Event> {
        let changed = TitleChanged { title: String::new(), by: UserId(Uuid::nil()), now: None };
        Some(wire::Event::Conversation(ConversationEvent::TitleChanged(changed)))
    }
    fn digest(&self) -> Vec<u8> {
        Vec::new()
    }
    fn save(&self) -> u64 {
        self.0
    }
    fn restore(_: Uuid, saved: u64) -> Self {
        Self(saved)
    }
}

#[actix::test]
async fn a_panic_in_an_aggregate_is_answered_and_the_owner_rebuilt_from_the_log() {
    let world: World<Bomb> = World::with((), |config| config.unavailable_retry_ms = 10);
    let id = Uuid::from_u128(1);
    assert_eq!(world.directory.ask(id, Press::Count).await, Ok(1));
    let (waits, panics) =
        futures_util::future::join(world.directory.ask(id, Press::Count), world.directory.ask(id, Press::Panic)).await;
    assert_eq!(panics.unwrap_err().code, RefusalCode::Internal);
    // Its append was under way: it was answered before the panic, or told to retry.
    let counted = u64::from(waits.is_ok());
    assert_eq!(world.directory.surroundings().metrics.rebuilds.get(), 1);
    let next = loop {
        match world.directory.ask(id, Press::Count).await {
            Ok(number) => break number,
            Err(refusal) => {
                assert_eq!(refusal.code, RefusalCode::Unavailable);
                let wait = refusal.retry_after_ms.unwrap().min(50);
                tokio::time::sleep(std::time::Duration::from_millis(wait)).await;
            }
        }
    };
    assert!(next >= 2 + counted, "the log was forgotten: {next}");
    assert_eq!(world.directory.live(), 1);
    assert_eq!(world.publisher.announced.lock().len(), 2, "subscribers are told to look at the log after a rebuild");
}
