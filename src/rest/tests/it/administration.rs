//! What admins do about accounts: find them, switch them off and on again.

use crate::world::{PASSWORD, Person, World, plain};
use serde_json::{Value, json};

async fn found(world: &World, admin: &Person, query: &str) -> Vec<String> {
    let page = world.get(admin, &format!("/users?{query}")).await.ok(200);
    let items = page["items"].as_array().expect("items").clone();
    let mut names: Vec<String> = items.iter().map(|one| one["name"].as_str().expect("a name").to_owned()).collect();
    names.sort_unstable();
    names
}

#[actix_web::test]
async fn accounts_are_found_by_any_part_of_their_names_and_by_role() {
    let world = World::new();
    let (ann, ben) = (world.admin("ann").await, world.register("ben").await);
    world.register("Annika").await;
    world.put(&ben, "/auth/update-profile", json!({ "username": "The.Tailor" })).await.ok(200);
    assert_eq!(found(&world, &ann, "").await, ["Annika", "ann", "ben"]);
    assert_eq!(found(&world, &ann, "q=ANN").await, ["Annika", "ann"]);
    assert_eq!(found(&world, &ann, "q=the.tail").await, ["ben"]);
    assert_eq!(found(&world, &ann, "q=example.org&role=admin").await, ["ann"]);
    assert_eq!(found(&world, &ann, "q=nobody").await, Vec::<String>::new());
    let mistaken = world.get(&ann, "/users?role=emperor").await;
    assert_eq!((mistaken.problem().0, &mistaken.json()["errors"][0]["field"]), (422, &json!("role")));
}

#[actix_web::test]
async fn accounts_come_in_pages_and_each_once() {
    let world = World::new();
    let ann = world.admin("ann").await;
    for number in 0..4 {
        world.register(&format!("person{number}")).await;
    }
    let (mut names, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = world.get(&ann, &format!("/users?limit=2{cursor}")).await.ok(200);
        names.extend(page["items"].as_array().expect("items").iter().map(|one| one["name"].to_string()));
        let Value::String(next) = &page["nextCursor"] else { break };
        cursor = format!("&cursor={next}");
    }
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), 5, "{names:?}");
    assert_eq!(world.get(&ann, "/users?cursor=x").await.problem().0, 422);
}

#[actix_web::test]
async fn who_is_switched_off_is_out_at_once_and_comes_back_when_switched_on() {
    let world = World::new();
    let (ann, ben) = (world.admin("ann").await, world.register("ben").await);
    let path = format!("/users/{}/active", ben.id);
    let off = world.put(&ann, &path, json!({ "isActive": false })).await.ok(200);
    assert_eq!(off["isActive"], json!(false));
    assert_eq!(world.get(&ben, "/auth/me").await.problem().0, 401, "the session has ended");
    let login = || plain("POST", "/auth/login").set_json(json!({ "email": ben.email, "password": PASSWORD }));
    assert_eq!(world.ask(login()).await.problem(), (403, "forbidden".to_owned()));
    assert_eq!(found(&world, &ann, "q=ben").await, ["ben"], "admins still find it");
    world.put(&ann, &path, json!({ "isActive": true })).await.ok(200);
    world.ask(login()).await.ok(200);
}

#[actix_web::test]
async fn nobody_switches_themselves_off() {
    let world = World::new();
    let ann = world.admin("ann").await;
    let path = format!("/users/{}/active", ann.id);
    let refused = world.put(&ann, &path, json!({ "isActive": false })).await;
    assert_eq!((refused.problem().0, &refused.json()["errors"][0]["field"]), (409, &json!("isActive")));
    world.get(&ann, "/keys").await.ok(200);
    let nobody = "/users/0192f0c4-0001-7000-8000-00000000000a/active";
    assert_eq!(world.put(&ann, nobody, json!({ "isActive": true })).await.problem().0, 404);
}
