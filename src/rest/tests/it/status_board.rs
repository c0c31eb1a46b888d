//! The status board: brands and domains, what checkers report, and what boards hear of it.

use crate::world::{Person, Seen, World, id_of, plain};
use futures_util::future::join_all;
use plenum_rest::RestConfig;
use plenum_schema::Topic;
use plenum_schema::wire::Signal;
use plenum_services::status_board::StatusBoardConfig;
use serde_json::{Value, json};

async fn domain(world: &World, admin: &Person, body: Value) -> String {
    id_of(&world.post(admin, "/domains", body).await.ok(201))
}

async fn checker(world: &World, admin: &Person) -> String {
    let body = json!({ "name": "checker", "scopes": ["status:read", "status:write"] });
    let key = world.post(admin, "/keys", body).await.ok(201);
    key["key"].as_str().expect("a key").to_owned()
}

async fn report(world: &World, key: &str, body: Value) -> Seen {
    world.ask(plain("POST", "/urls/update").insert_header(("X-Api-Key", key.to_owned())).set_json(body)).await
}

fn found(id: &str, status: &str) -> Value {
    json!({ "id": id, "scanResult": { "status": status } })
}

#[actix_web::test]
async fn a_checkers_round_is_answered_in_the_shapes_it_knows_and_told_to_every_board() {
    let world = World::new();
    let (admin, ben) = (world.admin("ann").await, world.register("ben").await);
    let brand = id_of(&world.post(&admin, "/brands", json!({ "name": "Acme", "code": "ac" })).await.ok(201));
    let body = json!({ "domain": "https://Example.org/", "brand": brand, "noto": 7, "nawala": { "status": "ada" } });
    let made = world.post(&admin, "/domains", body).await;
    assert_eq!(made.header("ignored-fields"), "nawala");
    let id = id_of(&made.ok(201));
    assert_eq!(made.json()["nawala"], json!({ "status": null, "blockedId": null, "lastChecked": null }));
    let key = checker(&world, &admin).await;
    let urls = world.ask(plain("GET", "/urls").insert_header(("Authorization", format!("ApiKey {key}")))).await;
    let wanted = json!([{ "id": id, "brand": "Acme", "Domain": "example.org", "noto": "7" }]);
    assert_eq!(urls.ok(200), wanted);

    world.signals.take();
    let answer = report(&world, &key, found(&id, "blocked")).await.ok(200);
    assert_eq!((&answer["success"], &answer["nawala"]["status"]), (&json!(true), &json!("ada")));
    let scan = answer["nawala"]["blockedId"].as_str().expect("an id").to_owned();
    assert!(scan.starts_with("scan_"));
    let told = world.signals.take();
    let [(Topic::Status, Signal::DomainChecked(checked))] = &told[..] else { panic!("{told:?}") };
    assert_eq!((checked.id.to_string(), checked.blocked, &checked.scan), (id.clone(), true, &scan));

    assert_eq!(report(&world, &key, found(&id, "Tidak ada")).await.ok(200)["nawala"]["status"], "tidak ada");
    let seen = world.get(&ben, &format!("/domains/{id}")).await.ok(200);
    assert_eq!((&seen["nawala"]["status"], &seen["brand"]["code"]), (&json!("tidak ada"), &json!("AC")));
    let blocked = world.get(&ben, "/domains?status=blocked").await.ok(200);
    assert_eq!(blocked["items"], json!([]));
    let accessible = world.get(&ben, &format!("/domains?status=accessible&q=EXAMPLE&brand={brand}")).await.ok(200);
    assert_eq!(accessible["items"][0]["id"], json!(id));
}

#[actix_web::test]
async fn several_reports_are_answered_one_by_one() {
    let world = World::with_board(&RestConfig::default(), StatusBoardConfig { reports: 4, ..Default::default() });
    let admin = world.admin("ann").await;
    let key = checker(&world, &admin).await;
    let (one, two) = (
        domain(&world, &admin, json!({ "domain": "one.example" })).await,
        domain(&world, &admin, json!({ "domain": "two.example" })).await,
    );
    let nobody = uuid::Uuid::now_v7().to_string();
    let updates = [found(&one, "ada"), found(&nobody, "ada"), found(&two, "timeout"), found(&two, "accessible")];
    let answer = report(&world, &key, json!({ "updates": updates })).await.ok(200);
    assert_eq!(answer["success"], false);
    let results = answer["results"].as_array().expect("results");
    let outcome = |one: &Value| one["nawala"]["status"].as_str().or(one["error"]["code"].as_str()).map(str::to_owned);
    let outcomes: Vec<_> = results.iter().filter_map(outcome).collect();
    assert_eq!(outcomes, ["ada", "notFound", "invalid", "tidak ada"]);
    assert_eq!(results[1]["id"], json!(nobody));
    let many: Vec<Value> = (0..5).map(|_| found(&one, "ada")).collect();
    assert_eq!(report(&world, &key, json!({ "updates": many })).await.problem().0, 413);
    assert_eq!(report(&world, &key, json!({ "updates": [] })).await.problem().0, 422);
}

