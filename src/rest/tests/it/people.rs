//! Who is here: the list of people, points, what somebody shows, subjects.

use crate::world::{Person, World, id_of, plain};
use serde_json::{Value, json};

async fn names(world: &World, who: &Person, path: &str) -> Vec<String> {
    let page = world.get(who, path).await.ok(200);
    page["items"]
        .as_array()
        .expect("items")
        .iter()
        .map(|one| one["name"].as_str().expect("a name").to_owned())
        .collect()
}

async fn say(world: &World, who: &Person, what: Value) {
    world.put(who, "/auth/update-profile", what).await.ok(200);
}

#[actix_web::test]
async fn everybody_finds_people_by_what_they_show_and_never_by_their_addresses() {
    let world = World::new();
    let (ann, ben) = (world.register("ann").await, world.register("ben").await);
    say(&world, &ann, json!({ "fullName": "Ann Lee", "field": "IRS", "year": 2, "phone": "x", "bio": "by the sea" }))
        .await;
    say(&world, &ben, json!({ "fullName": "Ben Bolt", "field": "GLSI", "year": 2 })).await;
    assert_eq!(names(&world, &ben, "/users?q=LEE").await, ["Ann Lee"]);
    assert_eq!(names(&world, &ben, "/users?field=GLSI&year=2").await, ["Ben Bolt"]);
    assert_eq!(names(&world, &ben, "/users?year=2").await.len(), 2);
    assert_eq!(names(&world, &ben, "/users?q=example.org").await, [""; 0], "no address is searched");
    let page = world.get(&ben, "/users").await.ok(200).to_string();
    assert!(!page.contains("@example.org") && page.contains("by the sea"), "{page}");
    let seen = world.get(&ben, &format!("/users/{}", ann.id)).await;
    let seen = (seen.header("etag").to_owned(), seen.ok(200));
    assert_eq!((seen.0.as_str(), &seen.1["bio"], &seen.1["email"]), ("", &json!("by the sea"), &Value::Null));
    assert_eq!(world.get(&ann, &format!("/users/{}", ann.id)).await.ok(200)["email"], ann.email.as_str());
    assert_eq!(world.get(&ben, "/users/0192f0c4-0001-7000-8000-00000000000a").await.problem().0, 404);
    for query in ["role=emperor", "sort=height", "cursor=x", "sort=points&cursor=x", "limit=0"] {
        assert_eq!(world.get(&ben, &format!("/users?{query}")).await.problem().0, 422, "{query}");
    }
}

#[actix_web::test]
async fn who_does_not_want_to_be_listed_or_found_is_not() {
    let world = World::new();
    let (house, ann, ben) = (world.admin("house").await, world.register("ann").await, world.register("ben").await);
    say(&world, &ann, json!({ "fullName": "Ann Lee", "username": "annie", "bio": "by the sea" })).await;
    world.put(&house, &format!("/users/{}", ann.id), json!({ "points": 5 })).await.ok(200);
    let lookup = format!("/users/lookup?email={}", ann.email);
    assert_eq!(world.get(&ben, &lookup).await.status, 200);
    assert_eq!(names(&world, &ben, "/users/leaderboard").await, ["Ann Lee"]);
    say(&world, &ann, json!({ "privacy": { "listed": false } })).await;
    let me = world.get(&ann, "/auth/me").await.ok(200);
    assert_eq!(me["privacy"], json!({ "listed": false, "findable": true }), "the other one stays");
    assert_eq!(names(&world, &ben, "/users?q=lee").await, [""; 0]);
    assert_eq!(names(&world, &ben, "/users/leaderboard").await, [""; 0]);
    assert_eq!(names(&world, &house, "/users?q=lee").await, ["Ann Lee"], "admins see everybody");
    let seen = world.get(&ben, &format!("/users/{}", ann.id)).await.ok(200);
    assert_eq!((&seen["name"], &seen["bio"], &seen["username"]), (&json!("Ann Lee"), &Value::Null, &Value::Null));
    assert_eq!(world.get(&ben, &lookup).await.status, 200, "an address is another matter");
    say(&world, &ann, json!({ "privacy": { "findable": false } })).await;
    assert_eq!(world.get(&ben, &lookup).await.problem().0, 404);
}

