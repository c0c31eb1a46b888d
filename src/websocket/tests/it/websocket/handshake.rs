//! The opening handshake (RFC 6455 §4).

use plenum_websocket::{
    client::upgrade_request,
    handshake::{Accepted, HandshakeError, HandshakePolicy, accept_key, check, put_refusal, put_switching_protocols},
    origin::OriginPolicy,
    request::PlainRequest,
};

const PROTOCOL_JSON: &str = "plenum.v1.json";
const PROTOCOL_MSGPACK: &str = "plenum.v1.msgpack";
const NATIVE_PROTOCOLS: [&str; 2] = [PROTOCOL_JSON, PROTOCOL_MSGPACK];

const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";

fn request<'r>(change: &[(&'r str, Option<&'r str>)]) -> PlainRequest<'r> {
    let mut headers = vec![
        ("Host", "chat.example.org"),
        ("Upgrade", "websocket"),
        ("Connection", "Upgrade"),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", KEY),
    ];
    for (name, value) in change {
        headers.retain(|(other, _)| other != name);
        headers.extend(value.map(|value| (*name, value)));
    }
    PlainRequest { method: "GET", http_11: true, headers }
}

fn judge(request: &PlainRequest<'_>) -> Result<Option<&'static str>, HandshakeError> {
    let origins = OriginPolicy::default();
    let policy = HandshakePolicy { origins: &origins, protocols: &NATIVE_PROTOCOLS, protocol_required: false };
    check(request, &policy).map(|accepted| NATIVE_PROTOCOLS.into_iter().find(|name| Some(*name) == accepted.protocol))
}

#[test]
fn the_accept_value_of_the_rfc_example_is_computed() {
    assert_eq!(accept_key(KEY.as_bytes()).as_ref().map(|value| &value[..]), Some(&b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="[..]));
}

#[test]
fn a_key_that_is_not_16_bytes_of_base64_is_refused() {
    for key in [
        "",
        "short",
        "dGhlIHNhbXBsZSBub25jZQ=",
        "dGhlIHNhbXBsZSBub25jZQ===",
        "dGhlIHNhbXBsZSBub25jZQAA",
        "dGhlIHNhbXBsZSBub25jZ===",
        "dGhlIHNhbXBsZSBub25j!Q==",
        "dGhlIHNhbXBsZSBub25jZWFiYw==",
    ] {
        assert_eq!(judge(&request(&[("Sec-WebSocket-Key", Some(key))])), Err(HandshakeError::BadKey), "{key}");
    }
    assert_eq!(judge(&request(&[("Sec-WebSocket-Key", None)])), Err(HandshakeError::BadKey));
    let mut twice = request(&[]);
    twice.headers.push(("sec-websocket-key", KEY));
    assert_eq!(judge(&twice), Err(HandshakeError::BadKey));
}

#[test]
fn a_plain_handshake_is_accepted_without_a_protocol() {
    assert_eq!(judge(&request(&[])), Ok(None));
}

#[test]
fn upgrade_and_connection_are_lists_without_case() {
    for (upgrade, connection) in
        [("WebSocket", "keep-alive, Upgrade"), ("h2c, websocket", "UPGRADE"), (" ,websocket , ", "close,\t upgrade ")]
    {
        assert_eq!(judge(&request(&[("Upgrade", Some(upgrade)), ("Connection", Some(connection))])), Ok(None));
    }
    let mut over_two_lines = request(&[("Connection", Some("keep-alive"))]);
    over_two_lines.headers.push(("connection", "upgrade"));
    assert_eq!(judge(&over_two_lines), Ok(None));
}

#[test]
fn a_request_that_asks_for_no_upgrade_is_told_to() {
    for upgrade in [None, Some("h2c"), Some("websockets"), Some("web socket")] {
        let refused = judge(&request(&[("Upgrade", upgrade)])).unwrap_err();
        assert_eq!((refused, refused.status()), (HandshakeError::NotUpgrade, 426));
    }
    for connection in [None, Some("keep-alive"), Some("upgraded")] {
        let refused = judge(&request(&[("Connection", connection)])).unwrap_err();
        assert_eq!((refused, refused.status()), (HandshakeError::NotConnectionUpgrade, 400));
    }
}

#[test]
fn another_version_is_answered_with_426_and_the_right_one() {
    for version in [None, Some("8"), Some("13, 8"), Some("013"), Some("")] {
        let refused = judge(&request(&[("Sec-WebSocket-Version", version)])).unwrap_err();
        assert_eq!((refused, refused.status()), (HandshakeError::WrongVersion, 426));
        assert!(refused.headers().contains(&("Sec-WebSocket-Version", "13")));
        assert!(refused.headers().contains(&("Upgrade", "websocket")));
    }
}

#[test]
fn only_get_over_http_1_1_upgrades() {
    let post = PlainRequest { method: "POST", ..request(&[]) };
    let refused = judge(&post).unwrap_err();
    assert_eq!((refused.status(), refused.headers()), (405, &[("Allow", "GET")][..]));
    let old = PlainRequest { http_11: false, ..request(&[]) };
    assert_eq!(judge(&old), Err(HandshakeError::HttpVersion));
}

#[test]
fn a_handshake_that_announces_a_body_is_refused() {
    assert_eq!(judge(&request(&[("Content-Length", Some("5"))])), Err(HandshakeError::Body));
    assert_eq!(judge(&request(&[("Transfer-Encoding", Some("chunked"))])), Err(HandshakeError::Body));
    assert_eq!(judge(&request(&[("Content-Length", Some("0"))])), Ok(None));
}

#[test]
fn the_client_chooses_among_the_protocols_we_speak() {
    for (offer, chosen) in [
        ("plenum.v1.json", Some(PROTOCOL_JSON)),
        ("plenum.v1.msgpack", Some(PROTOCOL_MSGPACK)),
        ("plenum.v1.msgpack, plenum.v1.json", Some(PROTOCOL_MSGPACK)),
        ("plenum.v9.json,plenum.v1.json,plenum.v1.msgpack", Some(PROTOCOL_JSON)),
        ("PLENUM.V1.JSON", None),
        ("chat", None),
    ] {
        assert_eq!(judge(&request(&[("Sec-WebSocket-Protocol", Some(offer))])), Ok(chosen), "{offer}");
    }
    let mut over_two_lines = request(&[("Sec-WebSocket-Protocol", Some("chat"))]);
    over_two_lines.headers.push(("Sec-WebSocket-Protocol", "plenum.v1.json"));
    assert_eq!(judge(&over_two_lines), Ok(Some(PROTOCOL_JSON)));
}

#[test]
fn a_required_protocol_that_is_not_offered_is_refused() {
    let origins = OriginPolicy::default();
    let policy = HandshakePolicy { origins: &origins, protocols: &NATIVE_PROTOCOLS, protocol_required: true };
    for offer in [None, Some("chat")] {
        let refused = check(&request(&[("Sec-WebSocket-Protocol", offer)]), &policy).unwrap_err();
        assert_eq!((refused, refused.status()), (HandshakeError::NoCommonProtocol, 400));
    }
}

#[test]
fn the_answer_names_the_protocol_only_if_there_is_one() {
    let accept = accept_key(KEY.as_bytes()).unwrap();
    let mut head = Vec::new();
    put_switching_protocols(&mut head, &Accepted { accept, protocol: Some(PROTOCOL_JSON) });
    assert_eq!(
        String::from_utf8(head).unwrap(),
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: plenum.v1.json\r\n\r\n"
    );
    let mut head = Vec::new();
    put_switching_protocols(&mut head, &Accepted { accept, protocol: None });
    assert!(String::from_utf8(head).unwrap().ends_with("Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"));
}

#[test]
fn a_refusal_is_a_whole_answer_that_says_why() {
    let mut answer = Vec::new();
    put_refusal(&mut answer, HandshakeError::WrongVersion);
    let answer = String::from_utf8(answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 426 Upgrade Required\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"));
    assert!(head.contains("\r\nConnection: close\r\n"));
    assert!(head.ends_with(&format!("\r\nContent-Length: {}", body.len())));
    assert!(body.contains(r#""status":426,"detail":"the websocket version is not 13""#));
}

#[test]
fn a_request_parsed_by_actix_is_judged_like_any_other() {
    use actix_http::{Method, header};
    let mut head = actix_http::RequestHead::default();
    head.method = Method::GET;
    for (name, value) in request(&[]).headers {
        let name = header::HeaderName::from_bytes(name.as_bytes()).unwrap();
        head.headers_mut().append(name, header::HeaderValue::from_str(value).unwrap());
    }
    let origins = OriginPolicy::default();
    let policy = HandshakePolicy { origins: &origins, protocols: &[], protocol_required: false };
    assert!(check(&head, &policy).is_ok());
    head.method = Method::POST;
    assert_eq!(check(&head, &policy), Err(HandshakeError::Method));
}

#[test]
fn the_request_of_the_test_client_holds_every_field() {
    let written = upgrade_request("localhost:1", "/ws", KEY, &[("Origin", "http://localhost:1")]);
    assert!(written.starts_with("GET /ws HTTP/1.1\r\nHost: localhost:1\r\n"));
    assert!(written.ends_with("Origin: http://localhost:1\r\n\r\n"));
}
