//! What is kept, for how long, and what is left of it.

use super::wire::{address_of, avatar, files, get, good, striped, until, upload};
use crate::journey::conference::Hall;
use crate::socket::world::World;
use image::ImageFormat;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn an_avatar_survives_a_restart() {
    let world = World::start();
    let person = world.people(1).await.remove(0);
    let address = address_of(&avatar(world.address(), &person, good(&striped(ImageFormat::Png, 90, 90))).ok());
    let before = get(world.address(), &address, "");
    let world = world.restarted(|_| {}).await;
    assert_eq!(world.rest(&person, "GET", "/api/auth/me", &Value::Null).1["avatar"], address);
    let after = get(world.address(), &address, "");
    assert_eq!((after.status, after.header("etag"), &after.body), (200, before.header("etag"), &before.body));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replaced_or_removed_avatar_is_gone_with_its_file() {
    let data = tempfile::tempdir().unwrap();
    let world = World::at(data.path(), |_| {});
    let people = world.people(2).await;
    let (at, png) = (world.address(), striped(ImageFormat::Png, 30, 30));
    let depot = data.path().join("depot");
    let first = address_of(&avatar(at, &people[0], good(&png)).ok());
    let second = address_of(&avatar(at, &people[0], good(&png)).ok());
    assert_eq!((get(at, &first, "").status, get(at, &second, "").status, files(&depot).len()), (404, 200, 1));
    // Somebody who shows another's picture as their own and takes it away again does not take it from them.
    let (status, _) = world.rest(&people[1], "PUT", "/api/users/me", &json!({ "avatar": second }));
    assert_eq!(status, 200);
    assert_eq!(world.rest(&people[1], "DELETE", "/api/auth/avatar", &Value::Null).0, 200);
    assert_eq!(get(at, &second, "").status, 200);
    let (status, profile) = world.rest(&people[0], "DELETE", "/api/auth/avatar", &Value::Null);
    assert_eq!((status, &profile["avatar"]), (200, &Value::Null));
    assert_eq!((get(at, &second, "").status, files(&depot).len()), (404, 0));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nothing_shows_any_more_is_swept_away() {
    let data = tempfile::tempdir().unwrap();
    let world = World::at(data.path(), |config| {
        config.images.sweep_every_s = 1;
        config.images.grace_s = 0;
    });
    let people = world.people(2).await;
    let (at, png) = (world.address(), striped(ImageFormat::Png, 30, 30));
    let kept = address_of(&avatar(at, &people[0], good(&png)).ok());
    let dropped = address_of(&avatar(at, &people[1], good(&png)).ok());
    // By the way of older front ends, which knows nothing of files.
    assert_eq!(world.rest(&people[1], "PUT", "/api/auth/update-profile", &json!({ "avatar": "" })).0, 200);
    until("the file is gone", || files(&data.path().join("depot")).len() == 1);
    assert_eq!((get(at, &kept, "").status, get(at, &dropped, "").status), (200, 404));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_images_of_a_deleted_account_are_gone() {
    let data = tempfile::tempdir().unwrap();
    let world = World::at(data.path(), |_| {});
    let person = world.people(1).await.remove(0);
    let at = world.address();
    let address = address_of(&avatar(at, &person, good(&striped(ImageFormat::Png, 30, 30))).ok());
    let path = format!("/api/users/{}", person.user);
    assert_eq!(world.rest(&person, "DELETE", &path, &Value::Null).0, 204);
    assert_eq!((get(at, &address, "").status, files(&data.path().join("depot")).len()), (404, 0));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pictures_of_questions_are_shown_as_long_as_a_question_shows_them_and_no_longer() {
    let data = tempfile::tempdir().unwrap();
    let world = World::at(data.path(), |config| {
        config.images.sweep_every_s = 1;
        config.images.grace_s = 2;
    });
    let hall = Hall::open(&world, &json!({ "title": "Pictures" })).await;
    let at = world.address();
    let picture = |side| {
        let png = striped(ImageFormat::Png, side, 30);
        let made = upload(at, &hall.host, &hall.path("/images"), "image", good(&png)).ok();
        assert_eq!((&made["width"], &made["height"]), (&json!(side), &json!(30)));
        made["url"].as_str().unwrap().to_owned()
    };
    let (whole, part, unused) = (picture(40), picture(50), picture(60));
    let option = json!({ "text": "a", "image": part, "imageAlt": "A boat" });
    let asked = json!({ "text": "Which?", "image": whole, "imageAlt": "A harbour", "options": [option, "b"] });
    let question = hall.question(&world, &asked);
    until("what no question shows is gone", || get(at, &unused, "").status == 404);
    assert_eq!((get(at, &whole, "").status, get(at, &part, "").status), (200, 200));
    assert_eq!(hall.ask(&world, "POST", &format!("/questions/{question}/live"), &Value::Null).0, 200);
    let (_, seen) = hall.ask(&world, "GET", &format!("/questions/{question}"), &Value::Null);
    assert_eq!((&seen["imageAlt"], &seen["options"][0]["imageAlt"]), (&json!("A harbour"), &json!("A boat")));
    for (wrong, field) in [
        (json!({ "text": "Which?", "options": ["a", "b"], "imageAlt": "of nothing" }), "imageAlt"),
        (
            json!({ "text": "Which?", "options": [{ "text": "a", "imageAlt": "of nothing" }, "b"] }),
            "options.0.imageAlt",
        ),
    ] {
        let (status, problem) = hall.ask(&world, "POST", "/questions", &wrong);
        assert_eq!((status, &problem["errors"][0]["field"]), (422, &json!(field)), "{problem}");
    }
    let stranger = world.people(1).await.remove(0);
    let png = striped(ImageFormat::Png, 30, 30);
    assert_eq!(upload(at, &stranger, &hall.path("/images"), "image", good(&png)).status, 403);
    assert_eq!(hall.ask(&world, "POST", "/end", &Value::Null).0, 200);
    assert_eq!(hall.ask(&world, "DELETE", "", &Value::Null).0, 204);
    until("they go with their conference", || files(&data.path().join("depot")).is_empty());
    assert_eq!((get(at, &whole, "").status, get(at, &part, "").status), (404, 404));
    world.end().await;
}
