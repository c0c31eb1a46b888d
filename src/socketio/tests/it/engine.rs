//! Engine.IO v4: the cases of the published test suite, and what it leaves open.

use super::peer::{Answer, Message, Running, patient_config, sid_of, suite};
use plenum_websocket::Opcode;

const PATH: &str = "/engine.io/?EIO=4&transport=polling";
const WS_PATH: &str = "/engine.io/?EIO=4&transport=websocket";

fn with_sid(path: &str, sid: &str) -> String {
    format!("{path}&sid={sid}")
}

#[test]
fn polling_opens_a_session_with_exactly_five_fields() {
    let host = Running::suite();
    let answer = host.get(PATH);
    assert_eq!(answer.status, 200);
    assert!(answer.head.contains("content-type: text/plain; charset=utf-8"), "{}", answer.head);
    assert!(!answer.head.contains("set-cookie"));
    let value: serde_json::Value = serde_json::from_str(answer.body.strip_prefix('0').unwrap()).unwrap();
    let sid = value["sid"].as_str().unwrap().to_owned();
    let expected = serde_json::json!(
        {"sid": sid, "upgrades": ["websocket"], "pingInterval": 300, "pingTimeout": 200, "maxPayload": 1_000_000}
    );
    assert_eq!(value, expected);
}

