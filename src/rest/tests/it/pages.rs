//! Paging through conversations and through their past.

use crate::world::{World, id_of};
use serde_json::{Value, json};
use std::collections::BTreeSet;

fn offsets(page: &Value) -> Vec<u64> {
    page["items"].as_array().expect("items").iter().filter_map(|item| item["offset"].as_u64()).collect()
}

#[actix_web::test]
async fn history_is_paged_in_both_directions() {
    let world = World::new();
    let (ann, ben) = (world.register("ann").await, world.register("ben").await);
    let id = id_of(&world.post(&ann, "/conversations", json!({ "userId": ben.id })).await.ok(201));
    for n in 0..9 {
        world.say(&ann, &id, &format!("m{n}")).await;
    }
    let page = |query: &str| {
        let path = format!("/conversations/{id}/messages?{query}");
        let (world, ben) = (&world, &ben);
        async move { world.get(ben, &path).await.ok(200) }
    };
    let newest = page("limit=4").await;
    assert_eq!((offsets(&newest), &newest["head"], &newest["first"]), (vec![7, 8, 9, 10], &json!(10), &json!(1)));
    let older = page(&format!("limit=4&cursor={}", newest["nextCursor"].as_str().expect("a cursor"))).await;
    assert_eq!(offsets(&older), [3, 4, 5, 6]);
    let oldest = page(&format!("limit=4&cursor={}", older["nextCursor"].as_str().expect("a cursor"))).await;
    assert_eq!((offsets(&oldest), &oldest["nextCursor"]), (vec![1, 2], &Value::Null));
    let forward = page("limit=6&after=2").await;
    assert_eq!((offsets(&forward), &forward["nextCursor"]), (vec![3, 4, 5, 6, 7, 8], &json!("a8")));
    assert_eq!(offsets(&page("limit=6&cursor=a8").await), [9, 10]);
    assert_eq!(offsets(&page("before=3").await), [1, 2]);
    let event = &oldest["items"][1]["event"]["conversation"]["message"];
    assert_eq!((&event["content"]["text"], &event["number"]), (&json!("m0"), &json!(1)));
    let direct = world.get(&ben, &format!("/messages/direct/{}?limit=2", ann.id)).await.ok(200);
    assert_eq!(offsets(&direct), [9, 10]);
}

#[actix_web::test]
async fn wrong_pages_are_refused_with_the_member_named() {
    let world = World::new();
    let ann = world.register("ann").await;
    let id = id_of(&world.post(&ann, "/conversations", json!({ "userId": ann.id })).await.ok(201));
    for (path, status) in [
        ("limit=0", 422),
        ("limit=101", 422),
        ("limit=x", 400),
        ("before=1&after=1", 422),
        ("cursor=zz", 422),
        ("cursor=", 422),
        ("before=-1", 400),
    ] {
        assert_eq!(
            world.get(&ann, &format!("/conversations/{id}/messages?{path}")).await.problem().0,
            status,
            "{path}"
        );
    }
    for query in ["limit=0", "limit=1000", "cursor=AAAA", "cursor=%00"] {
        assert_eq!(world.get(&ann, &format!("/messages/conversations?{query}")).await.problem().0, 422, "{query}");
    }
}

#[actix_web::test]
async fn a_list_is_paged_newest_first_without_repeating_under_new_activity() {
    let world = World::new();
    let ann = world.register("ann").await;
    let mut ids = Vec::new();
    for n in 0..7 {
        let body = json!({ "kind": "group", "title": format!("g{n}") });
        let id = id_of(&world.post(&ann, "/conversations", body).await.ok(201));
        world.say(&ann, &id, "x").await;
        ids.push(id);
    }
    let mut seen = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = world.get(&ann, &format!("/messages/conversations?limit=3{cursor}")).await.ok(200);
        seen.extend(page["items"].as_array().expect("items").iter().map(id_of));
        // Something that was shown already becomes active: nothing else moves.
        world.say(&ann, seen.first().expect("one"), "again").await;
        match page["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(seen.len(), 7);
    assert_eq!(seen.iter().collect::<BTreeSet<_>>(), ids.iter().collect::<BTreeSet<_>>());
    let first = world.get(&ann, "/messages/conversations?limit=1").await.ok(200);
    assert_eq!(id_of(&first["items"][0]), seen[0]);
}
