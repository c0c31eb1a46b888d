//! The marketplace: never oversold, never doubled, and nothing lost when a process dies between two steps.

use crate::world::{Person, Seen, World, id_of, plain};
use futures_util::future::join_all;
use plenum_rest::Access;
use plenum_schema::entities::{OpenOrder, Order};
use plenum_schema::table::{Entity, FieldValue};
use plenum_schema::wire::{OrderState, Signal};
use plenum_schema::{OrderId, Topic};
use plenum_services::accounts::Role;
use serde_json::{Value, json};

async fn seller(world: &World, name: &str) -> Person {
    let person = world.register(name).await;
    world.state.accounts.set_role(person.id.parse().expect("an id"), Role::Seller, None).await.expect("a role");
    person
}

async fn offer(world: &World, seller: &Person, title: &str, price: i64, quantity: i64) -> String {
    let body = json!({ "title": title, "price": price, "currency": "EUR", "quantity": quantity });
    id_of(&world.post(seller, "/products", body).await.ok(201))
}

async fn put(world: &World, who: &Person, product: &str, quantity: i64) {
    world.post(who, "/marketplace/cart", json!({ "productId": product, "quantity": quantity })).await.ok(200);
}

async fn order(world: &World, who: &Person) -> Seen {
    world.post(who, "/marketplace/orders", json!({})).await
}

async fn status(world: &World, who: &Person, order: &str, status: &str) -> Seen {
    world.put(who, &format!("/orders/{order}/status"), json!({ "status": status })).await
}

async fn stock(world: &World, seller: &Person, product: &str) -> (i64, i64, i64) {
    let seen = world.get(seller, &format!("/inventory/{product}")).await.ok(200);
    let number = |name: &str| seen[name].as_i64().expect("a number");
    (number("quantity"), number("reserved"), number("available"))
}

async fn open_orders(world: &World) -> usize {
    world.store.sweep(OpenOrder::TABLE, None, 1_000).await.expect("rows").len()
}

async fn row(world: &World, id: &str) -> Order {
    let key = vec![id.parse::<OrderId>().expect("an id").to_value()];
    Order::from_row(world.store.get(Order::TABLE, key).await.expect("a store").expect("an order")).expect("a row")
}

/// The order as a process left it that died in the middle of something.
async fn rewind(world: &World, order: Order) {
    let mutation = plenum_actors::store::Mutation::Put(order.to_row());
    world.store.write(Order::TABLE, vec![mutation]).await.expect("a store");
}

#[actix_web::test]
async fn a_buyer_and_a_seller_bring_an_order_to_its_end_and_both_hear_of_it() {
    let world = World::new();
    let (sam, ann) = (seller(&world, "sam").await, world.register("ann").await);
    let (cup, plate) = (offer(&world, &sam, "Cup", 990, 10).await, offer(&world, &sam, "Plate", 1_500, 3).await);
    put(&world, &ann, &cup, 2).await;
    put(&world, &ann, &plate, 1).await;
    let cart = world.get(&ann, "/marketplace/cart").await.ok(200);
    assert_eq!(cart["totals"], json!([{ "currency": "EUR", "total": 3_480 }]));
    world.signals.take();
    let made = order(&world, &ann).await.ok(201);
    let id = id_of(&made);
    assert_eq!((&made["status"], &made["total"], &made["currency"]), (&json!("created"), &json!(3_480), &json!("EUR")));
    assert_eq!(world.get(&ann, "/marketplace/cart").await.ok(200)["items"], json!([]), "the cart is empty");
    assert_eq!(stock(&world, &sam, &cup).await, (10, 2, 8));
    for (word, wanted) in [("PAID", "paid"), ("shipped", "shipped"), ("delivered", "delivered")] {
        assert_eq!(status(&world, &sam, &id, word).await.ok(200)["status"], wanted);
    }
    assert_eq!(stock(&world, &sam, &cup).await, (8, 0, 8), "what is paid has left the stock, once");
    let told = world.signals.take();
    let heard = |who: &Person| -> Vec<OrderState> {
        let topic = Topic::User(who.id.parse().expect("an id"));
        let of = |(to, signal): &(Topic, Signal)| match signal {
            Signal::OrderUpdated(updated) if *to == topic => Some(updated.state),
            _ => None,
        };
        told.iter().filter_map(of).collect()
    };
    use OrderState::{Created, Delivered, Paid, Shipped};
    assert_eq!(heard(&ann), [Created, Paid, Shipped, Delivered]);
    assert_eq!(heard(&sam), [Created, Paid, Shipped, Delivered]);
    for (who, side) in [(&ann, "bought"), (&sam, "sold")] {
        let list = world.get(who, &format!("/orders?side={side}")).await.ok(200);
        assert_eq!(
            (list["items"].as_array().expect("items").len(), &list["items"][0]["id"]),
            (1, &json!(id)),
            "{side}"
        );
    }
    assert_eq!(status(&world, &sam, &id, "refunded").await.ok(200)["status"], "refunded");
    assert_eq!(stock(&world, &sam, &cup).await, (8, 0, 8), "what comes back is counted in by hand");
    assert_eq!(open_orders(&world).await, 0, "nothing is left to be done");
}

