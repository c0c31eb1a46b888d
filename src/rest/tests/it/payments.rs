//! Payments by a provider: whatever comes in whatever order, the order and the money agree in the end.

mod crash;
mod refunds;

use crate::bank::{Bank, told};
use crate::world::{Person, Seen, World, id_of, plain};
use futures_util::future::join_all;
use plenum_schema::entities::OpenPayment;
use plenum_schema::table::Entity;
use plenum_services::accounts::Role;
use plenum_services::payments::{IntentState, ProviderError};
use serde_json::{Value, json};
use std::sync::Arc;

/// A seller, a buyer, and an order of two cups that waits to be paid.
struct Scene {
    bank: Arc<Bank>,
    world: World,
    sam: Person,
    ann: Person,
    cup: String,
    order: String,
}

const TOTAL: i64 = 1_980;

impl Scene {
    async fn set() -> Self {
        let bank = Arc::new(Bank::default());
        Self::on(World::with_bank(bank.clone()), bank).await
    }

    async fn on(world: World, bank: Arc<Bank>) -> Self {
        let (sam, ann) = (world.register("sam").await, world.register("ann").await);
        world.state.accounts.set_role(sam.id.parse().expect("an id"), Role::Seller, None).await.expect("a role");
        let body = json!({ "title": "Cup", "price": 990, "currency": "EUR", "quantity": 10 });
        let cup = id_of(&world.post(&sam, "/products", body).await.ok(201));
        let mut scene = Self { bank, world, sam, ann, cup, order: String::new() };
        scene.order = scene.another_order().await;
        scene
    }

    async fn another_order(&self) -> String {
        let item = json!({ "productId": self.cup, "quantity": 2 });
        self.world.post(&self.ann, "/marketplace/cart", item).await.ok(200);
        id_of(&self.world.post(&self.ann, "/marketplace/orders", json!({})).await.ok(201))
    }

    async fn begin(&self) -> Seen {
        self.world.post(&self.ann, "/payments/create-intent", json!({ "orderId": self.order })).await
    }

    /// Begins to pay; answers the provider's id.
    async fn begun(&self) -> String {
        self.begin().await.ok(201)["paymentIntentId"].as_str().expect("an id").to_owned()
    }

    async fn tell(&self, event: Value) -> Seen {
        self.tell_signed(event, "right").await
    }

    async fn tell_signed(&self, event: Value, signature: &str) -> Seen {
        let request = plain("POST", "/payments/webhook").insert_header(("Stripe-Signature", signature.to_owned()));
        self.world.ask(request.set_payload(event.to_string())).await
    }

    /// Pays, and the provider tells of it.
    async fn paid(&self) -> String {
        let intent = self.begun().await;
        self.bank.pay(&intent);
        self.tell(told("evt_paid", &intent, "succeeded", TOTAL)).await.ok(200);
        assert_eq!(self.status().await, "paid");
        intent
    }

    async fn status(&self) -> String {
        // Not over HTTP: tokens end sooner than some of what is told here.
        let (order, ann) = (self.order.parse().expect("an id"), self.ann.id.parse().expect("an id"));
        let seen = self.world.state.market.order_of(order, ann, false).await.expect("an order");
        seen.state.as_str().to_owned()
    }

    async fn say(&self, status: &str) -> Seen {
        self.world.put(&self.sam, &format!("/orders/{}/status", self.order), json!({ "status": status })).await
    }

    async fn cancel(&self) -> Seen {
        self.world.post(&self.ann, &format!("/orders/{}/cancel", self.order), json!({})).await
    }

    /// Status and what was given back of the newest payment.
    async fn payment(&self) -> (String, i64) {
        let ann = self.ann.id.parse().expect("an id");
        let list = self.world.state.payments.history(ann, 10, None).await.expect("a list");
        let first = list.items.first();
        first.map_or(("none".to_owned(), 0), |first| (first.state.as_str().to_owned(), first.refunded))
    }

    /// There, held, and to be had.
    async fn stock(&self) -> (i64, i64, i64) {
        let (cup, sam) = (self.cup.parse().expect("an id"), self.sam.id.parse().expect("an id"));
        let seen = self.world.state.market.inventory(cup, sam, false).await.expect("a stock");
        (seen.quantity, seen.reserved, seen.available)
    }

