//! Money that goes back.

use super::{Scene, TOTAL};
use crate::bank::told;
use plenum_services::payments::IntentState;
use serde_json::json;

#[actix_web::test]
async fn a_seller_gives_all_back_once() {
    let scene = Scene::set().await;
    let intent = scene.paid().await;
    for _ in 0..2 {
        assert_eq!(scene.say("refunded").await.ok(200)["status"], "refunded");
    }
    let made = scene.bank.refunds_made();
    assert_eq!((made.len(), made[0].amount, &made[0].intent), (1, TOTAL, &intent));
    assert_eq!(scene.payment().await, ("refunded".to_owned(), TOTAL));
    scene.tell(json!({ "id": "evt_back", "refund": made[0].id, "state": "succeeded" })).await.ok(200);
    scene.tell(json!({ "id": "evt_charge", "back": intent })).await.ok(200);
    assert_eq!(scene.payment().await, ("refunded".to_owned(), TOTAL));
    scene.sweep().await;
    assert_eq!((scene.status().await.as_str(), scene.open().await), ("refunded", 0));
}

#[actix_web::test]
async fn a_refund_that_was_wanted_while_the_provider_was_away_is_made_by_the_sweep() {
    let scene = Scene::set().await;
    scene.paid().await;
    scene.bank.away();
    for _ in 0..2 {
        assert_eq!(scene.say("refunded").await.problem(), (503, "unavailable".to_owned()));
    }
    assert_eq!(scene.status().await, "paid", "not before the money is on its way");
    let looked = scene.world.state.payments.sweep().await.expect("a sweep");
    assert_eq!((looked.failed, scene.open().await), (1, 1));
    scene.bank.fail(None);
    scene.sweep().await;
    assert_eq!((scene.status().await.as_str(), scene.bank.refunds_made().len()), ("refunded", 1));
    scene.sweep().await;
    assert_eq!((scene.payment().await, scene.open().await), (("refunded".to_owned(), TOTAL), 0));
}

#[actix_web::test]
async fn what_the_provider_does_not_give_back_stays_paid_and_can_be_tried_again() {
    let scene = Scene::set().await;
    scene.paid().await;
    scene.bank.refuse_refunds(true);
    let refused = scene.say("refunded").await;
    assert_eq!((refused.problem().0, &refused.json()["errors"][0]["field"]), (409, &json!("status")));
    assert!(refused.json()["message"].as_str().expect("a text").contains("charge_disputed"));
    assert_eq!((scene.status().await.as_str(), scene.payment().await.1), ("paid", 0));
    scene.bank.refuse_refunds(false);
    scene.say("refunded").await.ok(200);
    assert_eq!(scene.payment().await, ("refunded".to_owned(), TOTAL));
}

#[actix_web::test]
async fn what_was_given_back_by_hand_is_seen_in_part_and_whole_and_not_given_back_again() {
    let scene = Scene::set().await;
    let intent = scene.paid().await;
    let back = scene.bank.give_back(&intent, 500);
    scene.tell(json!({ "id": "evt_1", "refund": back.id })).await.ok(200);
    assert_eq!(scene.payment().await, ("partiallyRefunded".to_owned(), 500));
    assert_eq!(scene.status().await, "paid");
    scene.say("refunded").await.ok(200);
    let made: Vec<i64> = scene.bank.refunds_made().iter().map(|one| one.amount).collect();
    assert_eq!(made, [500, TOTAL - 500], "the rest, and no more");
    let scene = Scene::set().await;
    let intent = scene.paid().await;
    scene.bank.give_back(&intent, TOTAL);
    scene.tell(json!({ "id": "evt_1", "back": intent })).await.ok(200);
    assert_eq!((scene.status().await.as_str(), scene.payment().await.1), ("refunded", TOTAL));
}

#[actix_web::test]
async fn money_for_an_order_that_has_ended_is_given_back() {
    let scene = Scene::set().await;
    let intent = scene.begun().await;
    scene.bank.away();
    // Nobody says for an hour whether it is being paid.
    scene.world.clock.advance(1_801 + 3_600);
    scene.sweep().await;
    assert_eq!((scene.status().await.as_str(), scene.stock().await), ("expired", (10, 0, 10)));
    scene.bank.fail(None);
    scene.bank.pay(&intent);
    scene.tell(told("evt_1", &intent, "succeeded", TOTAL)).await.ok(200);
    assert_eq!((scene.status().await.as_str(), scene.stock().await), ("expired", (10, 0, 10)));
    assert_eq!(scene.payment().await, ("refunded".to_owned(), TOTAL));
    scene.sweep().await;
    assert_eq!((scene.bank.refunds_made().len(), scene.open().await), (1, 0));
}

#[actix_web::test]
async fn money_of_another_amount_pays_nothing_and_is_given_back() {
    let scene = Scene::set().await;
    let intent = scene.begun().await;
    scene.bank.set(&intent, IntentState::Succeeded, TOTAL - 1);
    scene.tell(told("evt_1", &intent, "succeeded", TOTAL - 1)).await.ok(200);
    assert_eq!((scene.status().await.as_str(), scene.payment().await.1), ("created", TOTAL - 1));
    let made: Vec<i64> = scene.bank.refunds_made().iter().map(|one| one.amount).collect();
    assert_eq!(made, [TOTAL - 1]);
    scene.world.clock.advance(1_801);
    scene.sweep().await;
    assert_eq!((scene.status().await.as_str(), scene.stock().await), ("expired", (10, 0, 10)));
}
