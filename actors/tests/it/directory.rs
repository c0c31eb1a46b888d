use crate::world::{GONE, World, log, until};
use futures_util::future::join_all;
use plenum_actors::aggregates::conversation::Command;
use plenum_actors::owner::Reply;
use plenum_actors::placement::Place;
use plenum_schema::{RefusalCode, Topic};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use uuid::Uuid;

#[actix::test]
async fn many_commands_share_few_appends_and_get_dense_offsets() {
    let world = World::new(|_| {});
    world.group(1).await;
    let sends = (0..1_000).map(|number| world.send(1, Some(format!("r{number}"))));
    let offsets: Vec<_> = join_all(sends).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(offsets, (2..=1_001).collect::<Vec<_>>(), "in the order they were sent");
    assert!(world.store.appends.load(Ordering::SeqCst) < 20);
    let published: Vec<_> = world.publisher.published.lock().iter().map(|(_, offset)| *offset).collect();
    assert_eq!(published, (1..=1_001).collect::<Vec<_>>());
}

#[actix::test]
async fn an_idle_owner_ends_and_the_next_command_starts_another() {
    let world = World::new(|config| config.idle_after_ms = 5);
    let log = world.group(1).await;
    world.send(1, Some("r".into())).await.unwrap();
    until("the owner ends", || world.directory.live() == 0).await;
    assert_eq!(world.store.snapshot(log).map(|snapshot| snapshot.offset), Some(2));
    assert_eq!(world.send(1, Some("r".into())).await, Ok(2), "recognised by another owner");
    assert_eq!(world.publisher.announced.lock().last(), Some(&(Topic::of_log(log), 2)));
}

#[actix::test]
async fn no_command_is_lost_when_it_meets_an_owner_that_is_ending() {
    let world = World::new(|config| config.idle_after_ms = 1);
    world.group(1).await;
    for number in 0..300_u64 {
        if number % 3 == 0 {
            tokio::time::sleep(Duration::from_micros(900 + number * 7)).await;
        }
        assert_eq!(world.send(1, None).await, Ok(number + 2));
    }
    let passivations = world.directory.surroundings().metrics.passivations.get();
    assert!(passivations > 10, "only {passivations} ends were met");
}

#[actix::test]
async fn commands_from_other_threads_reach_owners_on_registered_arbiters() {
    let world = World::new(|_| {});
    let arbiters: Vec<_> = (0..2).map(|_| actix::Arbiter::new()).collect();
    arbiters.iter().for_each(|arbiter| world.directory.add_arbiter(arbiter.handle()));
    let world = Arc::new(world);
    for id in 0..20 {
        world.group(id).await;
    }
    let threads: Vec<_> = (0..4).map(|_| actix::Arbiter::new()).collect();
    let (done, mut finished) = tokio::sync::mpsc::channel(4);
    for thread in &threads {
        let (world, done) = (Arc::clone(&world), done.clone());
        thread.spawn(async move {
            for round in 0..50 {
                assert!(world.send(round % 20, None).await.is_ok());
            }
            done.send(()).await.unwrap();
        });
    }
    for _ in 0..4 {
        finished.recv().await.unwrap();
    }
    let entries: usize = (0..20).map(|id| world.store.entries(log(id)).len()).sum();
    assert_eq!(entries, 20 + 200);
}

#[actix::test]
async fn an_owner_whose_thread_stopped_is_started_elsewhere() {
    let world = World::new(|_| {});
    let arbiter = actix::Arbiter::new();
    world.directory.add_arbiter(arbiter.handle());
    world.group(1).await;
    arbiter.stop();
    arbiter.join().unwrap();
    world.directory.add_arbiter(actix::Arbiter::current());
    assert_eq!(world.send(1, None).await, Ok(2));
}