    async fn open(&self) -> usize {
        self.world.store.sweep(OpenPayment::TABLE, None, 1_000).await.expect("rows").len()
    }

    async fn sweep(&self) {
        self.world.state.market.sweep().await.expect("a sweep");
        self.world.state.payments.sweep().await.expect("a sweep");
    }
}

#[actix_web::test]
async fn the_order_is_paid_when_the_provider_says_so_with_the_amount_of_the_order() {
    let scene = Scene::set().await;
    let body = json!({ "type": "order", "orderId": scene.order, "amount": 1, "currency": "usd" });
    let begun = scene.world.post(&scene.ann, "/payments/create-intent", body).await;
    assert!(begun.header("ignored-fields").contains("amount"), "{}", begun.header("ignored-fields"));
    let begun = begun.ok(201);
    assert_eq!(
        (&begun["amount"], &begun["currency"], &begun["status"]),
        (&json!(TOTAL), &json!("EUR"), &json!("pending"))
    );
    assert_eq!((&begun["clientSecret"], &begun["publishableKey"]), (&json!("secret_1"), &json!("pk_test_1")));
    assert_eq!(scene.bank.owed(), [(TOTAL, "EUR".to_owned())]);
    assert_eq!(scene.say("paid").await.problem().0, 409, "sellers do not say what is paid");
    scene.bank.pay("pi_1");
    for _ in 0..3 {
        scene.tell(told("evt_1", "pi_1", "succeeded", TOTAL)).await.ok(200);
    }
    assert_eq!((scene.status().await.as_str(), scene.stock().await), ("paid", (8, 0, 8)));
    let list = scene.world.get(&scene.ann, "/payments/history").await.ok(200);
    let first = &list["items"][0];
    assert_eq!(
        (&first["status"], &first["refundedAmount"], &list["nextCursor"]),
        (&json!("succeeded"), &json!(0), &Value::Null)
    );
    assert_eq!(scene.open().await, 0, "nothing is left to be done");
    assert_eq!(scene.begin().await.problem().0, 409, "it is paid");
    assert_eq!(scene.say("shipped").await.ok(200)["status"], "shipped");
    scene.tell(told("evt_2", "pi_1", "succeeded", TOTAL)).await.ok(200);
    assert_eq!(scene.status().await, "shipped", "the same news under another name changes nothing");
    assert!(scene.bank.refunds_made().is_empty());
}

#[actix_web::test]
async fn however_often_somebody_begins_to_pay_there_is_one_intent() {
    let scene = Scene::set().await;
    let answers = join_all((0..8).map(|_| scene.begin())).await;
    let made: Vec<Value> = answers.iter().filter(|seen| seen.status == 201).map(Seen::json).collect();
    assert!(!made.is_empty() && made.iter().all(|one| one["paymentIntentId"] == "pi_1"), "{made:?}");
    assert!(answers.iter().all(|seen| [201, 503].contains(&seen.status)));
    assert_eq!(scene.bank.intents().len(), 1);
    let other = scene.another_order().await;
    let with_key = |order: &str| {
        let request = scene.ann.request("POST", "/payments/create-intent").insert_header(("Idempotency-Key", "k"));
        scene.world.ask(request.set_json(json!({ "orderId": order })))
    };
    assert_eq!(with_key(&scene.order).await.ok(201)["paymentIntentId"], "pi_1");
    assert_eq!(with_key(&scene.order).await.ok(201)["clientSecret"], "secret_1");
    assert_eq!(with_key(&other).await.problem().0, 409, "the key is another body's");
    let list = scene.world.get(&scene.ann, "/payments/history").await.ok(200);
    assert_eq!(list["items"].as_array().expect("items").len(), 1);
}