#[actix_web::test]
async fn steps_that_do_not_follow_are_refused() {
    let world = World::new();
    let (sam, ann) = (seller(&world, "sam").await, world.register("ann").await);
    let cup = offer(&world, &sam, "Cup", 990, 10).await;
    put(&world, &ann, &cup, 1).await;
    let id = id_of(&order(&world, &ann).await.ok(201));
    for word in ["shipped", "delivered", "refunded"] {
        assert_eq!(status(&world, &sam, &id, word).await.problem().0, 409, "{word}");
    }
    for word in ["created", "expired", "reserving", "sold"] {
        assert_eq!(status(&world, &sam, &id, word).await.problem().0, 422, "{word}");
    }
    assert_eq!(status(&world, &ann, &id, "paid").await.problem().0, 403, "buyers do not say that they have paid");
    status(&world, &sam, &id, "paid").await.ok(200);
    assert_eq!(status(&world, &sam, &id, "paid").await.ok(200)["status"], "paid", "the same again changes nothing");
    let late = world.post(&ann, &format!("/orders/{id}/cancel"), json!({})).await;
    assert_eq!((late.problem().0, &late.json()["errors"][0]["field"]), (409, &json!("status")));
    assert_eq!(stock(&world, &sam, &cup).await, (9, 0, 9));
    let old = world.ask(sam.request("PUT", &format!("/orders/{id}/status")).insert_header(("If-Match", "\"1\"")));
    assert!([400, 412, 415].contains(&old.await.status));
}

#[actix_web::test]
async fn what_is_called_off_or_not_paid_in_time_is_free_again() {
    let world = World::new();
    let (sam, ann, ben) = (seller(&world, "sam").await, world.register("ann").await, world.register("ben").await);
    let cup = offer(&world, &sam, "Cup", 990, 1).await;
    put(&world, &ann, &cup, 1).await;
    put(&world, &ben, &cup, 1).await;
    let first = id_of(&order(&world, &ann).await.ok(201));
    let sold_out = order(&world, &ben).await;
    assert_eq!((sold_out.problem().0, &sold_out.json()["errors"][0]["field"]), (409, &json!("quantity")));
    let cancelled = world.post(&ann, &format!("/orders/{first}/cancel"), json!({})).await.ok(200);
    assert_eq!(cancelled["status"], "cancelled");
    let second = id_of(&order(&world, &ben).await.ok(201));
    world.clock.advance(1_801);
    let late = status(&world, &sam, &second, "paid").await;
    assert_eq!(late.problem().0, 409, "late is late, also before the sweep has come by");
    assert_eq!(world.state.market.sweep().await.expect("a sweep").expired, 1);
    let seen = world.get(&ben, &format!("/orders/{second}")).await.ok(200);
    assert_eq!((&seen["status"], &seen["reason"]), (&json!("expired"), &json!("notPaid")));
    assert_eq!(stock(&world, &sam, &cup).await, (1, 0, 1));
    assert_eq!(open_orders(&world).await, 0);
}

