//! Who calls.

use crate::fixture::ask;
use actix_web::test::TestRequest;
use plenum_http::HttpConfig;

fn me(authorization: &str) -> TestRequest {
    TestRequest::get().uri("/me").insert_header(("Authorization", authorization))
}

#[actix_web::test]
async fn a_valid_token_is_let_in_whatever_the_case_of_its_scheme() {
    assert_eq!(ask(HttpConfig::default(), me("Bearer ann")).await.status, 200);
    assert_eq!(ask(HttpConfig::default(), me("bearer ann")).await.status, 200);
}

#[actix_web::test]
async fn everything_else_is_401_with_a_challenge() {
    let long = format!("Bearer {}", "x".repeat(5_000));
    let twice = me("Bearer ann").append_header(("Authorization", "Bearer ben"));
    let mut requests = vec![TestRequest::get().uri("/me"), TestRequest::get().uri("/me?token=ann"), twice];
    requests.extend(["Bearer", "Bearer ", "Basic ann", "ann", "Bearer zoe", &long].map(me));
    for request in requests {
        let seen = ask(HttpConfig::default(), request).await;
        assert_eq!(
            (seen.status, seen.problem().as_str(), seen.header("www-authenticate")),
            (401, "unauthenticated", "Bearer")
        );
    }
}

#[actix_web::test]
async fn an_optional_caller_may_be_nobody_but_never_a_wrong_token() {
    let who = || TestRequest::get().uri("/who");
    assert_eq!(ask(HttpConfig::default(), who()).await.body, b"nobody");
    assert_eq!(
        ask(HttpConfig::default(), who().insert_header(("Authorization", "Bearer ann"))).await.body,
        b"somebody"
    );
    assert_eq!(ask(HttpConfig::default(), who().insert_header(("Authorization", "Bearer zoe"))).await.status, 401);
}