#[actix_web::test]
async fn only_the_buyer_pays_and_only_what_is_to_be_paid() {
    let scene = Scene::set().await;
    let order = json!({ "orderId": scene.order });
    assert_eq!(scene.world.post(&scene.sam, "/payments/create-intent", order).await.problem().0, 404);
    for (body, status) in [
        (json!({}), 422),
        (json!({ "type": "lecture", "orderId": scene.order }), 422),
        (json!({ "type": "subscription" }), 422),
        (json!({ "orderId": uuid::Uuid::now_v7() }), 404),
    ] {
        let seen = scene.world.post(&scene.ann, "/payments/create-intent", body.clone()).await;
        assert_eq!(seen.problem().0, status, "{body}");
    }
    scene.cancel().await.ok(200);
    assert_eq!(scene.begin().await.problem().0, 409);
    assert!(scene.bank.intents().is_empty());
    assert_eq!(scene.world.get(&scene.sam, "/payments/history").await.ok(200)["items"], json!([]));
}

#[actix_web::test]
async fn what_the_provider_has_not_signed_changes_nothing() {
    let scene = Scene::set().await;
    let intent = scene.begun().await;
    let event = told("evt_1", &intent, "succeeded", TOTAL);
    for signature in ["wrong", ""] {
        assert_eq!(scene.tell_signed(event.clone(), signature).await.problem().0, 400);
    }
    let bare = plain("POST", "/payments/webhook").set_payload(event.to_string());
    assert_eq!(scene.world.ask(bare).await.problem().0, 400);
    assert_eq!((scene.status().await.as_str(), scene.payment().await.0.as_str()), ("created", "pending"));
    let by_hand = World::new();
    let event = plain("POST", "/payments/webhook").set_payload(event.to_string());
    assert_eq!(by_hand.ask(event).await.problem().0, 404, "nobody takes payments there");
}

#[actix_web::test]
async fn events_in_any_order_and_twice_lead_to_the_same_end() {
    // Tried to pay, paid, and half of it given back by hand: every order of arrival.
    let events = |scene: &Scene| {
        scene.bank.pay("pi_1");
        let back = scene.bank.give_back("pi_1", 990);
        [
            json!({ "id": "evt_a", "intent": "pi_1", "state": "waiting", "failure": "card_declined" }),
            told("evt_b", "pi_1", "processing", 0),
            told("evt_c", "pi_1", "succeeded", TOTAL),
            json!({ "id": "evt_d", "refund": back.id, "state": "pending" }),
            json!({ "id": "evt_e", "refund": back.id, "state": "succeeded" }),
            json!({ "id": "evt_f", "back": "pi_1" }),
        ]
    };
    for order in [[0, 1, 2, 3, 4, 5], [5, 4, 3, 2, 1, 0], [2, 0, 4, 3, 5, 1], [4, 2, 0, 5, 1, 3], [3, 5, 1, 0, 4, 2]] {
        let scene = Scene::set().await;
        scene.begun().await;
        let events = events(&scene);
        for number in order {
            scene.tell(events[number].clone()).await.ok(200);
            scene.tell(events[number].clone()).await.ok(200);
        }
        assert_eq!(scene.status().await, "paid", "{order:?}");
        assert_eq!(scene.payment().await, ("partiallyRefunded".to_owned(), 990), "{order:?}");
        assert_eq!((scene.stock().await, scene.open().await), ((8, 0, 8), 0), "{order:?}");
    }
}

#[actix_web::test]
async fn while_the_provider_is_away_beginning_is_refused_clearly_and_goes_on_later() {
    let scene = Scene::set().await;
    for failure in [ProviderError::Away("slow".to_owned()), ProviderError::Broken("status 500".to_owned())] {
        scene.bank.fail(Some(failure));
        let refused = scene.begin().await;
        assert_eq!(refused.problem(), (503, "unavailable".to_owned()));
        assert_eq!(refused.header("retry-after"), "5");
    }
    scene.bank.fail(Some(ProviderError::Refused("amount_too_small".to_owned())));
    let refused = scene.begin().await;
    assert_eq!(refused.problem().0, 409);
    assert!(refused.json()["message"].as_str().expect("a text").contains("amount_too_small"));
    scene.bank.fail(None);
    assert_eq!(scene.begun().await, "pi_1");
    assert_eq!(scene.payment().await.0, "pending");
}

