//! A process that dies at any of its steps, writes and calls of the provider alike: the next one brings everything to its end.

use super::{Scene, TOTAL};
use crate::bank::{Cut, Fuse, Wire, told};
use crate::world::trade;
use plenum_actors::clock::SharedClock;
use plenum_actors::store::SharedStore;
use plenum_schema::{OrderId, UserId};
use plenum_services::market::Market;
use plenum_services::payments::Payments;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// More steps than anything here has.
const MOST: usize = 60;

/// A process that has so many steps to live.
fn doomed(scene: &Scene, steps: usize) -> (Market, Payments, Arc<Fuse>) {
    let fuse = Fuse::of(steps);
    let store: SharedStore = Arc::new(Cut(scene.world.store.clone(), fuse.clone()));
    let clock: SharedClock = scene.world.clock.clone();
    let bank = Arc::new(Wire(scene.bank.clone(), fuse.clone()));
    let (market, payments) = trade(&store, &scene.world.signals, &scene.world.state.accounts, &clock, Some(bank));
    (market, payments, fuse)
}

fn order(scene: &Scene) -> OrderId {
    scene.order.parse().expect("an id")
}

fn user(id: &str) -> UserId {
    id.parse().expect("an id")
}

/// Time for the next process to find what the last one has left.
async fn recover(scene: &Scene) {
    for _ in 0..3 {
        scene.world.clock.advance(61);
        scene.sweep().await;
    }
}

#[actix_web::test]
async fn whoever_dies_while_beginning_to_pay_leaves_one_payment_that_goes_on() {
    for steps in 0..MOST {
        let scene = Scene::set().await;
        let (_, payments, fuse) = doomed(&scene, steps);
        let begun = payments.begin(order(&scene), user(&scene.ann.id)).await;
        let is_over = !fuse.is_out.load(Ordering::SeqCst);
        assert_eq!(begun.is_ok(), is_over, "{steps}");
        recover(&scene).await;
        let intent = scene.begun().await;
        assert_eq!((intent.as_str(), scene.bank.intents().len()), ("pi_1", 1), "{steps}");
        scene.bank.pay(&intent);
        scene.tell(told("evt_1", &intent, "succeeded", TOTAL)).await.ok(200);
        assert_eq!((scene.status().await.as_str(), scene.stock().await), ("paid", (8, 0, 8)), "{steps}");
        assert_eq!(scene.open().await, 0, "{steps}");
        if is_over {
            assert!(steps >= 4, "so few steps cannot be all");
            return;
        }
    }
    panic!("it has no end");
}

#[actix_web::test]
async fn whoever_dies_while_hearing_of_money_leaves_an_order_that_is_paid_once() {
    for steps in 0..MOST {
        let scene = Scene::set().await;
        let intent = scene.begun().await;
        scene.bank.pay(&intent);
        let (_, payments, fuse) = doomed(&scene, steps);
        let event = told("evt_1", &intent, "succeeded", TOTAL).to_string();
        drop(payments.hear(event.as_bytes(), "right").await);
        let is_over = !fuse.is_out.load(Ordering::SeqCst);
        // The provider does not send it again: the sweep asks.
        recover(&scene).await;
        assert_eq!((scene.status().await.as_str(), scene.stock().await), ("paid", (8, 0, 8)), "{steps}");
        assert_eq!((scene.payment().await, scene.open().await), (("succeeded".to_owned(), 0), 0), "{steps}");
        assert!(scene.bank.refunds_made().is_empty(), "{steps}");
        if is_over {
            assert!(steps >= 6, "so few steps cannot be all");
            return;
        }
    }
    panic!("it has no end");
}

#[actix_web::test]
async fn whoever_dies_while_giving_back_gives_back_once() {
    for steps in 0..MOST {
        let scene = Scene::set().await;
        scene.paid().await;
        let (market, _, fuse) = doomed(&scene, steps);
        drop(market.set_status(order(&scene), "refunded", None, user(&scene.sam.id), false).await);
        let is_over = !fuse.is_out.load(Ordering::SeqCst);
        recover(&scene).await;
        // Dead before anything was decided: nothing has happened.
        let wanted = if scene.bank.refunds_made().is_empty() { "paid" } else { "refunded" };
        assert_eq!(scene.status().await, wanted, "{steps}");
        scene.say("refunded").await.ok(200);
        assert_eq!((scene.bank.refunds_made().len(), scene.payment().await.1), (1, TOTAL), "{steps}");
        recover(&scene).await;
        assert_eq!((scene.status().await.as_str(), scene.open().await), ("refunded", 0), "{steps}");
        if is_over {
            assert!(steps >= 5, "so few steps cannot be all");
            return;
        }
    }
    panic!("it has no end");
}

#[actix_web::test]
async fn whoever_dies_with_late_money_in_hand_leaves_it_to_be_given_back_once() {
    for steps in 0..MOST {
        let scene = Scene::set().await;
        let intent = scene.begun().await;
        scene.bank.away();
        scene.world.clock.advance(1_801 + 3_600);
        scene.sweep().await;
        scene.bank.fail(None);
        scene.bank.pay(&intent);
        let (_, payments, fuse) = doomed(&scene, steps);
        let event = told("evt_1", &intent, "succeeded", TOTAL);
        drop(payments.hear(event.to_string().as_bytes(), "right").await);
        let is_over = !fuse.is_out.load(Ordering::SeqCst);
        // The provider sends it again, as long as nobody has taken it in.
        scene.tell(event).await.ok(200);
        recover(&scene).await;
        assert_eq!((scene.status().await.as_str(), scene.stock().await), ("expired", (10, 0, 10)), "{steps}");
        assert_eq!((scene.bank.refunds_made().len(), scene.payment().await.1), (1, TOTAL), "{steps}");
        assert_eq!(scene.open().await, 0, "{steps}");
        if is_over {
            assert!(steps >= 6, "so few steps cannot be all");
            return;
        }
    }
    panic!("it has no end");
}

#[actix_web::test]
async fn whoever_dies_while_an_order_ends_leaves_neither_a_hold_nor_an_intent() {
    for steps in 0..MOST {
        let scene = Scene::set().await;
        scene.begun().await;
        let (market, _, fuse) = doomed(&scene, steps);
        drop(market.cancel(order(&scene), user(&scene.ann.id)).await);
        let is_over = !fuse.is_out.load(Ordering::SeqCst);
        // The buyer has gone away; the time runs out.
        scene.world.clock.advance(1_801);
        recover(&scene).await;
        let status = scene.status().await;
        assert!(["cancelled", "expired"].contains(&status.as_str()), "{steps}: {status}");
        assert_eq!((scene.payment().await.0.as_str(), scene.stock().await), ("canceled", (10, 0, 10)), "{steps}");
        assert_eq!((scene.bank.refunds_made().len(), scene.open().await), (0, 0), "{steps}");
        if is_over {
            assert!(steps >= 4, "so few steps cannot be all");
            return;
        }
    }
    panic!("it has no end");
}
