//! Events: seats in the order of coming, a waiting list that moves up, a calendar file.

use crate::world::{Person, Seen, World, id_of, plain};
use futures_util::future::join_all;
use plenum_schema::Topic;
use plenum_schema::wire::Signal;
use serde_json::{Value, json};

const DATE: &str = "2099-05-01T18:00:00Z";

async fn event(world: &World, who: &Person, seats: usize) -> String {
    let body = json!({ "title": "Party", "date": DATE, "maxParticipants": seats, "location": "The hall" });
    id_of(&world.post(who, "/events", body).await.ok(201))
}

async fn join(world: &World, who: &Person, event: &str) -> Seen {
    world.post(who, &format!("/events/{event}/join"), json!({})).await
}

async fn seen(world: &World, who: &Person, event: &str) -> Value {
    world.get(who, &format!("/events/{event}")).await.ok(200)
}

#[actix_web::test]
async fn a_rush_for_seats_fills_them_exactly_and_the_line_moves_up_in_order() {
    let world = World::new();
    let host = world.register("host").await;
    let id = event(&world, &host, 5).await;
    let mut people = Vec::new();
    for number in 0..30 {
        people.push(world.register(&format!("guest{number}")).await);
    }
    let answers = join_all(people.iter().map(|one| join(&world, one, &id))).await;
    let mut seated = Vec::new();
    let mut waiting = vec![None; 25];
    for (person, answer) in people.iter().zip(&answers) {
        let answer = answer.ok(200);
        match answer["position"].as_u64() {
            None => seated.push(person),
            Some(place) => {
                let place = usize::try_from(place).expect("a place") - 1;
                assert!(waiting[place].replace(person).is_none(), "one person a place");
            }
        }
    }
    assert_eq!(seated.len(), 5);
    let now = seen(&world, &host, &id).await;
    assert_eq!((&now["participantCount"], &now["waitingCount"]), (&json!(5), &json!(25)));
    assert_eq!(join(&world, seated[0], &id).await.ok(200)["status"], "joined", "the same again changes nothing");
    world.signals.take();
    for (leaver, next) in seated.iter().zip(&waiting) {
        let next = next.expect("somebody");
        world.post(leaver, &format!("/events/{id}/leave"), json!({})).await.ok(200);
        assert_eq!(seen(&world, next, &id).await["mine"]["status"], "joined");
        let told = world.signals.take();
        let [(Topic::User(user), Signal::Notification(told))] = &told[..] else { panic!("{told:?}") };
        assert_eq!((user.to_string(), told.kind.as_str()), (next.id.clone(), "event.seat"));
    }
    let list = world.get(&host, &format!("/events/{id}/participants?limit=100")).await.ok(200);
    let items = list["items"].as_array().expect("items");
    assert_eq!(items.iter().filter(|one| one["status"] == "joined").count(), 5);
    let order: Vec<_> = items.iter().map(|one| one["user"]["id"].as_str().expect("an id").to_owned()).collect();
    let wanted: Vec<_> = waiting.iter().map(|one| one.expect("somebody").id.clone()).collect();
    assert_eq!(order, wanted);
}

#[actix_web::test]
async fn more_seats_let_people_up_and_fewer_take_nobodys() {
    let world = World::new();
    let (host, ann, ben) = (world.register("host").await, world.register("ann").await, world.register("ben").await);
    let id = event(&world, &host, 1).await;
    join(&world, &ann, &id).await.ok(200);
    assert_eq!(join(&world, &ben, &id).await.ok(200), json!({ "status": "waiting", "position": 1 }));
    let path = format!("/events/{id}");
    world.put(&host, &path, json!({ "maxParticipants": 2 })).await.ok(200);
    assert_eq!(seen(&world, &ben, &id).await["mine"]["status"], "joined");
    world.put(&host, &path, json!({ "maxParticipants": 1 })).await.ok(200);
    let now = seen(&world, &ben, &id).await;
    assert_eq!((&now["participantCount"], &now["mine"]["status"]), (&json!(2), &json!("joined")));
    assert_eq!(world.put(&host, &path, json!({ "maxParticipants": 0 })).await.problem().0, 422);
}

