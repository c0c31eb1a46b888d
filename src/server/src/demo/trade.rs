//! What comes in the demo, what is sold, and how the status board stands.

use super::{People, is_there};
use crate::node::Workshop;
use plenum_schema::{EventId, ProductId, Refusal, RefusalCode, UserId};
use plenum_services::events::EventChange;
use plenum_services::market::{NewOrder, NewProduct, ProductChange, Side};
use plenum_services::status_board::{BrandChange, DomainChange, DomainFilter, Report};
use std::str::FromStr;

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;

/// The id of the demo's thing with a number: always the same.
fn id<T: FromStr>(number: u32) -> Result<T, Refusal> {
    let wrong = |_| Refusal::new(RefusalCode::Internal, "an id of the demo is none");
    format!("0192f0c4-de00-7000-8000-{number:012}").parse().map_err(wrong)
}

/// Three events: one that is full, one with room, one that was called off.
pub(super) async fn events(shop: &Workshop, people: &People) -> Result<(), Refusal> {
    let People { ada, ben, cleo, hana, yusuf, .. } = *people;
    let today = shop.clock.wall() / DAY_MS * DAY_MS;
    let event = |title: &str, description: &str, location: &str, day: i64, most| EventChange {
        title: Some(title.to_owned()),
        description: Some(description.to_owned()),
        location: Some(location.to_owned()),
        starts_at: Some(today + day * DAY_MS + 18 * HOUR_MS),
        most: Some(most),
        ..EventChange::default()
    };
    let maps =
        event("Evening of maps", "Bring a map that you like, and tell us why.\nTea is there.", "Reading room", 3, 2);
    held(shop, 1, maps, ben, &[ben, cleo, yusuf]).await?;
    let hall = event("Monthly hall", "In the hall and on your telephone: /join.", "Hall 2", 9, 120);
    held(shop, 2, hall, hana, &[ada, cleo]).await?;
    let walk = event("Walk along the river", "", "At the old bridge", 5, 20);
    if held(shop, 3, walk, yusuf, &[]).await? {
        let off = EventChange { is_cancelled: Some(true), ..EventChange::default() };
        shop.events.change(id(3)?, &off, None, yusuf, false).await?;
    }
    Ok(())
}

/// Whether it was made now.
async fn held(
    shop: &Workshop,
    number: u32,
    event: EventChange,
    by: UserId,
    guests: &[UserId],
) -> Result<bool, Refusal> {
    let event_id: EventId = id(number)?;
    if is_there(shop.events.event(event_id).await)? {
        return Ok(false);
    }
    shop.events.create(event, by, Some(event_id)).await?;
    for guest in guests {
        shop.events.join(event_id, *guest).await?;
    }
    Ok(true)
}

/// Title, description, category, price in cents, pieces.
const PRODUCTS: [(&str, &str, &str, i64, i64); 5] = [
    ("Blue notebook", "A5, 120 pages, squared. Lies flat.", "Paper", 1_250, 20),
    ("Set of pencils", "Six of them, from 4H to 6B.", "Pencils", 890, 35),
    ("Brass sharpener", "For pencils of both sizes. Spare blade inside.", "Pencils", 640, 3),
    ("Print: harbour at night", "Linocut, 30 × 40 cm, numbered and signed.", "Prints", 4_900, 1),
    ("Bookbinding kit", "Needles, thread, awl, bone folder, and a booklet that explains it.", "Tools", 3_200, 0),
];

/// A shop, an order that is on its way and one that waits to be paid; and somebody who asks to sell.
pub(super) async fn market(shop: &Workshop, people: &People) -> Result<(), Refusal> {
    let People { ben, cleo, sam, yusuf, .. } = *people;
    for (number, (title, description, category, price, quantity)) in (100_u32..).zip(PRODUCTS) {
        let product_id: ProductId = id(number)?;
        if is_there(shop.market.product(product_id, Some(sam)).await)? {
            continue;
        }
        let text = |text: &str| Some(text.to_owned());
        let product = ProductChange {
            title: text(title),
            description: text(description),
            category: text(category),
            price: Some(price),
            currency: text("EUR"),
            ..ProductChange::default()
        };
        shop.market.offer(NewProduct { product, quantity }, sam, Some(product_id)).await?;
    }
    ordered(shop, ben, sam, 100, &["paid", "shipped"]).await?;
    ordered(shop, cleo, sam, 101, &[]).await?;
    if shop.market.applications(false, 1, None).await?.items.is_empty() {
        shop.market.apply_to_sell(yusuf, "Yusuf's second-hand books", Some("Novels, mostly.")).await?;
    }
    Ok(())
}

async fn ordered(shop: &Workshop, buyer: UserId, seller: UserId, product: u32, steps: &[&str]) -> Result<(), Refusal> {
    if !shop.market.orders(buyer, Side::Bought, 1, None).await?.items.is_empty() {
        return Ok(());
    }
    shop.market.put_in_cart(buyer, id(product)?, 2).await?;
    let new = NewOrder { seller: None, client_ref: Some("demo".to_owned()) };
    let order = shop.market.order(buyer, new).await?;
    for step in steps {
        shop.market.set_status(order.id, step, None, seller, false).await?;
    }
    Ok(())
}

/// A brand with domains, one of them blocked.
pub(super) async fn status_board(shop: &Workshop, people: &People) -> Result<(), Refusal> {
    let board = &shop.status_board;
    if !board.domains(&DomainFilter::default(), 1, None).await?.items.is_empty() {
        return Ok(());
    }
    let brand = BrandChange { name: Some("Demo press".to_owned()), code: Some("DEMO".to_owned()) };
    let brand = board.create_brand(brand, people.ada).await?;
    for (name, is_blocked) in
        [("news.demo.example", Some(false)), ("forum.demo.example", Some(true)), ("new.demo.example", None)]
    {
        let change = DomainChange { domain: Some(name.to_owned()), brand: Some(Some(brand.id)), noto: None };
        let domain = board.create_domain(change, people.ada).await?.id;
        if let Some(is_blocked) = is_blocked {
            board.report(Report { domain, is_blocked }).await?;
        }
    }
    Ok(())
}