#[actix_web::test]
async fn an_order_ends_only_when_nobody_can_pay_for_it_any_more() {
    let scene = Scene::set().await;
    let intent = scene.begun().await;
    scene.world.clock.advance(1_801);
    scene.bank.away();
    assert_eq!(scene.world.state.market.sweep().await.expect("a sweep").in_doubt, 1);
    assert_eq!((scene.status().await.as_str(), scene.stock().await), ("created", (10, 2, 8)));
    scene.bank.fail(None);
    scene.sweep().await;
    assert_eq!((scene.status().await.as_str(), scene.stock().await), ("expired", (10, 0, 10)));
    assert_eq!(scene.bank.intents()[0].state, IntentState::Canceled);
    assert_eq!(scene.payment().await.0, "canceled");
    scene.tell(told("evt_1", &intent, "canceled", 0)).await.ok(200);
    assert_eq!(scene.open().await, 0);
}

#[actix_web::test]
async fn money_of_which_nobody_has_told_is_found_before_the_order_ends() {
    let scene = Scene::set().await;
    let intent = scene.begun().await;
    scene.bank.pay(&intent);
    scene.world.clock.advance(1_801);
    scene.sweep().await;
    assert_eq!((scene.status().await.as_str(), scene.stock().await), ("paid", (8, 0, 8)));
    scene.sweep().await;
    assert_eq!((scene.payment().await.0.as_str(), scene.open().await), ("succeeded", 0));
}

#[actix_web::test]
async fn the_sweep_asks_about_intents_of_which_nothing_is_heard_ever_more_rarely() {
    let scene = Scene::set().await;
    let intent = scene.begun().await;
    let payments = &scene.world.state.payments;
    assert_eq!(payments.sweep().await.expect("a sweep").asked, 0, "events come first");
    let mut asked = 0;
    for _ in 0..100 {
        scene.world.clock.advance(10);
        asked += payments.sweep().await.expect("a sweep").asked;
    }
    assert!((3..=6).contains(&asked), "{asked} times in 1,000 seconds");
    scene.bank.pay(&intent);
    for _ in 0..110 {
        scene.world.clock.advance(10);
        payments.sweep().await.expect("a sweep");
    }
    assert_eq!((scene.status().await.as_str(), scene.open().await), ("paid", 0));
}

#[actix_web::test]
async fn a_buyer_calls_off_what_is_not_paid_and_nothing_that_may_be() {
    let scene = Scene::set().await;
    let intent = scene.begun().await;
    scene.bank.away();
    assert_eq!(scene.cancel().await.problem(), (503, "unavailable".to_owned()), "it may have been paid just now");
    scene.bank.fail(None);
    scene.bank.set(&intent, IntentState::Processing, 0);
    assert_eq!(scene.cancel().await.problem().0, 409, "the bank is at it");
    scene.bank.pay(&intent);
    assert_eq!(scene.cancel().await.problem().0, 409, "it has just been paid");
    assert_eq!(scene.status().await, "paid");
    let scene = Scene::set().await;
    scene.begun().await;
    assert_eq!(scene.cancel().await.ok(200)["status"], "cancelled");
    assert_eq!((scene.bank.intents()[0].state, scene.stock().await), (IntentState::Canceled, (10, 0, 10)));
    assert_eq!(scene.begin().await.problem().0, 409);
}

#[actix_web::test]
async fn an_intent_that_was_called_off_with_the_provider_is_replaced_by_another() {
    let scene = Scene::set().await;
    let first = scene.begun().await;
    scene.bank.set(&first, IntentState::Canceled, 0);
    scene.tell(told("evt_1", &first, "canceled", 0)).await.ok(200);
    assert_eq!(scene.payment().await.0, "canceled");
    let second = scene.begun().await;
    assert_eq!(second, "pi_2");
    scene.tell(told("evt_2", &first, "canceled", 0)).await.ok(200);
    assert_eq!(scene.payment().await.0, "pending", "late news of the first say nothing of the second");
    scene.bank.pay(&second);
    scene.tell(told("evt_3", &second, "succeeded", TOTAL)).await.ok(200);
    assert_eq!(scene.status().await, "paid");
}