#[actix_web::test]
async fn forty_buyers_at_once_get_exactly_the_ten_pieces_there_are() {
    let world = World::new();
    let sam = seller(&world, "sam").await;
    let cup = offer(&world, &sam, "Cup", 990, 10).await;
    let mut buyers = Vec::new();
    for number in 0..40 {
        let buyer = world.register(&format!("buyer{number}")).await;
        put(&world, &buyer, &cup, 1).await;
        buyers.push(buyer);
    }
    let answers = join_all(buyers.iter().map(|buyer| order(&world, buyer))).await;
    let count = |status: u16| answers.iter().filter(|seen| seen.status == status).count();
    assert_eq!((count(201), count(409)), (10, 30));
    assert_eq!(stock(&world, &sam, &cup).await, (10, 10, 0));
}

#[actix_web::test]
async fn a_double_click_orders_once() {
    let world = World::new();
    let (sam, ann) = (seller(&world, "sam").await, world.register("ann").await);
    let cup = offer(&world, &sam, "Cup", 990, 10).await;
    put(&world, &ann, &cup, 1).await;
    let click = || {
        let request = ann.request("POST", "/marketplace/orders").insert_header(("Idempotency-Key", "k1"));
        world.ask(request.set_json(json!({})))
    };
    let answers = join_all((0..10).map(|_| click())).await;
    let made: Vec<Value> = answers.iter().filter(|seen| seen.status == 201).map(Seen::json).collect();
    assert!(!made.is_empty() && made.iter().all(|one| one["id"] == made[0]["id"]));
    assert!(answers.iter().all(|seen| [201, 409].contains(&seen.status)));
    assert_eq!(stock(&world, &sam, &cup).await, (10, 1, 9));
    assert_eq!(click().await.ok(201)["id"], made[0]["id"]);
    let list = world.get(&ann, "/orders").await.ok(200);
    assert_eq!(list["items"].as_array().expect("items").len(), 1);
}

#[actix_web::test]
async fn an_order_that_was_cut_off_is_called_off_and_what_it_holds_let_go() {
    let world = World::new();
    let (sam, ann) = (seller(&world, "sam").await, world.register("ann").await);
    let cup = offer(&world, &sam, "Cup", 990, 5).await;
    put(&world, &ann, &cup, 2).await;
    let id = id_of(&order(&world, &ann).await.ok(201));
    // Killed between the hold and the order's next state.
    let made = row(&world, &id).await;
    rewind(&world, Order { state: "reserving".to_owned(), ..made }).await;
    assert_eq!(world.state.market.sweep().await.expect("a sweep").given_up, 0, "somebody may be at it");
    world.clock.advance(61);
    assert_eq!(world.state.market.sweep().await.expect("a sweep").given_up, 1);
    assert_eq!(stock(&world, &sam, &cup).await, (5, 0, 5));
    assert_eq!(row(&world, &id).await.reason.as_deref(), Some("unfinished"));
    assert_eq!(open_orders(&world).await, 0);
}

#[actix_web::test]
async fn a_payment_that_was_cut_off_takes_the_pieces_out_once() {
    let world = World::new();
    let (sam, ann) = (seller(&world, "sam").await, world.register("ann").await);
    let (cup, plate) = (offer(&world, &sam, "Cup", 990, 5).await, offer(&world, &sam, "Plate", 100, 5).await);
    put(&world, &ann, &cup, 2).await;
    put(&world, &ann, &plate, 1).await;
    let id = id_of(&order(&world, &ann).await.ok(201));
    // Killed right behind the order's new state.
    let made = row(&world, &id).await;
    rewind(&world, Order { state: "paid".to_owned(), version: made.version + 1, ..made }).await;
    assert_eq!(stock(&world, &sam, &cup).await, (5, 2, 3));
    world.clock.advance(61);
    assert_eq!(world.state.market.sweep().await.expect("a sweep").settled, 1);
    for _ in 0..2 {
        assert_eq!((stock(&world, &sam, &cup).await, stock(&world, &sam, &plate).await), ((3, 0, 3), (4, 0, 4)));
        assert_eq!(world.state.market.sweep().await.expect("a sweep").settled, 0);
    }
    // Killed behind half of the stock: what is out stays out.
    let paid = row(&world, &id).await;
    rewind(&world, Order { is_settled: false, version: paid.version + 1, ..paid }).await;
    assert_eq!(status(&world, &sam, &id, "shipped").await.ok(200)["status"], "shipped");
    assert_eq!(stock(&world, &sam, &cup).await, (3, 0, 3));
}

