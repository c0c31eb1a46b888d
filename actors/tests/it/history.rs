use crate::world::{World, until};
use plenum_actors::history::{History, HistoryConfig};
use plenum_actors::owner::recent::{Page, Span};
use plenum_schema::{Offset, RefusalCode, Topic, UserId};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use uuid::Uuid;

fn history(world: &World) -> History {
    let around = world.directory.surroundings();
    History::new(Arc::clone(&around.store), Arc::clone(&around.recents), HistoryConfig::default())
}

fn offsets(page: &Page) -> Vec<Offset> {
    page.publications.iter().filter_map(|publication| publication.offset()).collect()
}

#[actix::test]
async fn recent_pages_come_from_memory_and_older_ones_from_the_store() {
    let world = World::new(|config| config.recent_entries = 16);
    let topic = Topic::of_log(world.group(1).await);
    for _ in 0..99 {
        world.send(1, None).await.unwrap();
    }
    let history = history(&world);
    let reads = world.store.reads.load(Ordering::SeqCst);
    let newest = history.read(topic, Span::Before(u64::MAX), 10, 100_000, 0).await.unwrap();
    assert_eq!((offsets(&newest), newest.head, newest.first), ((91..=100).collect(), 100, 1));
    let caught_up = history.read(topic, Span::After(100), 10, 100_000, 100).await.unwrap();
    assert!(caught_up.publications.is_empty());
    assert_eq!(world.store.reads.load(Ordering::SeqCst), reads, "the store was asked for what is in memory");
    let older = history.read(topic, Span::Before(80), 10, 100_000, 0).await.unwrap();
    assert_eq!((offsets(&older), older.head), ((70..=79).collect(), 100));
    let resumed = history.read(topic, Span::After(3), 5, 100_000, 0).await.unwrap();
    assert_eq!(offsets(&resumed), (4..=8).collect::<Vec<_>>());
    assert_eq!(world.store.reads.load(Ordering::SeqCst), reads + 2);
}

#[actix::test]
async fn the_same_publications_come_from_memory_and_from_the_store() {
    let world = World::new(|config| config.idle_after_ms = 200);
    let topic = Topic::of_log(world.group(1).await);
    for _ in 0..5 {
        world.send(1, None).await.unwrap();
    }
    let history = history(&world);
    let live = history.read(topic, Span::After(0), 100, 100_000, 0).await.unwrap();
    until("the owner ends", || world.directory.live() == 0).await;
    until("its ring is gone", || world.directory.surroundings().recents.get(topic.log().unwrap()).is_none()).await;
    let stored = history.read(topic, Span::After(0), 100, 100_000, 0).await.unwrap();
    let bodies = |page: &Page| page.publications.iter().map(|one| one.body().clone()).collect::<Vec<_>>();
    assert_eq!(bodies(&live), bodies(&stored));
    assert_eq!(stored.head, 6);
}

#[actix::test]
async fn a_topic_without_a_log_has_no_history() {
    let world = World::new(|_| {});
    let topic = Topic::User(UserId(Uuid::nil()));
    let refusal = history(&world).read(topic, Span::After(0), 10, 1_000, 0).await.unwrap_err();
    assert_eq!(refusal.code, RefusalCode::NotFound);
}