#[actix_web::test]
async fn the_leaderboard_is_by_points_in_pages_and_follows_every_change() {
    let world = World::new();
    let house = world.admin("house").await;
    let mut people = Vec::new();
    for (number, points) in [30, 10, 20, 20, 0].into_iter().enumerate() {
        let one = world.register(&format!("p{number}")).await;
        let given = json!({ "points": points, "stars": 1, "isBureau": true, "subscription": "gold" });
        let seen = world.put(&house, &format!("/users/{}", one.id), given).await.ok(200);
        assert_eq!((&seen["points"], &seen["isBureau"]), (&json!(points), &json!(true)));
        people.push(one);
    }
    let (mut all, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = world.get(&people[0], &format!("/users/leaderboard?limit=3{cursor}")).await.ok(200);
        all.extend(page["items"].as_array().expect("items").iter().map(|one| one["points"].as_i64()));
        let Value::String(next) = &page["nextCursor"] else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(all, [Some(30), Some(20), Some(20), Some(10)], "nobody without points, everybody else once");
    world.put(&house, &format!("/users/{}", people[1].id), json!({ "points": 99 })).await.ok(200);
    world.put(&house, &format!("/users/{}", people[0].id), json!({ "points": 0 })).await.ok(200);
    assert_eq!(names(&world, &people[0], "/users/leaderboard").await[0], "p1");
    assert_eq!(names(&world, &people[0], "/users?sort=points").await.len(), 3);
    let beyond = world.put(&house, &format!("/users/{}", people[0].id), json!({ "points": -1 })).await;
    assert_eq!((beyond.problem().0, &beyond.json()["errors"][0]["field"]), (422, &json!("points")));
    let delete = house.request("DELETE", &format!("/users/{}", people[1].id));
    assert_eq!(world.ask(delete).await.status, 204);
    assert_eq!(names(&world, &people[0], "/users/leaderboard").await.len(), 2, "a deleted account has no place");
}

#[actix_web::test]
async fn only_admins_give_and_only_admins_change_others() {
    let world = World::new();
    let (house, ann, ben) = (world.admin("house").await, world.register("ann").await, world.register("ben").await);
    let path = format!("/users/{}", ann.id);
    let own = world.put(&ann, &path, json!({ "bio": "mine", "points": 9, "role": "admin", "isPremium": true })).await;
    assert_eq!(
        (&own.ok(200)["bio"], &own.ok(200)["points"], &own.ok(200)["role"]),
        (&json!("mine"), &json!(0), &json!("user"))
    );
    let mut ignored: Vec<&str> = own.header("ignored-fields").split(", ").collect();
    ignored.sort_unstable();
    assert_eq!(ignored, ["isPremium", "points", "role"]);
    let old = world.put(&ann, &path, json!({ "bio": "mine", "points": "many", "role": 7 })).await;
    assert_eq!(old.ok(200)["points"], json!(0), "what is not read cannot be wrong");
    assert_eq!(world.put(&ben, &path, json!({ "bio": "his" })).await.problem(), (403, "forbidden".to_owned()));
    let wrong = world.put(&house, &path, json!({ "points": "many" })).await;
    assert_eq!(wrong.problem(), (400, "malformed".to_owned()));
    let given = world.put(&house, &path, json!({ "bio": "theirs", "role": "host", "isActive": false })).await.ok(200);
    let told = (&given["bio"], &given["role"], &given["isActive"], &given["status"]);
    assert_eq!(told, (&json!("theirs"), &json!("host"), &json!(false), &json!("inactive")));
    assert_eq!(world.get(&ann, "/auth/me").await.problem().0, 401, "switched off");
    let own = world.put(&house, &format!("/users/{}", house.id), json!({ "role": "user" })).await;
    assert_eq!((own.problem().0, &own.json()["errors"][0]["field"]), (409, &json!("role")));
    let tag = world.get(&house, &path).await.header("etag").to_owned();
    let change = |bio: &str| {
        house.request("PUT", &path).set_json(json!({ "bio": bio })).insert_header(("If-Match", tag.as_str()))
    };
    world.ask(change("one")).await.ok(200);
    assert_eq!(world.ask(change("two")).await.problem().0, 412);
}

#[actix_web::test]
async fn a_subject_is_the_only_one_of_its_name_and_removed_by_who_made_it_or_an_admin() {
    let world = World::new();
    let (house, ann, ben) = (world.admin("house").await, world.register("ann").await, world.register("ben").await);
    let make = async |who: &Person, name: &str| {
        world
            .post(who, "/users/subjects", json!({ "name": name, "category": "maths", "iconUrl": "/icons/a.png" }))
            .await
    };
    let made = make(&ann, "Algebra").await.ok(201);
    assert_eq!(
        (&made["name"], &made["category"], &made["iconUrl"]),
        (&json!("Algebra"), &json!("maths"), &json!("/icons/a.png"))
    );
    let again = make(&ben, " ALGEBRA ").await;
    assert_eq!((again.problem().0, &again.json()["errors"][0]["field"]), (409, &json!("name")));
    make(&ben, "Analysis").await.ok(201);
    for (member, text) in
        [("name", "x".repeat(81)), ("iconUrl", "javascript:x".to_owned()), ("category", "a\u{202e}b".to_owned())]
    {
        let mut body = json!({ "name": "Topology" });
        body[member] = json!(text);
        let wrong = world.post(&ann, "/users/subjects", body).await;
        assert_eq!((wrong.problem().0, &wrong.json()["errors"][0]["field"]), (422, &json!(member)));
    }
    let page = world.ask(plain("GET", "/subjects?limit=1")).await.ok(200);
    assert_eq!((&page["items"][0]["name"], &page["nextCursor"]), (&json!("Algebra"), &json!("1")));
    let path = format!("/users/subjects/{}", id_of(&made));
    assert_eq!(world.delete(&ben, &path).await.problem().0, 403);
    assert_eq!(world.delete(&ann, &path).await.status, 204);
    assert_eq!(world.delete(&ann, &path).await.problem().0, 404);
    let rest = world.ask(plain("GET", "/subjects")).await.ok(200);
    assert_eq!(world.delete(&house, &format!("/users/subjects/{}", id_of(&rest["items"][0]))).await.status, 204);
    make(&ben, "algebra").await.ok(201);
}