#[test]
fn wrong_requests_are_answered_by_the_errors_of_the_reference() {
    let host = Running::suite();
    let cases = [
        ("GET", "/engine.io/?transport=polling", 5, "Unsupported protocol version"),
        ("GET", "/engine.io/?EIO=abc&transport=polling", 5, "Unsupported protocol version"),
        ("GET", "/engine.io/?EIO=4", 0, "Transport unknown"),
        ("GET", "/engine.io/?EIO=4&transport=abc", 0, "Transport unknown"),
        ("POST", PATH, 2, "Bad handshake method"),
        ("PUT", PATH, 2, "Bad handshake method"),
        ("GET", WS_PATH, 3, "Bad request"),
        ("GET", "/engine.io/?EIO=4&transport=polling&sid=none", 1, "Session ID unknown"),
    ];
    for (method, path, code, message) in cases {
        let answer = host.request(method, path, &[], "");
        assert_eq!(answer.status, 400, "{method} {path}");
        assert_eq!(answer.body, format!(r#"{{"code":{code},"message":"{message}"}}"#), "{method} {path}");
        assert!(answer.head.contains("content-type: application/json"));
    }
    for path in ["/engine.io/?transport=websocket", "/engine.io/?EIO=4&transport=abc", "/nowhere/"] {
        assert!(matches!(host.try_websocket(path, &[]), Err(Answer { status: 400 | 404, .. })), "{path}");
    }
}

#[test]
fn a_websocket_opens_a_session_that_offers_no_upgrade() {
    let host = Running::suite();
    let open = host.websocket(WS_PATH).text();
    let value: serde_json::Value = serde_json::from_str(open.strip_prefix('0').unwrap()).unwrap();
    assert_eq!(value.as_object().unwrap().len(), 5);
    assert_eq!(value["upgrades"], serde_json::json!([]));
}

#[test]
fn the_echoes_of_one_post_come_in_one_poll_in_order() {
    let host = Running::patient();
    let sid = host.poll_session("/engine.io/");
    let path = with_sid(PATH, &sid);
    for body in ["4hello", "4test1\u{1e}4test2\u{1e}4test3", "4hello\u{1e}bAQIDBA==\u{1e}4grüße"] {
        let posted = host.post(&path, body);
        assert_eq!((posted.status, posted.body.as_str()), (200, "ok"));
        assert_eq!(host.get(&path).body, body);
    }
    let waiting = host.send("GET", &path, &[], "");
    assert_eq!(host.post(&path, "4a\u{1e}bAQ==\u{1e}4b").status, 200);
    assert_eq!(Answer::read(waiting).body, "4a\u{1e}bAQ==\u{1e}4b", "also when the poll was there first");
}

#[test]
fn a_poll_is_answered_no_more_records_than_are_configured() {
    let body = (0..40).map(|number| format!("4{number}")).collect::<Vec<_>>().join("\u{1e}");
    let count = |answer: Answer| answer.body.split('\u{1e}').count();
    for (records, polls) in [(usize::MAX, vec![40]), (16, vec![16, 16, 8])] {
        let mut config = patient_config();
        config.engine.poll_records = records;
        let host = Running::start(config, suite);
        let path = with_sid(PATH, &host.poll_session("/engine.io/"));
        assert_eq!(host.post(&path, &body).status, 200);
        for wanted in polls {
            assert_eq!(count(host.get(&path)), wanted, "{records}");
        }
    }
}

#[test]
fn a_payload_that_cannot_be_read_ends_the_session() {
    let host = Running::patient();
    for body in ["abc", "4ok\u{1e}abc", "", "b!!!"] {
        let sid = host.poll_session("/engine.io/");
        let path = with_sid(PATH, &sid);
        assert_eq!(host.post(&path, body).status, 400, "{body:?}");
        assert_eq!(host.get(&path).status, 400, "{body:?}");
    }
}

#[test]
fn a_second_poll_ends_the_session() {
    let host = Running::patient();
    let path = with_sid(PATH, &host.poll_session("/engine.io/"));
    let first = host.send("GET", &path, &[], "");
    let (second, first) = overlapping(&host, &path, first);
    assert_eq!(second.status, 400);
    assert_eq!((first.status, first.body.as_str()), (200, "1"));
    assert_eq!(host.get(&path).status, 400);
}

/// The second of two polls is the one that is refused; which of two new connections is read first is the kernel's to say.
fn overlapping(host: &Running, path: &str, first: std::net::TcpStream) -> (Answer, Answer) {
    let (one, other) = (host.get(path), Answer::read(first));
    if one.status == 400 { (one, other) } else { (other, one) }
}

#[test]
fn a_payload_that_is_too_big_is_refused_and_the_session_lives_on() {
    let mut config = patient_config();
    config.engine.max_payload_bytes = 1_000;
    let host = Running::start(config, |mount| {
        let _root = plenum_socketio::server::Io::new(mount, "/engine.io/", Default::default()).of("/");
    });
    let path = with_sid(PATH, &host.poll_session("/engine.io/"));
    assert_eq!(host.post(&path, &"4".repeat(1_001)).status, 413);
    assert_eq!(host.post(&path, "40").status, 200);
    assert!(host.get(&path).body.starts_with("40{"));
    let mut socket = host.websocket(WS_PATH);
    socket.text();
    socket.send(&format!("4{}", "x".repeat(2_000)));
    socket.until_closed();
}

#[test]
fn a_binary_post_is_refused() {
    let host = Running::patient();
    let path = with_sid(PATH, &host.poll_session("/engine.io/"));
    let kind = [("Content-Type", "application/octet-stream")];
    assert_eq!(host.request("POST", &path, &kind, "4a").status, 400);
    assert_eq!(host.get(&path).status, 400);
}

#[test]
fn websocket_messages_come_back_as_they_were() {
    let host = Running::patient();
    let mut socket = host.websocket(WS_PATH);
    socket.text();
    socket.send("4hello");
    assert_eq!(socket.next(), Message::Text("4hello".into()));
    socket.send_binary(&[1, 2, 3, 4]);
    assert_eq!(socket.next(), Message::Binary(vec![1, 2, 3, 4]));
    for number in 0..500 {
        socket.send(&format!("4{number}"));
    }
    for number in 0..500 {
        assert_eq!(socket.next(), Message::Text(format!("4{number}")));
    }
}

#[test]
fn what_is_no_packet_closes_a_websocket() {
    let host = Running::patient();
    for text in ["abc", "", "2", "0{}"] {
        let mut socket = host.websocket(WS_PATH);
        socket.text();
        socket.send(text);
        assert_eq!(socket.next(), Message::Closed, "{text:?}");
    }
    let mut socket = host.websocket(WS_PATH);
    socket.text();
    socket.send_frame(Opcode::Text, &[0xff]);
    socket.until_closed();
}

#[test]
fn the_server_pings_polling_clients_and_websockets() {
    let host = Running::suite();
    let path = with_sid(PATH, &host.poll_session("/engine.io/"));
    for _ in 0..3 {
        assert_eq!(host.get(&path).body, "2");
        assert_eq!(host.post(&path, "3").body, "ok");
    }
    let mut socket = host.websocket(WS_PATH);
    socket.text();
    for _ in 0..3 {
        assert_eq!(socket.next(), Message::Text("2".into()));
        socket.send("3");
    }
}

#[test]
fn a_client_that_answers_no_ping_is_gone() {
    let host = Running::suite();
    let path = with_sid(PATH, &host.poll_session("/engine.io/"));
    let mut socket = host.websocket(WS_PATH);
    socket.text();
    assert_eq!(socket.next(), Message::Text("2".into()));
    assert_eq!(socket.next(), Message::Closed);
    // Its time began before that of the WebSocket.
    assert_eq!(host.get(&path).status, 400);
}

#[test]
fn a_client_closes_its_session() {
    let host = Running::patient();
    let path = with_sid(PATH, &host.poll_session("/engine.io/"));
    let poll = host.send("GET", &path, &[], "");
    until_requests_are_read(&host);
    assert_eq!(host.post(&path, "1").body, "ok");
    let answer = Answer::read(poll);
    assert_eq!((answer.status, answer.body.as_str()), (200, "6"));
    assert_eq!(host.get(&path).status, 400);
    let mut socket = host.websocket(WS_PATH);
    socket.text();
    socket.send("1");
    assert_eq!(socket.next(), Message::Closed);
}

/// A request of another session is answered behind those that came before it on the one thread of the host.
fn until_requests_are_read(host: &Running) {
    for _ in 0..3 {
        host.get(PATH);
    }
}

#[test]
fn the_server_closes_a_session() {
    let host = Running::patient();
    let path = with_sid(PATH, &host.poll_session("/engine.io/"));
    assert_eq!(host.post(&path, "4one\u{1e}4close me\u{1e}4late").status, 200);
    assert_eq!(host.get(&path).body, "4one\u{1e}1", "what waits goes first");
    assert_eq!(host.get(&path).status, 400);
    let mut socket = host.websocket(WS_PATH);
    socket.text();
    socket.send("4close me");
    assert_eq!(socket.next(), Message::Closed);
}

#[test]
fn a_polling_session_upgrades() {
    let host = Running::patient();
    let sid = host.poll_session("/engine.io/");
    let (path, ws_path) = (with_sid(PATH, &sid), with_sid(WS_PATH, &sid));
    let mut socket = host.websocket(&ws_path);
    socket.send("2probe");
    assert_eq!(socket.next(), Message::Text("3probe".into()));
    assert_eq!(host.get(&path).body, "6", "a poll is let go");
    socket.send("5");
    socket.send("4hello");
    assert_eq!(socket.next(), Message::Text("4hello".into()));
    let answer = host.get(&path);
    assert_eq!((answer.status, answer.body.as_str()), (400, r#"{"code":3,"message":"Bad request"}"#));
    assert_eq!(host.post(&path, "4no").status, 400);
    assert_eq!(host.websocket(&ws_path).next(), Message::Closed, "it is completed and closed");
    socket.send("4still");
    assert_eq!(socket.next(), Message::Text("4still".into()));
}

#[test]
fn what_waited_for_a_poll_comes_first_on_the_websocket() {
    let host = Running::patient();
    let sid = host.poll_session("/engine.io/");
    let path = with_sid(PATH, &sid);
    let mut socket = host.websocket(&with_sid(WS_PATH, &sid));
    socket.send("2probe");
    assert_eq!(socket.next(), Message::Text("3probe".into()));
    assert_eq!(host.post(&path, "4one\u{1e}bAQ==\u{1e}4two").body, "ok");
    socket.send("5");
    socket.send("4three");
    let expected = [
        Message::Text("4one".into()),
        Message::Binary(vec![1]),
        Message::Text("4two".into()),
        Message::Text("4three".into()),
    ];
    assert_eq!([socket.next(), socket.next(), socket.next(), socket.next()], expected);
}

#[test]
fn a_probe_that_fails_leaves_polling_as_it_was() {
    let host = Running::patient();
    let sid = host.poll_session("/engine.io/");
    let path = with_sid(PATH, &sid);
    let mut socket = host.websocket(&with_sid(WS_PATH, &sid));
    socket.send("4hello");
    assert_eq!(socket.next(), Message::Closed);
    assert_eq!(host.post(&path, "4a").body, "ok");
    assert_eq!(host.get(&path).body, "4a");
    drop(host.websocket(&with_sid(WS_PATH, &sid)));
    assert_eq!(host.post(&path, "4b").body, "ok");
    assert_eq!(host.get(&path).body, "4b");
}

#[test]
fn a_probe_has_its_time() {
    let mut config = patient_config();
    config.engine.upgrade_timeout_ms = 50;
    let host = Running::start(config, |mount| {
        let _root = plenum_socketio::server::Io::new(mount, "/engine.io/", Default::default()).of("/");
    });
    let sid = host.poll_session("/engine.io/");
    let mut socket = host.websocket(&with_sid(WS_PATH, &sid));
    assert_eq!(socket.next(), Message::Closed);
    assert_eq!(host.post(&with_sid(PATH, &sid), "40").status, 200);
}

#[test]
fn pages_of_other_origins_are_refused_unless_they_are_listed() {
    let mut config = patient_config();
    config.origins.allowed = vec!["https://good.example".to_owned()];
    let host = Running::start(config, |mount| {
        let _root = plenum_socketio::server::Io::new(mount, "/engine.io/", Default::default()).of("/");
    });
    let origin = |name| [("Origin", name)];
    let foreign = host.request("GET", PATH, &origin("https://evil.example"), "");
    assert_eq!((foreign.status, foreign.body.as_str()), (403, r#"{"code":4,"message":"Forbidden"}"#));
    assert!(!foreign.head.contains("access-control-allow-origin"));
    let listed = host.request("GET", PATH, &origin("https://good.example"), "");
    assert_eq!(listed.status, 200);
    assert!(listed.head.contains("access-control-allow-origin: https://good.example"));
    let preflight = host.request("OPTIONS", PATH, &origin("https://good.example"), "");
    assert_eq!(preflight.status, 204);
    assert!(preflight.head.contains("access-control-allow-methods: get, post"));
    assert!(matches!(host.try_websocket(WS_PATH, &origin("https://evil.example")), Err(Answer { status: 403, .. })));
    assert!(host.try_websocket(WS_PATH, &origin("https://good.example")).is_ok());
}

#[test]
fn there_is_a_bound_on_sessions() {
    let mut config = patient_config();
    config.sessions = 2;
    let host = Running::start(config, |mount| {
        let _root = plenum_socketio::server::Io::new(mount, "/engine.io/", Default::default()).of("/");
    });
    let path = with_sid(PATH, &host.poll_session("/engine.io/"));
    let mut socket = host.websocket(WS_PATH);
    sid_of(&socket.text());
    assert_eq!(host.get(PATH).status, 503);
    assert!(matches!(host.try_websocket(WS_PATH, &[]), Err(Answer { status: 503, .. })));
    assert_eq!(host.post(&path, "1").status, 200);
    assert_eq!(host.get(PATH).status, 200, "one has ended");
}

#[test]
fn a_client_that_does_not_read_is_closed() {
    let mut config = patient_config();
    config.engine.poll_buffer_bytes = 10_000;
    config.outbox_bytes = 10_000;
    let (done, flooded) = std::sync::mpsc::sync_channel(2);
    let host = Running::start(config, move |mount| {
        let io = plenum_socketio::server::Io::new(mount, "/engine.io/", Default::default());
        let done = done.clone();
        io.of("/").on("flood", move |socket, _| {
            let big = plenum_socketio::Arguments::of(&"x".repeat(1_000)).unwrap();
            // Whoever read meanwhile would not be slow: the test reads when this has ended.
            let _refused = (0..20_000).any(|_| socket.emit("flood", &big).is_err());
            done.send(()).unwrap();
        });
    });
    let path = with_sid(PATH, &host.poll_session("/engine.io/"));
    assert_eq!(host.post(&path, "40").status, 200);
    assert_eq!(host.post(&path, "42[\"flood\"]").status, 200);
    flooded.recv_timeout(super::peer::PATIENCE).unwrap();
    assert_eq!(host.get(&path).status, 400);
    let mut socket = host.websocket(WS_PATH);
    socket.text();
    socket.send("40");
    socket.send("42[\"flood\"]");
    flooded.recv_timeout(super::peer::PATIENCE).unwrap();
    socket.until_closed();
}
