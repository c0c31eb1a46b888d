//! Buyers in a rush, over HTTP: nothing is sold twice, also when the server is killed in the middle.

use crate::http;
use crate::socket::program::Program;
use crate::socket::world::{Person, World};
use crate::socketio::client::Client;
use plenum_schema::codec::Codec;
use plenum_schema::wire::{OrderState, Signal};
use plenum_services::accounts::Role;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Requests under way at once.
const THREADS: usize = 24;

pub fn ask(at: SocketAddr, who: &Person, method: &str, path: &str, key: &str, body: &Value) -> Option<(u16, Value)> {
    let bearer = format!("Bearer {}", who.token);
    let mut headers = vec![("Authorization", bearer.as_str())];
    if !key.is_empty() {
        headers.push(("Idempotency-Key", key));
    }
    let body = if body.is_null() { String::new() } else { body.to_string() };
    // A server that is killed ends connections in any way.
    let answer = std::panic::catch_unwind(|| http::ask(at, method, path, &headers, &body)).ok()?;
    Some((answer.status, serde_json::from_str(&answer.body).unwrap_or(Value::Null)))
}

/// Does `work` for each number below `count`, several at a time.
pub fn rush(count: usize, work: impl Fn(usize) + Sync) {
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= count {
                        return;
                    }
                    work(number);
                }
            });
        }
    });
}

fn offer(at: SocketAddr, seller: &Person, quantity: i64) -> String {
    let body = json!({ "title": "Cup", "price": 990, "currency": "EUR", "quantity": quantity });
    let (status, made) = ask(at, seller, "POST", "/api/products", "", &body).unwrap();
    assert_eq!(status, 201, "{made}");
    made["id"].as_str().unwrap().to_owned()
}

async fn a_seller_and_buyers(world: &World, buyers: usize) -> (Person, Vec<Person>) {
    let mut people = world.people(buyers + 1).await;
    let seller = people.remove(0);
    world.accounts().set_role(seller.user, Role::Seller, None).await.unwrap();
    (seller, people)
}

