//! Votes that weigh differently, and conferences for a list of people.

use crate::world::{Person, Seen, World, id_of, plain};
use serde_json::{Value, json};

/// A conference with a weighted question that is live.
struct Assembly {
    host: Person,
    id: String,
    question: String,
}

impl Assembly {
    async fn of(world: &World, body: Value) -> Self {
        let host = world.register("host").await;
        let id = id_of(&world.post(&host, "/conference", body).await.ok(201));
        let mut assembly = Self { host, id, question: String::new() };
        world.post(&assembly.host, &assembly.at("/start"), Value::Null).await.ok(200);
        let motion = json!({ "text": "Carried?", "kind": "yesNo", "visibility": "live", "weighted": true });
        assembly.question = id_of(&world.post(&assembly.host, &assembly.at("/questions"), motion).await.ok(201));
        assembly.push(world, "live").await;
        assembly
    }

    fn at(&self, rest: &str) -> String {
        format!("/conference/{}{rest}", self.id)
    }

    async fn push(&self, world: &World, what: &str) -> Value {
        world.post(&self.host, &self.at(&format!("/questions/{}/{what}", self.question)), Value::Null).await.ok(200)
    }

    async fn votes(&self, world: &World, token: &str, option: u16) {
        let who = Person { id: String::new(), token: token.to_owned(), email: String::new() };
        let path = self.at(&format!("/questions/{}/vote", self.question));
        world.post(&who, &path, json!({ "optionId": option })).await.ok(200);
    }

    /// Plain and weighted counts of yes, no, abstain.
    async fn counts(&self, world: &World) -> (Value, Value) {
        let results = world.get(&self.host, &self.at(&format!("/questions/{}/results", self.question))).await.ok(200);
        let of = |counts: &Value| {
            counts.as_array().expect("as asked").iter().map(|one| one["count"].clone()).collect::<Value>()
        };
        (of(&results["counts"]), of(&results["weighted"]["counts"]))
    }
}

fn token(seen: &Value) -> String {
    seen["token"].as_str().expect("as asked").to_owned()
}

#[actix_web::test]
async fn votes_weigh_what_invitations_and_hosts_say_beside_the_plain_count() {
    let world = World::new();
    let body = json!({ "title": "Shareholders", "identity": "pseudonymous", "invited": true });
    let hall = Assembly::of(&world, body).await;
    let mut joined = Vec::new();
    for (name, weight) in [("Ada", json!(250)), ("Bob", Value::Null), ("Eve", json!(0))] {
        let made =
            world.post(&hall.host, &hall.at("/invitations"), json!({ "count": 1, "weight": weight })).await.ok(201);
        let body = json!({ "name": name, "invitation": made["codes"][0] });
        joined.push(world.ask(plain("POST", &hall.at("/join")).set_json(body)).await.ok(201));
    }
    assert_eq!([&joined[0]["weight"], &joined[1]["weight"], &joined[2]["weight"]], [&json!(250), &json!(1), &json!(0)]);
    for (who, option) in joined.iter().zip([1, 2, 2]) {
        hall.votes(&world, &token(who), option).await;
    }
    assert_eq!(hall.counts(&world).await, (json!([1, 2, 0]), json!([250, 1, 0])));
    let listed = world.get(&hall.host, &hall.at("/participants")).await.ok(200);
    assert_eq!(listed["items"].as_array().unwrap().len(), 3);
    let bob = hall.at(&format!("/participants/{}", joined[1]["participant"].as_str().unwrap()));
    let changed = world.put(&hall.host, &bob, json!({ "weight": 400 })).await.ok(200);
    assert_eq!((&changed["name"], &changed["weight"]), (&json!("Bob"), &json!(400)));
    assert_eq!(hall.counts(&world).await, (json!([1, 2, 0]), json!([250, 400, 0])), "also of a ballot from before");
    let wrong = world.put(&hall.host, &bob, json!({ "weight": 1_000_001 })).await.json();
    assert_eq!(wrong["errors"][0]["field"], "weight");
    hall.push(&world, "close").await;
    world.put(&hall.host, &bob, json!({ "weight": 1 })).await.ok(200);
    assert_eq!(hall.counts(&world).await.1, json!([250, 400, 0]), "what is closed stays");
}

#[actix_web::test]
async fn a_roster_lets_in_who_stands_on_it_and_says_what_they_weigh() {
    let world = World::new();
    let wrong = json!({ "title": "Members", "roster": true });
    let host = world.register("other-host").await;
    assert_eq!(world.post(&host, "/conference", wrong).await.json()["errors"][0]["field"], "roster");
    let hall = Assembly::of(&world, json!({ "title": "Members", "identity": "signedIn", "roster": true })).await;
    let (ann, ben, eve) = (world.register("ann").await, world.register("ben").await, world.register("eve").await);
    let join = async |who: &Person| -> Seen { world.post(who, &hall.at("/join"), json!({})).await };
    assert_eq!(join(&ann).await.json()["errors"][0]["field"], "roster");
    assert_eq!(world.ask(plain("POST", &hall.at("/join")).set_json(json!({}))).await.problem().0, 401);
    let entries = json!({ "entries": [{ "email": "ANN@example.org", "weight": 3 }, { "email": "ben@example.org" },
        { "email": "nobody-yet@example.org" }] });
    assert_eq!(world.post(&eve, &hall.at("/roster"), entries.clone()).await.problem().0, 403);
    let roster = world.post(&hall.host, &hall.at("/roster"), entries).await.ok(200);
    assert_eq!(roster["people"], 3);
    for (who, weight, option) in [(&ann, 3, 1), (&ben, 1, 2)] {
        let joined = join(who).await.ok(201);
        assert_eq!(joined["weight"], weight);
        hall.votes(&world, &token(&joined), option).await;
    }
    assert_eq!(join(&eve).await.json()["errors"][0]["field"], "roster");
    assert_eq!(hall.counts(&world).await, (json!([1, 1, 0]), json!([3, 1, 0])));
    let heavier = json!({ "entries": [{ "email": "ben@example.org", "weight": 5 }] });
    assert_eq!(world.post(&hall.host, &hall.at("/roster"), heavier).await.ok(200)["people"], 3);
    assert_eq!(hall.counts(&world).await.1, json!([3, 5, 0]));
    let wrong = json!({ "entries": [{ "email": "ann@example.org" }, { "email": "no address" }] });
    let refused = world.post(&hall.host, &hall.at("/roster"), wrong).await.json();
    assert_eq!(refused["errors"][0]["field"], "entries.1.email");
}
