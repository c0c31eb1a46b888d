//! Who took part in a conference is forgotten: by its host, or when its day has come. What is on the disk afterwards is looked at.

use crate::world::{Person, World, id_of, plain};
use plenum_schema::entities::{
    ConferenceCode, ConferenceExpiry, Invitation, Participant, QuestionResults, QuestionRow,
};
use plenum_schema::table::Entity;
use plenum_schema::{AggregateKind, ConferenceId, LogId};
use plenum_services::conferences::NewConference;
use plenum_services::identity::{Identity, Scope};
use serde_json::{Value, json};
use uuid::Uuid;

const DAY_MS: i64 = 86_400_000;

/// A conference in which two people have voted and asked.
struct Held {
    host: Person,
    id: String,
    code: String,
    question: String,
    guests: Vec<Person>,
}

impl Held {
    async fn of(world: &World) -> Self {
        let host = world.register("host").await;
        let body = json!({ "title": "Quiz night", "identity": "pseudonymous" });
        let made = world.post(&host, "/conference", body).await.ok(201);
        let (id, code) = (id_of(&made), made["publicCode"].as_str().expect("as asked").to_owned());
        let at = |rest: &str| format!("/conference/{id}{rest}");
        world.post(&host, &at("/start"), Value::Null).await.ok(200);
        let quiz =
            json!({ "text": "2 + 2?", "kind": "quiz", "options": ["4", "5"], "correct": [1], "visibility": "live" });
        let question = id_of(&world.post(&host, &at("/questions"), quiz).await.ok(201));
        world.post(&host, &at(&format!("/questions/{question}/live")), Value::Null).await.ok(200);
        let mut guests = Vec::new();
        for (name, option) in [("Grace Hopper", 1), ("Ada Lovelace", 2)] {
            let joined = world.ask(plain("POST", &at("/join")).set_json(json!({ "name": name }))).await.ok(201);
            let text = |member: &str| joined[member].as_str().expect("as asked").to_owned();
            let guest = Person { id: text("participant"), token: text("token"), email: String::new() };
            world
                .post(&guest, &at(&format!("/questions/{question}/vote")), json!({ "optionId": option }))
                .await
                .ok(200);
            guests.push(guest);
        }
        world.post(&guests[0], &at("/qa"), json!({ "text": "Why?" })).await.ok(201);
        world.post(&guests[1], &at("/qa/1/upvote"), Value::Null).await.ok(200);
        world.post(&guests[1], &at("/qa/1/replies"), json!({ "text": "So" })).await;
        world.post(&host, &at(&format!("/questions/{question}/close")), Value::Null).await.ok(200);
        Self { host, id, code, question, guests }
    }

    fn at(&self, rest: &str) -> String {
        format!("/conference/{}{rest}", self.id)
    }

    fn logs(&self) -> [LogId; 3] {
        let id: Uuid = self.id.parse().expect("as asked");
        [
            LogId { kind: AggregateKind::Conference, id },
            LogId { kind: AggregateKind::Board, id },
            LogId { kind: AggregateKind::Poll, id: self.question.parse().expect("as asked") },
        ]
    }

    /// Where a guest's id or name stands in a log, a snapshot or a row.
    async fn on_disk(&self, world: &World) -> Vec<String> {
        let mut places = Vec::new();
        for log in self.logs() {
            let entries = world
                .store
                .read(log, 0, plenum_actors::store::Direction::Forward, 1_000, 1 << 20)
                .await
                .expect("as asked");
            for entry in entries {
                places.push((format!("{log:?} {}", entry.offset), entry.payload.to_vec()));
            }
            if let Some(snapshot) = world.store.load_snapshot(log).await.expect("as asked") {
                places.push((format!("snapshot of {log:?} at {}", snapshot.offset), snapshot.state.to_vec()));
            }
        }
        for table in [Participant::TABLE, QuestionResults::TABLE] {
            for row in world.store.sweep(table, None, 1_000).await.expect("as asked") {
                places.push((table.name.to_owned(), format!("{row:?}").into_bytes()));
            }
        }
        let mut wanted = vec![b"Hopper".to_vec()];
        for guest in &self.guests {
            let id: Uuid = guest.id.parse().expect("as asked");
            wanted.extend([id.as_bytes().to_vec(), guest.id.clone().into_bytes()]);
        }
        let has = |bytes: &[u8]| wanted.iter().any(|one| bytes.windows(one.len()).any(|window| window == one));
        places.into_iter().filter(|(_, bytes)| has(bytes)).map(|(place, _)| place).collect()
    }
}

async fn rows(world: &World, table: &'static plenum_schema::table::Table) -> usize {
    world.store.sweep(table, None, 1_000).await.expect("as asked").len()
}