fn stock(at: SocketAddr, seller: &Person, product: &str) -> (i64, i64) {
    let (status, seen) = ask(at, seller, "GET", &format!("/api/inventory/{product}"), "", &Value::Null).unwrap();
    assert_eq!(status, 200, "{seen}");
    (seen["quantity"].as_i64().unwrap(), seen["reserved"].as_i64().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn five_hundred_buyers_who_all_click_twice_get_exactly_the_ten_pieces_there_are() {
    let world = World::with(|config| config.http.surface.address_rate.per_second = 0.0);
    let (seller, buyers) = a_seller_and_buyers(&world, 500).await;
    let at = world.address();
    let product = offer(at, &seller, 10);
    let item = json!({ "productId": product });
    rush(500, |number| {
        let (status, cart) = ask(at, &buyers[number], "POST", "/api/marketplace/cart", "", &item).unwrap();
        assert_eq!(status, 200, "{cart}");
    });
    let (made, refused) = (Mutex::new(Vec::new()), AtomicUsize::new(0));
    // Each comes twice, at about the same time, with one key.
    rush(1_000, |number| {
        let buyer = &buyers[number / 2];
        let (status, order) = ask(at, buyer, "POST", "/api/marketplace/orders", "one", &json!({})).unwrap();
        match status {
            201 => made.lock().unwrap().push((buyer.user, order["id"].clone())),
            409 | 503 => drop(refused.fetch_add(1, Ordering::Relaxed)),
            _ => panic!("{status} {order}"),
        }
    });
    let mut made = made.into_inner().unwrap();
    made.sort_by_key(|(user, _)| *user);
    made.dedup();
    assert_eq!(made.len(), 10, "ten orders of ten people");
    assert_eq!(stock(at, &seller, &product), (10, 10));
    for (user, order) in made {
        let buyer = buyers.iter().find(|one| one.user == user).unwrap();
        let path = format!("/api/orders/{}/cancel", order.as_str().unwrap());
        assert_eq!(ask(at, buyer, "POST", &path, "", &json!({})).unwrap().0, 200);
    }
    assert_eq!(stock(at, &seller, &product), (10, 0), "all of it is free again");
    world.end().await;
}

/// Starts the program, lets everybody order, and kills it when some were answered: three times, each a little later.
pub fn kill_in_the_rush(
    data: &Path,
    settings: &[&str],
    buyers: usize,
    order: &(impl Fn(SocketAddr, usize) -> Option<(u16, Value)> + Sync),
) {
    for round in 0..3 {
        let program = Program::start(data, settings);
        let (at, answered) = (program.address, AtomicUsize::new(0));
        let one = |number| {
            if order(at, number).is_some() {
                answered.fetch_add(1, Ordering::Relaxed);
            }
        };
        std::thread::scope(|scope| {
            scope.spawn(|| rush(buyers, one));
            let deadline = Instant::now() + Duration::from_secs(20);
            while answered.load(Ordering::Relaxed) < 5 + 7 * round {
                assert!(Instant::now() < deadline, "nobody is answered");
                std::thread::yield_now();
            }
            program.kill();
        });
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_killed_in_the_rush_has_sold_nothing_twice_and_holds_nothing_for_nobody() {
    const BUYERS: usize = 60;
    const PIECES: i64 = 40;
    let data = tempfile::tempdir().unwrap();
    let world = World::at(data.path(), |_| {});
    let (seller, buyers) = a_seller_and_buyers(&world, BUYERS).await;
    let product = offer(world.address(), &seller, PIECES);
    let item = json!({ "productId": product });
    rush(BUYERS, |number| {
        assert_eq!(ask(world.address(), &buyers[number], "POST", "/api/marketplace/cart", "", &item).unwrap().0, 200);
    });
    world.end().await;
    let settings = &[
        "market.half_done_s=5",
        "market.sweep_every_s=1",
        "idempotency.claim_ms=1000",
        "http.address_rate.per_second=0.0",
        "http.caller_rate.per_second=0.0",
    ];
    let made = Mutex::new(std::collections::BTreeMap::new());
    let order = |at: SocketAddr, number: usize| {
        let answer = ask(at, &buyers[number], "POST", "/api/marketplace/orders", "one", &json!({}))?;
        if answer.0 == 201 {
            let id = answer.1["id"].as_str().unwrap().to_owned();
            let before = made.lock().unwrap().insert(number, id.clone());
            assert!(before.is_none_or(|before| before == id), "one order a key");
        }
        Some(answer)
    };
    kill_in_the_rush(data.path(), settings, BUYERS, &order);
    // Everybody asks again with the same key until the answer is one for good.
    let program = Program::start(data.path(), settings);
    let at = program.address;
    let deadline = Instant::now() + Duration::from_secs(120);
    let mut refused = 0;
    for number in 0..BUYERS {
        loop {
            assert!(Instant::now() < deadline, "no answer for good");
            match order(at, number) {
                Some((201, _)) => break,
                Some((409, problem)) if problem["code"] == "conflict" => {
                    refused += 1;
                    break;
                }
                Some((409 | 503, _)) | None => std::thread::yield_now(),
                Some((422, problem)) => panic!("{problem}"),
                Some(other) => panic!("{other:?}"),
            }
        }
    }
    let made = made.into_inner().unwrap();
    assert_eq!(made.len() + refused, BUYERS);
    // What was held for orders that came to nothing is free again soon.
    let sold = i64::try_from(made.len()).unwrap();
    assert!(sold <= PIECES, "{sold}");
    while stock(at, &seller, &product) != (PIECES, sold) {
        assert!(Instant::now() < deadline, "{:?} for {sold} orders", stock(at, &seller, &product));
        std::thread::yield_now();
    }
    for (number, id) in &made {
        let (status, seen) = ask(at, &buyers[*number], "GET", &format!("/api/orders/{id}"), "", &Value::Null).unwrap();
        assert_eq!((status, &seen["status"]), (200, &json!("created")), "what was answered stands");
    }
    program.terminate();
}

#[tokio::test]
async fn a_seller_hears_of_an_order_and_its_buyer_of_each_step_in_every_protocol() {
    let world = World::start();
    let (seller, buyers) = a_seller_and_buyers(&world, 1).await;
    let buyer = &buyers[0];
    let mut native = world.peer(Codec::MessagePack, &seller).await;
    native.subscribe(seller.topic(), None).await;
    let mut web = Client::web(world.address()).await;
    web.enter(&buyer.token).await;
    let product = offer(world.address(), &seller, 1);
    let item = json!({ "productId": product });
    assert_eq!(world.rest(buyer, "POST", "/api/marketplace/cart", &item).0, 200);
    let (status, order) = world.rest(buyer, "POST", "/api/marketplace/orders", &json!({}));
    assert_eq!(status, 201, "{order}");
    let updated = loop {
        if let (_, Signal::OrderUpdated(updated)) = native.expect_signal().await {
            break updated;
        }
    };
    assert_eq!((json!(updated.order), updated.state, updated.total), (order["id"].clone(), OrderState::Created, 990));
    let path = format!("/api/orders/{}/status", order["id"].as_str().unwrap());
    assert_eq!(world.rest(&seller, "PUT", &path, &json!({ "status": "paid" })).0, 200);
    for wanted in ["created", "paid"] {
        let heard = web.expect("order_updated").await;
        assert_eq!((&heard["orderId"], &heard["status"]), (&order["id"], &json!(wanted)));
    }
}