#[actix::test]
async fn the_number_of_owners_is_bounded_and_idle_ones_make_room() {
    let world = World::new(|config| config.max_live_owners = 10);
    for id in 0..14 {
        let access =
            || world.directory.ask(Uuid::from_u128(id), Command::Access { user: crate::world::ALICE, known: 0 });
        loop {
            let refusal = access().await.unwrap_err();
            assert!(world.directory.live() <= 10);
            match refusal.code {
                RefusalCode::NotFound => break,
                code => assert_eq!(code, RefusalCode::Busy),
            }
            tokio::time::sleep(Duration::from_millis(refusal.retry_after_ms.unwrap())).await;
        }
    }
    assert!(world.directory.surroundings().metrics.passivations.get() >= 4);
}

#[actix::test]
async fn a_drained_directory_has_saved_everything_and_refuses_more() {
    let world = World::new(|_| {});
    let log = world.group(1).await;
    let (reply, answer) = Reply::channel();
    let send = Command::Send {
        author: crate::world::ALICE,
        client_ref: None,
        content: plenum_schema::Content::text("last words"),
    };
    world.directory.tell(log.id, send, reply);
    assert_eq!(world.directory.drain(Duration::from_secs(5)).await, 0);
    assert!(answer.await.unwrap().is_ok());
    assert_eq!(world.store.snapshot(log).map(|snapshot| snapshot.offset), Some(2));
    let refused = world.send(1, None).await.unwrap_err();
    assert_eq!(refused.code, RefusalCode::Draining);
    assert!(refused.retry_after_ms.is_some(), "nobody repeats it at once");
}

#[actix::test]
async fn a_node_that_drains_has_its_commands_carried_out_where_they_live_now() {
    let world = World::new(|_| {});
    world.group(1).await;
    let other = world.hand_over();
    assert_eq!(world.directory.drain(Duration::from_secs(5)).await, 0);
    assert_eq!(world.send(1, Some("r".into())).await, Ok(2));
    assert_eq!((world.directory.live(), other.directory.live()), (0, 1));
    assert_eq!(other.send(1, Some("r".into())).await, Ok(2), "it stands there once");
}

#[actix::test]
async fn what_was_sent_to_a_lost_node_goes_to_the_one_that_has_taken_over() {
    let world = World::new(|_| {});
    let log = world.group(1).await;
    let other = world.hand_over();
    *world.place.0.lock() = Place::Node(GONE);
    assert_eq!(world.send(1, Some("r".into())).await, Ok(2));
    let published = other.publisher.published.lock().clone();
    assert_eq!(published, [(Topic::of_log(log), 2)], "the owner here does not compete with it");
    assert_eq!(world.directory.surroundings().metrics.fallbacks.get(), 1);
}

#[actix::test]
async fn what_a_draining_node_sent_off_without_an_answer_may_have_been_carried_out() {
    let world = World::new(|_| {});
    world.group(1).await;
    let other = world.hand_over();
    world.directory.drain(Duration::from_secs(5)).await;
    world.cut.store(true, Ordering::SeqCst);
    assert_eq!(world.send(1, None).await.unwrap_err().code, RefusalCode::Unavailable);
    world.cut.store(false, Ordering::SeqCst);
    other.directory.drain(Duration::from_secs(5)).await;
    let refused = world.send(1, None).await.unwrap_err();
    assert!(refused.retry_after_ms.is_some(), "{refused}");
}

#[actix::test]
async fn busy_is_not_said_of_what_another_node_may_have_carried_out() {
    let world = World::new(|config| config.max_live_owners = 1);
    world.group(1).await;
    let _other = world.hand_over();
    world.cut.store(true, Ordering::SeqCst);
    let refused = world.send(2, None).await.unwrap_err();
    assert_eq!(refused.code, RefusalCode::Unavailable, "busy would promise that nothing was written");
    assert!(refused.retry_after_ms.is_some());
}

#[actix::test]
async fn a_store_that_is_down_is_told_and_nothing_is_acknowledged() {
    let world = World::new(|config| config.backoff_ms = 1);
    let log = world.group(1).await;
    world.store.is_down.store(true, Ordering::SeqCst);
    let refused = world.send(1, Some("r".into())).await.unwrap_err();
    assert_eq!(refused.code, RefusalCode::Unavailable);
    world.store.is_down.store(false, Ordering::SeqCst);
    assert_eq!(world.send(1, Some("r".into())).await, Ok(2));
    assert_eq!(world.store.entries(log).len(), 2);
}