#[actix_web::test]
async fn a_hold_that_came_after_its_order_was_called_off_is_found() {
    let world = World::new();
    let (sam, ann) = (seller(&world, "sam").await, world.register("ann").await);
    let cup = offer(&world, &sam, "Cup", 990, 5).await;
    put(&world, &ann, &cup, 2).await;
    let id = id_of(&order(&world, &ann).await.ok(201));
    // A process that slept: the sweep has settled the order, then it held.
    let made = row(&world, &id).await;
    rewind(&world, Order { state: "cancelled".to_owned(), is_settled: true, version: made.version + 1, ..made }).await;
    assert_eq!(world.state.market.sweep_stray_holds().await, Ok(0), "too young to judge");
    world.clock.advance(61);
    assert_eq!(world.state.market.sweep_stray_holds().await, Ok(1));
    assert_eq!(stock(&world, &sam, &cup).await, (5, 0, 5));
}

#[actix_web::test]
async fn an_order_is_with_one_seller_in_one_currency_at_the_servers_prices() {
    let world = World::new();
    let (sam, sue, ann) = (seller(&world, "sam").await, seller(&world, "sue").await, world.register("ann").await);
    assert_eq!(order(&world, &ann).await.json()["errors"][0]["field"], "cart", "an empty one");
    let (cup, plate) = (offer(&world, &sam, "Cup", 990, 5).await, offer(&world, &sue, "Plate", 100, 5).await);
    put(&world, &ann, &cup, 1).await;
    put(&world, &ann, &plate, 1).await;
    assert_eq!(order(&world, &ann).await.json()["errors"][0]["field"], "seller");
    let body = json!({ "sellerId": sue.id, "total": 1, "items": [{ "price": 1 }] });
    let made = world.post(&ann, "/marketplace/orders", body).await;
    assert!(made.header("ignored-fields").contains("total"), "{}", made.header("ignored-fields"));
    assert_eq!(made.ok(201)["total"], 100);
    let left = world.get(&ann, "/marketplace/cart").await.ok(200);
    assert_eq!((left["items"].as_array().expect("items").len(), &left["items"][0]["product"]["id"]), (1, &json!(cup)));
    let body = json!({ "title": "Spoon", "price": 100, "currency": "usd" });
    let spoon = id_of(&world.post(&sam, "/products", body).await.ok(201));
    put(&world, &ann, &spoon, 1).await;
    assert_eq!(order(&world, &ann).await.json()["errors"][0]["field"], "cart", "two currencies");
    world.put(&sam, &format!("/products/{cup}"), json!({ "price": 2_000 })).await.ok(200);
    world.delete(&ann, &format!("/marketplace/cart/{spoon}")).await.ok(200);
    assert_eq!(order(&world, &ann).await.ok(201)["total"], 2_000, "the price of now");
}

