//! JSON bodies within limits.

use crate::fixture::ask;
use actix_web::test::TestRequest;
use plenum_http::HttpConfig;

fn post(kind: &str, body: &str) -> TestRequest {
    TestRequest::post().uri("/note").insert_header(("Content-Type", kind)).set_payload(body.to_owned())
}

#[actix_web::test]
async fn a_body_is_read_and_ignored_members_are_named() {
    let seen = ask(HttpConfig::default(), post("application/json", r#"{"text":"a","role":"admin","stars":7}"#)).await;
    assert_eq!((seen.status, seen.header("ignored-fields")), (200, "role, stars"));
    let seen = ask(HttpConfig::default(), post("application/json; charset=UTF-8", r#"{"text":"a"}"#)).await;
    assert_eq!((seen.status, seen.header("ignored-fields")), (200, ""));
}

#[actix_web::test]
async fn another_content_type_is_415() {
    for kind in ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin1", "nonsense"] {
        let seen = ask(HttpConfig::default(), post(kind, r#"{"text":"a"}"#)).await;
        assert_eq!((seen.status, seen.problem().as_str()), (415, "unsupportedMediaType"), "{kind}");
    }
    let seen = ask(HttpConfig::default(), TestRequest::post().uri("/note").set_payload("{}")).await;
    assert_eq!(seen.status, 415);
    let packed = post("application/json", "{}").insert_header(("Content-Encoding", "gzip"));
    assert_eq!(ask(HttpConfig::default(), packed).await.status, 415);
}

#[actix_web::test]
async fn a_body_beyond_the_limit_is_413_declared_or_not() {
    let config = HttpConfig { body_bytes: 1_024, ..HttpConfig::default() };
    let large = format!("{{\"text\":\"{}\"}}", "x".repeat(2_000));
    let seen = ask(config.clone(), post("application/json", &large)).await;
    assert_eq!((seen.status, seen.problem().as_str()), (413, "tooLarge"));
    let declared = post("application/json", "{}").insert_header(("Content-Length", "999999999"));
    assert_eq!(ask(config, declared).await.status, 413);
}

#[actix_web::test]
async fn malformed_deep_and_incomplete_bodies_are_told_apart() {
    let deep = format!("{{\"text\":\"a\",\"x\":{}{}}}", "[".repeat(33), "]".repeat(33));
    for (body, status, code) in [
        ("{", 400, "malformed"),
        ("", 400, "malformed"),
        (deep.as_str(), 400, "malformed"),
        (r#"{"text":5}"#, 400, "malformed"),
        ("{\"text\":\"\u{0}\"}", 400, "malformed"),
        (r#"["text"]"#, 400, "malformed"),
        ("{}", 422, "invalid"),
    ] {
        let seen = ask(HttpConfig::default(), post("application/json", body)).await;
        assert_eq!((seen.status, seen.problem().as_str()), (status, code), "{body}");
    }
}

#[actix_web::test]
async fn the_wrong_member_is_named_by_its_path() {
    let seen = ask(HttpConfig::default(), post("application/json", r#"{"text":"a","tags":["b",7]}"#)).await;
    assert_eq!(seen.problem(), "malformed");
    assert_eq!(seen.json()["errors"][0]["field"], "tags[1]");
}
