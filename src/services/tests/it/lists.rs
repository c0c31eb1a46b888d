//! Lists that are kept in memory, seen through the events, with time moved by hand and another node on the same store.

use crate::memory::MemoryStore;
use futures_util::future::join_all;
use plenum_actors::clock::ManualClock;
use plenum_actors::publication::{Publication, Publisher};
use plenum_schema::topic::Topic;
use plenum_schema::{EventId, UserId};
use plenum_services::events::{EventChange, EventFilter, Events, EventsConfig};
use plenum_services::notices::Notices;
use std::sync::Arc;
use uuid::Uuid;

struct Nobody;

impl Publisher for Nobody {
    fn publish(&self, _: Vec<Arc<Publication>>) {}

    fn announce(&self, _: Topic, _: u64) {}
}

struct World {
    store: MemoryStore,
    clock: Arc<ManualClock>,
    here: Events,
    elsewhere: Events,
}

const AGE: u64 = 1_000;

fn world() -> World {
    let (store, clock) = (MemoryStore::new(), Arc::new(ManualClock::default()));
    let node = || {
        let config = EventsConfig { list_age_ms: AGE, ..EventsConfig::default() };
        Events::new(Arc::new(store.clone()), Notices::new(Arc::new(Nobody)), clock.clone(), config)
    };
    World { here: node(), elsewhere: node(), store, clock }
}

async fn make(events: &Events, number: u128, title: &str) -> EventId {
    let id = EventId(Uuid::from_u128(number));
    let change = EventChange {
        title: Some(title.to_owned()),
        starts_at: Some(i64::try_from(number).unwrap() * 60_000),
        ..EventChange::default()
    };
    events.create(change, UserId(Uuid::from_u128(1)), Some(id)).await.unwrap();
    id
}

async fn titles(events: &Events) -> Vec<String> {
    let page = events.events(&EventFilter::default(), 100, 0).await.unwrap();
    page.items.into_iter().map(|one| one.row.title).collect()
}

async fn until(events: &Events, expected: &[&str]) {
    for _ in 0..1_000 {
        if titles(events).await == expected {
            return;
        }
        tokio::task::yield_now().await;
    }
    assert_eq!(titles(events).await, expected);
}

#[tokio::test]
async fn what_a_node_writes_stands_in_its_list_at_once_and_in_order() {
    let world = world();
    make(&world.here, 5, "five").await;
    make(&world.here, 3, "three").await;
    let nine = make(&world.here, 9, "nine").await;
    assert_eq!(titles(&world.here).await, ["three", "five", "nine"]);
    let earlier = EventChange { starts_at: Some(60_000), ..EventChange::default() };
    world.here.change(nine, &earlier, None, UserId(Uuid::from_u128(1)), false).await.unwrap();
    assert_eq!(titles(&world.here).await, ["nine", "three", "five"]);
    world.here.remove(nine, UserId(Uuid::from_u128(1)), false).await.unwrap();
    assert_eq!(titles(&world.here).await, ["three", "five"]);
}

#[tokio::test]
async fn writing_does_not_make_the_whole_list_be_read_again() {
    let world = world();
    make(&world.here, 1, "one").await;
    let before = world.store.sweeps();
    for number in 2..50 {
        make(&world.here, number, "more").await;
        titles(&world.here).await;
    }
    assert_eq!(world.store.sweeps(), before);
}

#[tokio::test]
async fn a_list_is_shown_while_it_is_read_anew_and_then_has_what_another_node_wrote() {
    let world = world();
    make(&world.here, 1, "one").await;
    make(&world.elsewhere, 2, "two").await;
    assert_eq!(titles(&world.here).await, ["one"]);
    world.clock.advance(AGE + 1);
    assert_eq!(titles(&world.here).await, ["one"], "shown without waiting");
    until(&world.here, &["one", "two"]).await;
}

#[tokio::test]
async fn a_list_that_nobody_has_asked_for_in_a_long_time_is_not_shown_as_it_was() {
    let world = world();
    make(&world.here, 1, "one").await;
    make(&world.elsewhere, 2, "two").await;
    world.clock.advance(AGE * 3 + 1);
    assert_eq!(titles(&world.here).await, ["one", "two"]);
}

#[tokio::test]
async fn many_who_ask_at_once_make_one_reading() {
    let world = world();
    for number in 1..=600 {
        make(&world.elsewhere, number, "x").await;
    }
    let before = world.store.sweeps();
    let pages = join_all((0..50).map(|_| titles(&world.here))).await;
    assert!(pages.iter().all(|page| page.len() == 100));
    // 600 rows are three pieces.
    assert_eq!(world.store.sweeps() - before, 3);
}

#[tokio::test]
async fn what_is_written_behind_the_back_of_a_reading_is_not_lost_by_it() {
    let world = world();
    for number in 1_000..1_600 {
        make(&world.elsewhere, number, "x").await;
    }
    titles(&world.here).await;
    world.clock.advance(AGE * 3 + 1);
    // The first piece of the reading has been passed when these are written.
    let filter = EventFilter { to: Some(1_000 * 60_000), ..EventFilter::default() };
    let reading = titles(&world.here);
    let writing = async {
        for _ in 0..3 {
            tokio::task::yield_now().await;
        }
        for number in 1..20 {
            make(&world.here, number, "early").await;
        }
        world.here.events(&filter, 100, 0).await.unwrap().items.len()
    };
    let (_, seen) = tokio::join!(reading, writing);
    assert_eq!(seen, 19);
    assert_eq!(world.here.events(&filter, 100, 0).await.unwrap().items.len(), 19);
}

#[tokio::test]
async fn a_reading_that_is_given_up_keeps_nobody_waiting() {
    let world = world();
    make(&world.elsewhere, 1, "one").await;
    {
        let asking = titles(&world.here);
        tokio::pin!(asking);
        // Polled once, then dropped in the middle.
        assert!(futures_util::poll!(&mut asking).is_pending());
    }
    assert_eq!(titles(&world.here).await, ["one"]);
}
