//! Request ids, problem documents, headers, methods, limits.

use crate::fixture::{app, ask};
use actix_web::http::Method;
use actix_web::test::{TestRequest, call_service, init_service};
use plenum_http::{HttpConfig, Rate};

#[actix_web::test]
async fn every_answer_carries_the_security_headers_and_a_request_id() {
    let seen = ask(HttpConfig::default(), TestRequest::get().uri("/who")).await;
    assert_eq!(seen.status, 200);
    assert_eq!(seen.header("x-content-type-options"), "nosniff");
    assert_eq!(seen.header("referrer-policy"), "no-referrer");
    assert_eq!(seen.header("content-security-policy"), "default-src 'none'; frame-ancestors 'none'");
    assert!(uuid::Uuid::parse_str(seen.header("x-request-id")).is_ok());
    assert_eq!(seen.header("strict-transport-security"), "");
}

#[actix_web::test]
async fn a_request_id_of_the_caller_comes_back_in_the_problem_document() {
    let request = TestRequest::get().uri("/nowhere").insert_header(("X-Request-Id", "trace-0001"));
    let seen = ask(HttpConfig::default(), request).await;
    assert_eq!((seen.status, seen.problem().as_str()), (404, "notFound"));
    assert_eq!(seen.header("x-request-id"), "trace-0001");
}

#[actix_web::test]
async fn the_words_of_an_internal_failure_stay_inside() {
    let seen = ask(HttpConfig::default(), TestRequest::get().uri("/failure")).await;
    assert_eq!((seen.status, seen.problem().as_str()), (500, "internal"));
    assert!(!String::from_utf8_lossy(&seen.body).contains("secret"));
}

#[actix_web::test]
async fn a_busy_server_says_when_to_come_back() {
    let seen = ask(HttpConfig::default(), TestRequest::get().uri("/busy")).await;
    assert_eq!((seen.status, seen.problem().as_str(), seen.header("retry-after")), (503, "busy", "2"));
}

#[actix_web::test]
async fn trace_and_invented_methods_are_refused_everywhere() {
    for name in ["TRACE", "CONNECT", "BREW"] {
        let method = Method::from_bytes(name.as_bytes()).expect("a method");
        let seen = ask(HttpConfig::default(), TestRequest::default().method(method).uri("/who")).await;
        assert_eq!((seen.status, seen.problem().as_str()), (405, "methodNotAllowed"), "{name}");
        assert!(seen.header("allow").contains("GET"));
    }
}

#[actix_web::test]
async fn a_text_that_is_no_id_names_nothing() {
    let seen = ask(HttpConfig::default(), TestRequest::get().uri("/thing/..%2fetc")).await;
    assert_eq!((seen.status, seen.problem().as_str()), (404, "notFound"));
}

#[actix_web::test]
async fn an_address_that_asks_too_fast_is_slowed() {
    let config = HttpConfig { address_rate: Rate { per_second: 0.001, burst: 2.0 }, ..HttpConfig::default() };
    let service = init_service(app(config)).await;
    let ask = || call_service(&service, TestRequest::get().uri("/who").to_request());
    assert_eq!([ask().await.status(), ask().await.status()], [200, 200]);
    let third = ask().await;
    assert_eq!(third.status(), 429);
    assert!(third.headers().contains_key("retry-after"));
}

#[actix_web::test]
async fn a_caller_who_asks_too_fast_is_slowed_alone() {
    let config = HttpConfig { caller_rate: Rate { per_second: 0.001, burst: 1.0 }, ..HttpConfig::default() };
    let service = init_service(app(config)).await;
    let ask = |token: &str| {
        let bearer = ("Authorization", format!("Bearer {token}"));
        call_service(&service, TestRequest::get().uri("/me").insert_header(bearer).to_request())
    };
    assert_eq!(ask("ann").await.status(), 200);
    assert_eq!(ask("ann").await.status(), 429);
    assert_eq!(ask("ben").await.status(), 200);
}

#[actix_web::test]
async fn an_answer_says_how_much_of_the_tightest_limit_is_left_and_a_refusal_when_to_come_back() {
    let rate = |per_second, burst| Rate { per_second, burst };
    let config = HttpConfig { address_rate: rate(1.0, 10.0), caller_rate: rate(0.5, 2.0), ..HttpConfig::default() };
    let service = init_service(app(config)).await;
    let ask = async |token: Option<&str>| {
        let mut request = TestRequest::get().uri("/who");
        if let Some(token) = token {
            request = request.insert_header(("Authorization", format!("Bearer {token}")));
        }
        let answer = call_service(&service, request.to_request()).await;
        let told = ["limit", "remaining", "reset", "policy"].map(|name| {
            let value = answer.headers().get(format!("ratelimit-{name}"));
            value.map_or("", |value| value.to_str().expect("text")).to_owned()
        });
        (answer.status().as_u16(), told, answer.headers().get("retry-after").cloned())
    };
    let told =
        |limit: &str, remaining: &str, reset: &str, policy: &str| [limit, remaining, reset, policy].map(str::to_owned);
    assert_eq!(ask(None).await, (200, told("10", "9", "1", "10;w=10"), None));
    assert_eq!(ask(Some("ann")).await, (200, told("2", "1", "2", "2;w=4"), None), "the person's is nearer to its end");
    assert_eq!(ask(Some("ann")).await.1[1], "0");
    let (status, headers, wait) = ask(Some("ann")).await;
    assert_eq!((status, headers[0].as_str(), headers[1].as_str()), (429, "2", "0"));
    assert_eq!(wait.as_ref().map(|wait| wait.to_str().expect("text")), Some(headers[2].as_str()));
    let off = HttpConfig { address_rate: rate(0.0, 0.0), caller_rate: rate(0.0, 0.0), ..HttpConfig::default() };
    let seen = crate::fixture::ask(off, TestRequest::get().uri("/who")).await;
    assert_eq!((seen.status, seen.header("ratelimit-limit")), (200, ""), "no limit, nothing to tell");
}

#[actix_web::test]
async fn hsts_is_sent_when_a_trusted_proxy_ended_tls_and_to_nobody_else() {
    let ask_with = |proxies: Vec<String>| {
        let config = HttpConfig { trusted_proxies: proxies, ..HttpConfig::default() };
        let request = TestRequest::get().uri("/who").peer_addr("127.0.0.1:9".parse().expect("an address"));
        ask(config, request.insert_header(("X-Forwarded-Proto", "https")))
    };
    assert_eq!(
        ask_with(vec!["127.0.0.0/8".into()]).await.header("strict-transport-security"),
        "max-age=31536000; includeSubDomains"
    );
    assert_eq!(ask_with(Vec::new()).await.header("strict-transport-security"), "");
}