#[actix_web::test]
async fn products_are_found_filtered_and_sorted_and_withdrawn_ones_are_their_sellers_only() {
    let world = World::new();
    let (sam, ann) = (seller(&world, "sam").await, world.register("ann").await);
    for (title, price, category) in [("Red cup", 300, "Cups"), ("Blue cup", 100, "cups"), ("Plate", 200, "plates")] {
        let body = json!({ "title": title, "price": price, "currency": "EUR", "category": category, "quantity": 1 });
        world.post(&sam, "/marketplace/products", body).await.ok(201);
    }
    let titles = async |query: &str| -> Vec<String> {
        let list = world.ask(plain("GET", &format!("/marketplace/products?{query}"))).await.ok(200);
        let items = list["items"].as_array().expect("items").clone();
        items.iter().map(|one| one["title"].as_str().expect("a title").to_owned()).collect()
    };
    assert_eq!(titles("sort=price").await, ["Blue cup", "Plate", "Red cup"]);
    assert_eq!(titles("q=CUP&sort=-price").await, ["Red cup", "Blue cup"]);
    assert_eq!(titles("category=CUPS&minPrice=200").await, ["Red cup"]);
    assert_eq!(titles("maxPrice=100").await, ["Blue cup"]);
    let page = world.ask(plain("GET", "/products?sort=title&limit=2")).await.ok(200);
    let rest = format!("/products?sort=title&limit=2&cursor={}", page["nextCursor"].as_str().expect("a cursor"));
    assert_eq!(world.ask(plain("GET", &rest)).await.ok(200)["items"][0]["title"], "Red cup");
    let blue = page["items"][0]["id"].as_str().expect("an id").to_owned();
    assert_eq!(world.delete(&sam, &format!("/products/{blue}")).await.status, 204);
    assert_eq!(titles("q=blue").await, Vec::<String>::new());
    assert_eq!(world.get(&ann, &format!("/products/{blue}")).await.problem().0, 404);
    assert_eq!(world.get(&sam, &format!("/products/{blue}")).await.ok(200)["status"], "INACTIVE");
    let put = world.post(&ann, "/marketplace/cart", json!({ "productId": blue })).await;
    assert_eq!(put.problem().0, 404);
    for (field, body) in [
        ("title", json!({ "price": 1, "currency": "EUR" })),
        ("price", json!({ "title": "x", "currency": "EUR" })),
        ("price", json!({ "title": "x", "price": -1, "currency": "EUR" })),
        ("currency", json!({ "title": "x", "price": 1, "currency": "euro" })),
        ("images", json!({ "title": "x", "price": 1, "currency": "EUR", "images": ["javascript:x"] })),
    ] {
        let seen = world.post(&sam, "/products", body).await;
        assert_eq!((seen.problem().0, &seen.json()["errors"][0]["field"]), (422, &json!(field)));
    }
}

#[actix_web::test]
async fn what_is_held_for_orders_cannot_be_counted_away() {
    let world = World::new();
    let (sam, ann) = (seller(&world, "sam").await, world.register("ann").await);
    let cup = offer(&world, &sam, "Cup", 990, 5).await;
    put(&world, &ann, &cup, 3).await;
    order(&world, &ann).await.ok(201);
    let set = |quantity: i64| world.put(&sam, "/inventory/x", json!({ "quantity": quantity }));
    assert_eq!(set(1).await.problem().0, 404);
    let path = format!("/inventory/{cup}");
    let few = world.put(&sam, &path, json!({ "quantity": 2 })).await;
    assert_eq!((few.problem().0, &few.json()["errors"][0]["field"]), (409, &json!("quantity")));
    let set = world.put(&sam, &path, json!({ "quantity": 3 })).await;
    assert_eq!(set.ok(200)["available"], 0);
    let old = sam.request("PUT", &path).insert_header(("If-Match", "\"1\"")).set_json(json!({ "quantity": 9 }));
    assert_eq!(world.ask(old).await.problem().0, 412);
}

#[actix_web::test]
async fn somebody_asks_to_sell_and_an_admin_decides() {
    let world = World::new();
    let (admin, ann, ben) = (world.admin("boss").await, world.register("ann").await, world.register("ben").await);
    let body = json!({ "title": "x", "price": 1, "currency": "EUR" });
    assert_eq!(world.post(&ann, "/products", body.clone()).await.problem().0, 403);
    for who in [&ann, &ben] {
        let asked = world.post(who, "/marketplace/seller-applications", json!({ "shop": "A shop" })).await.ok(201);
        assert_eq!((&asked["id"], &asked["status"]), (&json!(who.id), &json!("pending")));
    }
    let waiting = world.get(&admin, "/marketplace/seller-applications?status=pending").await.ok(200);
    assert_eq!(waiting["items"].as_array().expect("items").len(), 2);
    let decide = async |who: &Person, status: &str| {
        let path = format!("/marketplace/seller-applications/{}", who.id);
        world.put(&admin, &path, json!({ "status": status })).await
    };
    assert_eq!(decide(&ann, "approved").await.ok(200)["status"], "approved");
    assert_eq!(decide(&ann, "approved").await.status, 200);
    assert_eq!(decide(&ann, "rejected").await.problem().0, 409);
    assert_eq!(decide(&ben, "rejected").await.ok(200)["status"], "rejected");
    world.post(&ann, "/products", body.clone()).await.ok(201);
    assert_eq!(world.post(&ben, "/products", body).await.problem().0, 403);
    world.post(&ben, "/marketplace/seller-applications", json!({ "shop": "Another" })).await.ok(201);
    let again = world.post(&ann, "/marketplace/seller-applications", json!({ "shop": "Another" })).await;
    assert_eq!(again.problem().0, 409);
}

