//! Repeated requests, with time moved by hand.

use crate::memory::MemoryStore;
use bytes::Bytes;
use plenum_actors::clock::ManualClock;
use plenum_schema::RefusalCode;
use plenum_schema::entities::IdempotencyRow;
use plenum_schema::table::Entity;
use plenum_services::idempotency::{Claim, Idempotency, IdempotencyConfig, Request, Ticket};
use std::sync::Arc;

struct World {
    store: MemoryStore,
    clock: Arc<ManualClock>,
    service: Idempotency,
}

fn world() -> World {
    let (store, clock) = (MemoryStore::new(), Arc::new(ManualClock::default()));
    let config = IdempotencyConfig { keep_ms: 10_000, claim_ms: 1_000, body_bytes: 16 };
    let service = Idempotency::new(Arc::new(store.clone()), clock.clone(), config);
    World { store, clock, service }
}

fn request(body: &str) -> Request {
    Request::new(b"ann", "key", "POST things", body.as_bytes())
}

async fn first(world: &World, request: &Request) -> Ticket {
    let claim = world.service.claim(request).await.unwrap();
    let ticket = if let Claim::First(ticket) = claim { Some(ticket) } else { None };
    ticket.unwrap()
}

async fn refused(world: &World, request: &Request) -> RefusalCode {
    world.service.claim(request).await.unwrap_err().code
}

async fn is_at_work(world: &World, request: &Request) -> bool {
    matches!(world.service.claim(request).await, Ok(Claim::AtWork { retry_after_ms: 1_000 }))
}

#[tokio::test]
async fn an_answer_is_given_again_until_it_is_too_old() {
    let world = world();
    let ticket = first(&world, &request("a")).await;
    assert!(is_at_work(&world, &request("a")).await);
    world.service.keep(ticket, 201, Bytes::from_static(b"{}")).await;
    let repeated = Claim::Repeated { status: 201, body: Bytes::from_static(b"{}") };
    assert_eq!(world.service.claim(&request("a")).await.unwrap(), repeated);
    assert_eq!(refused(&world, &request("b")).await, RefusalCode::Conflict);
    world.clock.advance(10_001);
    first(&world, &request("b")).await;
}

#[tokio::test]
async fn a_claim_whose_holder_died_is_taken_over_by_one_and_the_dead_one_keeps_nothing() {
    let world = world();
    let dead = first(&world, &request("a")).await;
    world.clock.advance(1_001);
    let next = first(&world, &request("a")).await;
    assert!(is_at_work(&world, &request("a")).await);
    world.service.keep(dead, 500, Bytes::new()).await;
    assert!(is_at_work(&world, &request("a")).await);
    world.service.keep(next, 200, Bytes::new()).await;
    assert_eq!(world.service.claim(&request("a")).await.unwrap(), Claim::Repeated { status: 200, body: Bytes::new() });
}

#[tokio::test]
async fn a_released_key_is_free_again_and_a_late_release_takes_nothing_away() {
    let world = world();
    let ticket = first(&world, &request("a")).await;
    world.service.release(ticket).await;
    let again = first(&world, &request("b")).await;
    world.service.release(ticket).await;
    assert_eq!(refused(&world, &request("c")).await, RefusalCode::Conflict);
    world.service.keep(again, 200, Bytes::new()).await;
    assert_eq!(refused(&world, &request("c")).await, RefusalCode::Conflict);
}

#[tokio::test]
async fn answers_that_are_too_large_are_not_kept() {
    let world = world();
    let ticket = first(&world, &request("a")).await;
    world.service.keep(ticket, 200, Bytes::from(vec![b'x'; 17])).await;
    first(&world, &request("a")).await;
}

#[tokio::test]
async fn old_rows_are_purged_in_steps_and_young_ones_stay() {
    let world = world();
    for n in 0..5 {
        first(&world, &Request::new(b"ann", &format!("old {n}"), "POST things", b"")).await;
    }
    world.clock.advance(10_001);
    first(&world, &request("young")).await;
    let mut after = None;
    loop {
        after = world.service.purge(after, 2).await.unwrap();
        if after.is_none() {
            break;
        }
    }
    assert_eq!(world.store.rows(IdempotencyRow::TABLE).len(), 1);
}

#[tokio::test]
async fn a_store_that_does_not_answer_is_unavailable() {
    let world = world();
    world.store.fail_after(0);
    assert_eq!(refused(&world, &request("a")).await, RefusalCode::Unavailable);
}
