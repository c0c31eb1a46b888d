//! Pages of other origins, and proxies.

use crate::fixture::ask;
use actix_web::http::Method;
use actix_web::http::header::HeaderMap;
use actix_web::test::TestRequest;
use plenum_http::{Block, ForwardedHeader, HttpConfig, TrustedProxies, limit_key};
use std::net::IpAddr;

const OURS: &str = "https://app.example.org";

fn config() -> HttpConfig {
    HttpConfig { cors_origins: vec![OURS.to_owned()], ..HttpConfig::default() }
}

#[actix_web::test]
async fn a_listed_origin_may_read_and_another_may_not() {
    for (origin, allowed) in
        [(OURS, OURS), ("https://evil.example.org", ""), ("null", ""), ("https://app.example.org.evil", "")]
    {
        let seen = ask(config(), TestRequest::get().uri("/who").insert_header(("Origin", origin))).await;
        assert_eq!((seen.status, seen.header("access-control-allow-origin")), (200, allowed), "{origin}");
    }
}

#[actix_web::test]
async fn a_preflight_names_what_is_allowed() {
    let preflight = TestRequest::default().method(Method::OPTIONS).uri("/note");
    let preflight = preflight
        .insert_header(("Origin", OURS))
        .insert_header(("Access-Control-Request-Method", "POST"))
        .insert_header(("Access-Control-Request-Headers", "authorization, idempotency-key"));
    let seen = ask(config(), preflight).await;
    assert_eq!((seen.status, seen.header("access-control-allow-origin")), (200, OURS));
    assert!(seen.header("access-control-allow-headers").contains("idempotency-key"));
}

#[actix_web::test]
async fn a_refused_preflight_is_a_problem_document() {
    for (origin, method, headers) in
        [(OURS, "BREW", "authorization"), (OURS, "POST", "x-unheard-of"), ("https://evil.example.org", "BREW", "x-a")]
    {
        let preflight = TestRequest::default().method(Method::OPTIONS).uri("/note");
        let preflight = preflight
            .insert_header(("Origin", origin))
            .insert_header(("Access-Control-Request-Method", method))
            .insert_header(("Access-Control-Request-Headers", headers));
        let seen = ask(config(), preflight).await;
        assert_eq!((seen.status, seen.problem().as_str()), (403, "forbidden"), "{origin} {method} {headers}");
    }
}

#[actix_web::test]
async fn a_refusal_can_be_read_by_a_listed_origin_too() {
    let seen = ask(config(), TestRequest::get().uri("/me").insert_header(("Origin", OURS))).await;
    assert_eq!((seen.status, seen.header("access-control-allow-origin")), (401, OURS));
    assert_eq!(seen.problem(), "unauthenticated");
}

fn client(peer: &str, header: ForwardedHeader, values: &[(&str, &str)]) -> String {
    let trusted = ["10.0.0.0/8".to_owned(), "2001:db8::/32".to_owned()];
    let proxies = TrustedProxies::new(&trusted, header).expect("blocks");
    let request =
        values.iter().fold(TestRequest::get(), |request, (name, value)| request.append_header((*name, *value)));
    let headers: HeaderMap = request.to_http_request().headers().clone();
    proxies.origin(peer.parse().expect("an address"), &headers).address.to_string()
}

#[test]
fn a_client_that_is_no_proxy_cannot_name_another_address() {
    assert_eq!(
        client("198.51.100.9", ForwardedHeader::XForwardedFor, &[("x-forwarded-for", "1.2.3.4")]),
        "198.51.100.9"
    );
}

#[test]
fn the_nearest_hop_that_is_not_ours_is_the_client() {
    let spoofed = [("x-forwarded-for", "1.2.3.4, 198.51.100.9, 10.0.0.7")];
    assert_eq!(client("10.0.0.8", ForwardedHeader::XForwardedFor, &spoofed), "198.51.100.9");
    let two_lines = [("x-forwarded-for", "198.51.100.9"), ("x-forwarded-for", "10.0.0.7")];
    assert_eq!(client("10.0.0.8", ForwardedHeader::XForwardedFor, &two_lines), "198.51.100.9");
    let garbage = [("x-forwarded-for", "198.51.100.9, what, 10.0.0.7")];
    assert_eq!(client("10.0.0.8", ForwardedHeader::XForwardedFor, &garbage), "10.0.0.7");
}

#[test]
fn only_the_configured_header_is_read() {
    let both = [("x-forwarded-for", "1.2.3.4"), ("forwarded", "for=\"[2001:db9::7]:81\";proto=https")];
    assert_eq!(client("2001:db8::1", ForwardedHeader::Forwarded, &both), "2001:db9::7");
    assert_eq!(client("::ffff:10.1.1.1", ForwardedHeader::XForwardedFor, &both), "1.2.3.4");
}

#[test]
fn a_block_has_one_reading() {
    let contains = |block: &str, address: &str| {
        let address: IpAddr = address.parse().expect("an address");
        block.parse::<Block>().expect("a block").contains(address)
    };
    assert!(contains("10.0.0.0/8", "10.255.1.1") && !contains("10.0.0.0/8", "11.0.0.1"));
    assert!(contains("0.0.0.0/0", "203.0.113.1") && !contains("0.0.0.0/0", "::1"));
    assert!(contains("::1", "::1") && !contains("::1", "::2"));
    assert!(["10.0.0.0/33", "x", "10.0.0.0/", "/8", "::/129"].iter().all(|bad| bad.parse::<Block>().is_err()));
}

#[test]
fn one_ipv6_customer_counts_as_one() {
    let key = |text: &str| limit_key(text.parse().expect("an address"));
    assert_eq!(key("2001:db8:1:2:aaaa::1"), key("2001:db8:1:2:bbbb::2"));
    assert_ne!(key("2001:db8:1:2::1"), key("2001:db8:1:3::1"));
    assert_eq!(key("::ffff:192.0.2.1"), key("192.0.2.1"));
}

#[test]
fn a_wrong_setting_is_named() {
    let config = HttpConfig {
        cors_origins: vec!["*".into(), "https://a.example.org/".into()],
        trusted_proxies: vec!["10.0.0.0/99".into()],
        json_depth: 0,
        ..HttpConfig::default()
    };
    let keys: Vec<&str> = config.problems().iter().map(|problem| problem.key).collect();
    assert_eq!(keys, ["json_depth", "trusted_proxies", "cors_origins", "cors_origins"]);
    assert!(HttpConfig::default().problems().is_empty());
}