#[actix_web::test]
async fn without_a_provider_payments_say_what_sellers_say() {
    let scene = Scene::on(World::new(), Arc::default()).await;
    let begun = scene.begin().await.ok(201);
    assert_eq!((&begun["provider"], &begun["clientSecret"]), (&json!("manual"), &Value::Null));
    assert_eq!(scene.say("paid").await.ok(200)["status"], "paid");
    assert_eq!(scene.payment().await, ("succeeded".to_owned(), 0));
    assert_eq!(scene.say("refunded").await.ok(200)["status"], "refunded");
    assert_eq!(scene.payment().await, ("refunded".to_owned(), TOTAL));
    let scene = Scene::on(World::new(), Arc::default()).await;
    scene.begin().await.ok(201);
    scene.cancel().await.ok(200);
    assert_eq!(scene.payment().await.0, "canceled");
    let scene = Scene::on(World::new(), Arc::default()).await;
    scene.begin().await.ok(201);
    scene.world.clock.advance(1_801);
    scene.sweep().await;
    assert_eq!((scene.status().await.as_str(), scene.payment().await.0.as_str()), ("expired", "canceled"));
    scene.sweep().await;
    assert_eq!(scene.open().await, 0);
}

#[actix_web::test]
async fn what_the_bank_is_at_is_asked_about_ever_more_rarely_and_ends_as_soon_as_something_is_heard() {
    let scene = Scene::set().await;
    let intent = scene.begun().await;
    scene.bank.set(&intent, IntentState::Processing, 0);
    scene.world.clock.advance(1_801);
    let calls = || scene.bank.calls.load(std::sync::atomic::Ordering::SeqCst);
    let before = calls();
    for _ in 0..60 {
        scene.sweep().await;
        scene.world.clock.advance(10);
    }
    let asked = calls() - before;
    assert!((4..=6).contains(&asked), "{asked} times in 600 seconds of sweeps each 10 seconds");
    assert_eq!((scene.status().await.as_str(), scene.stock().await), ("created", (10, 2, 8)));
    let looked = scene.world.state.payments.sweep().await.expect("a sweep");
    assert_eq!((looked.in_doubt, looked.oldest_ms), (0, 0), "its order still waits");
    let before = calls();
    assert_eq!(scene.cancel().await.problem().0, 409, "whoever wants something is answered by the bank itself");
    assert!(calls() > before);
    scene.bank.set(&intent, IntentState::Waiting, 0);
    scene.tell(told("evt_1", &intent, "waiting", 0)).await.ok(200);
    scene.sweep().await;
    assert_eq!((scene.status().await.as_str(), scene.stock().await), ("expired", (10, 0, 10)));
}

#[actix_web::test]
async fn money_that_is_still_to_go_back_is_in_doubt_for_as_long_as_it_is() {
    let scene = Scene::set().await;
    scene.paid().await;
    scene.bank.away();
    assert_eq!(scene.say("refunded").await.status, 503);
    scene.world.clock.advance(60);
    let looked = scene.world.state.payments.sweep().await.expect("a sweep");
    assert_eq!(looked.in_doubt, 1);
    assert!((60_000..120_000).contains(&looked.oldest_ms), "{}", looked.oldest_ms);
    scene.bank.fail(None);
    scene.sweep().await;
    assert_eq!(scene.world.state.payments.sweep().await.expect("a sweep").in_doubt, 0);
}

#[actix_web::test]
async fn a_payment_is_in_doubt_from_when_its_order_ended_and_not_from_when_it_began() {
    let scene = Scene::set().await;
    let intent = scene.begun().await;
    scene.world.clock.advance(1_801);
    scene.sweep().await;
    assert_eq!(scene.status().await, "expired");
    scene.bank.pay(&intent);
    scene.bank.away();
    scene.tell(told("evt_late", &intent, "succeeded", TOTAL)).await;
    scene.world.clock.advance(60);
    let looked = scene.world.state.payments.sweep().await.expect("a sweep");
    assert_eq!(looked.in_doubt, 1);
    assert!((60_000..120_000).contains(&looked.oldest_ms), "{}", looked.oldest_ms);
}