#[actix_web::test]
async fn a_host_forgets_who_took_part_and_the_totals_stay() {
    let world = World::new();
    let held = Held::of(&world).await;
    let before = world.get(&held.host, &held.at("/report")).await.ok(200);
    assert!(!held.on_disk(&world).await.is_empty());
    assert_eq!(world.post(&held.guests[0], &held.at("/anonymise"), Value::Null).await.problem().0, 403);
    let after = world.post(&held.host, &held.at("/anonymise"), Value::Null).await.ok(200);
    assert_eq!((&after["anonymised"], &after["status"]), (&json!(true), &json!("ENDED")), "{after}");
    assert_eq!(after["expiresAt"], Value::Null);
    assert_eq!(held.on_disk(&world).await, [""; 0], "nothing leads to a participant any more");
    assert_eq!((rows(&world, Participant::TABLE).await, rows(&world, Invitation::TABLE).await), (0, 0));
    let report = world.get(&held.host, &held.at("/report")).await.ok(200);
    let counts = |report: &Value| report["questions"][0]["results"]["counts"].clone();
    assert_eq!((counts(&report), &report["audience"]["unique"]), (counts(&before), &json!(2)));
    let leader = &report["questions"][0]["results"]["leaders"][0];
    assert_eq!((leader["points"].is_u64(), &leader["name"]), (true, &Value::Null), "{leader}");
    let board = world.get(&held.host, &held.at("/qa")).await.ok(200);
    let item = &board["items"][0];
    assert_eq!((&item["text"], &item["votes"], &item["author"]), (&json!("Why?"), &json!(1), &Value::Null), "{item}");
    // What needs to know who it was is gone, and says so.
    let sheet = held.at(&format!("/questions/{}/sheet", held.question));
    assert_eq!(world.get(&held.host, &sheet).await.problem().0, 410);
    let own = world.get(&held.guests[0], &held.at(&format!("/questions/{}", held.question))).await.ok(200);
    assert_eq!(own["myAnswer"], Value::Null);
    assert_eq!(world.post(&held.guests[0], &held.at("/qa"), json!({ "text": "Still?" })).await.problem().0, 410);
    world.post(&held.host, &held.at("/anonymise"), Value::Null).await.ok(200);
}

#[actix_web::test]
async fn nothing_is_left_of_a_conference_that_is_deleted() {
    let world = World::new();
    let held = Held::of(&world).await;
    assert_eq!(world.delete(&held.guests[0], &held.at("")).await.problem().0, 403);
    assert_eq!(world.delete(&held.host, &held.at("")).await.status, 204);
    assert_eq!(held.on_disk(&world).await, [""; 0]);
    for table in [ConferenceCode::TABLE, QuestionRow::TABLE, QuestionResults::TABLE, Participant::TABLE] {
        assert_eq!(rows(&world, table).await, 0, "{}", table.name);
    }
    for path in [held.at(""), held.at("/questions"), held.at("/report"), format!("/conference/code/{}", held.code)] {
        assert_eq!(world.get(&held.host, &path).await.problem().0, 404, "{path}");
    }
    assert_eq!(world.get(&held.host, "/conference").await.ok(200)["items"], json!([]));
    // The sweep finds what its host had asked for, done.
    world.state.conferences.sweep_expired().await.unwrap();
    let left = world.store.sweep(ConferenceExpiry::TABLE, None, 10).await.unwrap();
    assert_eq!(left.len(), 1, "that of the day it would have expired: {left:?}");
}

#[actix_web::test]
async fn an_expired_conference_is_forgotten_by_itself_and_not_before() {
    let world = World::new();
    let held = Held::of(&world).await;
    let id: ConferenceId = held.id.parse().unwrap();
    let body = json!({ "expiresAfterDays": 2 });
    let changed = world.put(&held.host, &held.at(""), body).await.ok(200);
    assert!(changed["expiresAt"].is_string(), "{changed}");
    let wrong = world.put(&held.host, &held.at(""), json!({ "expiresAfterDays": 100_000 })).await;
    assert_eq!(wrong.json()["errors"][0]["field"], "expiresAfterDays");
    let conferences = &world.state.conferences;
    let is_forgotten = async || conferences.view(id, None).await.unwrap().anonymised;
    conferences.sweep_expired().await.unwrap();
    world.clock.go_on(DAY_MS + DAY_MS / 2);
    conferences.sweep_expired().await.unwrap();
    assert!(!is_forgotten().await, "a day and a half is not two days");
    // Something happens: it expires later.
    let by = Identity {
        user: held.host.id.parse().unwrap(),
        session: plenum_schema::SessionId(Uuid::nil()),
        expires_at: i64::MAX,
        ends_at: i64::MAX,
        scope: Scope::default(),
    };
    conferences.end(&by, id).await.unwrap();
    world.clock.go_on(DAY_MS + DAY_MS / 2);
    conferences.sweep_expired().await.unwrap();
    assert!(!is_forgotten().await, "it was used a day and a half ago");
    world.clock.go_on(2 * DAY_MS);
    conferences.sweep_expired().await.unwrap();
    assert!(is_forgotten().await);
    assert_eq!(held.on_disk(&world).await, [""; 0]);
    conferences.sweep_expired().await.unwrap();
    let never = NewConference {
        info: plenum_schema::conference::ConferenceInfo {
            title: "For ever".into(),
            expires_after_days: Some(0),
            ..Default::default()
        },
        ..NewConference::default()
    };
    let (kept, _) = conferences.create(&by, never).await.unwrap();
    world.clock.go_on(4_000 * DAY_MS);
    conferences.sweep_expired().await.unwrap();
    assert!(!conferences.view(kept.id, None).await.unwrap().anonymised);
}
