//! Which pages may connect.

use plenum_websocket::{
    handshake::{HandshakeError, HandshakePolicy, check},
    origin::{OriginPolicy, OriginVerdict},
    request::PlainRequest,
};

fn verdict(policy: &OriginPolicy, host: &str, origins: &[&str]) -> OriginVerdict {
    let mut headers = vec![("Host", host)];
    headers.extend(origins.iter().map(|origin| ("Origin", *origin)));
    policy.judge(&PlainRequest { method: "GET", http_11: true, headers })
}

fn only(allowed: &[&str]) -> OriginPolicy {
    let allowed = allowed.iter().map(|origin| (*origin).to_owned()).collect();
    OriginPolicy { allowed, allow_absent: false, allow_same_host: false }
}

#[test]
fn a_listed_origin_is_allowed_and_its_neighbours_are_not() {
    let policy = only(&["https://chat.example.org"]);
    assert_eq!(verdict(&policy, "h", &["https://chat.example.org"]), OriginVerdict::Allowed);
    assert_eq!(verdict(&policy, "h", &["HTTPS://Chat.Example.Org"]), OriginVerdict::Allowed);
    for foreign in [
        "http://chat.example.org",
        "https://chat.example.org:8443",
        "https://chat.example.org.evil.net",
        "https://evil.chat.example.org",
        "https://chat.example.org/",
        "null",
        "",
        "*",
    ] {
        assert_eq!(verdict(&policy, "h", &[foreign]), OriginVerdict::Foreign, "{foreign}");
    }
}

#[test]
fn an_absent_origin_is_allowed_only_where_the_policy_says_so() {
    assert_eq!(verdict(&only(&[]), "h", &[]), OriginVerdict::Missing);
    assert_eq!(verdict(&OriginPolicy { allow_absent: true, ..only(&[]) }, "h", &[]), OriginVerdict::Allowed);
}

#[test]
fn two_origins_are_refused_even_if_each_is_listed() {
    let policy = only(&["https://a.org", "https://b.org"]);
    assert_eq!(verdict(&policy, "h", &["https://a.org", "https://b.org"]), OriginVerdict::Foreign);
}

#[test]
fn a_page_of_the_same_host_and_port_is_allowed_by_flag() {
    let policy = OriginPolicy { allow_same_host: true, ..only(&[]) };
    for (host, origin, allowed) in [
        ("localhost:8080", "http://localhost:8080", true),
        ("LOCALHOST:8080", "http://localhost:8080", true),
        ("chat.org", "https://chat.org", true),
        ("chat.org:443", "https://chat.org", true),
        ("chat.org", "https://chat.org:443", true),
        ("chat.org", "http://chat.org", true),
        ("[::1]:8080", "http://[::1]:8080", true),
        ("[::1]", "http://[::1]", true),
        ("chat.org:80", "https://chat.org", false),
        ("localhost:8080", "http://localhost:8081", false),
        ("localhost:8080", "http://localhost", false),
        ("chat.org", "https://evil.org", false),
        ("chat.org", "https://chat.org.evil.org", false),
        ("chat.org", "file://chat.org", false),
        ("chat.org", "chat.org", false),
        ("chat.org", "null", false),
        ("", "http://", false),
    ] {
        let expected = if allowed { OriginVerdict::Allowed } else { OriginVerdict::Foreign };
        assert_eq!(verdict(&policy, host, &[origin]), expected, "{origin} at {host}");
    }
}

#[test]
fn a_refused_origin_is_answered_with_403() {
    let headers = vec![
        ("Upgrade", "websocket"),
        ("Connection", "upgrade"),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ];
    let mut request = PlainRequest { method: "GET", http_11: true, headers };
    let origins = only(&[]);
    let policy = HandshakePolicy { origins: &origins, protocols: &[], protocol_required: false };
    assert_eq!(check(&request, &policy), Err(HandshakeError::OriginMissing));
    request.headers.push(("Origin", "https://evil.org"));
    assert_eq!(check(&request, &policy), Err(HandshakeError::OriginRefused));
    assert_eq!(HandshakeError::OriginRefused.status(), 403);
    assert_eq!(HandshakeError::OriginMissing.status(), 403);
}