/// Every route of the marketplace against everybody: who may not, gets this status.
#[actix_web::test]
async fn every_route_of_the_marketplace_is_open_to_those_it_is_for_and_nobody_else() {
    let world = World::new();
    let (sam, sue) = (seller(&world, "sam").await, seller(&world, "sue").await);
    let (ann, eve, admin) = (world.register("ann").await, world.register("eve").await, world.admin("boss").await);
    let cup = offer(&world, &sam, "Cup", 990, 5).await;
    put(&world, &ann, &cup, 1).await;
    let id = id_of(&order(&world, &ann).await.ok(201));
    let body = |status: &str| json!({ "title": "x", "price": 1, "currency": "EUR", "quantity": 5, "productId": cup, "status": status, "shop": "x" });
    let of_market = plenum_rest::listed().into_iter().filter(|one| {
        ["/marketplace", "/products", "/orders", "/cart", "/inventory", "/seller"]
            .iter()
            .any(|start| one.path.starts_with(start))
    });
    let mut rows = 0;
    for route in of_market {
        let id = if route.path.contains("/orders/") {
            &id
        } else if route.path.contains("/products/") {
            &cup
        } else {
            &eve.id
        };
        let path = route.path.replace("{id}", id).replace("{productId}", &cup);
        let body = body(if route.path.contains("product") { "ACTIVE" } else { "x" });
        let is_stateful =
            route.path.ends_with("/orders") || route.path.contains("cart") || route.path.contains("seller-app");
        let ask = |who: &Person| world.ask(who.request(route.method, &path).set_json(&body));
        let nobody = world.ask(plain(route.method, &path).set_json(&body)).await.status;
        let (buyer, stranger, other_seller) = (ask(&ann).await.status, ask(&eve).await.status, ask(&sue).await.status);
        let what = format!("{} {}", route.method, route.path);
        match route.access {
            Access::Open => assert_eq!([nobody, buyer, stranger, other_seller], [200; 4], "{what}"),
            Access::Seller => {
                assert_eq!([nobody, buyer, stranger], [401, 403, 403], "{what}");
                let wanted = if route.path.contains("/orders/") {
                    422
                } else if path.contains(&cup) {
                    403
                } else {
                    201
                };
                assert_eq!(other_seller, wanted, "{what}");
            }
            Access::Admin => {
                assert_eq!([nobody, buyer, stranger, other_seller], [401, 403, 403, 403], "{what}");
                assert!(ask(&admin).await.status < 500, "{what}");
            }
            Access::Person if is_stateful => assert_eq!(nobody, 401, "{what}"),
            Access::Person => {
                assert_eq!([nobody, stranger, other_seller], [401, 404, 404], "{what}");
                assert_eq!(buyer, 200, "{what}");
            }
            Access::Bearer | Access::Key => panic!("{what}"),
        }
        rows += 1;
    }
    assert!(rows >= 36, "{rows}");
    assert_eq!(status(&world, &sue, &id, "paid").await.problem().0, 404, "another seller's order does not exist");
    assert_eq!(world.get(&admin, &format!("/orders/{id}")).await.status, 200);
    assert_eq!(world.get(&sam, &format!("/orders/{id}")).await.status, 200);
}
