//! Very many people and what they have said and made: a store of the size at which a server is to be measured.
//!
//! Everything goes through the services, so that indexes, limits and aggregates are those of a community that has grown.

use crate::node::Workshop;
use futures_util::stream::{self, TryStreamExt as _};
use plenum_schema::content::Content;
use plenum_schema::room::RoomInfo;
use plenum_schema::{ConversationId, Refusal, RefusalCode, UserId};
use plenum_services::accounts::{Given, NewAccount, ProfileUpdate};
use plenum_services::conversations::NewRoom;
use plenum_services::events::EventChange;
use plenum_services::market::{NewProduct, ProductChange};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::future::Future;

/// Things made at once: enough to share an fsync.
const AT_ONCE: usize = 256;
const HOUR_MS: i64 = 3_600_000;
/// One in so many has points, and stands in the order of the leaderboard.
const RANKED: usize = 20;

/// How much of everything.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Crowd {
    pub people: usize,
    pub rooms: usize,
    /// Members of each room.
    pub members: usize,
    /// Messages in all rooms together.
    pub messages: usize,
    pub events: usize,
    /// Guests of each event.
    pub guests: usize,
    pub products: usize,
}

/// What has been done so far: of what, how many, of how many.
pub(crate) type Told<'a> = &'a dyn Fn(&str, usize, usize);

/// Makes it. Again: as many more.
///
/// # Errors
/// What the services refuse: `limitReached` where the configuration allows fewer events or products.
pub(crate) async fn gather(shop: &Workshop, wanted: Crowd, told: Told<'_>) -> Result<(), Refusal> {
    let run = shop.clock.new_id().simple().to_string().split_off(20);
    let people = all("people", wanted.people, told, |number| person(shop, &run, number)).await?;
    let somebody = |number: usize| people.get(number % people.len().max(1)).copied().ok_or_else(nobody);
    let rooms = all("rooms", wanted.rooms, told, |number| async move {
        let owner = somebody(number * 7_919)?;
        let room = room(shop, number, owner).await?;
        for member in 1..wanted.members {
            shop.conversations.join_room(somebody(number * 7_919 + member * 31)?, room).await?;
        }
        Ok((room, owner))
    });
    let rooms = rooms.await?;
    let messages = all("messages", if rooms.is_empty() { 0 } else { wanted.messages }, told, |number| {
        let room = rooms.get(number % rooms.len().max(1)).copied();
        async move {
            let (room, owner) = room.ok_or_else(nobody)?;
            let content: Content = of(json!({ "text": sentence(number, 12) }))?;
            shop.conversations.send(owner, room, None, content).await.map(drop)
        }
    });
    messages.await?;
    let events = all("events", wanted.events, told, |number| async move {
        let event = EventChange {
            title: Some(sentence(number, 4)),
            description: Some(sentence(number + 17, 30)),
            location: Some(sentence(number + 3, 2)),
            starts_at: Some(shop.clock.wall() + i64::try_from(number % 2_000).unwrap_or(0) * HOUR_MS),
            ..EventChange::default()
        };
        let event = shop.events.create(event, somebody(number * 101)?, None).await?;
        for guest in 0..wanted.guests {
            shop.events.join(event.row.event_id, somebody(number * 101 + guest * 37)?).await?;
        }
        Ok(())
    });
    events.await?;
    all("products", wanted.products, told, |number| async move {
        let product = ProductChange {
            title: Some(sentence(number + 5, 3)),
            description: Some(sentence(number + 23, 25)),
            category: Some(word(number % 12).to_owned()),
            price: Some(100 + i64::try_from(number * 37 % 20_000).unwrap_or(0)),
            currency: Some("EUR".to_owned()),
            ..ProductChange::default()
        };
        shop.market.offer(NewProduct { product, quantity: 10 }, somebody(number % 500)?, None).await.map(drop)
    })
    .await
    .map(drop)
}

/// Makes `count` of them, some at once, in order; tells of every twentieth part.
async fn all<T, F, M>(what: &str, count: usize, told: Told<'_>, make: M) -> Result<Vec<T>, Refusal>
where
    F: Future<Output = Result<T, Refusal>>,
    M: Fn(usize) -> F,
{
    use futures_util::StreamExt as _;
    let part = (count / 20).max(1);
    let tell = |made: Vec<T>, one| {
        let mut made = made;
        made.push(one);
        if made.len().is_multiple_of(part) || made.len() == count {
            told(what, made.len(), count);
        }
        std::future::ready(Ok(made))
    };
    stream::iter((0..count).map(make)).buffered(AT_ONCE).try_fold(Vec::with_capacity(count), tell).await
}

async fn person(shop: &Workshop, run: &str, number: usize) -> Result<UserId, Refusal> {
    let text = |text: &str| Some(text.to_owned());
    let profile = ProfileUpdate {
        username: Some(format!("p{number}.{run}")),
        full_name: Some(format!("{} {}", word(number), word(number / WORDS.len() + 7))),
        bio: Some(sentence(number, 14)),
        occupation: text(word(number + 11)),
        location: text(word(number + 29)),
        ..ProfileUpdate::default()
    };
    let email = Some(format!("p{number}.{run}@crowd.example"));
    let made = shop.accounts.create_user(NewAccount { email, profile, ..NewAccount::default() }).await?;
    if number.is_multiple_of(RANKED) {
        let points = i64::try_from(number % 9_973).unwrap_or(0) + 1;
        let given = Given { points: Some(points), ..Given::default() };
        shop.accounts.give(made.id, &given, made.id).await?;
    }
    Ok(made.id)
}

async fn room(shop: &Workshop, number: usize, owner: UserId) -> Result<ConversationId, Refusal> {
    let about = json!({ "public": true, "description": sentence(number, 9), "maxParticipants": 500, "active": true });
    let info: RoomInfo = of(about)?;
    let new = NewRoom { name: sentence(number + 13, 3), info, client_ref: None };
    shop.conversations.create_room(owner, new).await.map(|(room, _)| room.id)
}

fn of<T: DeserializeOwned>(json: Value) -> Result<T, Refusal> {
    serde_json::from_value(json).map_err(|error| Refusal::new(RefusalCode::Internal, error.to_string()))
}

fn nobody() -> Refusal {
    Refusal::new(RefusalCode::Invalid, "rooms, events and products need people")
}

const WORDS: [&str; 48] = [
    "Amber", "Birch", "Cedar", "Delta", "Ember", "Fjord", "Grove", "Harbour", "Island", "Juniper", "Kestrel",
    "Lantern", "Meadow", "North", "Orchard", "Pebble", "Quarry", "River", "Summit", "Thicket", "Upland", "Valley",
    "Willow", "Yarrow", "Zephyr", "Anchor", "Bridge", "Candle", "Drift", "Echo", "Feather", "Garnet", "Hollow",
    "Ivory", "Jade", "Kindle", "Linden", "Marble", "Nimbus", "Olive", "Paper", "Quill", "Ridge", "Slate", "Timber",
    "Umber", "Velvet", "Winter",
];

fn word(number: usize) -> &'static str {
    WORDS.get(number % WORDS.len()).copied().unwrap_or("Amber")
}

/// Some words that belong to this number: the same ones each time, spread by Knuth's multiplicative hash.
fn sentence(number: usize, words: usize) -> String {
    let chosen = (0..words).map(|place| word(((number * 61 + place + 1).wrapping_mul(2_654_435_761) >> 16) % 9_973));
    chosen.collect::<Vec<_>>().join(" ")
}