#[actix_web::test]
async fn the_clock_and_the_organizer_say_where_an_event_stands() {
    let world = World::new();
    let (host, ann, admin) = (world.register("host").await, world.register("ann").await, world.admin("boss").await);
    let id = event(&world, &host, 5).await;
    let path = format!("/events/{id}");
    let status = async || seen(&world, &ann, &id).await["status"].clone();
    assert_eq!(status().await, "upcoming");
    assert_eq!(world.put(&ann, &path, json!({ "title": "Mine" })).await.problem().0, 403);
    assert_eq!(world.delete(&ann, &path).await.problem().0, 403);
    assert_eq!(world.put(&host, &path, json!({ "status": "cancelled" })).await.ok(200)["status"], "cancelled");
    assert_eq!(join(&world, &ann, &id).await.problem().0, 409);
    world.put(&admin, &path, json!({ "status": "upcoming" })).await.ok(200);
    world.put(&host, &path, json!({ "date": "2001-01-01" })).await.ok(200);
    assert_eq!(status().await, "completed");
    assert_eq!(join(&world, &ann, &id).await.problem().0, 409);
    let body = json!({ "date": "2001-01-01", "endDate": "2000-01-01" });
    let wrong = world.put(&host, &path, body).await;
    assert_eq!((wrong.problem().0, &wrong.json()["errors"][0]["field"]), (422, &json!("endDate")));
    let list = async |query: &str| {
        world.ask(plain("GET", &format!("/events?{query}"))).await.ok(200)["items"].as_array().expect("items").len()
    };
    assert_eq!((list("status=completed").await, list("status=upcoming").await, list("q=PARTY").await), (1, 0, 1));
    assert_eq!((list("from=2002-01-01").await, list("to=2000-12-31").await), (0, 0));
    for (field, body) in [
        ("title", json!({ "date": DATE })),
        ("date", json!({ "title": "x" })),
        ("date", json!({ "title": "x", "date": "soon" })),
    ] {
        let wrong = world.post(&host, "/events", body).await;
        assert_eq!((wrong.problem().0, &wrong.json()["errors"][0]["field"]), (422, &json!(field)));
    }
    assert_eq!(world.delete(&host, &path).await.status, 204);
    assert_eq!(world.get(&ann, &path).await.problem().0, 404);
    assert_eq!(join(&world, &ann, &id).await.problem().0, 404);
}

#[actix_web::test]
async fn an_event_goes_into_peoples_calendars() {
    let world = World::new();
    let host = world.register("host").await;
    let id = event(&world, &host, 5).await;
    let file = world.ask(plain("GET", &format!("/events/{id}/calendar"))).await;
    assert_eq!((file.status, file.header("content-type")), (200, "text/calendar; charset=utf-8"));
    let text = String::from_utf8(file.body).expect("text");
    assert!(text.contains("SUMMARY:Party\r\n") && text.contains("DTSTART:20990501T180000Z\r\n"), "{text}");
    assert!(text.contains("DTEND:20990501T200000Z\r\n") && text.contains("LOCATION:The hall\r\n"), "{text}");
}

#[actix_web::test]
async fn a_double_click_makes_one_event() {
    let world = World::new();
    let host = world.register("host").await;
    let click = || {
        let request = host.request("POST", "/events").insert_header(("Idempotency-Key", "k1"));
        world.ask(request.set_json(json!({ "title": "Party", "date": DATE })))
    };
    let first = click().await.ok(201);
    assert_eq!(click().await.ok(201)["id"], first["id"]);
    let list = world.ask(plain("GET", "/events")).await.ok(200);
    assert_eq!(list["items"].as_array().expect("items").len(), 1);
}
