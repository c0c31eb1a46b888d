//! Paying by Stripe over HTTP, against a double of it on loopback that is slow, away, or loses its answers.

mod stripe;

use super::market::{ask, rush};
use crate::http;
use crate::socket::program::Program;
use crate::socket::world::{Person, World};
use plenum_providers::PaymentProvider;
use plenum_server::config::Config;
use plenum_services::accounts::Role;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use stripe::{Double, OLD_SECRET, SECRET, signed};

fn by_stripe(config: &mut Config, double: &Double) {
    config.http.surface.address_rate.per_second = 0.0;
    let payments = &mut config.payments;
    (payments.provider, payments.try_ms, payments.timeout_ms) = (PaymentProvider::Stripe, 500, 1_500);
    payments.stripe.url = double.url();
    payments.stripe.secret_key = "sk_test_0123456789".into();
    payments.stripe.webhook_secret = SECRET.into();
    payments.stripe.previous_webhook_secret = OLD_SECRET.into();
}

async fn seller_and_buyers(world: &World, buyers: usize) -> (Person, Vec<Person>) {
    let mut people = world.people(buyers + 1).await;
    let seller = people.remove(0);
    world.accounts().set_role(seller.user, Role::Seller, None).await.unwrap();
    (seller, people)
}

fn ordered(at: SocketAddr, buyer: &Person, product: &str) -> String {
    let item = json!({ "productId": product });
    assert_eq!(ask(at, buyer, "POST", "/api/marketplace/cart", "", &item).unwrap().0, 200);
    let (status, order) = ask(at, buyer, "POST", "/api/marketplace/orders", "", &json!({})).unwrap();
    assert_eq!(status, 201, "{order}");
    order["id"].as_str().unwrap().to_owned()
}

fn offered(at: SocketAddr, seller: &Person, quantity: usize) -> String {
    let body = json!({ "title": "Cup", "price": 990, "currency": "EUR", "quantity": quantity });
    ask(at, seller, "POST", "/api/products", "", &body).unwrap().1["id"].as_str().unwrap().to_owned()
}

fn status(at: SocketAddr, who: &Person, order: &str) -> Option<Value> {
    Some(ask(at, who, "GET", &format!("/api/orders/{order}"), "", &Value::Null)?.1["status"].clone())
}

/// Sends an event; the status of the answer, 0 without one.
fn tell(at: SocketAddr, body: &str, signature: &str) -> u16 {
    let headers = [("Stripe-Signature", signature)];
    let answer = std::panic::catch_unwind(|| http::ask(at, "POST", "/api/payments/webhook", &headers, body));
    answer.map_or(0, |answer| answer.status)
}

