//! The link to join as a picture.

use crate::world::{World, id_of, plain};
use actix_web::test::TestRequest;
use serde_json::json;

async fn conference(world: &World) -> String {
    let host = world.register("ada").await;
    id_of(&world.post(&host, "/conference", json!({ "title": "Town hall" })).await.ok(201))
}

fn picture(id: &str, query: &str, host: &'static str) -> TestRequest {
    plain("GET", &format!("/conference/{id}/qr{query}")).insert_header(("Host", host))
}

#[actix_web::test]
async fn the_link_to_join_is_drawn_as_svg_and_painted_as_png_for_everybody() {
    let world = World::new();
    let id = conference(&world).await;
    let forms: [(&str, &str, &[u8]); 3] = [
        ("", "image/svg+xml", b"<?xml"),
        ("?format=svg", "image/svg+xml", b"<?xml"),
        ("?format=png", "image/png", b"\x89PNG\r\n\x1a\n"),
    ];
    for (query, kind, start) in forms {
        let seen = world.ask(picture(&id, query, "chat.example.org")).await;
        assert_eq!((seen.status, seen.header("content-type")), (200, kind), "{query}");
        assert!(seen.body.starts_with(start), "{query}");
        assert_eq!(seen.header("cache-control"), "private, max-age=300");
    }
}

#[actix_web::test]
async fn the_picture_is_that_of_the_host_by_which_one_came() {
    let world = World::new();
    let id = conference(&world).await;
    let here = world.ask(picture(&id, "", "chat.example.org")).await.body;
    assert_eq!(world.ask(picture(&id, "", "chat.example.org")).await.body, here);
    assert_ne!(world.ask(picture(&id, "", "localhost:8080")).await.body, here);
}

#[actix_web::test]
async fn a_strange_form_host_or_conference_is_refused() {
    let world = World::new();
    let id = conference(&world).await;
    let strange = [("?format=gif", "chat.example.org", "format"), ("", "a b\"><script>", "host"), ("", "", "host")];
    for (query, host, field) in strange {
        let seen = world.ask(picture(&id, query, host)).await;
        assert_eq!(seen.problem(), (422, "invalid".to_owned()), "{query} {host}");
        assert_eq!(seen.json()["errors"][0]["field"], field);
    }
    let nowhere = world.ask(picture("0192f0c4-0005-7000-8000-0000000000c0", "", "chat.example.org")).await;
    assert_eq!(nowhere.problem(), (404, "notFound".to_owned()));
}
