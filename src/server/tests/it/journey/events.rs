//! A rush for seats, over HTTP, and what is left of it after a restart.

use super::market::{ask, rush};
use crate::socket::world::World;
use plenum_schema::UserId;
use serde_json::{Value, json};
use std::sync::Mutex;

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_joins_for_fifty_seats_fill_them_exactly_and_leave_one_line_in_order() {
    let world = World::with(|config| config.http.surface.address_rate.per_second = 0.0);
    let people = world.people(1_000).await;
    let at = world.address();
    let body = json!({ "title": "Party", "date": "2099-05-01T18:00:00Z", "maxParticipants": 50 });
    let (status, event) = ask(at, &people[0], "POST", "/api/events", "", &body).unwrap();
    assert_eq!(status, 201, "{event}");
    let path = format!("/api/events/{}", event["id"].as_str().unwrap());
    let places: Mutex<Vec<(UserId, Value)>> = Mutex::default();
    rush(1_000, |number| {
        let who = &people[number];
        let (status, place) = ask(at, who, "POST", &format!("{path}/join"), "", &json!({})).unwrap();
        assert_eq!(status, 200, "{place}");
        places.lock().unwrap().push((who.user, place["position"].clone()));
    });
    let mut places = places.into_inner().unwrap();
    assert_eq!(places.iter().filter(|(_, place)| place.is_null()).count(), 50);
    places.sort_by_key(|(_, place)| place.as_u64().unwrap_or(0));
    let told: Vec<u64> = places.iter().filter_map(|(_, place)| place.as_u64()).collect();
    assert_eq!(told, (1..=950).collect::<Vec<_>>(), "each place once");

    let world = world.restarted(|config| config.http.surface.address_rate.per_second = 0.0).await;
    let at = world.address();
    // Ten who have a seat leave: the first ten of the line have it then.
    let seated: Vec<UserId> = places.iter().filter(|(_, place)| place.is_null()).map(|(user, _)| *user).collect();
    let person = |user: UserId| people.iter().find(|one| one.user == user).unwrap();
    rush(10, |number| {
        let who = person(seated[number]);
        assert_eq!(ask(at, who, "POST", &format!("{path}/leave"), "", &json!({})).unwrap().0, 200);
    });
    for (user, place) in places.iter().filter(|(_, place)| !place.is_null()).take(30) {
        let (_, seen) = ask(at, person(*user), "GET", &path, "", &Value::Null).unwrap();
        let wanted = match place.as_u64().unwrap() {
            1..=10 => json!({ "status": "joined", "position": null }),
            place => json!({ "status": "waiting", "position": place - 10 }),
        };
        assert_eq!(seen["mine"], wanted);
        assert_eq!((&seen["participantCount"], &seen["waitingCount"]), (&json!(50), &json!(940)));
    }
    world.end().await;
}