fn begin(at: SocketAddr, buyer: &Person, order: &str) -> Option<(u16, Value)> {
    ask(at, buyer, "POST", "/api/payments/create-intent", "", &json!({ "orderId": order }))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_buyer_pays_and_a_seller_gives_back_through_stripe() {
    let double = Double::start();
    let world = World::with(|config| by_stripe(config, &double));
    let (seller, buyers) = seller_and_buyers(&world, 1).await;
    let (at, buyer) = (world.address(), &buyers[0]);
    let order = ordered(at, buyer, &offered(at, &seller, 3));
    let (code, begun) = begin(at, buyer, &order).unwrap();
    assert_eq!((code, &begun["amount"], &begun["clientSecret"]), (201, &json!(990), &json!("pi_1_secret_x")));
    double.pay("pi_1");
    let (event, now) = (double.event("evt_1", "pi_1"), double.now());
    let forged = signed("whsec_of_somebody_else", now, &event);
    let old = signed(SECRET, now - 301, &event);
    let changed = event.replace("990", "1");
    for (body, signature) in [(&event, forged), (&event, old), (&changed, signed(SECRET, now, &event))] {
        assert_eq!(tell(at, body, &signature), 400);
    }
    assert_eq!(status(at, buyer, &order), Some(json!("created")), "nobody has proved anything");
    assert_eq!(tell(at, &event, &signed(OLD_SECRET, now, &event)), 200, "the secret that is being replaced counts");
    assert_eq!(tell(at, &event, &signed(SECRET, now, &event)), 200);
    assert_eq!(status(at, buyer, &order), Some(json!("paid")));
    let path = format!("/api/orders/{order}/status");
    let (code, refunded) = ask(at, &seller, "PUT", &path, "", &json!({ "status": "refunded" })).unwrap();
    assert_eq!((code, &refunded["status"], double.refunds()), (200, &json!("refunded"), 1));
    let (_, history) = ask(at, buyer, "GET", "/api/payments/history", "", &Value::Null).unwrap();
    assert_eq!(
        (&history["items"][0]["status"], &history["items"][0]["refundedAmount"]),
        (&json!("refunded"), &json!(990))
    );
    for outcome in ["begun", "succeeded", "refunded"] {
        let label = format!("outcome=\"{outcome}\",provider=\"stripe\"");
        assert_eq!(world.metric_with("plenum_payments_total", &label), 1, "{outcome}");
    }
    for (outcome, count) in [("refused", 3), ("taken", 1), ("repeated", 1), ("failed", 0)] {
        let label = format!("outcome=\"{outcome}\"");
        assert_eq!(world.metric_with("plenum_payment_events_total", &label), count, "{outcome}");
    }
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_stripe_is_slow_or_away_the_answer_comes_in_time_and_later_there_is_one_intent() {
    let double = Double::start();
    let world = World::with(|config| by_stripe(config, &double));
    let (seller, buyers) = seller_and_buyers(&world, 1).await;
    let (at, buyer) = (world.address(), &buyers[0]);
    let order = ordered(at, buyer, &offered(at, &seller, 3));
    for mode in [stripe::SILENT, stripe::BROKEN_PIPE, stripe::NONSENSE] {
        double.mode(mode);
        let since = Instant::now();
        let (code, problem) = begin(at, buyer, &order).unwrap();
        assert_eq!((code, &problem["code"]), (503, &json!("unavailable")));
        assert!(since.elapsed() < Duration::from_secs(10), "{:?}", since.elapsed());
    }
    double.mode(stripe::WELL);
    let (code, begun) = begin(at, buyer, &order).unwrap();
    assert_eq!(code, 201, "{begun}");
    assert_eq!(begin(at, buyer, &order).unwrap().1["paymentIntentId"], begun["paymentIntentId"]);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_killed_while_people_pay_has_every_order_paid_once_in_the_end() {
    const BUYERS: usize = 24;
    let (data, double) = (tempfile::tempdir().unwrap(), Double::start());
    let world = World::at(data.path(), |config| config.http.surface.address_rate.per_second = 0.0);
    let (seller, buyers) = seller_and_buyers(&world, BUYERS).await;
    let product = offered(world.address(), &seller, BUYERS);
    let orders: Vec<String> = buyers.iter().map(|buyer| ordered(world.address(), buyer, &product)).collect();
    world.end().await;
    let (url, secret) =
        (format!("payments.stripe.url={}", double.url()), format!("payments.stripe.webhook_secret={SECRET}"));
    let settings: &[&str] = &[
        "payments.provider=stripe",
        &url,
        &secret,
        "payments.stripe.secret_key=sk_test_0123456789",
        "payments.rules.sweep_every_s=1",
        "market.half_done_s=5",
        "market.sweep_every_s=1",
        "http.address_rate.per_second=0.0",
        "http.caller_rate.per_second=0.0",
    ];
    // Each begins to pay, pays, and Stripe tells of it, as far as the server lives.
    let pay = |at: SocketAddr, number: usize| {
        let (code, begun) = begin(at, &buyers[number], &orders[number])?;
        if code == 201 {
            let intent = begun["paymentIntentId"].as_str().unwrap();
            double.pay(intent);
            let event = double.event(&format!("evt_{intent}"), intent);
            tell(at, &event, &signed(SECRET, double.now(), &event));
        }
        Some(code)
    };
    let deadline = Instant::now() + Duration::from_secs(120);
    for round in 0..3 {
        let (program, answered) = (Program::start(data.path(), settings), Arc::new(AtomicUsize::new(0)));
        let at = program.address;
        std::thread::scope(|scope| {
            let count = answered.clone();
            scope.spawn(move || {
                rush(BUYERS, |number| {
                    if pay(at, number).is_some() {
                        count.fetch_add(1, Ordering::Relaxed);
                    }
                });
            });
            while answered.load(Ordering::Relaxed) < 2 + 3 * round {
                assert!(Instant::now() < deadline, "nobody is answered");
                std::thread::yield_now();
            }
            program.kill();
        });
    }
    let program = Program::start(data.path(), settings);
    let at = program.address;
    for number in 0..BUYERS {
        while status(at, &buyers[number], &orders[number]) != Some(json!("paid")) {
            assert!(Instant::now() < deadline, "an order is not paid");
            // 409: the money has come already.
            assert!(matches!(pay(at, number), Some(201 | 409 | 503) | None));
        }
    }
    // The stock follows the orders, and soon.
    let left = || ask(at, &seller, "GET", &format!("/api/inventory/{product}"), "", &Value::Null).unwrap().1;
    while (&left()["quantity"], &left()["reserved"]) != (&json!(0), &json!(0)) {
        assert!(Instant::now() < deadline, "{}", left());
        std::thread::yield_now();
    }
    assert_eq!((double.paid(), double.refunds()), (BUYERS, 0), "everybody paid once, and got nothing back");
    program.terminate();
}