#[actix_web::test]
async fn a_report_that_cannot_be_read_is_refused_with_the_member_named() {
    let world = World::new();
    let admin = world.admin("ann").await;
    let key = checker(&world, &admin).await;
    let id = domain(&world, &admin, json!({ "domain": "one.example" })).await;
    for (body, status, field) in [
        (json!({}), 422, "id"),
        (json!({ "id": id }), 422, "scanResult"),
        (json!({ "id": id, "scanResult": {} }), 422, "scanResult.status"),
        (found(&id, "maybe"), 422, "scanResult.status"),
        (found("x", "ada"), 404, "id"),
        (found(&admin.id, "ada"), 404, "id"),
        (json!({ "id": id, "updates": [] }), 422, "updates"),
    ] {
        let seen = report(&world, &key, body.clone()).await;
        assert_eq!((seen.problem().0, &seen.json()["errors"][0]["field"]), (status, &json!(field)), "{body}");
    }
}

#[actix_web::test]
async fn history_has_the_changes_alone_over_many_pages() {
    let world = World::with_board(&RestConfig::default(), StatusBoardConfig { periods: 6, ..Default::default() });
    let (admin, ben) = (world.admin("ann").await, world.register("ben").await);
    let key = checker(&world, &admin).await;
    let id = domain(&world, &admin, json!({ "domain": "one.example" })).await;
    let history = format!("/domains/{id}/history");
    assert_eq!(world.get(&ben, &history).await.ok(200), json!({ "items": [], "nextCursor": null }));
    for number in 0..20 {
        let status = if number / 2 % 2 == 0 { "ada" } else { "tidak ada" };
        report(&world, &key, found(&id, status)).await.ok(200);
    }
    let (mut seen, mut cursor): (Vec<Value>, String) = (Vec::new(), String::new());
    loop {
        let page = world.get(&ben, &format!("{history}?limit=2{cursor}")).await.ok(200);
        seen.extend(page["items"].as_array().cloned().expect("items"));
        match page["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    let numbers: Vec<_> = seen.iter().filter_map(|one| one["number"].as_u64()).collect();
    assert_eq!(numbers, [10, 9, 8, 7, 6, 5, 4], "the one that goes on and six that are over");
    assert_eq!((&seen[0]["to"], &seen[0]["status"]), (&json!(null), &json!("tidak ada")));
    for pair in seen.windows(2) {
        assert_eq!(pair[1]["to"], pair[0]["from"], "each ends where the next one begins");
        assert_ne!(pair[1]["status"], pair[0]["status"]);
    }
    let uptime = world.get(&ben, &format!("/domains/{id}/uptime")).await.ok(200);
    let windows: Vec<_> =
        uptime["windows"].as_array().expect("windows").iter().map(|one| one["window"].clone()).collect();
    assert_eq!(windows, ["24h", "7d", "30d", "90d"]);
    assert!(uptime["windows"][0]["knownMs"].as_i64() >= uptime["windows"][0]["accessibleMs"].as_i64());
}

#[actix_web::test]
async fn reports_at_the_same_time_leave_one_history_without_holes() {
    let world = World::new();
    let admin = world.admin("ann").await;
    let id = domain(&world, &admin, json!({ "domain": "one.example" })).await;
    let board = &world.state.status_board;
    let report = |number: usize| plenum_services::status_board::Report {
        domain: id.parse().expect("an id"),
        is_blocked: number.is_multiple_of(2),
    };
    for round in 0..10 {
        join_all((0..6).map(|number| board.report(report(round + number)))).await;
    }
    let page = board.history(report(0).domain, None, 100).await.expect("a history");
    let numbers: Vec<u64> = page.items.iter().map(|one| one.number).collect();
    let newest = numbers[0];
    assert_eq!(numbers, (1..=newest).rev().collect::<Vec<_>>());
    assert!(
        page.items.windows(2).all(|pair| pair[0].is_blocked != pair[1].is_blocked && pair[1].to == Some(pair[0].from))
    );
}

#[actix_web::test]
async fn names_and_codes_are_one_brands_alone_also_when_asked_for_at_once() {
    let world = World::new();
    let admin = world.admin("ann").await;
    let make = |name: String, code: String| world.post(&admin, "/brands", json!({ "name": name, "code": code }));
    let outcomes = join_all((0..8).map(|number| make("Acme".into(), format!("C{number}")))).await;
    let made: Vec<_> = outcomes.iter().filter(|seen| seen.status == 201).collect();
    assert_eq!(made.len(), 1, "{:?}", outcomes.iter().map(|seen| seen.status).collect::<Vec<_>>());
    let one = id_of(&made[0].json());
    let taken = make("ACME".into(), "Z".into()).await;
    assert_eq!((taken.problem().0, &taken.json()["errors"][0]["field"]), (409, &json!("name")));
    let code = made[0].json()["code"].as_str().expect("a code").to_lowercase();
    let taken = make("Other".into(), code).await;
    assert_eq!((taken.problem().0, &taken.json()["errors"][0]["field"]), (409, &json!("code")));
    // What was refused has left nothing behind, and what is given up is free again.
    let other = id_of(&make("Other".into(), "OT".into()).await.ok(201));
    let path = format!("/brands/{one}");
    world.put(&admin, &path, json!({ "name": "Ace" })).await.ok(200);
    world.put(&admin, &format!("/brands/{other}"), json!({ "name": "Acme" })).await.ok(200);
    assert_eq!(world.put(&admin, &path, json!({ "name": "acme" })).await.problem().0, 409);
    world.put(&admin, &path, json!({ "name": "ACE" })).await.ok(200);
}

#[actix_web::test]
async fn a_lost_update_is_noticed_and_a_check_is_none() {
    let world = World::new();
    let admin = world.admin("ann").await;
    let key = checker(&world, &admin).await;
    let id = domain(&world, &admin, json!({ "domain": "one.example" })).await;
    let path = format!("/domains/{id}");
    let tag = world.get(&admin, &path).await.header("etag").to_owned();
    report(&world, &key, found(&id, "ada")).await.ok(200);
    let put =
        |body: Value| world.ask(admin.request("PUT", &path).insert_header(("If-Match", tag.clone())).set_json(body));
    let changed = put(json!({ "domain": "two.example", "noto": "moved" })).await.ok(200);
    assert_eq!((&changed["nawala"]["status"], &changed["version"]), (&json!("ada"), &json!(2)));
    assert_eq!(put(json!({ "noto": "again" })).await.problem().0, 412);
    domain(&world, &admin, json!({ "domain": "one.example" })).await;
    assert_eq!(world.put(&admin, &path, json!({ "domain": "one.example" })).await.problem().0, 409);
    let cleared = world.put(&admin, &path, json!({ "noto": null })).await.ok(200);
    assert_eq!(cleared["noto"], json!(null));
}

#[actix_web::test]
async fn what_is_removed_is_gone_and_its_name_is_free() {
    let world = World::new();
    let admin = world.admin("ann").await;
    let key = checker(&world, &admin).await;
    let brand = id_of(&world.post(&admin, "/brands", json!({ "name": "Acme", "code": "AC" })).await.ok(201));
    // Front ends send back the whole object that they have read.
    let id = domain(&world, &admin, json!({ "domain": "one.example", "brand": { "id": brand, "name": "Acme" } })).await;
    report(&world, &key, found(&id, "ada")).await.ok(200);
    report(&world, &key, found(&id, "tidak ada")).await.ok(200);
    assert_eq!(world.delete(&admin, &format!("/brands/{brand}")).await.problem().0, 409);
    assert_eq!(world.delete(&admin, &format!("/domains/{id}")).await.status, 204);
    assert_eq!(world.get(&admin, &format!("/domains/{id}/history")).await.problem().0, 404);
    assert_eq!(report(&world, &key, found(&id, "ada")).await.problem().0, 404);
    let again = domain(&world, &admin, json!({ "domain": "one.example" })).await;
    let history = world.get(&admin, &format!("/domains/{again}/history")).await.ok(200);
    assert_eq!(history["items"], json!([]));
    assert_eq!(world.delete(&admin, &format!("/brands/{brand}")).await.status, 204);
    world.post(&admin, "/brands", json!({ "name": "Acme", "code": "AC" })).await.ok(201);
}

#[actix_web::test]
async fn everybody_signed_in_reads_and_nobody_else() {
    let world = World::new();
    let ben = world.register("ben").await;
    for path in ["/brands", "/domains"] {
        assert_eq!(world.get(&ben, path).await.ok(200), json!({ "items": [], "nextCursor": null }));
        assert_eq!(world.ask(plain("GET", path)).await.problem().0, 401);
        assert_eq!(world.post(&ben, path, json!({ "name": "x" })).await.problem().0, 403);
    }
}

#[actix_web::test]
async fn checkers_of_older_systems_may_come_without_a_key_where_the_operator_says_so() {
    let board = StatusBoardConfig { public_checker: true, ..Default::default() };
    let world = World::with_board(&RestConfig::default(), board);
    let admin = world.admin("ann").await;
    let id = domain(&world, &admin, json!({ "domain": "one.example" })).await;
    assert_eq!(world.ask(plain("GET", "/urls")).await.ok(200)[0]["id"], json!(id));
    world.ask(plain("POST", "/urls/update").set_json(found(&id, "ada"))).await.ok(200);
    let wrong = plain("GET", "/urls").insert_header(("X-Api-Key", "plk_wrong"));
    assert_eq!(world.ask(wrong).await.problem().0, 401, "a key that is there must be right");
}

#[actix_web::test]
async fn the_number_of_domains_is_bounded() {
    let world = World::with_board(&RestConfig::default(), StatusBoardConfig { domains: 2, ..Default::default() });
    let admin = world.admin("ann").await;
    for name in ["one.example", "two.example"] {
        domain(&world, &admin, json!({ "domain": name })).await;
    }
    let refused = world.post(&admin, "/domains", json!({ "domain": "three.example" })).await;
    assert_eq!(refused.problem(), (429, "limitReached".to_owned()));
}
